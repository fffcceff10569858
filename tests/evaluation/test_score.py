"""Scores of systems whose right answers are known: the truth, a copy, noise, the wrong speech."""

import json

import numpy as np
import pandas as pd
import pytest

from s2r.config.systems import Kind
from s2r.core.errors import UserError
from s2r.core.shards import write_shard
from s2r.evaluation.clip_features import open_clip_distance, write_real_features
from s2r.evaluation.data import EvaluationData, open_evaluation_data
from s2r.evaluation.instruments import Instruments, fit_instruments
from s2r.evaluation.recording_scores import rollout_rows
from s2r.evaluation.score import score_real, score_system
from s2r.generation.baselines import generate_baseline
from s2r.generation.clip_choice import choose_clips, starts_of
from s2r.generation.generated_file import GeneratedWriter, Rollout
from s2r.preparation.recordings import open_recordings
from s2r.report.scores_table import aggregate

SIZE, LENGTH, CLIPS = 24, 90, 9
SETS = {"train_a": "train", "train_b": "train"} | {f"test_{i}": "unseen_speech" for i in range(3)}


def film(seed: int) -> np.ndarray:
    """(T, 24, 24) uint8: a disc that moves up and down at its own pace on a still background."""
    rng = np.random.default_rng(seed)
    background = 60 + 20 * np.random.default_rng(99).random((SIZE, SIZE))
    height = 12 + 5 * np.sin(np.cumsum(rng.uniform(0.1, 0.4, LENGTH)) + 6 * rng.random())
    rows, columns = np.mgrid[:SIZE, :SIZE]
    disc = (rows - height[:, None, None]) ** 2 + (columns - 12) ** 2 < 20
    return np.where(disc, 170, background).round().astype(np.uint8)


FILMS = {name: film(seed) for seed, name in enumerate(SETS)}
TEST = [name for name in SETS if name.startswith("test")]


def extract(clips: np.ndarray) -> np.ndarray:
    """Stands in for I3D: block means of the mean picture and of the movement."""
    still = clips.astype(float).mean(1)
    moving = clips.astype(float).std(1)
    blocks = np.concatenate([still, moving], axis=1).reshape(len(clips), -1, 6, SIZE // 6, 6)
    return blocks.mean((2, 4)).reshape(len(clips), -1)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """The files that a score is made of, as the workflow makes them."""
    home = tmp_path_factory.mktemp("corpus")
    write_shard(home / "0.h5", [(name, {"frames": FILMS[name]}, {}) for name in SETS], {})
    table = pd.DataFrame({"recording": list(SETS), "truth": ""})
    table.to_csv(home / "recordings.csv", index=False)
    split = pd.DataFrame(
        {"recording": list(SETS), "subject": "s1", "stimulus": list(SETS), "set": SETS.values()}
    )
    split.to_csv(home / "split.csv", index=False)
    (home / "weights").write_text("weights")
    files = {"frames": [home / "0.h5"], "recordings": home / "recordings.csv"}
    files |= {"split": home / "split.csv", "region": home / "region.npz", "probe": []}
    recordings = open_recordings(files)
    fit_instruments(recordings, files["region"])
    write_real_features(
        recordings,
        sets=["unseen_speech", "unseen_both"],
        clips=CLIPS,
        i3d_weights=home / "weights",
        path=home / "real.npz",
        extract=extract,
    )
    return files | {"features": home / "real.npz", "i3d": home / "weights"}


def generate(path, system, draw, wrong=None, draws=1, estimate="draw"):
    """A generated file; ``draw(recording, k)`` and ``wrong(recording)`` give the videos."""
    starts = starts_of(choose_clips(dict.fromkeys(TEST, LENGTH), CLIPS))
    labels = {"system": system, "kind": Kind.MODEL, "encoder": "logmel", "estimate": estimate}
    with GeneratedWriter(path, **labels) as writer:
        for name in TEST:
            videos = np.stack([draw(name, k) for k in range(draws)])
            extra = {}
            if wrong is not None:
                extra = {"wrong_speech": wrong(name)[None], "speech_of": "test_0"}
            delay = 4 * np.arange(draws)[:, None]
            window_starts = (np.arange(videos.shape[1]) - delay) % 12 == 1
            writer.rollout(name, videos, window_starts, **extra)
            longer = np.pad(videos, ((0, 0), (0, 60), (0, 0), (0, 0)), mode="edge")
            cuts = np.stack([longer[:, s : s + 10] for s in starts[name]])
            writer.clips(name, starts[name], cuts)
    return path


def score(corpus, tmp_path, system, files, rollouts=None) -> dict:
    path = tmp_path / f"{system}.json"
    score_system(
        open_evaluation_data(corpus),
        open_clip_distance(corpus["features"], corpus["i3d"], extract=extract),
        system=system,
        generated=files,
        path=path,
        rollouts=rollouts,
        resamples=20,
    )
    return json.loads(path.read_text())


def region_of(corpus) -> np.ndarray:
    return open_evaluation_data(corpus).instruments.region


def collect(scores, **wanted) -> dict[str, float]:
    """{recording: value} of the rows that match."""
    rows = scores["sets"]["unseen_speech"]["values"]
    found = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    return {row["recording"]: row["value"] for row in found}


def test_a_perfect_system_is_perfect(corpus, tmp_path):
    file = generate(tmp_path / "g.h5", "perfect", lambda name, _: FILMS[name], draws=2)
    scores = score(corpus, tmp_path, "perfect", {"unseen_speech": file})
    assert (scores["estimate"], scores["draws"], scores["encoder"]) == ("draw", 2, "logmel")
    assert scores["kind"] == "model"
    for mode in ("rollout", "clip"):
        for estimate in ("draw", "mean"):
            for region in ("frame", "dynamic"):
                which = {"mode": mode, "estimate": estimate, "region": region}
                assert set(collect(scores, metric="squared_error", **which).values()) == {0}
                ssim = collect(scores, metric="ssim", **which)
                assert sorted(ssim) == TEST
                assert min(ssim.values()) == pytest.approx(1)
    which = {"mode": "rollout", "estimate": "draw"}
    for metric in (
        "kinematics",
        "kinematics_velocity",
        "high_frequency_power",
        "motion",
        "seam_motion",
    ):
        assert list(collect(scores, metric=metric, **which).values()) == pytest.approx([1, 1, 1])
    assert set(collect(scores, metric="lag", **which).values()) == {0}
    assert collect(scores, metric="psnr") == {}  # infinite: left out
    fvd = scores["sets"]["unseen_speech"]["distances"]["fvd"]
    assert fvd["value"] == pytest.approx(0, abs=1e-6)
    assert fvd["n"] == CLIPS
    assert "below 400" in fvd["warning"]
    kernel = scores["sets"]["unseen_speech"]["distances"]["kvd"]
    assert kernel["n"] == CLIPS
    assert kernel["value"] == pytest.approx(0, abs=1e-9)  # without pairs of one recording
    assert kernel["warning"] == ""


def test_draws_and_their_mean_are_kept_apart(corpus, tmp_path):
    rng = np.random.default_rng(0)

    def noisy(name, _):
        return (FILMS[name] + rng.normal(0, 8, FILMS[name].shape)).round().astype(np.uint8)

    file = generate(tmp_path / "g.h5", "noisy", noisy, draws=4)
    scores = score(corpus, tmp_path, "noisy", {"unseen_speech": file})
    expected = (8**2 + 1 / 12) / 127.5**2
    for mode in ("rollout", "clip"):
        which = {"mode": mode, "metric": "squared_error", "region": "frame"}
        draw = collect(scores, estimate="draw", **which)
        mean = collect(scores, estimate="mean", **which)
        assert np.mean(list(draw.values())) == pytest.approx(expected, rel=0.03)
        assert np.mean(list(mean.values())) == pytest.approx(expected / 4, rel=0.03)
    grain = collect(scores, metric="high_frequency_power", estimate="draw")
    assert min(grain.values()) > 1.1
    assert scores["sets"]["unseen_speech"]["distances"]["fvd"]["value"] > 0


def test_copied_frame_against_a_direct_sum(corpus, tmp_path):
    path = tmp_path / "g.h5"
    recordings = open_recordings(corpus)
    split, frames = recordings.split, recordings.frames
    generate_baseline("copied_frame", "unseen_speech", split, frames, path, clips=CLIPS)
    scores = score(corpus, tmp_path, "copied_frame", {"unseen_speech": path})
    error = collect(scores, mode="rollout", metric="squared_error", region="dynamic")
    region = region_of(corpus)
    for name in TEST:
        difference = (FILMS[name][1:].astype(float) - FILMS[name][0]) / 127.5
        assert error[name] == pytest.approx((difference[:, region] ** 2).mean(), rel=1e-5)
    assert set(collect(scores, metric="kinematics").values()) == {0}
    assert collect(scores, metric="lag") == {}
    assert collect(scores, mode="rollout", estimate="mean") == {}
    frames_scored = {row["frames"] for row in scores["sets"]["unseen_speech"]["values"]}
    assert frames_scored == {LENGTH - 1, 30}


def test_mean_like_systems_are_scored_as_means(corpus, tmp_path):
    average = np.mean(list(FILMS.values()), axis=(0, 1)).astype(np.uint8)
    file = generate(
        tmp_path / "g.h5", "m", lambda *_: np.tile(average, (LENGTH, 1, 1)), estimate="mean"
    )
    scores = score(corpus, tmp_path, "m", {"unseen_speech": file})
    assert collect(scores, estimate="draw") == {}
    assert len(collect(scores, estimate="mean", metric="squared_error", mode="rollout")) == 3


def test_audio_gap_is_wrong_less_right(corpus, tmp_path):
    def other(name):
        return FILMS["train_a"]

    file = generate(tmp_path / "g.h5", "good", lambda name, _: FILMS[name], other)
    gap = collect(score(corpus, tmp_path, "good", {"unseen_speech": file}), metric="audio_gap")
    region = region_of(corpus)
    for name in TEST:
        difference = (FILMS[name][1:].astype(float) - FILMS["train_a"][1:]) / 127.5
        assert gap[name] == pytest.approx((difference[:, region] ** 2).mean(), rel=1e-5)
    file = generate(tmp_path / "g.h5", "bad", lambda name, _: FILMS["train_a"], FILMS.get)
    gap = collect(score(corpus, tmp_path, "bad", {"unseen_speech": file}), metric="audio_gap")
    assert max(gap.values()) < 0


def test_a_rollout_of_another_length_is_refused(corpus, tmp_path):
    file = generate(tmp_path / "g.h5", "s", lambda name, _: FILMS[name][:-1])
    with pytest.raises(UserError, match="test_0 has 89 frames and the true video 90"):
        score(corpus, tmp_path, "s", {"unseen_speech": file})


def test_wrong_or_missing_pieces_are_said(corpus, tmp_path):
    path = tmp_path / "g.h5"
    with GeneratedWriter(path, system="s", kind=Kind.MODEL) as writer:
        writer.rollout("test_0", FILMS["test_0"][None])
    with pytest.raises(UserError, match="no rollouts of recording test_1"):
        score(corpus, tmp_path, "s", {"unseen_speech": path})
    with pytest.raises(UserError, match="was made by s, not by t"):
        score(corpus, tmp_path, "t", {"unseen_speech": path})
    with pytest.raises(UserError, match="there is no such file"):
        score(corpus, tmp_path, "s", {"unseen_speech": tmp_path / "none.h5"})
    with pytest.raises(UserError, match="run the rule instruments"):
        score(corpus | {"region": tmp_path / "none.npz"}, tmp_path, "s", {"unseen_speech": path})
    (tmp_path / "other").write_text("other")
    with pytest.raises(UserError, match="other weights"):
        score(corpus | {"i3d": tmp_path / "other"}, tmp_path, "s", {"unseen_speech": path})
    with GeneratedWriter(path, system="s", kind=Kind.MODEL) as writer:
        for name in TEST:
            writer.rollout(name, FILMS[name][None])
            writer.clips(name, [30], FILMS[name][None, None, 30:40])
    with pytest.raises(UserError, match="holds other clips of unseen_speech"):
        score(corpus, tmp_path, "s", {"unseen_speech": path})
    assert not (tmp_path / "s.json").exists()


def test_fewer_rollouts_than_recordings(corpus, tmp_path):
    path = tmp_path / "g.h5"
    recordings = open_recordings(corpus)
    split, frames = recordings.split, recordings.frames
    generate_baseline("copied_frame", "unseen_speech", split, frames, path, clips=CLIPS, rollouts=1)
    with pytest.raises(UserError, match="no rollouts"):
        score(corpus, tmp_path, "copied_frame", {"unseen_speech": path})
    scores = score(corpus, tmp_path, "copied_frame", {"unseen_speech": path}, rollouts=1)
    assert list(collect(scores, mode="rollout", metric="ssim", region="frame")) == ["test_0"]
    assert list(collect(scores, mode="clip", metric="ssim", region="frame")) == TEST


def test_an_empty_set_has_no_values(corpus, tmp_path):
    with GeneratedWriter(tmp_path / "g.h5", system="s", kind=Kind.MODEL):
        pass
    scores = score(corpus, tmp_path, "s", {"unseen_both": tmp_path / "g.h5"})
    assert scores["sets"] == {"unseen_both": {"oracle": False, "values": [], "distances": {}}}


def test_skipped_recordings_are_not_missed(corpus, tmp_path):
    recordings = open_recordings(corpus)
    split, frames = recordings.split, recordings.frames
    split.loc[split["recording"] == "test_2", "subject"] = "s2"
    path = tmp_path / "g.h5"
    generate_baseline("real_other", "unseen_speech", split, frames, path, clips=CLIPS)
    scores = score(corpus, tmp_path, "real_other", {"unseen_speech": path})
    assert sorted(collect(scores, mode="rollout", metric="squared_error")) == ["test_0", "test_1"]
    assert scores["sets"]["unseen_speech"]["distances"]["fvd"]["n"] == 6


def test_scores_reach_the_long_table(corpus, tmp_path):
    file = generate(tmp_path / "g.h5", "perfect", lambda name, _: FILMS[name], draws=2)
    score(corpus, tmp_path, "perfect", {"unseen_speech": file})
    long = aggregate([tmp_path / "perfect.json"], resamples=50)
    ssim = long[(long["metric"] == "ssim") & (long["region"] == "frame")]
    assert ssim["value"].tolist() == pytest.approx([1] * 4)
    assert (ssim["n"] == 3).all()


class FirstPixel(Instruments):
    """Reads the height of a flat tongue off a frame's first pixel, so the answer is known."""

    def contours(self, frames):
        return {"tongue": flat(frames[:, 0, 0])}


def flat(heights):
    """Contours (T, 5, 2) that lie at these heights (T,) mm."""
    contour = np.zeros((len(heights), 5, 2))
    contour[..., 0], contour[..., 1] = np.linspace(0, 80, 5), np.asarray(heights)[:, None]
    return contour


def test_contour_error_is_of_each_draw_and_of_the_mean():
    truth = np.zeros((40, SIZE, SIZE), np.uint8)
    truth[:, 8:12] = 40 * np.arange(40)[:, None, None] % 200
    draws = np.stack([truth, truth])
    draws[0, :, 0, 0], draws[1, :, 0, 0] = 10, 30
    region = np.zeros((SIZE, SIZE), bool)
    region[8:12] = True
    instruments = FirstPixel(region, np.array([[8, 0]]))
    rollout = Rollout(draws, np.zeros((2, 40), bool), None, "")
    contours = {"tongue": flat(np.full(40, 20.0))}
    rows = list(rollout_rows(truth, rollout, "draw", instruments, contours))
    found = {row["estimate"]: row["value"] for row in rows if row["metric"] == "contour_mm"}
    assert found == {"draw": 10, "mean": 0}
    assert {row["frames"] for row in rows} == {39}
    without = rollout_rows(truth, rollout, "draw", instruments, {})
    assert "contour_mm" not in {row["metric"] for row in without}


class SameError(Instruments):
    """A probe whose error is 0.7 mm in every frame."""

    def contours(self, frames):
        return {"tongue": flat(np.full(len(frames), 0.7))}


class WithContours(EvaluationData):
    """A corpus in which every contour is known."""

    def true_contours(self, recording):
        return {"tongue": flat(np.zeros(LENGTH))}


def test_real_row_is_the_error_of_the_probe(corpus, tmp_path):
    recordings, path = open_recordings(corpus), tmp_path / "real.json"
    known = {"frames": recordings.frames, "split": recordings.split, "index": recordings.index}
    for probe, errors in (("a probe", [0.7] * 3), (None, [])):
        instruments = SameError(region_of(corpus), np.array([[8, 0]]), probe)
        data = WithContours(**known, instruments=instruments)
        score_real(data, sets=["unseen_speech"], path=path)
        scores = json.loads(path.read_text())
        assert scores["system"] == scores["kind"] == "real"
        assert list(collect(scores, metric="contour_mm").values()) == pytest.approx(errors)
        assert len(aggregate([path])) == bool(errors)
