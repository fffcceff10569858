"""Preconditioned denoising and its loss (Karras et al. 2022, "EDM"), with sigma per frame."""

from collections.abc import Callable

import torch
from torch import Tensor

SIGMA_DATA = 0.5
"""Standard deviation that the data are scaled to."""

SIGMA_GIVEN = 0.002
"""Noise level of a frame that is given clean; zero would make ``log(sigma)`` infinite."""


def coefficients(sigma: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """c_skip, c_out, c_in and c_noise for ``sigma`` of any shape (EDM, table 1)."""
    variance = sigma**2 + SIGMA_DATA**2
    c_skip = SIGMA_DATA**2 / variance
    c_out = sigma * SIGMA_DATA / variance.sqrt()
    return c_skip, c_out, variance.rsqrt(), sigma.log() / 4


def precondition(network: Callable, noisy: Tensor, sigma: Tensor, *conditions) -> Tensor:
    """The denoiser D(x; sigma) = c_skip x + c_out F(c_in x; c_noise) (EDM, eq. 7).

    Args:
        network: F(video, noise, *conditions), see `s2r.model.denoiser.Denoiser`.
        noisy: (B, T, 1, H, W), clean data of standard deviation ``SIGMA_DATA`` plus noise.
        sigma: (B, T), positive.
        conditions: passed on to the network.

    Returns:
        (B, T, 1, H, W), the estimate of the clean data, float32.
    """
    c_skip, c_out, c_in, c_noise = (
        coefficient[..., None, None, None] for coefficient in coefficients(sigma)
    )
    raw = network(c_in * noisy, c_noise[..., 0, 0, 0], *conditions)
    return c_skip * noisy + c_out * raw.float()


def frame_losses(denoised: Tensor, clean: Tensor, sigma: Tensor) -> Tensor:
    """Weighted squared error of every frame, (B, T) (EDM, eq. 8 with lambda = 1 / c_out^2).

    For an untrained network (F = 0) and data of standard deviation ``SIGMA_DATA`` the expected
    value is 1 at every noise level.
    """
    weight = 1 / coefficients(sigma)[1] ** 2
    return weight * (denoised - clean).square().mean(dim=(2, 3, 4))


def correlate_in_time(noise: Tensor, correlation: float, before: Tensor | None = None) -> Tensor:
    """Make white noise (B, T, 1, H, W) correlate between successive frames, at unit variance.

    n_t = a n_(t-1) + sqrt(1 - a^2) z_t with a = ``correlation`` (the progressive noise of Ge et
    al. 2023, arXiv:2305.10474). Denoiser and samplers stay exact for any covariance of the noise;
    noise that an imperfect denoiser leaves then drifts instead of flickering. ``before``
    (B, 1, H, W) is the noise of the frame before the first.
    """
    if not correlation:
        return noise
    fresh_weight = (1 - correlation**2) ** 0.5
    frames = []
    for white in noise.unbind(1):
        before = white if before is None else correlation * before + fresh_weight * white
        frames.append(before)
    return torch.stack(frames, 1)


def draw_sigmas(
    count: int, mean: float, spread: float, generator: torch.Generator | None = None
) -> Tensor:
    """``count`` noise levels with log(sigma) ~ N(mean, spread^2), stratified over the batch.

    Stratification (one draw from each of ``count`` equal slices of probability) lowers the
    variance of the gradient; the distribution stays the same.
    """
    slices = torch.randperm(count, generator=generator).double()
    quantiles = (slices + torch.rand(count, generator=generator, dtype=torch.float64)) / count
    normal = torch.special.ndtri(quantiles.clamp(1e-6, 1 - 1e-6))
    return (mean + spread * normal).exp().float()
