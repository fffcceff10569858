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
