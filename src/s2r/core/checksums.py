"""Checksums of what the workflow makes: a job takes those of its outputs, and compares its inputs.

The SHA-256 of ``folder/name`` stands in ``folder/.sha256/name``, so that it goes where the folder
goes. A file without one (the user's own, a folder) is not looked at.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from s2r.core.errors import UserError
from s2r.core.files import atomic_path, sha256_of


def record(paths: Iterable[str | Path]) -> None:
    """Take the checksums of files that are complete; folders are passed over."""
    for path in map(Path, paths):
        if path.is_file():
            with atomic_path(_digest_path(path)) as temporary:
                temporary.write_text(sha256_of(path))


def forget(paths: Iterable[str | Path]) -> None:
    """Remove the checksums of files that are about to be made again."""
    for path in map(Path, paths):
        _digest_path(path).unlink(missing_ok=True)


def verify(paths: Iterable[str | Path]) -> None:
    """Compare files with their checksums. With a shard goes its index, the JSON file beside it.

    A file that differs is set aside as ``name.damaged``: snakemake finds it missing and makes it
    again.

    Raises:
        UserError: files differ; names them.
    """
    errors = []
    for path in dict.fromkeys(map(Path, paths)):
        if path.is_dir():
            continue
        for one in dict.fromkeys([path, path.with_suffix(".json")]):
            if _differs(one):
                errors.append(f"{one} was changed or damaged after it was made")
                _set_aside(path)
    if errors:
        raise UserError(
            f"{', '.join(errors)}. It is set aside as *.damaged: call snakemake again, and it is "
            "made anew."
        )


def _digest_path(path: Path) -> Path:
    return path.parent / ".sha256" / path.name


def _differs(path: Path) -> bool:
    taken = _digest_path(path)
    if not taken.exists():
        return False
    return not path.exists() or sha256_of(path) != taken.read_text()


def _set_aside(path: Path) -> None:
    if path.exists():  # else another job was faster
        os.replace(path, path.with_name(f"{path.name}.damaged"))
