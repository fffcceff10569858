"""Every benchmark can be imported, and what its functions import later is there."""

import ast
import importlib
import inspect

import pytest

from helpers.repository import ROOT

FILES = sorted((ROOT / "benchmarks").glob("*.py"))
NAMES = {path.stem for path in FILES}
OURS = {"s2r", *NAMES}


def unknown(source: str) -> list[str]:
    """Imports from this project, inside functions too, of what is not there."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            pairs = [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            pairs = [(node.module, alias.name) for alias in node.names]
        else:
            continue
        found += [".".join(filter(None, pair)) for pair in pairs if not there(*pair)]
    return found


def there(module: str, name: str | None) -> bool:
    """Whether ``name`` can be imported from ``module``; libraries may be missing: True."""
    if module.split(".", maxsplit=1)[0] not in OURS:
        return True
    try:
        content = importlib.import_module(module)
        if name is not None and not hasattr(content, name):
            importlib.import_module(f"{module}.{name}")
    except ModuleNotFoundError as error:
        if error.name.split(".")[0] not in OURS:
            raise
        return False
    return True


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_benchmark_can_be_imported(benchmark_module, path):
    module = benchmark_module(path.stem)
    assert module.__file__ == str(path)
    source = path.read_text()
    assert unknown(source) == []
    program = 'if __name__ == "__main__":' in source
    assert program == (f"python benchmarks/{path.name}" in inspect.getdoc(module))
    functions = inspect.getmembers(module, inspect.isfunction)
    assert any(function.__module__ == path.stem for _, function in functions)


def test_an_import_of_nothing_is_seen(benchmark_module):
    benchmark_module("scale")
    source = """
import numpy, no_library
from s2r.core.errors import UserError, NoError
from s2r.core import errors, nowhere
def later():
    import s2r.summary
    from workloads import Work, Play
"""
    assert unknown(source) == [
        "s2r.core.errors.NoError",
        "s2r.core.nowhere",
        "s2r.summary",
        "workloads.Play",
    ]
