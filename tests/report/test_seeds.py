"""Rows that were trained several times: their mean, their spread, and what is said of it."""

import numpy as np
import pandas as pd
import pytest

from helpers.score_files import row, write_scores
from s2r.core.errors import UserError
from s2r.report.markdown import write_markdown
from s2r.report.scores_table import aggregate
from s2r.report.table1 import table1, write_tables

ERRORS = {0: (0.02, 0.05), 3: (0.04, 0.07), 5: (0.03, 0.09)}
"""Squared errors of recordings a (300 frames) and b (100), by seed."""


def rows(errors: tuple[float, float]) -> list[dict]:
    a, b = (
        row("squared_error", "dynamic", recording, value, frames=frames)
        for recording, value, frames in zip("ab", errors, (300, 100), strict=True)
    )
    return [a, b, row("ssim", "frame", "a", errors[0], mode="clip")]


@pytest.fixture
def score_files(tmp_path):
    by_seed = {seed: rows(errors) for seed, errors in ERRORS.items()}
    fvd = {0: 300.0, 3: 320.0, 5: 310.0}
    files = write_scores(tmp_path, "logmel", "model", by_seed, fvd)
    return files + write_scores(tmp_path, "copied_frame", "copied_frame", {None: rows((0.1, 0.2))})


def test_a_value_is_the_mean_over_seeds_and_has_their_spread(score_files):
    long = aggregate(score_files, resamples=200).set_index(["system", "metric"])
    of_seeds = [(3 * a + b) / 4 for a, b in ERRORS.values()]
    error = long.loc[("logmel", "squared_error")]
    assert error["value"] == pytest.approx(np.mean(of_seeds))
    assert error["seed_sd"] == pytest.approx(np.std(of_seeds, ddof=1))
    assert (error["n"], error["seeds"], error["k"]) == (2, 3, 2)
    # The interval is over the two recordings, of means over seeds.
    assert (error["low"], error["high"]) == pytest.approx((0.03, 0.07))
    fvd = long.loc[("logmel", "fvd")]
    assert fvd[["value", "low", "high", "seed_sd", "n"]].tolist() == [310, 290, 340, 10, 500]
    baseline = long.loc[("copied_frame", "squared_error")]
    assert pd.isna(baseline["seeds"])
    assert np.isnan(baseline["seed_sd"])


def test_a_score_that_one_seed_lacks_is_the_mean_of_the_others(tmp_path):
    lags = {0: [row("lag", "cells", "a", 2.0)], 1: rows((0.1, 0.2))}
    files = write_scores(tmp_path, "logmel", "model", lags)
    (lag,) = aggregate(files).query("metric == 'lag'").itertuples()
    assert (lag.value, lag.n) == (2, 1)
    assert np.isnan(lag.seed_sd)


def test_every_form_says_what_is_the_interval_and_what_the_spread(score_files, tmp_path):
    paths = {key: tmp_path / key for key in ("scores", "csv", "markdown", "tex")}
    paths["figure"] = tmp_path / "figure.png"
    write_tables(score_files=score_files, **paths, synthetic=False, resamples=100)
    table = pd.read_csv(paths["csv"]).set_index("system")
    assert table.loc["logmel", "seeds"] == 3
    assert table.loc["logmel", "fvd_unseen_speech_seed_sd"] == 10
    assert pd.isna(table.loc["copied_frame", "seeds"])
    for key, between in (("markdown", "\xa0±\xa0"), ("tex", r"~$\pm$~")):
        text = paths[key].read_text()
        assert f"310.0{between}25.0, sd 10.00" in text
        assert "means over 3 trainings with different seeds. After sd stands the standard" in text
        assert "spread over seeds is not known" not in text


def test_one_training_says_that_it_is_one(score_files, tmp_path):
    long = aggregate([score_files[0], score_files[-1]], resamples=100)
    write_markdown(long, tmp_path / "table1.md", synthetic=False)
    text = (tmp_path / "table1.md").read_text()
    assert "One training each: the spread over seeds is not known." in text
    assert ", sd " not in text


def test_untrained_rows_alone_say_nothing_of_seeds(score_files, tmp_path):
    long = aggregate(score_files[-1:], resamples=100)
    assert table1(long)["seeds"].isna().all()


def test_two_files_of_one_seed_are_refused(score_files, tmp_path):
    again = tmp_path / "again.json"
    again.write_text(score_files[0].read_text())
    with pytest.raises(UserError, match=r"again\.json are of the same system and seed: delete"):
        aggregate([*score_files, again])
