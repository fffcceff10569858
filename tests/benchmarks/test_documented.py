"""The comparison of pages with results finds what is stated otherwise."""

import re
from itertools import product

import numpy as np
import pandas as pd
import pytest

from s2r.config.systems import SETS
from s2r.core.errors import UserError
from s2r.evaluation.real_speech.stage import KINDS

TABLES = ["scores.csv", "real_speech.csv", "voices/real_speech.csv"]


@pytest.fixture
def documented(benchmark_module):
    return benchmark_module("documented")


@pytest.fixture
def results(tmp_path, documented):
    """A folder with made-up tables of the default experiment."""
    rng = np.random.default_rng(1)
    systems = ["whisper-tiny.en", "mean-whisper-tiny.en", "recurrent-whisper-tiny.en"]
    systems += ["copied_frame", "mean_frame", "real_other"]
    metrics = ["squared_error", "contour_mm", "ssim", "fvd", "audio_gap", "motion"]
    metrics += ["high_frequency_power", "kinematics_velocity"]
    names = ["system", "metric", "mode", "estimate", "region", "set"]
    places = (("rollout", "clip"), ("draw", "mean"), ("frame", "dynamic", "tongue", "cells"))
    scores = pd.DataFrame(list(product(systems, metrics, *places, SETS)), columns=names)
    scores["value"] = rng.random(len(scores))
    scores.to_csv(tmp_path / "scores.csv", index=False)
    (tmp_path / "voices").mkdir()
    judging = {"real_speech.csv": documented.VOICES, "voices/real_speech.csv": documented.UNHEARD}
    for name, voices in judging.items():
        rows = list(product(KINDS, ["", *voices], documented.SHOWN))
        areas = pd.DataFrame(rows, columns=["speech", "voice", "demand"])
        areas["auc"], areas["low"], areas["high"], areas["n"] = *rng.random((3, len(areas))), 7
        areas.to_csv(tmp_path / name, index=False)
    return tmp_path


@pytest.fixture
def pages(results, documented):
    """A folder of pages that state what those tables hold."""
    folder = results / "docs"
    folder.mkdir()
    for name, (page, rows) in documented.TABLES.items():
        with open(folder / page, "a") as file:
            file.write("\n".join(rows(pd.read_csv(results / name))) + "\n")
    return folder


def test_pages_that_state_the_results_are_right(documented, results, pages):
    assert documented.otherwise(results, pages) == []


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("place", [0, -1])
def test_a_figure_that_is_stated_otherwise_is_named(documented, results, pages, name, place):
    page, rows = documented.TABLES[name]
    right = rows(pd.read_csv(results / name))[place]
    figure = re.search(r"\d\.\d+", right)[0]
    text = (pages / page).read_text()
    (pages / page).write_text(text.replace(right, right.replace(figure, "12.345")))
    assert documented.otherwise(results, pages) == [f"docs/{page}: {right}"]


@pytest.mark.parametrize("name", TABLES)
def test_every_compared_row_is_on_the_page(documented, results, name):
    page, rows = documented.TABLES[name]
    text = without_figures((documented.DOCS / page).read_text())
    for row in rows(pd.read_csv(results / name)):
        assert without_figures(row) in text, row


def test_other_speech_is_not_compared(documented, results, pages, capsys):
    own = pd.read_csv(results / "real_speech.csv").replace({"voice": {"rms": "anna"}})
    own.to_csv(results / "real_speech.csv", index=False)
    assert documented.otherwise(results, pages) == []
    assert "of other speech" in capsys.readouterr().out


def without_figures(text: str) -> str:
    """Numbers as 0, and no intervals: one recording has none."""
    return re.sub(r" \[0, 0\]", "", re.sub(r"\d+(\.\d+)?", "0", text))


def test_results_that_are_not_there_are_named(documented, tmp_path):
    with pytest.raises(UserError, match=r"scores\.csv is not there"):
        documented.otherwise(tmp_path)
