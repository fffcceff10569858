"""The table and the page of differences, from made-up scores of known differences."""

import json

import numpy as np
import pandas as pd
import pytest

from helpers.score_files import row, write_scores
from s2r.config.systems import Kind
from s2r.report.differences import COLUMNS, differences, pairs, write_differences

RECORDINGS = [f"r{number:02d}" for number in range(12)]


def scored(error: float, seed: int, motion: float = 1.0, estimate: str = "draw") -> list[dict]:
    """Twelve recordings that differ much, with what a seed adds, and very little noise."""
    rng = np.random.default_rng(seed)
    found = []
    for place, name in enumerate(RECORDINGS):
        value = error + 0.01 * place + 1e-5 * rng.normal()
        found.append(row("squared_error", "dynamic", name, value, estimate=estimate))
        value = motion + 1e-3 * rng.normal()
        found.append(row("motion", "dynamic", name, value, estimate=estimate))
    return found


@pytest.fixture
def score_files(tmp_path):
    """Model a errs 0.001 less than b with each seed; one seed of b alone; a baseline."""
    a = {seed: scored(0.050 + 0.002 * seed, seed, 0.9) for seed in (0, 1, 2)}
    b = {seed: scored(0.051 + 0.002 * seed, seed + 10, 1.2) for seed in (2, 1, 0, 7)}
    files = write_scores(tmp_path, "a", "model", a) + write_scores(tmp_path, "b", "model", b)
    files += write_scores(tmp_path, "mean-a", "mean", {0: scored(0.02, 20, 0.5, "mean")})
    return files + write_scores(tmp_path, "copied_frame", "copied_frame", {None: scored(0.3, 30)})


def find(table: pd.DataFrame, measure: str, system: str, rival: str) -> pd.Series:
    found = table.query("measure == @measure and system == @system and rival == @rival")
    (index,) = found.index
    return table.loc[index]


def test_systems_are_paired_by_recording_and_seed(score_files):
    table = differences(score_files)
    assert list(table.columns) == COLUMNS
    row_of_b = find(table, "error_draw", "a", "b")
    # Seeds and recordings alone differ by more than this, and cancel.
    assert row_of_b["value"] == pytest.approx(-0.001, abs=2e-5)
    assert row_of_b["high"] < 0
    assert (row_of_b["n"], row_of_b["seeds"], row_of_b["better"]) == (12, 3, "a")
    assert row_of_b["p_recordings"] == 2 / 2**12
    # Two models and a baseline: three pairs of draws.
    assert row_of_b["p_holm"] >= row_of_b["p"]
    assert len(table.query("measure == 'error_draw'")) == 3


def test_what_is_not_trained_is_the_same_for_all_seeds(score_files):
    found = find(differences(score_files), "error_draw", "b", "copied_frame")
    expected = np.mean([0.051 + 0.002 * seed for seed in (0, 1, 2, 7)]) - 0.3
    assert found["value"] == pytest.approx(expected, abs=2e-5)
    assert (found["seeds"], found["better"]) == (4, "b")


def test_where_one_is_right_the_distances_from_it_are_compared(score_files):
    found = find(differences(score_files), "motion", "a", "b")
    assert found["value"] == pytest.approx(0.1 - 0.2, abs=2e-3)
    assert found["better"] == "a"


def test_draws_are_not_compared_with_means(score_files):
    table = differences(score_files)
    assert table.query("rival == 'mean-a'").empty
    assert set(table["estimate"]) == {"draw"}


def test_values_by_different_instruments_are_not_compared(tmp_path):
    values = [row("agreement", "frame", name, 0.8 + 0.01 * i) for i, name in enumerate(RECORDINGS)]
    files = [write_scores(tmp_path, name, "model", {0: values})[0] for name in ("a", "b", "c")]
    for file, encoder in zip(files, ("logmel", "whisper", "logmel"), strict=True):
        known = json.loads(file.read_text()) | {"instruments": {"agreement": encoder}}
        file.write_text(json.dumps(known))
    table = differences(files).query("measure == 'agreement'")
    assert table[["system", "rival"]].to_numpy().tolist() == [["a", "c"]]


def test_without_a_common_seed_nothing_is_said(tmp_path):
    files = write_scores(tmp_path, "a", "model", {0: scored(0.1, 0)})
    files += write_scores(tmp_path, "b", "model", {1: scored(0.2, 1)})
    assert differences(files).empty


def test_pairs_are_models_and_their_rivals():
    kinds = {"copied_frame": Kind.COPIED_FRAME, "real": Kind.REAL, "mean-a": Kind.MEAN}
    kinds |= {"mean-b": Kind.MEAN, "gaussian-b": Kind.GAUSSIAN, "recurrent-x": Kind.RECURRENT}
    kinds |= {"a": Kind.MODEL, "b": Kind.MODEL}
    assert set(pairs(kinds)) == {
        ("a", "b"), ("a", "mean-a"), ("b", "mean-b"), ("b", "gaussian-b"), ("a", "recurrent-x"),
        ("b", "recurrent-x"), ("a", "copied_frame"), ("b", "copied_frame"),
        ("recurrent-x", "copied_frame"),
    }  # fmt: skip
    assert len(pairs(kinds)) == 9


def test_the_page_says_which_are_sure_and_for_what(score_files, tmp_path):
    paths = {"csv": tmp_path / "differences.csv", "markdown": tmp_path / "differences.md"}
    write_differences(score_files=score_files, **paths, synthetic=True)
    text = paths["markdown"].read_text()
    assert "**These are results on the phantom" in text
    assert "for other recordings and other trainings" in text
    (line,) = [line for line in text.splitlines() if line.startswith("| a - b | -1.0 [")]
    assert line.endswith("] a |  |  |")
    assert len(pd.read_csv(paths["csv"])) == len(differences(score_files))
    first = [file for file in score_files if "@0" in file.name or "@None" in file.name]
    write_differences(score_files=first, **paths, synthetic=False)
    text = paths["markdown"].read_text()
    assert "holds for these trained weights on other recordings" in text
    write_differences(score_files=[], **paths, synthetic=False)
    assert "Nothing was scored that could be compared." in paths["markdown"].read_text()
