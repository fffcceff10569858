"""The comparison of pages with results finds what is stated otherwise."""

import re
from itertools import product

import numpy as np
import pandas as pd
import pytest

from s2r.config.systems import SETS
from s2r.core.errors import UserError
from s2r.evaluation.real_speech.stage import KINDS

PAGES = ["phantom.md", "real-speech.md"]


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
    voices = ["", *documented.VOICES]
    areas = pd.DataFrame(
        list(product(KINDS, voices, documented.SHOWN)), columns=["speech", "voice", "demand"]
    )
    areas["auc"], areas["low"], areas["high"], areas["n"] = *rng.random((3, len(areas))), 7
    scores.to_csv(tmp_path / "scores.csv", index=False)
    areas.to_csv(tmp_path / "real_speech.csv", index=False)
    return tmp_path


@pytest.fixture
def pages(results, documented):
    """A folder of pages that state what those tables hold."""
    folder = results / "docs"
    folder.mkdir()
    for page, (name, rows) in documented.TABLES.items():
        (folder / page).write_text("\n".join(rows(pd.read_csv(results / name))))
    return folder


def test_pages_that_state_the_results_are_right(documented, results, pages):
    assert documented.otherwise(results, pages) == []


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("place", [0, -1])
def test_a_figure_that_is_stated_otherwise_is_named(documented, results, pages, page, place):
    lines = (pages / page).read_text().splitlines()
    right, figure = lines[place], re.search(r"\d\.\d+", lines[place])[0]
    lines[place] = right.replace(figure, "12.345")
    (pages / page).write_text("\n".join(lines))
    assert documented.otherwise(results, pages) == [f"docs/{page}: {right}"]


@pytest.mark.parametrize("page", PAGES)
def test_every_compared_row_is_on_the_page(documented, results, page):
    name, rows = documented.TABLES[page]
    text = without_figures((documented.DOCS / page).read_text())
    for row in rows(pd.read_csv(results / name)):
        assert without_figures(row) in text, row


def without_figures(text: str) -> str:
    return re.sub(r"\d+(\.\d+)?", "0", text)


def test_results_that_are_not_there_are_named(documented, tmp_path):
    with pytest.raises(UserError, match=r"scores\.csv is not there"):
        documented.otherwise(tmp_path)
