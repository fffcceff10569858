"""Scores of words whose right answers are known: the truth, a tongue that never rises."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from helpers.spoken_corpus import (
    PALATE,
    RATE,
    SECONDS,
    SIZE,
    TRIM,
    cut_bvt,
    film,
    write_spoken_corpus,
)
from s2r.config.systems import Kind
from s2r.core.errors import UserError
from s2r.core.units import frames_of
from s2r.evaluation.data import open_evaluation_data
from s2r.evaluation.instruments import Instruments
from s2r.evaluation.words.item_scores import item_rows
from s2r.evaluation.words.items import read_items
from s2r.evaluation.words.scores import aggregate_words, score_words
from s2r.generation.generated_file import GeneratedWriter
from s2r.report.words_figure import choose_items, plot_words

LENGTH = round((SECONDS - TRIM) * RATE)
TIMES = TRIM + (np.arange(LENGTH) + 0.5) / RATE


@pytest.fixture
def corpus(tmp_path):
    """Recordings a, b and c with their region; their words stand in segments.csv."""
    data = open_evaluation_data(write_spoken_corpus(tmp_path))
    cut_bvt(data, tmp_path / "segments.csv")
    return data


def rolled_out(path, system, video, recordings=("a", "b"), kind=Kind.MODEL):
    with GeneratedWriter(path, system=system, kind=kind) as writer:
        for recording in recordings:
            writer.rollout(recording, video(recording)[None])
    return path


def truth(recording):
    return film(TIMES, "abc".index(recording))


def still(recording):
    return np.repeat(truth(recording)[:1], LENGTH, 0)


def score(corpus, home, rollouts, singles=None):
    score_words(
        corpus,
        segments=home / "segments.csv",
        rollouts={(name, "unseen_subject"): path for name, path in rollouts.items()},
        singles={(name, "unseen_subject"): path for name, path in (singles or {}).items()},
        items_path=home / "items.csv",
        path=home / "words.csv",
        resamples=100,
    )
    return pd.read_csv(home / "words.csv", keep_default_na=False, na_values=[""])


def value(table, **wanted) -> pd.Series:
    found = table[(table[list(wanted)] == pd.Series(wanted)).all(axis=1)]
    assert len(found) == 1, found
    return found.iloc[0]


def test_every_touched_frame_belongs_to_a_segment():
    assert frames_of(0.2, 0.5, 100) == (10, 25)
    assert frames_of(0.21, 0.501, 100) == (10, 26)
    assert frames_of(0.2, 0.2, 100) == (10, 11)
    assert frames_of(1.95, 2.5, 100) == (97, 100)
    assert frames_of(3.0, 3.5, 100) == (99, 100)


def test_truth_is_perfect_and_a_still_tongue_never_closes(corpus, tmp_path):
    rollouts = {
        "m": rolled_out(tmp_path / "m.h5", "m", truth),
        "copied_frame": rolled_out(
            tmp_path / "s.h5", "copied_frame", still, kind=Kind.COPIED_FRAME
        ),
    }
    table = score(corpus, tmp_path, rollouts)
    assert set(table["set"]) == {"unseen_subject"}
    own = {"mode": "rollout", "estimate": "draw"}
    right = value(table, system="m", kind="vcv", label="T", metric="squared_error", **own)
    assert right["value"] == 0
    assert (right["n"], right["recordings"]) == (2, 2)
    assert value(table, system="m", kind="word", label="bat", metric="ssim", **own)["value"] == 1
    wrong = value(table, system="copied_frame", kind="word", label="bat", metric="ssim", **own)
    assert wrong["value"] < 0.99
    # air of 30 against tissue of 180; the brightest pixels are chosen, so noise adds a little
    rise = {"kind": "consonant", "label": "T", "metric": "closure_rise"} | own
    assert value(table, system="real", **rise)["value"] == pytest.approx(155, abs=6)
    assert value(table, system="m", **rise)["value"] == pytest.approx(155, abs=6)
    assert value(table, system="copied_frame", **rise)["value"] == pytest.approx(0, abs=1)
    assert value(table, system="m", **rise)["n"] == 4
    # the B of bat is closed by the lips: it has a rise, but no place of the tongue
    labels = table.loc[table["metric"] == "closure_rise", "label"]
    assert set(labels) == {"T", "B", "all"}
    everything = rise | {"label": "all", "metric": "closure_correlation"}
    assert value(table, system="m", **everything)["value"] == pytest.approx(1)


def test_errors_count_in_their_own_segment_only(corpus, tmp_path):
    def bright_in_the_vcv(recording):
        video = truth(recording)
        video[TIMES < 1.0] = 255
        return video

    table = score(corpus, tmp_path, {"m": rolled_out(tmp_path / "m.h5", "m", bright_in_the_vcv)})
    errors = table[(table["metric"] == "squared_error") & (table["system"] == "m")]
    found = errors.set_index(["kind", "label"])["value"]
    assert found["vcv", "T"] > 0.1
    assert found["word", "bat"] == found["consonant", "B"] == 0
    assert found["consonant", "T"] > 0.05  # one of two is in the VCV


def test_means_of_draws_are_scored_beside_draws(corpus, tmp_path):
    def video(noise):
        return (truth("a").astype(int) + noise).clip(0, 255).astype(np.uint8)

    with GeneratedWriter(tmp_path / "m.h5", system="m", kind=Kind.MODEL) as writer:
        writer.rollout("a", np.stack([video(20), video(-20)]))
    table = score(corpus, tmp_path, {"m": tmp_path / "m.h5"})
    errors = {"system": "m", "kind": "vcv", "label": "all", "metric": "squared_error"}
    draw = value(table, **errors, estimate="draw")
    assert draw["value"] == pytest.approx((20 / 127.5) ** 2, rel=0.05)
    assert value(table, **errors, estimate="mean")["value"] < 0.1 * draw["value"]
    assert draw["n"] == draw["recordings"] == 1
    assert np.isnan(draw["low"])


class Probe:
    """Reads the height of the tongue off a film: at point 30 of 38, as in the truth."""

    def predict(self, frames):
        dark = (frames[:, :, 15] < 105).sum(1)
        points = np.zeros((len(frames), 38, 2), np.float32)
        points[:, :, 0], points[:, :, 1] = 2 * np.arange(38), 2 * (PALATE + 9)
        points[:, 30, 1] = 2 * (PALATE + dark)
        return {"tongue": points}


def test_constrictions_are_compared_where_contours_are_known(corpus, tmp_path):
    items = read_items(corpus, tmp_path / "segments.csv")
    instruments = Instruments(corpus.instruments.region, np.zeros((0, 2)), Probe())
    reference = items.reference("a_01")
    exact = rows_of(reference, reference.frames, instruments)
    assert exact["vcv", "T", "contour_mm"] < 0.5
    assert exact["consonant", "T", "degree_mm"] == pytest.approx(0, abs=1e-5)
    assert exact["consonant", "T", "place_mm"] == 0
    open_ = np.repeat(reference.frames[:1], len(reference.frames), 0)
    found = rows_of(reference, open_, instruments)
    assert found["consonant", "T", "degree_mm"] == pytest.approx(2 * 7, abs=0.01)
    assert found["vcv", "T", "contour_mm"] > exact["vcv", "T", "contour_mm"]


def rows_of(reference, video, instruments):
    rows = item_rows(reference, video, instruments)
    return {(row["kind"], row["label"], row["metric"]): row["value"] for row in rows}


def test_videos_of_another_length_are_refused(corpus, tmp_path):
    path = rolled_out(tmp_path / "m.h5", "m", lambda recording: truth(recording)[:-5])
    with pytest.raises(UserError, match=r"m\.h5: a has 140 frames and the true video 145"):
        score(corpus, tmp_path, {"m": path})


def test_sets_without_items_give_an_empty_table_and_a_figure_that_says_so(corpus, tmp_path):
    path = rolled_out(tmp_path / "m.h5", "m", truth, recordings=("c",))
    assert score(corpus, tmp_path, {"m": path}).empty
    files = {("m", "unseen_subject"): path}
    plot(corpus, tmp_path, files)
    assert Image.open(tmp_path / "words.png").size == (640, 30)


def plot(corpus, home, files):
    plot_words(
        corpus,
        values=home / "items.csv",
        segments=home / "segments.csv",
        rollouts=files,
        best="m",
        path=home / "words.png",
        synthetic=False,
    )


def values_of(errors: dict[str, float], label="T", system="m") -> pd.DataFrame:
    rows = []
    for item, error in errors.items():
        shared = {"system": system, "mode": "rollout", "estimate": "draw", "item": item}
        shared |= {"metric": "squared_error", "value": error, "set": "s", "recording": item}
        rows.append(shared | {"phone": -1, "kind": "vcv", "label": label})
        rows.append(shared | {"phone": 1, "kind": "consonant", "label": label})
    return pd.DataFrame(rows)


def test_items_of_the_figure_follow_from_their_scores():
    tongue = values_of({"t1": 0.02, "t2": 0.05, "t3": 0.06})
    lips = values_of({"p1": 0.01, "p2": 0.9}, label="P")
    worse = values_of({"t1": 0.8, "t2": 0.8}, system="worse")
    floor = values_of({"t1": 0.0, "t2": 0.0}, system="copied_frame")
    values = pd.concat([floor, worse, tongue, lips], ignore_index=True)
    expected = {"typical": "t2", "tongue-palate contact": "t1", "failure": "p2"}
    assert choose_items(values, "m") == expected
    assert choose_items(values, "another") == {}
    own_mean = values.assign(estimate="mean")
    assert choose_items(own_mean, "m") == expected
    assert choose_items(pd.concat([values, own_mean.assign(value=0.0)]), "m") == expected


def test_figure_shows_truth_above_generated(corpus, tmp_path):
    path = rolled_out(tmp_path / "m.h5", "m", lambda recording: np.full_like(truth(recording), 77))
    score(corpus, tmp_path, {"m": path})
    floor = rolled_out(tmp_path / "s.h5", "copied_frame", truth, kind=Kind.COPIED_FRAME)
    files = {("copied_frame", "unseen_subject"): floor, ("m", "unseen_subject"): path}
    plot(corpus, tmp_path, files)
    picture = np.asarray(Image.open(tmp_path / "words.png"))
    column = picture[:, 190 + SIZE]  # inside the first picture of every row
    runs = np.split(column, np.flatnonzero(np.diff(column.astype(int))) + 1)
    assert sum(len(run) == 2 * SIZE and run[0] == 77 for run in runs) == 3


def test_pooled_rows_count_every_item():
    values = values_of({"a": 1.0, "b": 3.0}).assign(true=np.nan)
    values = pd.concat([values, values_of({"c": 5.0}, label="K").assign(true=np.nan)])
    table = aggregate_words(values, resamples=50)
    assert value(table, kind="vcv", label="T")["value"] == 2
    pooled = value(table, kind="vcv", label="all")
    assert (pooled["value"], pooled["n"], pooled["recordings"]) == (3, 3, 3)
    assert pooled["low"] < 3 < pooled["high"]


def test_single_words_are_scored_by_themselves(corpus, tmp_path):
    items = read_items(corpus, tmp_path / "segments.csv")
    with GeneratedWriter(tmp_path / "single.h5", system="m", kind=Kind.MODEL) as writer:
        for item in ("a_01", "a_02"):
            recording, first, stop = items.span(item)
            writer.rollout(item, truth(recording)[None, first:stop])
    table = score(corpus, tmp_path, {}, singles={"m": tmp_path / "single.h5"})
    assert set(table["mode"]) == {"single"}
    errors = table[(table["metric"] == "squared_error") & (table["system"] == "m")]
    assert (errors["value"] == 0).all()
    assert value(errors, kind="word", label="bat")["n"] == 1
