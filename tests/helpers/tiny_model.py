"""A model folder small enough for tests: window model, random weights, three subjects."""

from pathlib import Path

import numpy as np
import torch

from s2r.config.keys import plain
from s2r.config.model_blocks import SamplerConfig
from s2r.generation.model_folder import export_model
from s2r.model.denoiser import DenoiserConfig
from s2r.model.window import Window
from s2r.model.window_model import ModelConfig, WindowModel, save_model
from s2r.speech.encoder import EncoderConfig

SIZE = 16

NETWORK = {
    "channels": (8, 8),
    "patch": 2,
    "blocks": 1,
    "fine": 4,
    "attention_from": 1,
    "heads": 2,
    "condition": 8,
}


def heads() -> dict[str, np.ndarray]:
    """Resting frames of three subjects: the same picture, each with its own blemishes."""
    rng = np.random.default_rng(0)
    row, column = np.mgrid[:SIZE, :SIZE]
    head = 200 * np.exp(-((row - 6) ** 2 + (column - 9) ** 2) / 20)
    return {
        name: np.clip(head + rng.normal(0, 10, head.shape), 0, 255).astype(np.uint8)
        for name in ("sub001", "sub002", "sub003")
    }


def draw_weights(model: WindowModel) -> None:
    """Random weights for a model that was not trained."""
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    model.speech_basis.normal_(std=0.3)
    model.frame_scale.fill_(0.2)


def write_tiny_model(folder: Path) -> Path:
    """Write the model folder ``folder``; the path of ``folder``."""
    torch.manual_seed(0)
    denoiser = DenoiserConfig(**NETWORK, speech_dimension=4)
    config = ModelConfig(speech_radius=0, window=Window(1, 6), denoiser=denoiser)
    model = WindowModel(config, dimension=80, projected=4)
    draw_weights(model)
    weights = folder.parent / "weights.safetensors"
    save_model(model, weights, {})
    export_model(
        folder,
        name="tiny",
        model_path=weights,
        encoder=EncoderConfig("logmel"),
        settings={"preset": "paper", "sampler": plain(SamplerConfig(steps=2, sigma_max=2.0))},
        references=heads(),
        frame_rate=50,
        percentiles=(0.5, 99.5),
        card="# tiny\n",
    )
    return folder
