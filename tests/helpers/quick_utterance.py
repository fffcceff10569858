"""Trainings of the utterance model that take a second, on the made-up corpus."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from helpers.tiny_corpus import write_tiny_corpus
from s2r.config.build import build_part
from s2r.config.model_blocks import (
    AutoencoderBlock,
    MeanNetwork,
    MeanTraining,
    ResidualNetwork,
    ResidualTraining,
    SamplerConfig,
)
from s2r.core.shards import write_shard
from s2r.model.autoencoder import load_autoencoder
from s2r.model.utterance_model import UtteranceConfig
from s2r.preparation.embeddings import copy_name
from s2r.preparation.recordings import RecordingSet, open_recordings
from s2r.training.autoencoder import fit_autoencoder
from s2r.training.utterance import train_utterance

MEAN_BLOCK = {
    "hidden": 12, "dilations": (1, 2), "dropout": 0.2, "clips": 96, "batch": 8, "segment": 20,
    "learning_rate": 0.004, "warmup_clips": 16, "speech_dimensions": 4, "speech_dropout": 0.0,
    "sound_copies": 1, "speaker_noise": 0.4, "random_references": 0.2, "folds": 2,
    "fold_share": 1.0, "validate_clips": 32,
}  # fmt: skip
RESIDUAL_BLOCK = {
    "hidden": 8, "dilations": (1, 2), "clips": 96, "batch": 8, "segment": 20, "warmup_clips": 16,
    "learning_rate": 0.002, "validate_clips": 32,
}  # fmt: skip
CONFIG = UtteranceConfig(
    AutoencoderBlock(codes=4),
    build_part(MeanNetwork, MEAN_BLOCK),
    build_part(ResidualNetwork, RESIDUAL_BLOCK),
)
MEAN = build_part(MeanTraining, MEAN_BLOCK)
RESIDUAL = build_part(ResidualTraining, RESIDUAL_BLOCK)
SAMPLER = SamplerConfig(steps=2)
REST = 10
"""Frames at rest at the start of a recording."""
PARTS = ("mean", "fold0", "fold1", "residual")
"""Trainings of a run, in their order, each of 12 steps."""


def write_corpus(folder: Path) -> RecordingSet:
    """The made-up corpus with a rest at the start of every recording, and what a training reads.

    In ``folder``: ``frames/00.h5``, ``embeddings/00.h5``, ``split.csv``,
    ``autoencoder.safetensors``.
    """
    torch.set_num_threads(1)
    moving = write_tiny_corpus(folder / "moving")
    frames, embeddings = [], []
    for name in moving.split["recording"]:
        for items, key, values in (
            (frames, "frames", moving.video(name)),
            (embeddings, "embeddings", moving.embedded(name)),
        ):
            rest = values[:1].repeat(REST, axis=0)
            datasets = {key: np.concatenate([rest, values])}
            if key == "embeddings":
                datasets[copy_name(0)] = (0.9 * datasets[key] + 0.1).astype(np.float16)
            items.append((name, datasets, {}))
    files = {"frames": [folder / "frames/00.h5"], "embeddings": [folder / "embeddings/00.h5"]}
    write_shard(files["frames"][0], frames, {})
    write_shard(files["embeddings"][0], embeddings, {})
    moving.split.to_csv(folder / "split.csv", index=False)
    recordings = open_recordings(files | {"split": folder / "split.csv"})
    fit_autoencoder(CONFIG.autoencoder, recordings, folder / "autoencoder.safetensors")
    return recordings


def with_sets(recordings: RecordingSet, **sets: str) -> RecordingSet:
    """Recordings with their sets, by name; all others are left out of the split."""
    split = recordings.split.copy()
    split["set"] = split["recording"].map(sets)
    return replace(recordings, split=split.dropna())


def train(recordings, autoencoder: Path, folder: Path, mean=MEAN, residual=RESIDUAL, config=CONFIG):
    """Train in ``folder``; the weights by name."""
    train_utterance(
        config, mean, residual, load_autoencoder(autoencoder)[0], recordings,
        folder / "state", folder / "model.safetensors", folder / "curve.csv",
    )  # fmt: skip
    return load_file(folder / "model.safetensors")
