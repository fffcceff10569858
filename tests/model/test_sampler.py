"""Samplers against the exact denoiser of Gaussian data."""

import math

import pytest
import torch

from s2r.config.model_blocks import SamplerConfig
from s2r.model.sampler import dpm_solver, guided, heun, noise_levels, sample, stochastic_heun

SPREAD = 0.3


def exact_denoiser(x, sigma):
    """E[data | data + sigma noise = x] for data ~ N(0, SPREAD^2)."""
    return x * SPREAD**2 / (SPREAD**2 + sigma**2)


def exact_end(sigma_max):
    """What the probability-flow ODE makes of a start of 1 at ``sigma_max``."""
    return SPREAD / math.sqrt(SPREAD**2 + sigma_max**2)


@pytest.mark.parametrize("solver", [dpm_solver, heun])
def test_solvers_converge_at_second_order(solver):
    errors = []
    for steps in (32, 64, 128):
        config = SamplerConfig(steps=steps, sigma_min=1e-4, sigma_max=20.0)
        end = solver(exact_denoiser, torch.ones(1, dtype=torch.float64), noise_levels(config))
        errors.append(abs(end.item() / exact_end(20.0) - 1))
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.25)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.25)
    assert errors[2] < 2e-3


def test_twelve_log_spaced_levels_return_the_right_spread():
    noise = torch.Generator().manual_seed(0)
    config = SamplerConfig(steps=12, sigma_min=0.02, sigma_max=20.0)
    drawn = sample(exact_denoiser, lambda: torch.randn(200_000, generator=noise), config)
    assert drawn.std().item() == pytest.approx(SPREAD, rel=0.06)


def test_stochastic_heun_with_many_steps_returns_the_right_spread():
    noise = torch.Generator().manual_seed(0)

    def fresh():
        return torch.randn(50_000, generator=noise, dtype=torch.float64)

    sigmas = noise_levels(SamplerConfig(steps=200, sigma_min=0.002, sigma_max=20.0))
    drawn = stochastic_heun(exact_denoiser, 20.0 * fresh(), sigmas, fresh, churn=40.0)
    assert drawn.std().item() == pytest.approx(SPREAD, rel=0.03)


def test_the_papers_sampler_exaggerates_even_with_an_exact_denoiser():
    """10 steps from sigma 80, churn 80: about 1.45 times the true standard deviation at 0.29."""
    noise = torch.Generator().manual_seed(0)
    config = SamplerConfig(
        solver="stochastic_heun", steps=10, sigma_min=0.002, sigma_max=80.0, spacing="karras",
        churn=80.0,
    )  # fmt: skip
    drawn = sample(exact_denoiser, lambda: torch.randn(100_000, generator=noise), config)
    assert drawn.std().item() / SPREAD == pytest.approx(1.45, abs=0.05)


@pytest.mark.parametrize("spacing", ["log", "karras"])
def test_noise_levels_fall_from_the_largest_to_zero(spacing):
    levels = noise_levels(SamplerConfig(steps=7, sigma_min=0.01, sigma_max=5.0, spacing=spacing))
    assert levels[0] == pytest.approx(5.0)
    assert levels[-2] == pytest.approx(0.01)
    assert levels[-1] == 0
    assert levels == sorted(levels, reverse=True)


def test_guidance_extrapolates_inside_its_interval_only():
    def denoise(value):
        return lambda x, sigma: torch.full_like(x, value)

    both = guided(denoise(2.0), denoise(1.0), 3.0, (0.1, 1.0))
    assert both(torch.zeros(1), 0.5).item() == 4.0
    assert both(torch.zeros(1), 5.0).item() == 2.0
    assert both(torch.zeros(1), 0.05).item() == 2.0
