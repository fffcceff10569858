"""Models and trainings that take a second."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from s2r.config.model_blocks import SamplerConfig
from s2r.config.window_blocks import TrainingConfig
from s2r.model.denoiser import DenoiserConfig
from s2r.model.family import TrainingJob
from s2r.model.window import Window
from s2r.model.window_model import ModelConfig
from s2r.training.window_model import train_window_model

SMALL = DenoiserConfig(channels=(8, 16), patch=2, condition=16, heads=2)
PAPER = ModelConfig(window=Window(1, 9), denoiser=SMALL, speech_radius=1)
QUICK = TrainingConfig(
    clips=96, batch=8, warmup_clips=16, speech_dimensions=4, validate_clips=48, checkpoint_clips=32,
)  # fmt: skip
SAMPLER = SamplerConfig(steps=3)


def run(corpus, folder, config=PAPER, training=QUICK):
    """Train on a tiny corpus; the weights by name."""
    train_window_model(
        config, training, SAMPLER, corpus, folder / "state", folder / "model.safetensors",
        folder / "curve.csv",
    )  # fmt: skip
    return load_file(folder / "model.safetensors")


class Killed(Exception):
    pass


def check_killed_and_resumed(
    train: Callable[[Path], dict[str, torch.Tensor]],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    loss: tuple[ModuleType, str],
    seen_at: int,
) -> None:
    """A training that is killed at clip 72 must go on from clip 64, to bit-identical weights.

    ``train`` trains in a folder and returns the weights by name. ``loss`` is the module and name of
    the function that gives a step's loss; the number of clips seen is its argument ``seen_at``.
    """
    module, name = loss
    original = getattr(module, name)
    whole = train(folder / "whole")

    def dies_later(*arguments):
        if arguments[seen_at] == 72:
            raise Killed
        return original(*arguments)

    monkeypatch.setattr(module, name, dies_later)
    with pytest.raises(Killed):
        train(folder / "killed")
    assert sorted(path.name for path in (folder / "killed").iterdir()) == ["state"]
    steps = []

    def watched(*arguments):
        steps.append(arguments[seen_at])
        return original(*arguments)

    monkeypatch.setattr(module, name, watched)
    resumed = train(folder / "killed")
    assert steps[0] == 64, "it must go on from the checkpoint, not from the start"
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    curves = [pd.read_csv(folder / run / "curve.csv") for run in ("whole", "killed")]
    pd.testing.assert_series_equal(curves[0]["validation_error"], curves[1]["validation_error"])


def training_job(corpus: Path, folder: Path, settings: dict, **changes) -> TrainingJob:
    """A training in ``folder`` on a tiny corpus that lies in ``corpus`` with its ``split.csv``."""
    return TrainingJob(
        settings=settings,
        frames=[str(corpus / "frames/00.h5")],
        embeddings=[str(corpus / "embeddings/00.h5")],
        split=str(corpus / "split.csv"),
        autoencoder=None,
        state_folder=str(folder / "state"),
        model_path=str(folder / "model.safetensors"),
        curve_path=str(folder / "curve.csv"),
        **changes,
    )
