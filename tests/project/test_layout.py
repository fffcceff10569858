"""Where the tests are: in folders like the packages, what they share in tests/helpers."""

import ast
from pathlib import Path

import pytest

from helpers.repository import ROOT

TESTS = ROOT / "tests"
BESIDES = {"helpers", "workflow", "project", "docs", "benchmarks", "slurm"}
"""Folders that are about no package."""


def imported(path: Path) -> set[str]:
    """Dotted names of what a file imports; of ``from a import b`` both ``a`` and ``a.b``."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return found


def imports_of_tests(folder: Path) -> list[str]:
    """Imports of a test or of conftest below ``folder``: the file and what it imports."""
    return [
        f"{path.relative_to(folder)}: {name}"
        for path in sorted(folder.rglob("*.py"))
        for name in sorted(imported(path))
        if any(part.startswith("test_") or part == "conftest" for part in name.split("."))
    ]


def test_no_test_imports_a_test():
    assert len(list(TESTS.rglob("test_*.py"))) > 70
    assert imports_of_tests(TESTS) == []


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("import test_a", "test_a"),
        ("from test_a import corpus", "test_a"),
        ("from core.test_a import corpus", "core.test_a"),
        ("from core import test_a", "core.test_a"),
        ("from . import test_a", ".test_a"),
        ("from conftest import LONGEST", "conftest"),
        ("def later():\n    from tests.conftest import LONGEST", "tests.conftest"),
    ],
)
def test_an_import_of_a_test_is_seen(tmp_path, line, name):
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "test_b.py").write_text(f"import latest_a\nimport pytest\n{line}\n")
    assert f"core/test_b.py: {name}" in imports_of_tests(tmp_path)
    (tmp_path / "core" / "test_b.py").write_text("import latest_a\nfrom helpers import sounds\n")
    assert imports_of_tests(tmp_path) == []


def test_folders_are_those_of_the_packages():
    def folders(where: Path) -> set[str]:
        return {path.parent.name for path in where.glob("*/*.py")}

    assert folders(TESTS) == folders(ROOT / "src" / "s2r") | BESIDES


def test_every_test_is_in_a_folder():
    assert [path.name for path in TESTS.glob("*.py")] == ["conftest.py"]
