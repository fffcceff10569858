"""Scores of words whose right answers are known: the truth, a tongue that never rises."""

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from spoken_corpus import PALATE, RATE, SECONDS, SIZE, TRIM, film, write_spoken_corpus
from tiny_corpus import DIMENSION, write_tiny_corpus
from tiny_corpus import SIZE as TINY

from s2r.errors import UserError
from s2r.generate import GenerationConfig
from s2r.generated import GeneratedWriter, read_generated
from s2r.measures import Measures
from s2r.metrics.statistics import bootstrap_correlation
from s2r.model.denoiser import DenoiserConfig
from s2r.model.sampler import SamplerConfig
from s2r.model.tract_model import ModelConfig, TractModel, save_model
from s2r.phantom.speech import Segment
from s2r.rollout import generate_videos
from s2r.window import Window
from s2r.words import single
from s2r.words.closure import constriction, flanks, middle_of
from s2r.words.figure import choose_items, plot_words
from s2r.words.item_scores import frames_of, item_rows
from s2r.words.items import Item
from s2r.words.scores import aggregate_words, read_items, score_words
from s2r.words.segments import cut_corpus

LENGTH = round((SECONDS - TRIM) * RATE)
TIMES = TRIM + (np.arange(LENGTH) + 0.5) / RATE


@pytest.fixture
def corpus(tmp_path):
    found = write_spoken_corpus(tmp_path)
    cut_corpus(
        **found,
        split=tmp_path / "split.csv",
        sets=["unseen_subject"],
        stimuli=["bvt"],
        transcripts={"bvt": "bat"},
        path=tmp_path / "segments.csv",
    )
    return found | {"segments": tmp_path / "segments.csv"}


def rolled_out(path, system, video, recordings=("a", "b"), draws=1, estimate="draw"):
    with GeneratedWriter(path, system=system, estimate=estimate) as writer:
        for recording in recordings:
            writer.rollout(recording, np.stack([video(recording)] * draws))
    return path


def truth(recording):
    return film(TIMES, "abc".index(recording))


def still(recording):
    return np.repeat(truth(recording)[:1], LENGTH, 0)


def score(corpus, home, rollouts, singles=None):
    score_words(
        **corpus,
        rollouts={(name, "unseen_subject"): path for name, path in rollouts.items()},
        singles={(name, "unseen_subject"): path for name, path in (singles or {}).items()},
        region=home / "region.npz",
        probe=None,
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


def test_closure_is_between_its_vowels():
    phones = [("B", 0, 0.1), ("Y", 0.1, 0.2), ("UW", 0.2, 0.4), ("CH", 0.4, 0.6), ("IY", 0.6, 0.9)]
    item = Item("x", tuple(Segment(*phone) for phone in phones))
    assert [phone.label for phone in flanks(item, 0)] == ["UW"]
    assert [phone.label for phone in flanks(item, 3)] == ["UW", "IY"]
    assert middle_of(item.phones[0]) == pytest.approx(0.05)
    assert middle_of(item.phones[3]) == pytest.approx(0.45)  # of its stop


def test_constriction_has_degree_and_place():
    wall = np.stack([np.arange(38.0), np.zeros(38)], 1)
    tongue = np.stack([np.arange(0, 38, 0.5), np.full(76, 9.0)], 1)
    tongue[60, 1] = 2.0  # at x = 30
    tongue[10, 1] = 0.0  # in the pharynx, which does not count
    degree, place = constriction(tongue, wall)
    assert degree == pytest.approx(2.0)
    assert place.tolist() == [30.0, 0.0]


def test_truth_is_perfect_and_a_still_tongue_never_closes(corpus, tmp_path):
    rollouts = {
        "m": rolled_out(tmp_path / "m.h5", "m", truth),
        "copied_frame": rolled_out(tmp_path / "s.h5", "copied_frame", still),
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

    with GeneratedWriter(tmp_path / "m.h5", system="m") as writer:
        writer.rollout("a", np.stack([video(20), video(-20)]))
    table = score(corpus, tmp_path, {"m": tmp_path / "m.h5"})
    errors = {"system": "m", "kind": "vcv", "label": "all", "metric": "squared_error"}
    draw = value(table, **errors, estimate="draw")
    assert draw["value"] == pytest.approx((20 / 127.5) ** 2, rel=0.05)
    assert value(table, **errors, estimate="mean")["value"] < 0.1 * draw["value"]
    assert draw["n"] == draw["recordings"] == 1
    assert np.isnan(draw["low"])


class Probe:
    """Reads the height of the tongue off a film: at point 24 of 31, as in the truth (30 - 6)."""

    def predict(self, frames):
        dark = (frames[:, :, 15] < 105).sum(1)
        points = np.zeros((len(frames), 31, 2), np.float32)
        points[:, :, 0], points[:, :, 1] = 2 * np.arange(6, 37), 2 * (PALATE + 9)
        points[:, 24, 1] = 2 * (PALATE + dark)
        return points


def test_constrictions_are_compared_where_contours_are_known(corpus, tmp_path):
    items = read_items(**corpus_files(corpus))
    measures = Measures(np.load(tmp_path / "region.npz")["region"], np.zeros((0, 2)), Probe())
    reference = items.reference("a_01")
    exact = rows_of(reference, reference.frames, measures)
    assert exact["vcv", "T", "contour_mm"] < 0.5
    assert exact["consonant", "T", "degree_mm"] == pytest.approx(0, abs=1e-5)
    assert exact["consonant", "T", "place_mm"] == 0
    open_ = np.repeat(reference.frames[:1], len(reference.frames), 0)
    found = rows_of(reference, open_, measures)
    assert found["consonant", "T", "degree_mm"] == pytest.approx(2 * 7, abs=0.01)
    assert found["vcv", "T", "contour_mm"] > exact["vcv", "T", "contour_mm"]


def rows_of(reference, video, measures):
    rows = item_rows(reference, video, measures)
    return {(row["kind"], row["label"], row["metric"]): row["value"] for row in rows}


def corpus_files(corpus):
    return {key: corpus[key] for key in ("frame_shards", "recordings", "segments")}


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
        **corpus,
        values=home / "items.csv",
        rollouts=files,
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
    model, panels = choose_items(pd.concat([floor, worse, tongue, lips], ignore_index=True))
    assert model == "m"
    assert panels == {"typical": "t2", "tongue-palate contact": "t1", "failure": "p2"}


def test_figure_shows_truth_above_generated(corpus, tmp_path):
    path = rolled_out(tmp_path / "m.h5", "m", lambda recording: np.full_like(truth(recording), 77))
    score(corpus, tmp_path, {"m": path})
    plot(corpus, tmp_path, {("m", "unseen_subject"): path})
    picture = np.asarray(Image.open(tmp_path / "words.png"))
    column = picture[:, 190 + SIZE]  # inside the first picture of every row
    runs = np.split(column, np.flatnonzero(np.diff(column.astype(int))) + 1)
    assert sum(len(run) == 2 * SIZE and run[0] == 77 for run in runs) == 3


def test_correlation_over_items_has_an_interval_over_recordings():
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    y = x + rng.normal(size=200)
    names = [f"r{k % 20}" for k in range(200)]
    found = bootstrap_correlation(x, y, names, draws=400)
    assert found.value == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert found.low < 0.5**0.5 < found.high
    assert found.high - found.low < 0.25
    assert found.n == 200
    assert np.isnan(bootstrap_correlation(x, y, ["r"] * 200).low)
    assert np.isnan(bootstrap_correlation(x, np.ones(200), names).value)


def test_pooled_rows_count_every_item():
    values = values_of({"a": 1.0, "b": 3.0}).assign(true=np.nan)
    values = pd.concat([values, values_of({"c": 5.0}, label="K").assign(true=np.nan)])
    table = aggregate_words(values, resamples=50)
    assert value(table, kind="vcv", label="T")["value"] == 2
    pooled = value(table, kind="vcv", label="all")
    assert (pooled["value"], pooled["n"], pooled["recordings"]) == (3, 3, 3)
    assert pooled["low"] < 3 < pooled["high"]


def test_single_words_are_given_the_true_frames_before_them(tmp_path, monkeypatch):
    frames, embeddings, _ = write_tiny_corpus(tmp_path)
    torch.manual_seed(0)
    denoiser = DenoiserConfig(
        channels=(8, 16), patch=2, condition=16, heads=2, speech_dimension=12, mean_channel=False
    )
    config = ModelConfig(Window(True, 3, 6), denoiser, False, 1, 0.05, 0.0, TINY)
    model = TractModel(config, dimension=DIMENSION, projected=4, components=0)
    model.speech_basis.normal_(std=0.3)
    save_model(model.eval(), tmp_path / "model.safetensors", {})
    rows = [
        ("s1_d_01", "word", "bat", 0.0, 0.3),
        ("s1_d_01", "phone", "AE", 0.1, 0.2),
        ("s1_d_02", "vcv", "AA-T-AA", 0.5, 0.71),
    ]
    table = pd.DataFrame(rows, columns=["item", "kind", "label", "start", "end"])
    table = table.assign(recording="s1_d", set="unseen_speech")

    asked = []

    def spy(model, tasks, *others):
        asked[:] = tasks
        return generate_videos(model, tasks, *others)

    monkeypatch.setattr(single, "generate_videos", spy)

    def generate(path, **changes):
        single.generate_words(
            tmp_path / "model.safetensors",
            frames,
            embeddings,
            table,
            {"unseen_speech": path},
            SamplerConfig(steps=2, sigma_max=2.0),
            GenerationConfig(draws=2, batch=3),
            {"system": "m"},
            **changes,
        )
        with read_generated(path) as content:
            return {item: content.rollout(item).draws for item in content.rollouts}

    made = generate(tmp_path / "all.h5")
    assert {item: draws.shape for item, draws in made.items()} == {
        "s1_d_01": (2, 15, TINY, TINY),
        "s1_d_02": (2, 11, TINY, TINY),
    }
    assert (made["s1_d_02"][0] != made["s1_d_02"][1]).any()
    assert [task.first for task in asked] == [0, 0, 25, 25]
    assert asked[0].context is None  # nothing comes before the first word
    before = frames.read("s1_d", "frames", 15, 25) / 127.5 - 1
    np.testing.assert_allclose(asked[2].context, before, atol=1e-6)
    few = generate(tmp_path / "few.h5", most=1)
    (item,) = few
    np.testing.assert_array_equal(few[item], made[item])


def test_single_words_are_scored_by_themselves(corpus, tmp_path):
    spans = read_items(**corpus_files(corpus))
    with GeneratedWriter(tmp_path / "single.h5", system="m") as writer:
        for item in ("a_01", "a_02"):
            recording, first, stop = spans.span(item)
            writer.rollout(item, truth(recording)[None, first:stop])
    table = score(corpus, tmp_path, {}, singles={"m": tmp_path / "single.h5"})
    assert set(table["mode"]) == {"single"}
    errors = table[(table["metric"] == "squared_error") & (table["system"] == "m")]
    assert (errors["value"] == 0).all()
    assert value(errors, kind="word", label="bat")["n"] == 1
