"""What the mean codes leave of the true ones: its directions, its spectrum, noise of the same kind.

The residuals' principal directions, each scaled to the same deviation, are the data of diffusion.
Residuals are small where the network of the mean is sure and large where it is not; so they are
taken relative to the size that its uncertainty (`s2r.model.utterance_sampling`) lets expect. The
network-free draw is noise of this kind alone: Gaussian, of that size, with the covariance and, in
every direction, the spectrum over time of the relative residuals.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from s2r.model.diffusion import SIGMA_DATA
from s2r.model.noise import white_noise

HALF_LENGTH = 12
"""Frames on each side of the filter that gives noise its spectrum."""

WEIGHTINGS = 10
"""Rounds in which the errors of the variance are weighed by the variance of the last round."""

AROUND = 4
"""Frames on each side over which squares are averaged."""

LEAST_VARIANCE = 0.01
"""Of residuals without any uncertainty, as a share of the mean over all frames."""

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
        self.register_buffer("variance", torch.tensor([1.0, 0.0]))
        """What the variance of a frame's residual is the sum of: a constant, and so many times the
        uncertainty of the mean. Its mean over the frames of training is 1."""

    def fit(self, residuals: list[Tensor], uncertainties: list[Tensor]) -> None:
        """Fit to residuals (T, K) of mean codes of these uncertainties (T,), on the CPU.

        One of each a recording.
        """
        self.variance.copy_(_variance(residuals, uncertainties))
        pairs = zip(residuals, uncertainties, strict=True)
        relative = [left / self.size(uncertainty) for left, uncertainty in pairs]
        everything = torch.cat(relative).double()
        values, vectors = torch.linalg.eigh(everything.T @ everything / len(everything))
        self.directions.copy_(vectors.flip(1))
        self.deviations.copy_(values.flip(0).clamp_min(1e-12).sqrt())
        power = sum(_power(self._directed(residual)) for residual in relative)
        response = torch.fft.irfft(power.sqrt(), dim=0)
        response = torch.cat([response[-HALF_LENGTH:], response[: HALF_LENGTH + 1]])
        response = response * torch.hann_window(2 * HALF_LENGTH + 3, False)[1:-1, None]
        self.filters.copy_((response / response.square().sum(0).sqrt()).T)

    def size(self, uncertainty: Tensor) -> Tensor:
        """How large residuals of this uncertainty (..., T) are, beside the others: (..., T, 1)."""
        constant, share = self.variance
        return (constant + share * uncertainty).sqrt()[..., None]

    def to_data(self, residuals: Tensor, uncertainty: Tensor) -> Tensor:
        """Residuals (..., T, K) of mean codes of an uncertainty (..., T) -> data."""
        return self._directed(residuals / self.size(uncertainty))

    def to_codes(self, data: Tensor, uncertainty: Tensor) -> Tensor:
        """The inverse of `to_data`."""
        scaled = data * (self.deviations / SIGMA_DATA)
        return self.size(uncertainty) * (scaled @ self.directions.T)

    def colour(self, white: Tensor) -> Tensor:
        """White noise (B, T + 2 HALF_LENGTH, K) -> noise (B, T, K) of unit variance."""
        filters = self.filters[:, None]
        return F.conv1d(white.transpose(1, 2), filters, groups=len(filters)).transpose(1, 2)

    def noise(self, first: int, count: int, seed: int) -> Tensor:
        """Noise (1, count, K) of the frames from ``first`` on: from the seed and their numbers."""
        start, length = first - HALF_LENGTH, count + 2 * HALF_LENGTH
        white = white_noise((len(self.deviations),), start, length, seed)
        return self.colour(white[None].to(self.filters.device))

    def _directed(self, relative: Tensor) -> Tensor:
        return relative @ self.directions * (SIGMA_DATA / self.deviations)


def averaged_around(course: Tensor) -> Tensor:
    """The mean over ``AROUND`` frames on each side of every frame, (..., T)."""
    flat = course.reshape(-1, 1, course.shape[-1])
    mean = F.avg_pool1d(flat, 2 * AROUND + 1, 1, AROUND, count_include_pad=False)
    return mean.reshape(course.shape)


def _variance(residuals: list[Tensor], uncertainties: list[Tensor]) -> Tensor:
    """`Residual.variance`: least squares of relative errors, by repeated weighting."""
    # 0.3 s to load, for trainings only
    from scipy.optimize import nnls

    true = torch.cat([averaged_around(left.square().sum(-1)) for left in residuals])
    features = torch.cat(uncertainties).double()
    features = torch.stack([torch.ones_like(features), features], -1).numpy()
    true = true.double().numpy()
    least = LEAST_VARIANCE * true.mean()
    if not least:  # nothing is left
        return torch.tensor([1.0, 0.0])
    expected = np.full_like(true, true.mean())
    for _ in range(WEIGHTINGS):
        terms, _ = nnls(features / expected[:, None], true / expected)
        terms[0] = max(terms[0], least)
        expected = features @ terms
    return torch.from_numpy(terms / expected.mean()).float()


def _power(data: Tensor) -> Tensor:
    """Sum of the power spectra (SEGMENT / 2 + 1, K) of a recording's segments."""
    short = max(SEGMENT - len(data), 0)
    padded = F.pad(data, (0, 0, 0, short))
    segments = padded.unfold(0, SEGMENT, SEGMENT // 2)  # S, K, SEGMENT
    # without the zeros at its ends, which are all of the window of two frames
    window = F.pad(torch.hann_window(SEGMENT - short + 2, False)[1:-1], (0, short))
    spectra = torch.fft.rfft(segments * window, dim=-1).abs().square()
    return (spectra / window.square().sum()).sum(0).T * min(len(data), SEGMENT)
