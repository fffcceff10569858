"""What docs/own-metric.md says of a metric in a package of one's own."""

import re
import tomllib

import numpy as np
import pandas as pd
import pytest

from helpers.package import install_package
from helpers.pages import fenced_blocks
from helpers.repository import ROOT
from helpers.score_files import write_scores
from s2r.core import units
from s2r.core.registry import METRICS
from s2r.evaluation import metric_list
from s2r.evaluation.instruments import Instruments
from s2r.evaluation.metric import Metric
from s2r.evaluation.metric_list import installed_metrics
from s2r.evaluation.metrics.articulation import CELL
from s2r.evaluation.recording_scores import rollout_rows
from s2r.generation.generated_file import Rollout
from s2r.report.measures import all_measures
from s2r.report.scores_table import aggregate
from s2r.report.table1 import write_tables

PAGE = ROOT / "docs" / "own-metric.md"
TEXT = " ".join(PAGE.read_text().split())
INSTRUMENTS = Instruments(np.ones((16, 16), bool), np.array([[0, 0], [4, 4]]))


def draws() -> np.ndarray:
    """(2, 25, 16, 16) uint8; the grey level of a frame of the first is its number."""
    frames = np.broadcast_to(np.arange(25, dtype=np.uint8)[:, None, None], (25, 16, 16))
    return np.stack([frames, frames + 2])


@pytest.fixture
def own(monkeypatch):
    """``own(metric)`` puts a metric among those of the package and scores two draws with it."""

    def score(metric: Metric) -> list[dict]:
        monkeypatch.setattr(metric_list, "METRICS", (*metric_list.METRICS, metric))
        rollout = Rollout(draws(), np.zeros((2, 25), bool), None, "")
        truth = np.random.default_rng(0).integers(0, 255, (25, 16, 16), dtype=np.uint8)
        rows = rollout_rows(truth, rollout, "draw", INSTRUMENTS, {})
        return [row for row in rows if row["metric"] == metric.name]

    return score


@pytest.mark.parametrize(
    "statement",
    [
        f"(T, {units.FRAME_SIZE}, {units.FRAME_SIZE}) grey levels from 0 to 255",
        f"`region` ({units.FRAME_SIZE}, {units.FRAME_SIZE}), true in the dynamic region",
        f"first row and column of the cells of {CELL} x {CELL} pixels that move",
    ],
)
def test_the_page_states_the_numbers_of_the_program(statement):
    assert statement in TEXT


def test_the_entry_point_of_the_page_is_of_the_group_that_is_read():
    (block,) = fenced_blocks(PAGE, "toml")
    assert list(tomllib.loads(block)["project"]["entry-points"]) == [METRICS]


def test_another_version_of_the_package_and_no_other_change_is_another_version_of_scores():
    common = (ROOT / "workflow/rules/common.smk").read_text()
    assert re.findall(r"(\w+) = code_version\([^)]*extensions=METRICS", common) == [
        *("SCORES_CODE", "TABLES_CODE")
    ]
    rules = (ROOT / "workflow/rules").glob("*.smk")
    scoring = [path for path in rules if path.stem in ("score", "score_real")]
    assert scoring and all("code=SCORES_CODE" in path.read_text() for path in scoring)


def test_the_function_gets_grey_levels_without_the_first_frame_and_the_mean_of_draws(own):
    given = []

    def look(truth, generated, instruments):
        assert truth.shape == generated.shape and instruments is INSTRUMENTS
        given.append(generated[:, 0, 0])
        return 1.0

    own(Metric("look", "frame", look))
    first, second, mean = given
    assert first.tolist() == list(range(1, 25))
    np.testing.assert_array_equal(mean, (first + second) / 2)


def test_every_fourth_frame_of_a_rollout(own):
    found = []
    own(Metric("m", "frame", lambda t, g, i: found.append(g[:, 0, 0].tolist()) or 1.0, every=4))
    assert found[0] == [1, 5, 9, 13, 17, 21]


def test_several_regions_have_a_value_each(own):
    rows = own(Metric("m", ("frame", "dynamic"), lambda t, g, i: (1.0, 2.0)))
    values = {(row["region"], row["estimate"]): row["value"] for row in rows}
    assert values["frame", "draw"] == 1 and values["dynamic", "mean"] == 2


@pytest.mark.parametrize("nothing", [np.nan, np.inf])
def test_a_recording_without_a_value_is_left_out_of_the_mean(own, tmp_path, nothing):
    values = []
    for name, value in {"a": 3.0, "b": nothing, "c": 5.0}.items():
        rows = own(Metric("m", "frame", lambda t, g, i, value=value: value))
        values += [row | {"recording": name} for row in rows]
    (file,) = write_scores(tmp_path, "s", "model", {0: values})
    table = aggregate([file], resamples=5)
    assert (table["n"] == 2).all() and (table["value"] == 4).all()


def test_a_metric_without_measures_is_in_the_long_table_only(own, tmp_path):
    rows = [row | {"recording": "a"} for row in own(Metric("silent", "frame", lambda *_: 1.0))]
    (file,) = write_scores(tmp_path, "s", "model", {0: rows})
    paths = {key: tmp_path / f"t.{key}" for key in ("scores", "csv", "markdown", "tex")}
    figure = tmp_path / "f.png"
    write_tables(score_files=[file], **paths, figure=figure, synthetic=False, resamples=5)
    assert set(pd.read_csv(paths["scores"])["metric"]) == {"silent"}
    for key in ("csv", "markdown", "tex"):
        assert "silent" not in paths[key].read_text()


def test_the_measure_of_the_page_is_shown_in_a_section_and_a_panel(monkeypatch, tmp_path):
    installed_metrics.cache_clear()
    (code,) = fenced_blocks(PAGE, "python")
    entries = {METRICS: {"roughness": "roughness:METRIC"}}
    install_package(monkeypatch, tmp_path, "roughness", entries, {"roughness": code})
    try:
        measure = all_measures()[-1]
    finally:
        installed_metrics.cache_clear()
    assert measure.section and measure.panel and not measure.paper
    for place in ("`results/scores.csv`", f"`{measure.stem}_unseen_speech`", "a panel"):
        assert place in TEXT


def test_lists_that_the_page_names_are_where_it_says():
    for name, path in (("METRICS", "evaluation/metric_list"), ("MEASURES", "report/measures")):
        assert re.search(rf"^{name}\b.* = \($", (ROOT / f"src/s2r/{path}.py").read_text(), re.M)
        assert f"`{name}` ([{path.split('/')[1]}.py](../src/s2r/{path}.py))" in TEXT
