"""A metric of somebody's own package is found in the scores and in every form of Table 1."""

import json
import tomllib

import numpy as np
import pandas as pd
import pytest

from helpers.package import install_package
from helpers.pages import fenced_blocks
from helpers.repository import ROOT
from s2r.core.errors import UserError
from s2r.evaluation import metric_list
from s2r.evaluation.instruments import Instruments
from s2r.evaluation.metric import Measure, Metric
from s2r.evaluation.metric_list import installed_metrics
from s2r.evaluation.recording_scores import clip_rows, frame_scores, rollout_rows
from s2r.generation.generated_file import Rollout
from s2r.report import measures
from s2r.report.measures import all_measures
from s2r.report.table1 import write_tables

PAGE = ROOT / "docs" / "own-metric.md"
INSTRUMENTS = Instruments(np.ones((16, 16), bool), np.array([[0, 0], [4, 4]]))


def block(language: str) -> str:
    """The fenced block of the page in this language."""
    (text,) = fenced_blocks(PAGE, language)
    return text


@pytest.fixture
def install(tmp_path, monkeypatch):
    """``install(name, code, {entry point: object})`` a package of one module of that name."""
    installed_metrics.cache_clear()

    def install(name: str, code: str, entries: dict[str, str]) -> None:
        groups = {"s2r.metrics": entries}
        install_package(monkeypatch, tmp_path / name, name, groups, {name: code})

    yield install
    installed_metrics.cache_clear()


def videos() -> tuple[np.ndarray, np.ndarray]:
    """Truth (60, 16, 16) and two draws (2, 60, 16, 16), uint8."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 256, (60, 16, 16), dtype=np.uint8)
    return truth, np.stack([truth, truth // 2])


def rows() -> list[dict]:
    """Values of a rollout, as a score file holds them."""
    truth, draws = videos()
    rollout = Rollout(draws, np.zeros((2, 60), bool), None, "")
    found = rollout_rows(truth, rollout, "draw", INSTRUMENTS, None)
    return [row | {"recording": "a", "frames": 59} for row in found]


def tables(tmp_path, values: list[dict]) -> dict[str, str]:
    """Text of the long table and of Table 1 in each form, from the values of one model."""
    content = {"oracle": False, "values": values, "distances": {}}
    labels = {"system": "m", "kind": "model", "encoder": "logmel", "size": "-", "pooling": "no"}
    labels |= {"preset": "s2r", "estimate": "draw", "draws": 2}
    (tmp_path / "m.json").write_text(json.dumps(labels | {"sets": {"unseen_speech": content}}))
    paths = {key: tmp_path / f"table.{key}" for key in ("scores", "csv", "markdown", "tex")}
    write_tables(
        score_files=[tmp_path / "m.json"],
        **paths,
        figure=tmp_path / "figure.png",
        synthetic=False,
        resamples=10,
    )
    return {key: path.read_text() for key, path in paths.items()}


def test_the_metric_of_the_page_is_scored_and_shown(install, tmp_path):
    before = [(row["metric"], row["region"], row["value"]) for row in rows()]
    plain = tables(tmp_path, rows())
    installed_metrics.cache_clear()
    entries = tomllib.loads(block("toml"))["project"]["entry-points"]["s2r.metrics"]
    install("roughness", block("python"), entries)
    values = rows()
    found = {row["estimate"]: row["value"] for row in values if row["metric"] == "roughness"}
    # of the draws, one is the truth and one half of it: ratios 1 and a quarter
    assert found["draw"] == pytest.approx((1 + 0.25) / 2, rel=0.02)
    assert found["mean"] == pytest.approx(0.75**2, rel=0.02)
    others = [row for row in values if row["metric"] != "roughness"]
    assert [(row["metric"], row["region"], row["value"]) for row in others] == before

    texts = tables(tmp_path, values)
    long = pd.read_csv(tmp_path / "table.scores")
    assert "roughness" in set(long["metric"])
    table = pd.read_csv(tmp_path / "table.csv")
    assert table["roughness_unseen_speech"].item() == pytest.approx(found["draw"], rel=1e-4)
    assert list(table.columns)[-12:-8] == [
        f"roughness_unseen_speech{e}" for e in ("", "_low", "_high", "_seed_sd")
    ]
    heading = "Roughness in time, ratio to the truth (1 is right; above 1 the video trembles)"
    assert f"## {heading}\n\n| System |" in texts["markdown"]
    assert texts["markdown"].startswith(plain["markdown"].rstrip("\n"))
    assert heading in texts["tex"]


def test_frames_of_clips_are_scored_where_the_metric_says_so(install):
    module = (
        "from s2r.evaluation.metric import Metric\n"
        "brightness = Metric('brightness', ('frame', 'dynamic'),\n"
        "    lambda t, g, i: (g.mean(), g[:, i.region].mean()), clips=True)\n"
        "still = Metric('still', 'frame', lambda t, g, i: 0.0)\n"
    )
    install("two", module, {"brightness": "two:brightness", "still": "two:still"})
    truth, draws = videos()
    clips = truth.reshape(6, 10, 16, 16), draws[:1].reshape(6, 1, 10, 16, 16)
    found = {
        (row["metric"], row["region"]): row["value"]
        for row in clip_rows(*clips, "draw", INSTRUMENTS)
    }
    assert found["brightness", "frame"] == found["brightness", "dynamic"] == truth.mean()
    assert ("still", "frame") not in found
    assert ("still", "frame") in {(row["metric"], row["region"]) for row in rows()}
    assert not any(name == "brightness" for name, _ in frame_scores(truth, truth, INSTRUMENTS))


ONE = "from s2r.evaluation.metric import Measure, Metric\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    {
        "no metric": ("METRIC = print", r"'mine' of the package mine 1\.5 is a builtin_function"),
        "import": ("import nothing_at_all", r"'mine' of the package mine 1\.5 cannot be imported"),
        "taken": (
            ONE + "METRIC = Metric('ssim', 'dynamic', print)",
            r"'ssim' in the region 'dynamic' is given twice",
        ),
        "taken by a value of several videos": (
            ONE + "METRIC = Metric('audio_gap', 'dynamic', print)",
            r"'audio_gap' in the region 'dynamic' is given twice",
        ),
        "wrong word": (
            ONE + "METRIC = Measure('m', 'm', 'frame', 'M', better='more')",
            r"better of the measure 'm' must be one of lower, higher, one, above zero, not 'more'",
        ),
        "other metric": (
            ONE + "METRIC = Metric('m', 'frame', print,"
            " measures=(Measure('m', 'm', 'dynamic', 'M', 'lower'),))",
            r"'m' shows the metric 'm' in the region 'dynamic', which 'm' does not give",
        ),
        "clips": (
            ONE + "METRIC = Metric('m', 'frame', print,"
            " measures=(Measure('m', 'm', 'frame', 'M', 'lower', mode='clip'),))",
            r"the metric 'm' is not computed on clips",
        ),
        "two columns of the paper": (
            ONE + "METRIC = Measure('m', 'm', 'frame', 'M', 'lower', estimate='both', paper='M')",
            r"the measure 'm' has two columns",
        ),
        "no number": (
            ONE + "METRIC = Metric('m', 'frame', print)",
            r"'m' gave object of shape \(1,\) in place of a number",
        ),
        "a value too few": (
            ONE + "METRIC = Metric('m', ('frame', 'dynamic'), lambda t, g, i: 1.0)",
            r"'m' gave float64 of shape \(1,\) in place of a number for each of its 2",
        ),
    }.values(),
)
def test_what_cannot_be_used_is_said(install, text, sentence):
    install("mine", text + "\n", {"mine": "mine:METRIC"})
    with pytest.raises(UserError, match=sentence):
        rows()


def test_one_entry_point_in_two_packages_is_refused(install):
    for name in ("first", "second"):
        install(name, ONE + f"METRIC = Metric('{name}', 'frame', print)", {"m": f"{name}:METRIC"})
    with pytest.raises(UserError, match="'m' is provided more than once"):
        rows()


def test_a_column_cannot_be_given_twice(install):
    measure = "Measure('error_draw', 'm', 'frame', 'M', 'lower')"
    install(
        "mine",
        ONE + f"METRIC = Metric('m', 'frame', print, measures=({measure},))",
        {"m": "mine:METRIC"},
    )
    with pytest.raises(UserError, match="Two measures of Table 1 have the column 'error_draw'"):
        all_measures()


def test_a_metric_of_this_package_is_one_function_and_one_record(monkeypatch, tmp_path):
    brightness = Metric("brightness", "frame", lambda truth, video, _: video.mean() / truth.mean())
    record = Measure("brightness", "brightness", "frame", "Brightness, ratio to the truth", "one")
    monkeypatch.setattr(metric_list, "METRICS", (*metric_list.METRICS, brightness))
    monkeypatch.setattr(measures, "MEASURES", (*measures.MEASURES, record))
    texts = tables(tmp_path, rows())
    assert "brightness_unseen_speech" in texts["csv"]
    assert "## Brightness, ratio to the truth\n\n| System | unseen speech" in texts["markdown"]
    assert "Brightness, ratio to the truth" in texts["tex"]
