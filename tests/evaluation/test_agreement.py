"""The instrument of agreement on pictures that follow the loudness, and its scores by hand."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from helpers.loud_pictures import SIZE, recording, trained_instrument
from s2r.config.systems import Kind
from s2r.core.errors import UserError
from s2r.core.shards import write_shard
from s2r.evaluation.agreement.fit import fit_instrument
from s2r.evaluation.agreement.instrument import load_instrument, save_instrument
from s2r.evaluation.agreement.names import DISTANCES, METRICS, WRONG_SPEECH_METRICS
from s2r.evaluation.agreement.network import DIMENSION, WINDOW, seen
from s2r.evaluation.agreement.retrieval import best_offset, match
from s2r.evaluation.agreement.scores import judge_rollouts, judge_truth, open_judges
from s2r.evaluation.agreement.train import train_network
from s2r.evaluation.agreement.truth import TrueFeatures, write_true_features
from s2r.generation.generated_file import GeneratedWriter, read_generated
from s2r.preparation.recordings import open_recordings
from s2r.speech.logmel import log_mel

SETS = {f"train_{i}": "train" for i in range(3)} | {f"val_{i}": "validation" for i in range(3)}
SETS |= {f"test_{i}": "unseen_speech" for i in range(4)}
LENGTH = 90


def unit_vectors(count: int, seed: int, dimension: int = 8) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, dimension))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def vectors_of(seeds) -> list[tuple[np.ndarray, np.ndarray]]:
    """Video and speech vectors of recordings that the instrument was not trained on."""
    instrument = trained_instrument()
    pairs = [recording(LENGTH, seed) for seed in seeds]
    return [(instrument.video(film), instrument.speech(log_mel(sound))) for film, sound in pairs]


def test_it_learns_which_picture_belongs_to_which_sound():
    pairs = vectors_of(range(8))
    right, wrong = [], []
    for i, (video, speech) in enumerate(pairs):
        assert video.shape == speech.shape == (LENGTH - WINDOW + 1, DIMENSION)
        np.testing.assert_allclose(np.linalg.norm(video, axis=1), 1, rtol=1e-4)
        others = np.concatenate([other[::WINDOW] for j, (_, other) in enumerate(pairs) if j != i])
        right.append(match(video, speech, others))
        wrong.append(match(video, pairs[i - 1][1], others))
    candidates = right[0].candidates
    assert np.mean([found.top1 for found in right]) > 15 / candidates
    assert np.mean([found.agreement for found in right]) > 0.5
    assert {found.offset for found in right} == {0}
    assert abs(np.mean([found.agreement for found in wrong])) < 0.2
    ranks = np.concatenate([found.ranks for found in wrong])
    assert abs(ranks.mean() - (candidates + 1) / 2) < 3 * candidates / np.sqrt(12 * len(ranks))


@pytest.mark.parametrize("late", [3, -5])
def test_a_shift_of_the_video_is_found_in_ms(late):
    film, sound = recording(LENGTH + 10, 0)
    instrument = trained_instrument()
    shifted = film[5 - late : 5 - late + LENGTH]
    speech = instrument.speech(log_mel(sound)[5 : 5 + LENGTH])
    assert best_offset(instrument.video(shifted), speech) == 20 * late


def test_pictures_of_any_size_and_contrast_are_seen_alike():
    film, _ = recording(40, 0)
    expected = trained_instrument().video(film)
    for side in (3, 32):
        larger = film.repeat(side, 1).repeat(side, 2)
        found = trained_instrument().video(larger)
        assert np.sum(found * expected, axis=1).min() > 0.99
    paler = trained_instrument().video(60 + film.astype(np.float32) / 2)
    np.testing.assert_allclose(paler, expected, atol=1e-3)
    still = trained_instrument().video(film[:1].repeat(40, 0))
    assert np.ptp(still, axis=0).max() == 0
    assert seen(np.full((12, SIZE, SIZE), 7, np.uint8)).abs().max() == 0
    assert trained_instrument().video(film[:9]).shape == (0, DIMENSION)
    assert trained_instrument().speech(np.zeros((9, 80))).shape == (0, DIMENSION)


def test_long_videos_are_computed_in_pieces(monkeypatch):
    film, _ = recording(75, 0)
    whole = trained_instrument().video(film)
    monkeypatch.setattr("s2r.evaluation.agreement.instrument.BLOCK", 20)
    np.testing.assert_allclose(trained_instrument().video(film), whole, atol=1e-5)


def test_training_repeats():
    films, sounds = zip(*(recording(20 + i, i) for i in range(3)), strict=True)
    pictures = [seen(film) for film in films]
    speech = [torch.randn(30 + i, 4, generator=torch.manual_seed(i)) for i in range(3)]
    assert len(sounds) == 3
    first, second = (train_network(pictures, speech, seed=3, steps=2) for _ in range(2))
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[name])


def test_a_match_by_hand():
    """57 windows: 6 of the grid, with 5 other times each; 94 candidates of other recordings."""
    video, speech, others = (unit_vectors(n, seed) for seed, n in enumerate((57, 57, 300)))
    found = match(video, speech, others)
    rest = others[[(2 * i + 1) * 300 // (2 * 94) for i in range(94)]]
    foreign, ranks = [], []
    for w in range(0, 57, 10):
        other_times = [speech[v] for v in range(0, 57, 10) if v != w]
        cosines = np.array([video[w] @ vector for vector in [*other_times, *rest]])
        foreign.append(cosines)
        ranks.append(1 + (cosines > video[w] @ speech[w]).sum())
    assert found.candidates == 100
    np.testing.assert_array_equal(found.ranks, ranks)
    expected = np.mean([a @ b for a, b in zip(video, speech, strict=True)]) - np.mean(foreign)
    assert found.agreement == pytest.approx(expected, abs=1e-5)
    assert found.median_rank == np.median(ranks)
    assert match(video, video, others).top1 == 1


def test_candidates_are_half_own_times_in_a_long_recording():
    speech, others = unit_vectors(2000, 0), unit_vectors(200, 1)
    found = match(speech, speech, others)
    assert (found.candidates, found.top1, len(found.ranks)) == (100, 1, 200)
    assert match(speech, speech, others[:0]).candidates == 50


def test_what_is_not_defined():
    still, speech = np.tile(unit_vectors(1, 0), (60, 1)), unit_vectors(60, 1)
    found = match(still, speech, unit_vectors(99, 2))
    assert np.isnan(found.offset)
    assert np.isnan(best_offset(speech[:29], speech[:29]))
    assert best_offset(speech[:30], speech[:30]) == 0
    same = match(still, still, still)  # everything matches equally
    assert (same.candidates, same.top1, same.median_rank) == (66, 0, 33.5)
    alone = match(still[:5], speech[:5], speech[:0])
    assert (alone.candidates, alone.top1) == (1, 1)


def test_the_file_gives_the_same_instrument_back(tmp_path):
    instrument, path = trained_instrument(), tmp_path / "a.safetensors"
    save_instrument(instrument, path)
    again, (film, _) = load_instrument(path), recording(40, 0)
    assert (again.encoder, again.settings, again.usual) == ("logmel", {"kind": "logmel"}, None)
    np.testing.assert_array_equal(again.video(film), instrument.video(film))
    (tmp_path / "b.safetensors").write_bytes(b"no")
    with pytest.raises(UserError, match=r"b\.safetensors: this is no instrument"):
        load_instrument(tmp_path / "b.safetensors")
    with pytest.raises(UserError, match="run the rule agreement"):
        load_instrument(tmp_path / "c.safetensors")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Prepared recordings, of which the last test recording has no sound."""
    home = tmp_path_factory.mktemp("corpus")
    items = []
    for seed, name in enumerate(SETS):
        frames, sound = recording(LENGTH, seed)
        items.append(
            (name, {"frames": frames, "audio": sound[: len(sound) * (name != "test_3")]}, {})
        )
    write_shard(home / "0.h5", items, {"rate": 50})
    split = pd.DataFrame({"recording": list(SETS), "subject": "s1", "set": list(SETS.values())})
    split["stimulus"] = split["recording"]
    split.to_csv(home / "split.csv", index=False)
    return open_recordings({"frames": [home / "0.h5"], "split": home / "split.csv"})


@pytest.fixture(scope="module")
def judge(corpus, tmp_path_factory):
    """The trained instrument, asked everything about the corpus."""
    home = tmp_path_factory.mktemp("judge")
    save_instrument(trained_instrument(), home / "i.safetensors")
    write_true_features(corpus, trained_instrument(), sets=["unseen_speech"], path=home / "t.npz")
    asked = {"encoder": "logmel", "suffix": "", "distances": True, "note": "by logmel"}
    return open_judges([asked], [home / "i.safetensors"], [home / "t.npz"])[0]


def generated(path, kind, videos, wrong=None):
    with GeneratedWriter(path, system="s", kind=kind) as writer:
        for name, draws in videos.items():
            extra = {"wrong_speech": wrong[name][None], "speech_of": "test_1"} if wrong else {}
            writer.rollout(name, np.stack(draws), **extra)
    return path


def mean_of(rows: list[dict], metric: str) -> float:
    return float(np.mean([row["value"] for row in rows if row["metric"] == metric]))


def test_the_instrument_is_fitted_on_training_recordings_alone(corpus, tmp_path, capsys):
    path = tmp_path / "i.safetensors"
    fit_instrument(corpus, path, encoder="logmel", settings={"kind": "logmel"}, steps=2)
    assert "median of 3 validation recordings" in capsys.readouterr().out
    usual = load_instrument(path).usual
    assert usual.recordings == 3
    assert usual.own[0] <= usual.own[1] <= usual.own[2]
    silent = pd.DataFrame({"recording": ["test_3"], "subject": "s1", "set": "train"})
    silent.assign(stimulus="a").to_csv(tmp_path / "split.csv", index=False)
    paths = {"frames": [next(iter(corpus.frames._shard_of.values()))]}
    recordings = open_recordings(paths | {"split": tmp_path / "split.csv"})
    with pytest.raises(UserError, match="No recording of the set train has sound and 10 frames"):
        fit_instrument(recordings, path, encoder="logmel", settings={"kind": "logmel"}, steps=2)


def test_true_videos_agree_and_the_silent_one_is_left_out(corpus, judge):
    members = corpus.members("unseen_speech")
    rows = judge_truth("unseen_speech", members, judge)
    assert {row["metric"] for row in rows} == set(METRICS)
    assert {row["recording"] for row in rows} == set(members) - {"test_3"} != set(members)
    assert mean_of(rows, "agreement") > 0.5
    assert mean_of(rows, "sound_offset") == 0
    assert judge_truth("unseen_speech", ["test_3"], judge) == []
    assert len(judge.truth.others("unseen_speech", "test_0")) == 2 * 9
    with pytest.raises(UserError, match="run the rule agreement_features"):
        TrueFeatures("absent.npz")


def test_a_system_is_judged_by_what_its_videos_say(corpus, judge, tmp_path):
    members = ["test_0", "test_1", "test_2"]
    true = {name: [corpus.video(name)] * 2 for name in members}
    wrong = {name: corpus.video("test_1") for name in members}
    file = generated(tmp_path / "good.h5", Kind.MODEL, true, wrong)
    with read_generated(file) as content:
        rows, distances = judge_rollouts(content, "unseen_speech", members, judge, 20, 0)
    assert {row["metric"] for row in rows} == {*METRICS, *WRONG_SPEECH_METRICS}
    assert {row["estimate"] for row in rows} == {"draw"}
    assert mean_of(rows, "wrong_speech_agreement") > 0.5
    other = [row for row in rows if row["recording"] != "test_1"]
    assert mean_of(other, "wrong_speech_agreement_true") < 0.3
    assert set(distances) == set(DISTANCES)
    assert json.loads(json.dumps(distances)) == distances
    for found in distances.values():
        assert found["n"] == 3 * 8
        assert found["value"] == pytest.approx(0, abs=0.05)

    still = {name: [corpus.video(name)[:1].repeat(LENGTH, 0)] for name in members}
    file = generated(tmp_path / "still.h5", Kind.COPIED_FRAME, still)
    with read_generated(file) as content:
        rows, distances = judge_rollouts(content, "unseen_speech", members, judge, 20, 0)
    assert abs(mean_of(rows, "agreement")) < 0.3
    assert "sound_offset" not in {row["metric"] for row in rows}
    assert min(found["value"] for found in distances.values()) > 1


def test_the_floor_of_the_distances_is_video_that_is_not_scored(corpus, judge, tmp_path):
    """Rollouts of real_other are true videos of the same set: of them the distance would be 0."""
    members = ["test_0", "test_2"]
    swapped = {"test_0": [corpus.video("test_2")], "test_2": [corpus.video("test_0")]}
    file = generated(tmp_path / "other.h5", Kind.REAL_OTHER, swapped)
    with read_generated(file) as content:
        _, distances = judge_rollouts(content, "unseen_speech", members, judge, 20, 0)
    assert distances["contrastive_fvd"]["value"] > 1e-3
    used = judge.truth.other_video("test_0")
    for name in ("test_0", "test_2"):
        assert not np.isclose(used[0] @ judge.truth.video(name).T, 1, atol=1e-4).any()


def test_an_instrument_may_give_distances_alone(corpus, judge, tmp_path):
    alone = type(judge)(judge.instrument, judge.truth, None, True)
    assert (alone.metrics, judge.note) == ([], "by logmel")
    assert judge.metrics == [*METRICS, *WRONG_SPEECH_METRICS]
    file = generated(
        tmp_path / "g.h5", Kind.MODEL, {n: [corpus.video(n)] for n in ("test_0", "test_2")}
    )
    with read_generated(file) as content:
        rows, distances = judge_rollouts(
            content, "unseen_speech", ["test_0", "test_2"], alone, 20, 0
        )
    assert rows == []
    assert set(distances) == set(DISTANCES)
