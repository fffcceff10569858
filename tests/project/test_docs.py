"""The documentation: links lead somewhere, commands exist, settings and columns are right."""

import argparse
import copy
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from helpers.pages import fenced_blocks
from helpers.repository import ROOT
from s2r import cli
from s2r.config.check import complete
from s2r.config.files import merge
from s2r.corpus.articulators import ARTICULATORS
from s2r.evaluation.instruments import Instruments
from s2r.evaluation.metrics.tract_variables import TRACT_VARIABLES
from s2r.evaluation.recording_scores import rollout_rows
from s2r.evaluation.words import scores as word_scores
from s2r.generation.export import _origin
from s2r.generation.generated_file import Rollout
from s2r.report.articulators import COLUMNS as ARTICULATOR_COLUMNS
from s2r.report.articulators import UNITS
from s2r.report.measures import MEASURES, measures_table
from s2r.report.scores_table import COLUMNS

PAGES = [ROOT / "README.md", ROOT / "config" / "README.md", ROOT / "profiles" / "README.md"]
PAGES += [ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md"]
PAGES += sorted((ROOT / "docs").glob("*.md"))
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.S | re.M)


def headings(page: Path) -> set[str]:
    """The anchors of a page, as a code host makes them."""
    found = re.findall(r"^#+ (.+)$", prose(page), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in found}


def commands(page: Path, program: str) -> Iterator[list[str]]:
    """Arguments of every call of ``program`` in shell blocks."""
    for block in fenced_blocks(page, "bash"):
        for line in re.split(r"\n| && ", block.replace("\\\n", " ")):
            words = shlex.split(line, comments=True)
            if words[:1] == [program]:
                yield words[1:]


@pages
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), f"{target}: there is no such file"
        if anchor:
            assert anchor in headings(path), f"{target}: there is no such heading"


@pages
def test_calls_of_s2r_and_make_are_understood(page):
    for words in commands(page, "s2r"):
        try:
            cli.parser().parse_args(words)
        except SystemExit as left:
            assert left.code == 0, f"s2r {shlex.join(words)}"
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.M))
    for words in commands(page, "make"):
        assert set(words) <= targets, f"make {shlex.join(words)}"
    for words in commands(page, "python"):
        files = [word for word in words if word.endswith(".py")]
        assert files, f"python {shlex.join(words)}"
        assert all((ROOT / file).is_file() for file in files), f"python {shlex.join(words)}"


@pytest.fixture(scope="module")
def snakemake_parser() -> argparse.ArgumentParser:
    """Snakemake's own options, without reading any profile."""
    return pytest.importorskip("snakemake.cli").get_argument_parser(profiles=[])


@pytest.fixture(scope="module")
def rules() -> tuple[set[str], list[re.Pattern]]:
    """Names of all rules, and patterns of all files that they make."""
    text = "\n".join(path.read_text() for path in (ROOT / "workflow").rglob("*.smk"))
    names = set(re.findall(r"^\s*(?:rule|checkpoint) (\w+):", text, re.M))
    files = {"data/phantom/phantom.json"}
    files |= {
        found.replace("<results>", "results") for found in re.findall(r'"(<results>.+?)"', text)
    }
    patterns = []
    for file in files:
        own = re.sub(r"\\{+\w+\\}+", "[^/]+", re.escape(file))
        patterns.append(re.compile(own.replace("results/", r"results/(?:\w+/)?", 1) + "/?"))
    return names, patterns


@pages
def test_calls_of_snakemake_are_understood(page, snakemake_parser, rules):
    names, files = rules
    copied = {words[-1] for words in commands(page, "cp")}
    for words in commands(page, "snakemake"):
        call = f"snakemake {shlex.join(words)}"
        try:
            options = snakemake_parser.parse_args(words)
        except SystemExit:
            pytest.fail(call)
        for file in map(str, options.configfile or []):
            assert (ROOT / file).is_file() or file in copied, f"{call}: {file}"
        for target in options.targets:
            known = target in names or any(file.fullmatch(target) for file in files)
            assert known, f"{call}: {target}"
        assert set(options.forcerun or []) <= names, call
        for profile in options.profile or []:
            assert (ROOT / profile / "config.yaml").is_file(), call


@pages
def test_settings_on_a_page_are_valid_together(page, default_config):
    config = copy.deepcopy(default_config)
    found = fenced_blocks(page, "yaml")
    for block in found:
        merge(config, yaml.safe_load(block))
    if found:
        complete(config)


def test_python_on_a_page_runs():
    (block,) = fenced_blocks(ROOT / "docs" / "phantom.md", "python")
    names: dict = {}
    exec(block, names)
    assert names["take"].frames.shape[1:] == (84, 84)


def test_every_column_of_the_tables_is_explained():
    text = (ROOT / "docs" / "metrics.md").read_text()
    explained = set(re.findall(r"`(\w+)`", text)) | set(re.findall(r"^### (.+)$", text, re.M))
    explained |= {name for title in explained for name in title.split(", ")}
    listed = re.search(r"^(system, kind.*)$", text, re.M)[1]
    assert listed.split(", ") == COLUMNS
    assert {column for measure in MEASURES for column in measure.columns()} <= explained
    assert {"encoder", "size", "pooling", "preset", "estimate", "draws", "n"} <= explained
    assert {*word_scores.REAL_METRICS, "closure_correlation"} <= explained
    assert ", ".join(ARTICULATOR_COLUMNS) in text
    assert {*UNITS, *ARTICULATORS, *TRACT_VARIABLES} <= explained
    words = {"mode", "kind", "label", "value", "low", "high", "n", "recordings"}
    assert words <= explained
    assert words <= set(word_scores.COLUMNS)


def test_the_table_of_measures_follows_from_their_records():
    text = (ROOT / "docs" / "metrics.md").read_text()
    table = re.search(r"<!-- measures -->\n(.*?)\n<!-- end of measures -->", text, re.S)[1]
    assert table == measures_table(), f"docs/metrics.md must have\n{measures_table()}"


def test_every_metric_of_the_scores_is_explained():
    rng = np.random.default_rng(0)
    draws = rng.integers(0, 255, (2, 60, 16, 16), dtype=np.uint8)
    window_starts = np.zeros((2, 60), bool)
    window_starts[0, 20] = window_starts[1, 30] = True
    rollout = Rollout(draws, window_starts, draws[:1], "other")
    measures = Instruments(np.ones((16, 16), bool), np.array([[0, 0], [4, 4]]))
    rows = pd.DataFrame(rollout_rows(draws[0][::-1], rollout, "draw", measures, {}))
    text = (ROOT / "docs" / "metrics.md").read_text()
    titles = {"squared_error": "error_draw", "ssim": "### ssim"}
    for metric in rows["metric"].unique():
        assert titles.get(metric, metric) in text, metric


def test_pictures_are_small():
    for picture in (ROOT / "docs" / "images").glob("*.png"):
        assert picture.stat().st_size < 200_000, picture.name


def test_the_readme_says_what_was_measured_on_speech_of_people():
    readme = (ROOT / "README.md").read_text()
    start, end = "On speech\nthat nobody filmed", "(docs/real-speech.md#with-other-voices)"
    sentence = readme[readme.index(start) : readme.index(end)]
    table = (ROOT / "docs" / "real-speech.md").read_text()
    figures = re.findall(r"0\.\d{3}", sentence)
    assert len(figures) == 15
    for figure in figures:
        assert figure in table, figure
    for voices in (None, "data/voices"):
        card = _origin({"kind": "phantom", "phantom": {"voices": voices}})
        assert "measures no speaker" in card and "docs/real-speech.md" in card
        assert ("others' voices" in card) == bool(voices)


SOURCE = re.compile(r"benchmarks/\w+\.\w+|results/\w|\bmake \w+|[Mm]easured\s+once")
"""How a page says where figures come from."""


def rows_of_figures(section: str) -> int:
    """Rows of tables of which most cells are numbers, some with a fraction."""
    found = 0
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split("|")[1:] if cell.strip()]
        numbers = [cell for cell in cells if re.match(r"[-+*]*\d", cell)]
        many = len(cells) > 1 and 2 * len(numbers) >= len(cells)
        found += line.startswith("|") and many and any("." in cell for cell in numbers)
    return found


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_measured_figures_say_where_they_come_from(page):
    """What prints them can be called again; what cannot says so."""
    for section in re.split(r"(?m)^(?=#{1,3} )", page.read_text()):
        if rows_of_figures(section) > 1:
            assert SOURCE.search(section), section.splitlines()[0]


def test_a_table_of_figures_is_recognised():
    table = ["| a | 0.12 | 3 |", "| b | **4.5** | 6 |", "| c | text | up to 0.1 |", "| d | 1 | 2 |"]
    assert rows_of_figures("\n".join(table)) == 2
    assert rows_of_figures("no table: 0.1 | 0.2 | 0.3") == 0
