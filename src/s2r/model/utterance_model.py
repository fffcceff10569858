"""Stage 2: from the speech of a whole utterance to articulation codes, a mean and draws.

A network predicts the mean codes of every frame from all speech around it and from the code of the
reference frame, which says who speaks. What the mean leaves of the true codes is drawn by diffusion
(EDM, Karras et al. 2022, arXiv:2206.00364). Its noise is not white: in the directions of the
residuals it has their spectrum over time, and their size at every frame (`s2r.model.residual`), so
that even an untrained denoiser draws movements that are as fast and as large as real ones; training
adds what depends on speech, speaker and time. Denoiser and sampler stay exact for any covariance of
the noise.
"""

from collections.abc import Sequence
from dataclasses import field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from s2r.config.keys import block
from s2r.config.model_blocks import AutoencoderBlock, MeanNetwork, ResidualNetwork
from s2r.model.autoencoder import Autoencoder
from s2r.model.diffusion import coefficients
from s2r.model.dilated import DilatedNetwork
from s2r.model.model_file import read_model_file, with_weights, write_model_file
from s2r.model.residual import Residual
from s2r.model.speech_input import SpeechInput

FORMAT = "s2r-utterance-4"

POOLED_FRAMES = 10
"""Frames that share their mean embedding in a model with pooling: a clip of the paper."""


@block
class UtteranceConfig:
    """Everything that fixes the shape of a model."""

    autoencoder: AutoencoderBlock = field(default_factory=AutoencoderBlock)
    mean: MeanNetwork = field(default_factory=MeanNetwork)
    residual: ResidualNetwork = field(default_factory=ResidualNetwork)
    pooling: bool = False


class UtteranceModel(SpeechInput):
    """Speech and a reference frame in, articulation codes out."""

    def __init__(
        self, config: UtteranceConfig, autoencoder: Autoencoder, dimension: int, projected: int
    ):
        """An untrained model for embeddings of width ``dimension``, projected to ``projected``."""
        super().__init__(torch.zeros(dimension), torch.zeros(dimension, projected))
        codes = config.autoencoder.codes
        self.config, self.autoencoder = config, autoencoder
        self.register_buffer("code_scale", torch.tensor(1.0))
        """Standard deviation of the codes in training."""
        self.register_buffer("speaker_scale", torch.tensor(1.0))
        """Standard deviation of the codes of reference frames in training."""
        self.register_buffer("posture", torch.zeros(codes, codes))
        """(K, K): makes of a reference frame's code, less the neutral one, an estimate of its
        posture (`s2r.training.reference_posture`)."""
        self.register_buffer("neutral", torch.zeros(codes))
        """(K,) code of a reference frame, mean over the speakers in training."""
        self.register_buffer("spread", torch.tensor(1.0))
        """How much of the residuals that were measured in training is drawn."""
        self.mean = mean_network(config, projected)
        self.residual = Residual(codes)
        self.denoiser = DilatedNetwork(
            3 * codes + projected,
            codes,
            config.residual.hidden,
            config.residual.dilations,
            noise_level=True,
        )

    def project(self, embeddings: np.ndarray) -> np.ndarray:
        """(T, D) embeddings of a recording -> (T, P) float32; pooled where the model pools."""
        projected = super().project(embeddings)
        return pooled(projected) if self.config.pooling else projected

    def predict(
        self,
        network: DilatedNetwork,
        speech: Tensor,
        speaker: Tensor,
        kept: Sequence[Tensor] | None = None,
    ) -> Tensor:
        """Mean codes (B, T, K) from speech (B, T, P) and codes of reference frames (B, K).

        Codes are changes from the reference frame, so a posture that it has is taken back.
        ``network`` is ``self.mean``, or one trained on a part of the data; ``kept`` as of
        `DilatedNetwork.forward`.
        """
        who = (speaker / self.speaker_scale)[:, None].expand(-1, speech.shape[1], -1)
        changes = network(torch.cat([speech, who], -1), kept=kept) * self.code_scale
        # no matrix product, which would be in half precision here
        posture = (self.posture * (speaker - self.neutral)[:, None]).sum(-1)
        return changes - posture[:, None]

    def denoise(
        self,
        network: DilatedNetwork,
        noisy: Tensor,
        sigma: Tensor,
        mean: Tensor,
        speech: Tensor,
        speaker: Tensor,
        keep: Tensor,
    ) -> Tensor:
        """Estimate clean residuals (B, T, K), see `Residual.to_data`, at noise levels (B,).

        ``network`` is ``self.denoiser`` or an average of it; ``keep`` (B,) is 0 where mean, speech
        and speaker are withheld, for guidance.
        """
        c_skip, c_out, c_in, c_noise = coefficients(sigma)
        who = (speaker / self.speaker_scale)[:, None].expand(-1, speech.shape[1], -1)
        known = torch.cat([mean / self.code_scale, speech, who], -1) * keep[:, None, None]
        output = network(torch.cat([c_in[:, None, None] * noisy, known], -1), 4 * c_noise)
        return c_skip[:, None, None] * noisy + c_out[:, None, None] * output.float()


def mean_network(config: UtteranceConfig, projected: int) -> DilatedNetwork:
    """An untrained network for the mean codes."""
    codes, shape = config.autoencoder.codes, config.mean
    return DilatedNetwork(projected + codes, codes, shape.hidden, shape.dilations)


def pooled(speech: np.ndarray) -> np.ndarray:
    """The mean over every ``POOLED_FRAMES`` frames, for each of them: (T, P) array."""
    count = len(speech)
    missing = -count % POOLED_FRAMES
    padded = np.concatenate([speech, np.full((missing, speech.shape[1]), np.nan, speech.dtype)])
    blocks = padded.reshape(-1, POOLED_FRAMES, speech.shape[1])
    return np.nanmean(blocks, axis=1).repeat(POOLED_FRAMES, axis=0)[:count]


def save_utterance_model(model: UtteranceModel, path: str | Path, info: dict) -> None:
    """Write weights, configuration and ``info`` (JSON-able) as one safetensors file."""
    write_model_file(model, path, FORMAT, model.config, info)


def load_utterance_model(path: str | Path, device: str = "cpu") -> tuple[UtteranceModel, dict]:
    """Read a model and its ``info``. Raises UserError for a missing or another file."""
    tensors, config, info = read_model_file(path, FORMAT, UtteranceConfig)

    def make() -> UtteranceModel:
        autoencoder = Autoencoder(config.autoencoder, tensors["autoencoder.template"].shape[-1])
        return UtteranceModel(config, autoencoder, *tensors["speech_basis"].shape)

    return with_weights(path, tensors, make).to(device), info
