"""The work of preset s2r, with networks of random weights on random data."""

from dataclasses import replace

import numpy as np
import torch
from workloads import Work, first_settings, training_step

from s2r.config.build import build, build_part
from s2r.config.model_blocks import (
    AutoencoderBlock,
    MeanNetwork,
    MeanTraining,
    ResidualNetwork,
    ResidualTraining,
    SamplerConfig,
)
from s2r.core.units import FRAME_RATE, FRAME_SIZE
from s2r.generation.utterance import UtteranceVideos
from s2r.model.autoencoder import Autoencoder
from s2r.model.family import VideoTask
from s2r.model.utterance_model import UtteranceConfig, UtteranceModel
from s2r.training.codes import CodeSet
from s2r.training.utterance_loss import MeanLoss, ResidualLoss

FRAMES = 400


def picture() -> torch.Tensor:
    """A smooth picture (H, W) in [-1, 1], which registration can work on."""
    place = torch.linspace(-1, 1, FRAME_SIZE)
    return torch.exp(-4 * (place[:, None] ** 2 + place**2)) * 1.5 - 0.75


def untrained(config: dict, device: str) -> UtteranceModel:
    """A model of the configuration's first run, of preset s2r, with random weights."""
    settings = first_settings(config)
    autoencoder = Autoencoder(build(AutoencoderBlock, config["autoencoder"]), FRAME_SIZE)
    autoencoder.template.copy_(picture())
    autoencoder.components.copy_(torch.randn_like(autoencoder.components) / FRAME_SIZE)
    shape = UtteranceConfig(
        autoencoder.config,
        build_part(MeanNetwork, settings["mean"]),
        build_part(ResidualNetwork, settings["residual"]),
        settings["pooling"],
    )
    width = settings["mean"]["speech_dimensions"]
    return UtteranceModel(shape, autoencoder, width, width).to(device)


def random_codes(model: UtteranceModel) -> CodeSet:
    """One recording of random codes and speech."""
    width, codes = model.speech_basis.shape[1], model.config.autoencoder.codes
    device = model.code_scale.device
    arrays = [
        torch.randn(*shape, device=device)
        for shape in ((FRAMES, codes), (FRAMES, width), (1, codes))
    ]
    return CodeSet(["a"], *arrays, np.array([0]), np.array([FRAMES]))


def mean_step(config: dict, device: str, batch: int) -> Work:
    """A training step of the network of the mean, on ``batch`` segments."""
    settings = first_settings(config)["mean"]
    model = untrained(config, device)
    training = replace(build_part(MeanTraining, settings), batch=batch)
    codes, everyone = random_codes(model), np.arange(1)
    loss = MeanLoss(model, model.mean, codes, everyone, training, settings["dropout"])
    return training_step(lambda: loss(0), model.mean, model, training.ema_length, batch)


def residual_step(config: dict, device: str, batch: int) -> Work:
    """A training step of the denoiser, on ``batch`` segments."""
    model = untrained(config, device)
    training = build_part(ResidualTraining, first_settings(config)["residual"])
    training = replace(training, batch=batch)
    codes = random_codes(model)
    means, certain = torch.zeros_like(codes.codes), codes.codes.new_zeros(len(codes.codes))
    loss = ResidualLoss(model, codes, means, certain, np.arange(1), training)
    return training_step(lambda: loss(0), model.denoiser, model, training.ema_length, batch)


def generation(config: dict, device: str, frames: int) -> Work:
    """A draw of ``frames`` frames from as much speech, with the first run's sampler."""
    model = untrained(config, device).eval()
    videos = UtteranceVideos(model, build(SamplerConfig, first_settings(config)["sampler"]))
    speech = np.random.default_rng(0).normal(size=(frames, model.speech_basis.shape[1]))
    task = VideoTask(speech.astype(np.float32), picture().numpy(), seed=0)

    def run() -> None:
        videos.videos([task], on_frames=lambda _: None)

    return Work(run, frames / FRAME_RATE, model)
