"""What the mean codes leave of the true ones: its directions, its spectrum, noise of the same kind.

The residuals' principal directions, each scaled to the same deviation, are the data of diffusion.
The network-free draw is noise of this kind alone: a stationary Gaussian with the covariance and,
in every direction, the spectrum over time of the residuals.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from s2r.model.diffusion import SIGMA_DATA
from s2r.model.noise import white_noise

HALF_LENGTH = 12
"""Frames on each side of the filter that gives noise its spectrum."""

SEGMENT = 128
"""Frames of which a spectrum is taken (Welch's method, overlapping by half)."""


class Residual(nn.Module):
    """Between residuals of codes and data of standard deviation ``SIGMA_DATA``."""

    def __init__(self, codes: int):
        """Not fitted: the identity and white noise; see `fit`."""
        super().__init__()
        self.register_buffer("directions", torch.eye(codes))
        self.register_buffer("deviations", torch.ones(codes))
        """(K,) standard deviations of the residuals in the directions, decreasing.

        Those of codes that were added later follow (`s2r.model.extension`)."""
        self.register_buffer(
            "filters", torch.eye(2 * HALF_LENGTH + 1)[HALF_LENGTH].repeat(codes, 1)
        )
        """(K, 2 HALF_LENGTH + 1), symmetric, of unit power."""

    def fit(self, residuals: list[Tensor]) -> None:
        """Fit to residuals (T, K) of recordings, on the CPU."""
        everything = torch.cat(residuals).double()
        values, vectors = torch.linalg.eigh(everything.T @ everything / len(everything))
        self.directions.copy_(vectors.flip(1))
        self.deviations.copy_(values.flip(0).clamp_min(1e-12).sqrt())
        power = sum(_power(self.to_data(residual)) for residual in residuals)
        response = torch.fft.irfft(power.sqrt(), dim=0)
        response = torch.cat([response[-HALF_LENGTH:], response[: HALF_LENGTH + 1]])
        response = response * torch.hann_window(2 * HALF_LENGTH + 3, False)[1:-1, None]
        self.filters.copy_((response / response.square().sum(0).sqrt()).T)

    def to_data(self, residuals: Tensor) -> Tensor:
        """(..., K) residuals of codes -> data."""
        return residuals @ self.directions * (SIGMA_DATA / self.deviations)

    def to_codes(self, data: Tensor) -> Tensor:
        """The inverse of `to_data`."""
        return (data * (self.deviations / SIGMA_DATA)) @ self.directions.T

    def colour(self, white: Tensor) -> Tensor:
        """White noise (B, T + 2 HALF_LENGTH, K) -> noise (B, T, K) of unit variance."""
        filters = self.filters[:, None]
        return F.conv1d(white.transpose(1, 2), filters, groups=len(filters)).transpose(1, 2)

    def noise(self, first: int, count: int, seed: int) -> Tensor:
        """Noise (1, count, K) of the frames from ``first`` on: from the seed and their numbers."""
        start, length = first - HALF_LENGTH, count + 2 * HALF_LENGTH
        white = white_noise((len(self.deviations),), start, length, seed)
        return self.colour(white[None].to(self.filters.device))


def _power(data: Tensor) -> Tensor:
    """Sum of the power spectra (SEGMENT / 2 + 1, K) of a recording's segments."""
    short = max(SEGMENT - len(data), 0)
    padded = F.pad(data, (0, 0, 0, short))
    segments = padded.unfold(0, SEGMENT, SEGMENT // 2)  # S, K, SEGMENT
    # without the zeros at its ends, which are all of the window of two frames
    window = F.pad(torch.hann_window(SEGMENT - short + 2, False)[1:-1], (0, short))
    spectra = torch.fft.rfft(segments * window, dim=-1).abs().square()
    return (spectra / window.square().sum()).sum(0).T * min(len(data), SEGMENT)
