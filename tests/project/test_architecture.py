"""The order of the packages: what each may import, no circles, no long files, no snakemake.

The functions read the source of a package without importing it, so imports inside functions and
under TYPE_CHECKING count like all others.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from helpers.repository import ROOT

SOURCE = ROOT / "src" / "s2r"

ORDER = (
    "core < config < corpus < speech < preparation < model < training | generation < evaluation"
    " < report < apps < cli"
)
"""A package imports from itself and from those before it; | parts two that import nothing from
each other."""

PLACES = {
    name: place for place, names in enumerate(ORDER.split(" < ")) for name in names.split(" | ")
}

LONGEST = 300
"""Lines of a file."""

NUMERICAL = {"av", "h5py", "numpy", "pandas", "scipy", "torch"}

Graph = dict[str, set[str]]


def modules(source: Path) -> dict[str, Path]:
    """The file of every module of the package in the folder ``source``, by its dotted name."""
    found = {}
    for path in sorted(source.rglob("*.py")):
        parts = path.relative_to(source.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(name: str, path: Path) -> Iterator[tuple[str, str | None]]:
    """Every import of the module ``name``: the module it names, and the name taken from it."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((module, alias.name) for alias in node.names)


def graph(source: Path) -> Graph:
    """Which modules of the package each of its modules imports; these need not exist."""
    files = modules(source)
    found: Graph = {name: set() for name in files}
    for name, path in files.items():
        for module, taken in imports(name, path):
            if module.split(".")[0] == source.name:
                inner = f"{module}.{taken}"
                found[name].add(inner if inner in files else module)
    return found


def place(module: str) -> int | None:
    """Where the package of ``module`` stands in ORDER; None for the root, which holds no code."""
    parts = module.split(".")
    return PLACES.get(parts[1], len(PLACES)) if len(parts) > 1 else None


def without_place(source: Path) -> list[str]:
    """Modules whose package is not in ORDER."""
    return [name for name in modules(source) if place(name) == len(PLACES)]


def missing(imported: Graph) -> list[str]:
    """Imports of modules that are not there."""
    pairs = ((name, target) for name, targets in imported.items() for target in sorted(targets))
    return [f"{name} -> {target}" for name, target in pairs if target not in imported]


def upward(imported: Graph) -> list[str]:
    """Imports from another package that does not come before in ORDER."""
    found = []
    for name, targets in imported.items():
        for target in sorted(targets):
            here, there = place(name), place(target)
            if here is None or there is None or name.split(".")[1] == target.split(".")[1]:
                continue
            if there >= here:
                found.append(f"{name} -> {target}")
    return found


def circle(imported: Graph) -> list[str]:
    """Modules that import each other in a circle, the first one again at the end; or none."""
    try:
        TopologicalSorter(imported).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def too_long(source: Path) -> list[str]:
    """Files of more than LONGEST lines."""
    lines = {name: len(path.read_text().splitlines()) for name, path in modules(source).items()}
    return [f"{name}: {count} lines" for name, count in lines.items() if count > LONGEST]


def importers_of(library: str, source: Path) -> list[str]:
    """Modules that import ``library`` or a part of it."""
    return [
        name
        for name, path in modules(source).items()
        if any(module.split(".")[0] == library for module, _ in imports(name, path))
    ]


def test_every_module_has_a_place():
    assert len(modules(SOURCE)) > 100
    assert without_place(SOURCE) == []


def test_every_import_is_there():
    assert missing(graph(SOURCE)) == []


def test_no_import_goes_upwards():
    assert upward(graph(SOURCE)) == []


def test_no_circles():
    assert circle(graph(SOURCE)) == []


def test_no_file_is_too_long():
    assert too_long(SOURCE) == []


def test_the_package_runs_without_snakemake():
    assert importers_of("snakemake", SOURCE) == []


def test_nothing_numerical_is_imported_before_a_job_begins():
    """NumPy reads at its import how many threads it may use, and `s2r.core.job` says so later."""
    rules, scripts = ROOT / "workflow" / "rules", ROOT / "workflow" / "scripts"
    imports = r"^ *(from s2r\S* import (?:\([^)]*\)|[^(\n]+))$"
    lines = re.findall(imports, (rules / "common.smk").read_text(), re.M)
    for script in scripts.glob("*.py"):
        lines += re.findall(r"^from s2r.*$", script.read_text(), re.M)
    assert "from s2r.core.job import job" in lines
    code = "\n".join([*sorted(set(lines)), "import sys", f"print({NUMERICAL} & set(sys.modules))"])
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "set()\n"


@pytest.fixture
def made(tmp_path):
    """Write a package s2r from the text of its files by name; returns its folder."""

    def write(**files: str) -> Path:
        for name, text in files.items():
            path = tmp_path / "s2r" / (name.replace("__", "/") + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / "s2r"

    return write


def test_a_package_without_a_place_is_seen(made):
    source = made(core__units="", tools__units="", cli="")
    assert without_place(source) == ["s2r.tools.units"]


def test_an_import_of_nothing_is_seen(made):
    source = made(core__units="def later():\n    from s2r.core.time import now\n", core__files="")
    assert missing(graph(source)) == ["s2r.core.units -> s2r.core.time"]


@pytest.mark.parametrize(
    "line",
    [
        "import s2r.cli",
        "from s2r.cli import main",
        "from s2r import cli",
        "from .. import cli",
        "from ..cli import main",
        "def later():\n    from s2r.cli import main",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from s2r.cli import main",
    ],
)
def test_an_import_upwards_is_seen(made, line):
    source = made(core__units=line, cli="from s2r.core import files", core__files="")
    assert upward(graph(source)) == ["s2r.core.units -> s2r.cli"]


def test_training_and_generation_do_not_know_each_other(made):
    source = made(
        training__loop="from s2r.generation import videos\nfrom s2r.training import loss",
        training__loss="import s2r.model.window",
        generation__videos="import s2r.training.loss",
        model__window="",
    )
    assert upward(graph(source)) == [
        "s2r.generation.videos -> s2r.training.loss",
        "s2r.training.loop -> s2r.generation.videos",
    ]


def test_a_circle_is_seen(made):
    source = made(
        core__files="def later():\n    from s2r.core.units import HOP",
        core__units="from . import shards",
        core__shards="from .files import digest",
        core__errors="",
    )
    found = circle(graph(source))
    assert found[0] == found[-1]
    assert set(found) == {"s2r.core.files", "s2r.core.units", "s2r.core.shards"}


def test_a_long_file_is_seen(made):
    source = made(core__units="\n" * LONGEST, core__files="\n" * (LONGEST + 1))
    assert too_long(source) == ["s2r.core.files: 301 lines"]


def test_an_import_of_snakemake_is_seen(made):
    later = "def later():\n    from snakemake.utils import update_config"
    source = made(core__job=later, core__units="import snakemakes", cli="import snakemake.api")
    assert importers_of("snakemake", source) == ["s2r.cli", "s2r.core.job"]
