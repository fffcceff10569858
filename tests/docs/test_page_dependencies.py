"""What docs/dependencies.md says of parts, licences, and of code in place of libraries."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from helpers.repository import ROOT
from s2r.evaluation.metrics.statistics import bootstrap_interval
from s2r.speech import silence

FILE = ROOT / "docs/dependencies.md"
TAKEN, NOT_TAKEN = FILE.read_text().split("## Looked at")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
SOURCE = ROOT / "src/s2r"


def rows(text: str) -> list[list[str]]:
    """The cells of the rows of a table, without its heading."""
    lines = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines[1:]]


def packages(cell: str) -> set[str]:
    return {canonicalize_name(name) for name in re.findall(r"`([\w-]+)`", cell)}


def required(lines: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in lines}


def test_s2r_is_under_the_mit_licence():
    assert PROJECT["license"] == "MIT"
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")
    assert "s2r itself is under the MIT licence" in TAKEN


def test_every_part_is_named_with_its_packages():
    stated: dict[str, set[str]] = {}
    core = set()
    for names, use, *_ in rows(TAKEN):
        part = re.match(r"parts? ((?:`\w+`(?:, )?)+)", use)
        if not part:
            core |= packages(names)
        for one in re.findall(r"`(\w+)`", part[1]) if part else ():
            stated.setdefault(one, set()).update(packages(names))
    assert core == required(PROJECT["dependencies"])
    assert stated == {part: required(lines) for part, lines in EXTRAS.items()}


def test_scikit_image_is_the_reference_of_our_ssim():
    assert "scikit-image is the reference of our SSIM" in TAKEN
    test = (ROOT / "tests/evaluation/test_paired.py").read_text()
    assert re.search(r"from skimage\.metrics import .*structural_similarity", test)


def test_what_was_not_taken_is_no_dependency():
    libraries = {name for cells in rows(NOT_TAKEN) for name in packages(cells[0])}
    assert {"pooch", "krippendorff", "silero-vad", "accelerate", "diffusers"} <= libraries
    everything = required(PROJECT["dependencies"]).union(*map(required, EXTRAS.values()))
    assert not libraries & everything


COUNTED = [
    (re.findall(r"`([\w/.]+\.(?:py|js))`", cells[1]), int(found[1]))
    for cells in rows(NOT_TAKEN)
    if (found := re.search(r"\((\d+) lines\b", cells[1]))
]


def lines_of(name: str) -> int:
    path = SOURCE / name if "/" in name else SOURCE / "apps/studio" / name
    return len(path.read_text().splitlines())


@pytest.mark.parametrize(("files", "stated"), COUNTED, ids=lambda value: str(value)[:40])
def test_code_in_place_of_a_library_is_as_long_as_stated(files, stated):
    counted = sum(map(lines_of, files))
    assert files
    assert 0.9 * stated <= counted <= 1.1 * stated, counted


def test_files_in_place_of_libraries_are_there():
    assert len(COUNTED) == 6
    named = re.findall(r"`([a-z_]+/[\w/]+\.py)`", NOT_TAKEN)
    assert len(named) > 10
    assert all((SOURCE / name).is_file() for name in named)


def test_one_recording_has_no_interval_instead_of_an_error():
    found = bootstrap_interval({"a": 3.0})
    assert found.value == 3 and found.low != found.low and found.high != found.high
    compared = (ROOT / "tests/evaluation/test_statistics.py").read_text()
    assert "stats.bootstrap(" in compared  # where both apply


def test_silence_is_as_long_as_stated():
    assert f"nothing is heard for {silence.SHORTEST:g} s or more" in NOT_TAKEN


@pytest.mark.parametrize("name", ["init_process_group", "all_reduce"])
def test_processes_share_what_is_stated(name):
    assert f"one `{name}`" in NOT_TAKEN
    text = "".join(path.read_text() for path in SOURCE.rglob("*.py"))
    assert len(re.findall(rf"\bdist\.{name}\(", text)) == 1
