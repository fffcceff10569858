"""A recurrent regression from speech to the expected picture: the field's classic inversion.

A bidirectional LSTM (Hochreiter and Schmidhuber 1997; Graves and Schmidhuber 2005) reads the speech
of the whole recording, forwards and backwards, and gives for every frame the change from the
subject's reference frame along the leading principal components of such changes. Deterministic: it
predicts a mean and draws nothing. LSTMs from speech to real-time MRI frames: Csapó 2020
(arXiv:2008.02098); bidirectional ones to the tongue's contour in such frames: Azzouz et al. 2024
(arXiv:2411.02037).
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from s2r.config.recurrent_blocks import RecurrentConfig
from s2r.model.model_file import read_model_file, with_weights, write_model_file
from s2r.model.speech_input import SpeechInput, SpeechProjection

FORMAT = "s2r-recurrent-1"


class RecurrentModel(SpeechInput):
    """Embeddings of a recording in, coefficients of its frames' changes out."""

    def __init__(
        self, config: RecurrentConfig, projection: SpeechProjection, components: np.ndarray
    ):
        """An untrained model, which predicts no change at all.

        ``components`` (K, H * W) are the orthonormal directions of change.
        """
        super().__init__(torch.from_numpy(projection.mean), torch.from_numpy(projection.basis))
        self.config = config
        self.register_buffer("components", torch.from_numpy(components))
        self.register_buffer("scale", torch.tensor(1.0))
        """Standard deviation of the coefficients in training."""
        self.lstm = nn.LSTM(
            projection.basis.shape[1],
            config.hidden,
            config.layers,
            batch_first=True,
            bidirectional=True,
            dropout=config.dropout if config.layers > 1 else 0.0,
        )
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(2 * config.hidden, len(components))
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, speech: Tensor) -> Tensor:
        """Projected speech (B, T, P) -> coefficients (B, T, K), in units of [-1, 1]."""
        return self.output(self.dropout(self.lstm(speech)[0])) * self.scale

    @torch.inference_mode()
    def video(self, speech: np.ndarray, reference: np.ndarray) -> Tensor:
        """Expected frames (T, H, W) in [-1, 1], not clipped.

        ``speech`` (T, P) is the projected speech of the whole recording, ``reference`` (H, W) in
        [-1, 1] the subject at rest.
        """
        device = self.scale.device
        change = self(torch.from_numpy(speech).to(device)[None])[0] @ self.components
        return torch.from_numpy(reference).to(device) + change.view(-1, *reference.shape)


def save_recurrent(model: RecurrentModel, path: str | Path, info: dict) -> None:
    """Write weights, configuration and ``info`` (JSON-able) as one safetensors file."""
    write_model_file(model, path, FORMAT, model.config, info)


def load_recurrent(path: str | Path, device: str = "cpu") -> tuple[RecurrentModel, dict]:
    """Read a model and its ``info`` as written by `save_recurrent`.

    Raises:
        UserError: the file is missing or is not a recurrent model of s2r.
    """
    tensors, config, info = read_model_file(path, FORMAT, RecurrentConfig)

    def make() -> RecurrentModel:
        mean, basis = tensors["speech_mean"].numpy(), tensors["speech_basis"].numpy()
        projection = SpeechProjection(mean, basis)
        return RecurrentModel(config, projection, tensors["components"].numpy())

    return with_weights(path, tensors, make).to(device), info
