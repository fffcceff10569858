"""Models trained anew on other data or settings, and their errors: what reproduction compares."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from s2r.config.build import build, build_part
from s2r.config.model_blocks import (
    AutoencoderBlock,
    MeanNetwork,
    MeanTraining,
    ResidualNetwork,
    ResidualTraining,
    SamplerConfig,
)
from s2r.config.parameters import run_settings
from s2r.config.result_blocks import GenerationConfig
from s2r.config.window_blocks import TrainingConfig
from s2r.core.shards import Shards
from s2r.evaluation.instruments import Instruments
from s2r.evaluation.metrics.paired import squared_error
from s2r.evaluation.recording_scores import GIVEN
from s2r.generation.generate import generate_run
from s2r.generation.generated_file import read_generated
from s2r.model.family import find_family
from s2r.model.utterance_model import UtteranceConfig
from s2r.model.window_model import model_config
from s2r.preparation.recordings import RecordingSet
from s2r.training.autoencoder import fit_autoencoder
from s2r.training.utterance import train_utterance
from s2r.training.window_model import train_window_model

SYSTEM = "whisper-tiny.en"
"""Name of the default's best run."""

AMOUNT = GenerationConfig(draws=2, clips=2, batch=16)


def read_config() -> dict:
    """The embedded default."""
    return yaml.safe_load(Path("config/config.yaml").read_text())


def embeddings(results: Path, encoder: str) -> Shards:
    return Shards(sorted((results / "embeddings" / encoder).glob("*.h5")))


def train_here(settings: dict, recordings: RecordingSet, folder: Path, seed: int) -> None:
    """Train ``folder/model.safetensors`` on the split's set ``train``.

    A model of preset s2r has articulation codes of its own, of the same recordings.
    """
    files = (folder / "state", folder / "model.safetensors", folder / "curve.csv")
    if settings["preset"] == "paper":
        sampler = build(SamplerConfig, settings["sampler"])
        training = build(TrainingConfig, settings["training"] | {"seed": seed})
        train_window_model(model_config(settings), training, sampler, recordings, *files)
        return
    mean, residual = settings["mean"], settings["residual"]
    codes = build(AutoencoderBlock, read_config()["autoencoder"])
    autoencoder = fit_autoencoder(codes, recordings, folder / "autoencoder.safetensors")
    networks = build_part(MeanNetwork, mean), build_part(ResidualNetwork, residual)
    train_utterance(
        UtteranceConfig(codes, *networks, settings["pooling"]),
        build_part(MeanTraining, mean | {"seed": seed}),
        build_part(ResidualTraining, residual | {"seed": seed}),
        autoencoder,
        recordings,
        *files,
    )


def errors_of_default(
    recordings: RecordingSet, seed: int, folder: Path, instruments: Instruments
) -> dict[str, float]:
    """Train the default's model on the set ``train`` of a split, roll out all others, and return
    {set: squared error in the dynamic region}. What is in ``folder`` already is not made again."""
    split = recordings.split
    settings = run_settings(read_config(), SYSTEM)
    model = folder / "model.safetensors"
    if not model.exists():
        training = replace(recordings, split=split[split["set"] == "train"])
        train_here(settings, training, folder, seed)
    files = {name: folder / f"{name}.h5" for name in split["set"].unique() if name != "train"}
    missing = {name: file for name, file in files.items() if not file.exists()}
    if missing:
        trained = find_family(settings["preset"]).load(model, settings, "cpu")
        generate_run(trained, recordings, missing, {}, AMOUNT, {"system": SYSTEM})
    return {
        name: float(np.mean(rollout_errors(f, recordings.frames, instruments)))
        for name, f in files.items()
    }


def rollout_errors(file: Path, frames: Shards, instruments: Instruments) -> list[float]:
    """The squared error of every draw of every rollout in a generated file."""
    errors = []
    with read_generated(file) as content:
        for recording in content.rollouts:
            true = frames.read(recording, "frames")
            for draw in content.rollout(recording).draws:
                errors.append(float(squared_error(true, draw, instruments.region)[GIVEN:].mean()))
    return errors
