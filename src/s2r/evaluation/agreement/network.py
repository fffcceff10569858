"""Two small networks that map a window of speech and one of video to unit vectors.

A window is 10 frames (200 ms) of video, as an evaluation clip is, and the speech of these frames
with 5 frames (100 ms) on either side: articulators begin to move before they are heard. Both
networks are convolutions over time, so that one pass gives the windows of a whole recording.

The video is shrunk to 24 x 24 pixels, less the mean frame of the recording, over its contrast. So
a subject's anatomy and coil are gone before the network sees it, and a still picture is zero.
Speech embeddings are taken less their mean over the recording: what is left of the voice and the
room is small.
"""

import itertools

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from s2r.preparation.pictures import shrink

WINDOW = 10
"""Frames in a window of video: those of an evaluation clip."""

CONTEXT = 5
"""Frames of speech before and after a window of video that belong to its window of speech."""

DIMENSION = 48
"""Length of the vectors: few enough for a covariance of a few hundred windows."""

SIZE = 24
"""Height and width in pixels of the pictures that the network sees."""

WIDTH = 64
CHANNELS = (1, 16, 32, 48)
DROPOUT = 0.1


class AgreementNetwork(nn.Module):
    """Vectors (N, T - 9, 48) of all windows of speech, and of all windows of video."""

    def __init__(self, mean: Tensor, scale: Tensor):
        """mean, scale (D,): of the embeddings of training speech, by which they are scaled."""
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)
        layers: list[nn.Module] = []
        for inside, outside in itertools.pairwise(CHANNELS):
            kernel = 5 if inside == 1 else 3
            layers += [nn.Conv2d(inside, outside, kernel, 2, kernel // 2), nn.SiLU()]
        side = SIZE // 2 ** (len(CHANNELS) - 1)
        layers += [nn.Flatten(), nn.Linear(CHANNELS[-1] * side**2, WIDTH), nn.SiLU()]
        self.frame = nn.Sequential(*layers, nn.Dropout(DROPOUT))
        self.movement = _over_time(WINDOW)
        self.sound = nn.Sequential(
            nn.Conv1d(len(mean), WIDTH, 1),
            nn.SiLU(),
            nn.Dropout(DROPOUT),
            _over_time(WINDOW + 2 * CONTEXT),
        )
        self.log_sharpness = nn.Parameter(torch.tensor(2.3))
        """Logarithm of what cosines are multiplied by in the loss (an inverse temperature)."""

    def video(self, pictures: Tensor) -> Tensor:
        """Pictures (N, T, 24, 24) of `seen` -> unit vectors (N, T - 9, 48)."""
        count, length = pictures.shape[:2]
        codes = self.frame(pictures.flatten(0, 1)[:, None]).unflatten(0, (count, length))
        return F.normalize(self.movement(codes.transpose(1, 2)), dim=1).transpose(1, 2)

    def speech(self, embeddings: Tensor) -> Tensor:
        """Embeddings (N, T + 10, D) of `heard` -> unit vectors (N, T - 9, 48)."""
        scaled = (embeddings - self.mean) / self.scale
        return F.normalize(self.sound(scaled.transpose(1, 2)), dim=1).transpose(1, 2)


def seen(video: np.ndarray) -> Tensor:
    """Frames (T, H, W) in grey levels -> pictures (T, 24, 24) float32 as the network sees them.

    Less the mean frame, and divided by the standard deviation of all grey levels of the video:
    how much it moves, against its contrast, is kept.
    """
    pictures = torch.from_numpy(shrink(video, SIZE))
    contrast = pictures.std().clamp(min=1)  # grey levels; a black video stays black
    return (pictures - pictures.mean(0)) / contrast


def heard(embeddings: np.ndarray) -> Tensor:
    """Embeddings (T, D) -> (T + 10, D) float32 as the network hears them.

    Less their mean, the first and the last repeated for the context of the outer windows.
    """
    centred = torch.from_numpy(embeddings.astype(np.float32))
    centred = centred - centred.mean(0)
    return torch.cat([centred[:1].expand(CONTEXT, -1), centred, centred[-1:].expand(CONTEXT, -1)])


def _over_time(length: int) -> nn.Module:
    """(N, 64, T) -> (N, 48, T - length + 1), each from ``length`` frames."""
    return nn.Sequential(
        nn.Conv1d(WIDTH, WIDTH, 3),
        nn.SiLU(),
        nn.Dropout(DROPOUT),
        nn.Conv1d(WIDTH, DIMENSION, length - 2),
    )
