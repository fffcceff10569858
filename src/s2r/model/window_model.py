"""The window model (preset ``paper``): speech input, denoiser, and the scale of frames."""

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

import torch
from torch import Tensor

from s2r.config.build import build
from s2r.config.keys import block
from s2r.config.window_blocks import ModelBlock
from s2r.model.denoiser import Denoiser, DenoiserConfig
from s2r.model.diffusion import SIGMA_DATA, SIGMA_GIVEN, precondition
from s2r.model.model_file import read_model_file, with_weights, write_model_file
from s2r.model.speech_input import SpeechInput
from s2r.model.window import Window

FORMAT = "s2r-window-1"


@block
class ModelConfig(ModelBlock):
    """Everything that fixes the shape and the use of a model."""

    window: Window = field(default_factory=Window)
    denoiser: DenoiserConfig = field(default_factory=DenoiserConfig)
    pooling: bool = False
    """Whether all frames of a window are given the mean of its new frames' embeddings."""
    raw_condition: bool = False
    """Whether the network sees the given frames as grey levels from 0 to 1, unlike all others
    (the paper's released code)."""

    @property
    def radius(self) -> int:
        """Neighbours to look up: pooling replaces them."""
        return 0 if self.pooling else self.speech_radius


def model_config(settings: Mapping) -> ModelConfig:
    """The configuration from `s2r.config.parameters.run_settings`; the data fix the sizes later."""
    keys = {name: settings[name] for name in ("window", "denoiser", "pooling")}
    return build(ModelConfig, keys | settings["model"])


class WindowModel(SpeechInput):
    """Frames in, frames out, all in [-1, 1]; diffusion runs on scaled frames inside."""

    def __init__(self, config: ModelConfig, dimension: int, projected: int):
        """An untrained model for embeddings of width ``dimension``, projected to ``projected``."""
        super().__init__(torch.zeros(dimension), torch.zeros(dimension, projected))
        width = projected * (2 * config.radius + 1)
        if config.denoiser.speech_dimension != width:
            raise ValueError(f"denoiser.speech_dimension must be {width}")
        self.config = config
        # mean and standard deviation of the training frames
        self.register_buffer("frame_mean", torch.tensor(0.0))
        self.register_buffer("frame_scale", torch.tensor(1.0))
        self.denoiser = Denoiser(config.denoiser)

    def speech_condition(self, speech: Tensor) -> Tensor:
        """Looked-up speech (B, T, 2 radius + 1, P) -> the speech condition of each frame (B, T, E).

        With pooling it is the mean over the window's new frames, the same for all frames (true
        temporal pooling).
        """
        if self.config.pooling:
            new_speech = speech[:, self.config.window.context :]
            speech = new_speech.mean(dim=1, keepdim=True).expand_as(speech)
        return speech.flatten(2)

    def encode(self, frames: Tensor) -> Tensor:
        """Frames in [-1, 1], the given ones first -> diffusion's data, of standard deviation
        ``SIGMA_DATA``."""
        data = (frames - self.frame_mean) * (SIGMA_DATA / self.frame_scale)
        if self.config.raw_condition:
            given = self.config.window.context
            # the network divides clean data by SIGMA_DATA
            data[:, :given] = (frames[:, :given] + 1) / 2 * SIGMA_DATA
        return data

    def decode(self, data: Tensor) -> Tensor:
        """The inverse of `encode` for new frames; not clipped."""
        return self.frame_mean + data * (self.frame_scale / SIGMA_DATA)

    def denoise(self, noisy: Tensor, sigma: Tensor, condition: Tensor, keep: Tensor) -> Tensor:
        """Estimate the clean data of all frames of a window.

        Args:
            noisy: (B, T, 1, H, W) noisy data (see `encode`).
            sigma: (B, T) noise level of each frame; one below ``SIGMA_GIVEN`` counts as that.
            condition: (B, T, E), see `speech_condition`.
            keep: (B, 1) bool, False where speech is withheld.
        """
        sigma = sigma.clamp_min(SIGMA_GIVEN)
        return precondition(self.denoiser, noisy, sigma, condition, keep)


def save_model(model: WindowModel, path: str | Path, info: dict) -> None:
    """Write weights, configuration and ``info`` (JSON-able) as one safetensors file."""
    write_model_file(model, path, FORMAT, model.config, info)


def load_model(path: str | Path, device: str = "cpu") -> tuple[WindowModel, dict]:
    """Read a model and its ``info`` as written by `save_model`.

    Raises:
        UserError: the file is missing or is not a model of s2r.
    """
    tensors, config, info = read_model_file(path, FORMAT, ModelConfig)
    model = with_weights(path, tensors, lambda: WindowModel(config, *tensors["speech_basis"].shape))
    return model.to(device), info
