"""Corpora too small for their settings: they are trained on and scored, or a sentence says why."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers.quick_utterance import CONFIG, MEAN, RESIDUAL
from s2r.config.model_blocks import AutoencoderBlock
from s2r.config.recurrent_blocks import RecurrentConfig, RecurrentTraining
from s2r.config.systems import SETS
from s2r.core.errors import UserError
from s2r.core.shards import write_shard
from s2r.evaluation.clip_features import open_clip_distance, write_real_features
from s2r.evaluation.data import open_evaluation_data
from s2r.evaluation.instruments import fit_instruments
from s2r.evaluation.score import score_system
from s2r.generation.baselines import generate_baseline
from s2r.model.autoencoder import load_autoencoder
from s2r.preparation.recordings import RecordingSet, open_recordings
from s2r.report.scores_table import aggregate
from s2r.training.autoencoder import fit_autoencoder
from s2r.training.recurrent import train_recurrent
from s2r.training.utterance import train_utterance

SIZE = 16
RECURRENT = RecurrentTraining(
    clips=8, batch=8, warmup_clips=8, validate_clips=8, components=4, speech_dimensions=4
)


def write_corpus(folder, lengths: dict[str, tuple[str, int]], still: bool = False) -> RecordingSet:
    """Noise for pictures and embeddings; ``lengths`` {recording: (set, frames)}, one subject."""
    rng = np.random.default_rng(0)
    frames, embeddings, rows = [], [], []
    for name, (kind, length) in lengths.items():
        video = rng.integers(0, 256, (1 if still else length, SIZE, SIZE), np.uint8)
        video = np.broadcast_to(video, (length, SIZE, SIZE))
        frames.append((name, {"frames": video}, {}))
        embedded = rng.normal(size=(length, 5)).astype(np.float16)
        embeddings.append((name, {"embeddings": embedded}, {}))
        rows.append((name, "s1", name, kind))
    write_shard(folder / "frames.h5", frames, {})
    write_shard(folder / "embeddings.h5", embeddings, {})
    table = pd.DataFrame(rows, columns=["recording", "subject", "stimulus", "set"])
    table.to_csv(folder / "split.csv", index=False)
    return open_recordings(files(folder))


def files(folder) -> dict:
    shards = {name: [folder / f"{name}.h5"] for name in ("frames", "embeddings")}
    return shards | {"split": folder / "split.csv"}


def train(recordings: RecordingSet, folder) -> list[float]:
    """The losses of an utterance model and of a recurrent regression."""
    codes = AutoencoderBlock(codes=1)
    fit_autoencoder(codes, recordings, folder / "codes.safetensors")
    schedule = {"clips": 8, "warmup_clips": 8, "validate_clips": 8}
    train_utterance(
        replace(CONFIG, autoencoder=codes), replace(MEAN, sound_copies=0, **schedule),
        replace(RESIDUAL, **schedule),
        load_autoencoder(folder / "codes.safetensors")[0], recordings,
        folder / "state", folder / "u" / "model.safetensors", folder / "u" / "curve.csv",
    )  # fmt: skip
    train_recurrent(
        RecurrentConfig(hidden=8), RECURRENT, recordings,
        folder / "state_r", folder / "r" / "model.safetensors", folder / "r" / "curve.csv",
    )  # fmt: skip
    curves = [pd.read_csv(folder / name / "curve.csv") for name in ("u", "r")]
    return [loss for curve in curves for loss in curve["loss"].dropna()]


@pytest.mark.parametrize("frames", [2, 40])
def test_one_recording_of_one_subject_can_be_trained_on(tmp_path, frames):
    """The template is its own reference frame, so nothing says who speaks."""
    losses = train(write_corpus(tmp_path, {"a": ("train", frames)}), tmp_path)
    assert len(losses) >= 3
    assert np.isfinite(losses).all()


def test_what_nothing_can_be_learned_from_is_said(tmp_path):
    with pytest.raises(UserError, match="have 1 frames with speech, and 2 are the least"):
        train(write_corpus(tmp_path, {"a": ("train", 1)}), tmp_path)
    with pytest.raises(UserError, match="the pictures of the training recordings never change"):
        train(write_corpus(tmp_path, {"a": ("train", 20)}, still=True), tmp_path)


def test_the_shortest_recordings_are_scored_as_far_as_they_go(tmp_path):
    """The first frame is given, so of one frame nothing is scored; of two there is no motion."""
    lengths = {"train": ("train", 40)}
    lengths |= {f"t{length}": ("unseen_speech", length) for length in (1, 2, 3, 12)}
    recordings = write_corpus(tmp_path, lengths)
    fit_instruments(recordings, tmp_path / "region.npz")
    generated = {name: tmp_path / f"{name}.h5" for name in SETS}
    for name, path in generated.items():
        generate_baseline("mean_frame", name, recordings.split, recordings.frames, path, clips=2)
    (tmp_path / "i3d").touch()
    features, weights = tmp_path / "features.npz", tmp_path / "i3d"

    def extract(clips: np.ndarray) -> np.ndarray:
        return clips.mean((2, 3))

    write_real_features(
        recordings, sets=SETS, clips=2, i3d_weights=weights, path=features, extract=extract
    )
    data = open_evaluation_data(files(tmp_path) | {"region": tmp_path / "region.npz"})
    distance = open_clip_distance(features, weights, extract=extract)
    path = tmp_path / "scores.json"
    score_system(data, distance, system="mean_frame", generated=generated, path=path, resamples=9)
    scores = aggregate([path], resamples=9)
    scores = scores.query("mode == 'rollout' and region != 'dynamic'").set_index("metric")
    assert scores.loc["squared_error", "n"] == 3
    assert scores.loc["kinematics", "n"] == 2
    still = recordings.video("train").mean(0).round()
    frames = [recordings.video(name)[1:] for name in ("t2", "t3", "t12")]
    expected = (((np.concatenate(frames) - still) / 127.5) ** 2).mean()
    assert scores.loc["squared_error", "value"] == pytest.approx(expected, rel=1e-5)
