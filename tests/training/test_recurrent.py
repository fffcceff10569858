"""The recurrent regression: what it can learn, where it looks, and how it stops and goes on."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from helpers.quick_training import check_killed_and_resumed
from helpers.tiny_corpus import write_tiny_corpus
from s2r.config.recurrent_blocks import RecurrentConfig, RecurrentTraining
from s2r.core.errors import UserError
from s2r.core.shards import Shards, write_shard
from s2r.generation.generated_file import read_generated
from s2r.generation.recurrent import generate_recurrent
from s2r.model.recurrent import RecurrentModel, load_recurrent
from s2r.model.speech_input import SpeechProjection
from s2r.model.window_model import load_model
from s2r.preparation.recordings import RecordingSet
from s2r.training import recurrent as recurrent_training
from s2r.training.checkpoints import load_state
from s2r.training.recurrent import draw_segments, prepare_recurrent, segment_loss, train_recurrent

NETWORK = RecurrentConfig(hidden=16, layers=2, dropout=0.1)
QUICK = RecurrentTraining(
    clips=96, batch=8, segment=20, learning_rate=0.01, warmup_clips=16, speech_dimensions=5,
    components=4, validate_clips=32,
)  # fmt: skip
SIZE = 16


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    torch.set_num_threads(1)
    return write_tiny_corpus(tmp_path_factory.mktemp("corpus"))


def write_leaky_corpus(folder, length=80):
    """Brightness is a leaky sum of the past embedding 0 and, backwards in time, of embedding 1.

    The left half of the picture shows the past, the right half the future; embeddings are white, so
    that one frame's embedding says little about its picture.
    """
    rng = np.random.default_rng(0)
    frames, embeddings, rows = [], [], []
    left, right = np.zeros((2, SIZE, SIZE))
    left[:, : SIZE // 2], right[:, SIZE // 2 :] = 1, 1
    for place in range(24):
        name = f"r{place:02d}"
        speech = rng.normal(size=(length, 2))
        forth, back = np.zeros(length), np.zeros(length)
        for t in range(1, length):
            forth[t] = 0.8 * forth[t - 1] + speech[t, 0]
            back[-1 - t] = 0.8 * back[-t] + speech[-1 - t, 1]
        back[0] = 0  # every recording starts at rest: what came before it is never seen
        video = 128 + 15 * (forth[:, None, None] * left + back[:, None, None] * right)
        frames.append((name, {"frames": np.clip(video, 0, 255).round().astype(np.uint8)}, {}))
        embeddings.append((name, {"embeddings": speech.astype(np.float16)}, {}))
        rows.append((name, "s1", name, "train" if place < 20 else "validation"))
    write_shard(folder / "frames/00.h5", frames, {})
    write_shard(folder / "embeddings/00.h5", embeddings, {})
    split = pd.DataFrame(rows, columns=["recording", "subject", "stimulus", "set"])
    return RecordingSet(
        Shards([folder / "frames/00.h5"]), split, embeddings=Shards([folder / "embeddings/00.h5"])
    )


def run(corpus, folder, training=QUICK, network=NETWORK):
    train_recurrent(
        network, training, corpus, folder / "state", folder / "model.safetensors",
        folder / "curve.csv",
    )  # fmt: skip
    return load_file(folder / "model.safetensors")


def test_it_learns_a_recursion_over_past_and_future(tmp_path):
    corpus = write_leaky_corpus(tmp_path)
    training = replace(
        QUICK, clips=2000, batch=16, segment=40, components=2, speech_dimensions=2,
        validate_clips=500,
    )  # fmt: skip
    run(corpus, tmp_path, training, replace(NETWORK, dropout=0.0))
    model, _ = load_recurrent(tmp_path / "model.safetensors")
    errors, variances, shuffled = [], [], []
    for name in corpus.members("validation"):
        truth = corpus.video(name).astype(np.float32) / 127.5 - 1
        speech = model.project(corpus.embedded(name))
        errors.append(np.square(model.video(speech, truth[0]).numpy() - truth)[10:-10].mean((0, 1)))
        variances.append(truth[10:-10].var(axis=0).mean(0))
        order = np.random.default_rng(1).permutation(len(speech))
        backwards = model.video(speech[order], truth[0]).numpy()[np.argsort(order)]
        shuffled.append(np.square(backwards - truth)[10:-10].mean())
    left, right = slice(None, SIZE // 2), slice(SIZE // 2, None)
    share = np.mean(errors, axis=0) / np.mean(variances, axis=0)
    assert share[left].mean() < 0.15, "what the past decides"
    assert share[right].mean() < 0.15, "what the future decides"
    assert np.mean(shuffled) > 4 * np.mean(errors), "the order of time matters"


def test_every_frame_receives_the_whole_recording():
    torch.manual_seed(0)
    projection = SpeechProjection(np.zeros(3, np.float32), np.eye(3, dtype=np.float32))
    model = RecurrentModel(NETWORK, projection, np.eye(4, SIZE**2, dtype=np.float32)).eval()
    torch.nn.init.normal_(model.output.weight)
    speech = torch.zeros(1, 30, 3)
    touched = speech.clone()
    touched[0, 15] = 1
    moved = (model(touched) - model(speech)).abs().sum(-1)[0]
    assert (moved > 0).all()
    assert moved.argmax() == 15


def test_untrained_it_holds_the_reference_frame_at_a_loss_of_one(corpus, tmp_path):
    model, clips, _ = prepare_recurrent(NETWORK, QUICK, corpus, tmp_path)
    losses = [segment_loss(model, clips, QUICK, step).item() for step in range(40)]
    assert np.mean(losses) == pytest.approx(1.0, abs=0.3)
    reference = np.random.default_rng(0).uniform(-1, 1, (SIZE, SIZE)).astype(np.float32)
    held = model.video(clips.speech[:7], reference).numpy()
    np.testing.assert_array_equal(held, np.broadcast_to(reference, (7, SIZE, SIZE)))


def test_segments_stay_in_their_recording_and_short_ones_end_held(corpus, tmp_path):
    _, clips, _ = prepare_recurrent(NETWORK, QUICK, corpus, tmp_path)
    rng = np.random.default_rng(0)
    first, places = draw_segments(clips, 500, 20, rng)
    assert ((places >= first[:, None]) & (places < first[:, None] + 60)).all()
    assert (np.diff(places, axis=1) == 1).all()
    starts = places[:, 0] - first
    assert starts.min() == 0
    assert starts.max() == 40
    first, places = draw_segments(clips, 3, 70, rng)
    np.testing.assert_array_equal(places[:, :60], first[:, None] + np.arange(60))
    np.testing.assert_array_equal(places[:, 60:], np.repeat(first[:, None] + 59, 10, axis=1))


def test_the_best_validation_is_what_is_kept(corpus, tmp_path, monkeypatch):
    values, states = iter([0.3, 0.1, 0.2]), []

    def measured(self, model):
        states.append({name: tensor.clone() for name, tensor in model.state_dict().items()})
        return {"validation_error": next(values)}

    monkeypatch.setattr(recurrent_training.Validation, "errors", measured)
    kept = run(corpus, tmp_path)
    assert len(states) == 3
    assert all(torch.equal(kept[name], states[1][name]) for name in kept)
    assert not torch.equal(kept["output.weight"], states[2]["output.weight"])
    curve = pd.read_csv(tmp_path / "curve.csv")
    assert list(curve["validation_error"]) == [0.3, 0.1, 0.2, 0.1]  # the last: what is kept
    assert list(curve["clips"]) == [32, 64, 96, 96]


def test_without_validation_the_last_weights_are_kept(corpus, tmp_path):
    without = corpus.split[corpus.split["set"] != "validation"]
    alone = run(replace(corpus, split=without), tmp_path / "alone")
    curve = pd.read_csv(tmp_path / "alone" / "curve.csv")
    assert list(curve["clips"]) == [32, 64, 96]
    assert "validation_error" not in curve
    state = load_state(tmp_path / "alone/state")
    assert all(torch.equal(alone[name], state["model"][name]) for name in alone)


def test_a_killed_training_goes_on_to_bit_identical_weights(corpus, tmp_path, monkeypatch):
    check_killed_and_resumed(
        lambda folder: run(corpus, folder),
        tmp_path,
        monkeypatch,
        (recurrent_training, "segment_loss"),
        seen_at=3,
    )


def test_another_seed_gives_another_model(corpus, tmp_path):
    a = run(corpus, tmp_path / "a")
    b = run(corpus, tmp_path / "b", replace(QUICK, seed=1))
    assert not torch.equal(a["lstm.weight_ih_l0"], b["lstm.weight_ih_l0"])


def test_generated_file_holds_one_mean_video_and_the_clips_cut_from_it(corpus, tmp_path):
    run(corpus, tmp_path)
    labels = {"system": "recurrent-x", "encoder": "x", "size": "tiny", "pooling": "no"}
    path = tmp_path / "unseen_speech.h5"
    generate_recurrent(
        tmp_path / "model.safetensors", corpus, {"unseen_speech": path}, labels,
        clips=6, rollouts=2,
    )  # fmt: skip
    with read_generated(path) as content:
        assert content.attributes["estimate"] == "mean"
        assert not content.attributes["oracle"]
        assert len(content.rollouts) == 2
        assert content.clip_recordings == ["s1_d", "s2_d", "s3_d"]
        name = content.rollouts[0]
        rollout = content.rollout(name)
        assert rollout.draws.shape == (1, 60, SIZE, SIZE)
        assert not rollout.window_starts.any()
        starts, clips = content.clips(name)
        for start, clip in zip(starts, clips, strict=True):
            np.testing.assert_array_equal(clip[0], rollout.draws[0, start : start + 10])
        truth = corpus.video(name)
        copied = np.abs(truth[:1].astype(float) - truth).mean()
        assert np.abs(rollout.draws[0].astype(float) - truth).mean() < copied


def test_no_training_recordings_is_one_sentence(corpus, tmp_path):
    without = corpus.split[corpus.split["set"] != "train"]
    with pytest.raises(UserError, match="no training recordings"):
        run(replace(corpus, split=without), tmp_path)


def test_a_loss_that_is_not_finite_stops_training(corpus, tmp_path, monkeypatch):
    def infinite(*arguments):
        return segment_loss(*arguments) * float("inf")

    monkeypatch.setattr(recurrent_training, "segment_loss", infinite)
    with pytest.raises(UserError, match=r"lower recurrent\.learning_rate"):
        run(corpus, tmp_path)


def test_a_model_of_the_other_kind_is_refused(corpus, tmp_path):
    run(corpus, tmp_path)
    with pytest.raises(UserError, match=r"model\.safetensors: not a model of this kind"):
        load_model(tmp_path / "model.safetensors")
    with pytest.raises(UserError, match=r"absent.*not a readable model file"):
        load_recurrent(tmp_path / "absent.safetensors")
