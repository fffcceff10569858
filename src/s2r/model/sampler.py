"""Samplers: plain functions of a denoiser, a starting noise and a list of sigmas.

``denoise(x, sigma)`` maps x of any shape and a float sigma to the estimate of the clean x.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import asdict

import torch
from torch import Tensor

from s2r.config.errors import read_block
from s2r.config.model_blocks import SamplerConfig

Denoise = Callable[[Tensor, float], Tensor]


def resampled(
    config: SamplerConfig, steps: int | None, guidance_scale: float | None
) -> SamplerConfig:
    """``config`` with other noise levels or another guidance scale; None leaves its own.

    Raises UserError for one that the configuration would not accept.
    """
    changes = {"steps": steps, "guidance_scale": guidance_scale}
    given = {key: value for key, value in changes.items() if value is not None}
    return read_block(SamplerConfig, asdict(config) | given)


def noise_levels(config: SamplerConfig) -> list[float]:
    """The decreasing sigmas of ``config``, ending with 0."""
    low, high, steps = config.sigma_min, config.sigma_max, config.steps
    fractions = [i / max(steps - 1, 1) for i in range(steps)]
    if config.spacing == "log":
        levels = [high * (low / high) ** fraction for fraction in fractions]
    else:  # EDM, eq. 5
        rho = 7
        top, bottom = high ** (1 / rho), low ** (1 / rho)
        levels = [(top + fraction * (bottom - top)) ** rho for fraction in fractions]
    return [*levels, 0.0]


def dpm_solver(denoise: Denoise, x: Tensor, sigmas: list[float]) -> Tensor:
    """DPM-Solver++(2M), second order, one call per step (Lu et al. 2022, algorithm 2)."""
    previous = None
    for step, (sigma, following) in enumerate(itertools.pairwise(sigmas)):
        denoised = denoise(x, sigma)
        if following == 0:
            return denoised
        estimate = denoised
        if previous is not None:
            ratio = math.log(sigmas[step - 1] / sigma) / math.log(sigma / following)
            estimate = denoised + (denoised - previous) / (2 * ratio)
        x = following / sigma * x + (1 - following / sigma) * estimate
        previous = denoised
    return x


def heun(denoise: Denoise, x: Tensor, sigmas: list[float]) -> Tensor:
    """Heun's second-order method, two calls per step, one in the last (EDM, algorithm 1)."""
    for sigma, following in itertools.pairwise(sigmas):
        x = heun_step(denoise, x, sigma, following)
    return x


def heun_step(denoise: Denoise, x: Tensor, sigma: float, following: float) -> Tensor:
    """One step of Heun's method from noise level ``sigma`` to ``following``."""
    slope = (x - denoise(x, sigma)) / sigma
    proposed = x + (following - sigma) * slope
    if following == 0:
        return proposed
    next_slope = (proposed - denoise(proposed, following)) / following
    return x + (following - sigma) * (slope + next_slope) / 2


def stochastic_heun(
    denoise: Denoise,
    x: Tensor,
    sigmas: list[float],
    fresh_noise: Callable[[], Tensor],
    churn: float,
    churn_from: float = 0.05,
    churn_to: float = 50.0,
    noise_scale: float = 1.003,
) -> Tensor:
    """Heun's method with noise added before each step (EDM, algorithm 2).

    ``fresh_noise()`` gives standard normal noise of the shape of ``x``. The paper's model is
    sampled in this way with ``churn`` 80 and 10 steps.
    """
    largest_gamma = math.sqrt(2) - 1
    for sigma, following in itertools.pairwise(sigmas):
        gamma = (
            min(churn / (len(sigmas) - 1), largest_gamma)
            if churn_from <= sigma <= churn_to
            else 0.0
        )
        raised_sigma = sigma * (1 + gamma)
        if gamma:
            x = x + math.sqrt(raised_sigma**2 - sigma**2) * noise_scale * fresh_noise()
        x = heun_step(denoise, x, raised_sigma, following)
    return x


def guided(
    with_speech: Denoise, without_speech: Denoise, scale: float, interval: tuple[float, float]
) -> Denoise:
    """Classifier-free guidance (Ho & Salimans 2022) at the noise levels in ``interval``."""

    def denoise(x: Tensor, sigma: float) -> Tensor:
        conditioned = with_speech(x, sigma)
        if scale == 1 or not interval[0] <= sigma <= interval[1]:
            return conditioned
        return torch.lerp(without_speech(x, sigma), conditioned, scale)

    return denoise


def sample(denoise: Denoise, fresh_noise: Callable[[], Tensor], config: SamplerConfig) -> Tensor:
    """Draw clean data with the solver of ``config``; ``fresh_noise()`` is standard normal."""
    sigmas = noise_levels(config)
    x = sigmas[0] * fresh_noise()
    if config.solver == "dpm_solver":
        return dpm_solver(denoise, x, sigmas)
    if config.solver == "heun":
        return heun(denoise, x, sigmas)
    return stochastic_heun(denoise, x, sigmas, fresh_noise, config.churn)
