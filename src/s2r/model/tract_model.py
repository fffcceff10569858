"""The whole model: speech input, regression, denoiser and the constants that connect them."""

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

import torch
from torch import Tensor

from s2r.config.build import build
from s2r.config.keys import block
from s2r.config.model_blocks import ModelBlock
from s2r.model.denoiser import Denoiser, DenoiserConfig
from s2r.model.diffusion import SIGMA_DATA, SIGMA_GIVEN, precondition
from s2r.model.model_file import read_model_file, write_model_file
from s2r.model.regression import Regression
from s2r.model.speech_input import SpeechInput
from s2r.model.window import Window

FORMAT = "s2r-model-1"


@block
class ModelConfig(ModelBlock):
    """Everything that fixes the shape and the use of a model."""

    window: Window = field(default_factory=Window)
    denoiser: DenoiserConfig = field(default_factory=DenoiserConfig)
    pooling: bool = False
    """Whether all frames of a window are given the mean of its new frames' embeddings."""
    frame_size: int = 64
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


class TractModel(SpeechInput):
    """Frames in, frames out, all in [-1, 1]; diffusion runs on scaled residuals inside."""

    def __init__(self, config: ModelConfig, dimension: int, projected: int, components: int):
        """An untrained model for embeddings of width ``dimension``, projected to ``projected``.

        ``components`` is the rank of the regression; 0 for a model without one.
        """
        super().__init__(torch.zeros(dimension), torch.zeros(dimension, projected))
        width = projected * (2 * config.radius + 1)
        if config.denoiser.speech_dimension != width:
            raise ValueError(f"denoiser.speech_dimension must be {width}")
        self.config = config
        pixels = config.frame_size**2
        self.register_buffer("regression_weights", torch.zeros(width + 1, components))
        self.register_buffer("regression_components", torch.zeros(components, pixels))
        # frames: mean and standard deviation; residuals: standard deviation
        self.register_buffer("frame_mean", torch.tensor(0.0))
        self.register_buffer("frame_scale", torch.tensor(1.0))
        self.register_buffer("residual_scale", torch.tensor(1.0))
        self.denoiser = Denoiser(config.denoiser)

    @property
    def regresses(self) -> bool:
        """Whether diffusion corrects a regression."""
        return self.config.denoiser.mean_channel

    def set_regression(self, regression: Regression) -> None:
        """Take over fitted weights."""
        self.regression_weights.copy_(torch.from_numpy(regression.weights))
        self.regression_components.copy_(torch.from_numpy(regression.components))

    def speech_condition(self, speech: Tensor) -> Tensor:
        """Looked-up speech (B, T, 2 radius + 1, P) -> the speech condition of each frame (B, T, E).

        With pooling it is the mean over the window's new frames, the same for all frames (true
        temporal pooling).
        """
        if self.config.pooling:
            new_speech = speech[:, self.config.window.given :]
            speech = new_speech.mean(dim=1, keepdim=True).expand_as(speech)
        return speech.flatten(2)

    def mean(self, reference: Tensor, condition: Tensor, weights: Tensor | None = None) -> Tensor:
        """Expected frames in [-1, 1]: (B, 1, H, W) and (B, T, E) -> (B, T, 1, H, W).

        The reference frame's own place in the window gets the reference frame. ``weights``
        (B, E + 1, K) replaces the regression's own (cross-fitting in training). Zero without
        a regression.
        """
        shape = (*condition.shape[:2], 1, *reference.shape[-2:])
        if not self.regresses:
            return reference.new_zeros(()).expand(shape)
        weights = self.regression_weights if weights is None else weights
        coefficients = condition @ weights[..., :-1, :] + weights[..., -1:, :]
        change = (coefficients @ self.regression_components).view(shape)
        if self.config.window.reference:
            change = torch.cat([torch.zeros_like(change[:, :1]), change[:, 1:]], dim=1)
        return reference[:, None] + change

    def encode(self, frames: Tensor, mean: Tensor) -> Tensor:
        """Frames in [-1, 1], the given ones first -> diffusion's data, of standard deviation
        ``SIGMA_DATA``."""
        if self.regresses:
            return (frames - mean) * (SIGMA_DATA / self.residual_scale)
        data = (frames - self.frame_mean) * (SIGMA_DATA / self.frame_scale)
        if self.config.raw_condition:
            given = self.config.window.given
            # the network divides clean data by SIGMA_DATA
            data[:, :given] = (frames[:, :given] + 1) / 2 * SIGMA_DATA
        return data

    def decode(self, data: Tensor, mean: Tensor) -> Tensor:
        """The inverse of `encode`; not clipped."""
        if self.regresses:
            return mean + data * (self.residual_scale / SIGMA_DATA)
        return self.frame_mean + data * (self.frame_scale / SIGMA_DATA)

    def denoise(
        self, noisy: Tensor, sigma: Tensor, condition: Tensor, keep: Tensor, mean: Tensor
    ) -> Tensor:
        """Estimate the clean data of all frames of a window.

        Args:
            noisy: (B, T, 1, H, W) noisy data (see `encode`).
            sigma: (B, T) noise level of each frame.
            condition: (B, T, E), see `speech_condition`.
            keep: (B, 1) bool, False where speech is withheld. The reference frame's speech
                always is: that frame is a still picture without speech.
            mean: (B, T, 1, H, W), see `mean`.
        """
        keep = keep.expand(sigma.shape).clone()
        if self.config.window.reference:
            keep[:, 0] = False
        image = (mean - self.frame_mean) / self.frame_scale if self.regresses else None
        sigma = sigma.clamp_min(SIGMA_GIVEN)
        return precondition(self.denoiser, noisy, sigma, condition, keep, image)


def save_model(model: TractModel, path: str | Path, info: dict) -> None:
    """Write weights, configuration and ``info`` (JSON-able) as one safetensors file."""
    write_model_file(model, path, FORMAT, model.config, info)


def load_model(path: str | Path, device: str = "cpu") -> tuple[TractModel, dict]:
    """Read a model and its ``info`` as written by `save_model`.

    Raises:
        UserError: the file is missing or is not a model of s2r.
    """
    tensors, content, info = read_model_file(path, FORMAT)
    model = TractModel(
        build(ModelConfig, content),
        *tensors["speech_basis"].shape,
        components=len(tensors["regression_components"]),
    )
    model.load_state_dict(tensors)
    return model.to(device).eval(), info
