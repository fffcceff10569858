"""A digest of what code says: the same whatever its comments, documentation and layout are.

Rules of the workflow take it as a parameter, so that a changed metric makes the scores anew. It is
taken while the workflow is parsed, so no module that it is about is imported.
"""

import ast
import hashlib
import json
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

from s2r.core.registry import package_of

PACKAGE = Path(__file__).parents[1]
"""The folder of this package's source."""


def code_version(*parts: str, extensions: str | None = None, package: Path = PACKAGE) -> str:
    """Digest (16 hexadecimal digits) of the source of modules, and of what is added to them.

    Args:
        parts: folders and files below ``package``, such as ``evaluation`` and ``core/units.py``.
        extensions: a group of entry points (`s2r.core.registry`). Of each its name, its object and
            the version of its package count; the source of other packages does not.
        package: a folder with source.

    Raises:
        FileNotFoundError: a part has no source.
    """
    digest = hashlib.sha256()
    for part in parts:
        for file in sorted((package / part).rglob("*.py")) or [package / part]:
            digest.update(f"{file.relative_to(package).as_posix()}\n".encode())
            digest.update(_statements(file).encode())
    entries = entry_points(group=extensions) if extensions else []
    added = sorted([entry.name, entry.value, package_of(entry)] for entry in entries)
    digest.update(json.dumps(added).encode())
    return digest.hexdigest()[:16]


def _statements(path: Path) -> str:
    """The syntax tree of a Python file as text, without texts that stand alone (documentation)."""
    pieces: list[str] = []
    _collect(ast.parse(path.read_bytes()), pieces.append)
    return "\n".join(pieces)


def _collect(node: object, add: Callable[[str], None]) -> None:
    # Three times as fast as ast.walk and ast.dump, at every call of snakemake.
    if isinstance(node, ast.AST):
        add(type(node).__name__)
        for field in node._fields:
            _collect(getattr(node, field), add)
    elif isinstance(node, list):
        add("[")
        for item in node:
            if not _is_documentation(item):
                _collect(item, add)
        add("]")
    else:
        add(repr(node))


def _is_documentation(item: object) -> bool:
    return (
        isinstance(item, ast.Expr)
        and isinstance(item.value, ast.Constant)
        and isinstance(item.value.value, str)
    )
