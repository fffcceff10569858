"""Residuals of codes: whitened, and noise that moves over time as they do."""

import math

import pytest
import torch

from s2r.model.diffusion import SIGMA_DATA
from s2r.model.noise import white_noise
from s2r.model.residual import HALF_LENGTH, Residual

CODES, LENGTH = 3, 400
MEMORY = torch.tensor([0.8, 0.5, 0.0])
"""Correlation of successive frames in each of the three directions, strongest first."""
SIZES = torch.tensor([3.0, 1.0, 0.3])


def residuals(recordings: int = 20, length: int = LENGTH) -> list[torch.Tensor]:
    """Autoregressive residuals in directions that are no axes."""
    generator = torch.Generator().manual_seed(0)
    turn = torch.linalg.qr(torch.randn(CODES, CODES, generator=generator))[0]
    found = []
    for _ in range(recordings):
        state = torch.randn(CODES, generator=generator)
        rows = []
        for _ in range(length):
            rows.append(state)
            fresh = torch.randn(CODES, generator=generator)
            state = MEMORY * state + (1 - MEMORY.square()).sqrt() * fresh
        found.append(torch.stack(rows) * SIZES @ turn.T)
    return found


def fit(parts: list[torch.Tensor]) -> Residual:
    """A model of residuals of means without any uncertainty."""
    model = Residual(CODES)
    model.fit(parts, [torch.zeros(len(part)) for part in parts])
    return model


@pytest.fixture(scope="module")
def fitted():
    torch.set_num_threads(1)
    return fit(residuals())


def test_to_data_and_to_codes_are_inverse(fitted):
    codes, uncertainty = torch.randn(4, 7, CODES), torch.rand(4, 7)
    unsure = Residual(CODES)
    unsure.load_state_dict(fitted.state_dict() | {"variance": torch.tensor([0.1, 0.5])})
    for model in (fitted, unsure):
        there, back = model.to_data(codes, uncertainty), model.to_codes(codes, uncertainty)
        torch.testing.assert_close(model.to_codes(there, uncertainty), codes)
        torch.testing.assert_close(model.to_data(back, uncertainty), codes)


def test_data_are_uncorrelated_with_the_deviation_of_diffusion(fitted):
    left = torch.cat(residuals())
    data = fitted.to_data(left, torch.zeros(len(left)))
    covariance = data.T @ data / len(data)
    torch.testing.assert_close(covariance, SIGMA_DATA**2 * torch.eye(CODES), atol=1e-4, rtol=0)
    assert fitted.deviations.tolist() == sorted(fitted.deviations, reverse=True)


def test_noise_has_unit_variance_and_the_residuals_correlation(fitted):
    """rho^k in directions of memory rho; tolerance: four standard errors (Bartlett), 5% for the
    filter's limited length."""
    noise = fitted.noise(0, 20_000, 0)[0]
    for direction, memory in enumerate(MEMORY.tolist()):
        one = noise[:, direction]
        independent = (1 - memory**2) / (1 + memory**2)
        for lag in range(5):
            count = independent * min(len(one), 20 * LENGTH)
            error = 4 * math.sqrt(2 / count)
            measured = (one[lag:] * one[: len(one) - lag]).mean().item()
            filtered = 0 if lag == 0 else 0.05
            assert measured == pytest.approx(memory**lag, abs=error + filtered)
    crossed = noise.T @ noise / len(noise) - torch.diag(noise.square().mean(0))
    assert crossed.abs().max() < 0.05


def test_filters_are_symmetric_and_of_unit_power(fitted):
    torch.testing.assert_close(fitted.filters, fitted.filters.flip(1), atol=1e-5, rtol=0)
    torch.testing.assert_close(fitted.filters.square().sum(1), torch.ones(CODES))
    assert fitted.filters[0, HALF_LENGTH] < fitted.filters[2, HALF_LENGTH]


def test_noise_does_not_depend_on_the_cut(fitted):
    whole = fitted.noise(0, 200, 5)
    for first, count in ((0, 1), (31, 40), (150, 50)):
        part = fitted.noise(first, count, 5)
        torch.testing.assert_close(part, whole[:, first : first + count], atol=1e-5, rtol=0)
    assert not torch.equal(whole, fitted.noise(0, 200, 6))


def test_an_unfitted_residual_has_white_noise():
    assert torch.equal(Residual(2).noise(5, 50, 1)[0], white_noise((2,), 5, 50, 1))


@pytest.mark.parametrize("length", [1, 2, 3, 127, 128])
def test_recordings_of_few_frames_can_be_fitted(length):
    model = fit(residuals(recordings=40, length=length))
    assert model.filters.isfinite().all()
    torch.testing.assert_close(model.filters.square().sum(1), torch.ones(CODES))


def test_short_recordings_give_the_correlation_of_long_ones():
    """Recordings of 60 frames; the fixture's have 400."""
    short = fit(residuals(recordings=130, length=60))
    noise = short.noise(0, 20_000, 0)[0]
    measured = (noise[1:] * noise[:-1]).mean(0)
    torch.testing.assert_close(measured, MEMORY, atol=0.06, rtol=0)


def test_recordings_count_by_their_frames():
    """Many recordings of three frames without any memory are a tenth of all frames."""
    white = torch.randn(300, 3, CODES, generator=torch.Generator().manual_seed(1))
    mixed = fit([*residuals(), *(0.5 * part for part in white)])
    noise = mixed.noise(0, 20_000, 0)[0]
    assert ((noise[1:] * noise[:-1]).mean(0)[0]).item() == pytest.approx(0.8, abs=0.08)


def halves(least: float) -> list[torch.Tensor]:
    """Uncertainties of means of which the network is sure in the first half of each recording."""
    return [torch.full((LENGTH,), 0.5).index_fill(0, torch.arange(LENGTH // 2), least)] * 20


REST, MOVING = slice(0, LENGTH // 2 - 12), slice(LENGTH // 2 + 12, LENGTH)
"""Without the half a second in which the average over time sees both halves."""


def test_residuals_of_uncertain_means_are_larger_by_what_was_measured():
    uncertainties = halves(0.02)
    parts = [part.clone() for part in residuals()]
    for part in parts:
        part[: LENGTH // 2] *= 0.2
    model = Residual(CODES)
    model.fit(parts, uncertainties)
    size = model.size(uncertainties[0])[:, 0]
    assert size[0] / size[-1] == pytest.approx(0.2, rel=0.15)
    assert size.square().mean() == pytest.approx(1, abs=0.01)
    data = torch.stack([model.to_data(*pair) for pair in zip(parts, uncertainties, strict=True)])
    for half in (REST, MOVING):
        assert data[:, half].std() == pytest.approx(SIGMA_DATA, rel=0.15)
    white = torch.full((LENGTH, CODES), SIGMA_DATA)
    drawn = model.to_codes(white, uncertainties[0]).square().sum(1)
    assert drawn[0] < 0.06 * drawn[-1]


def test_residuals_of_certain_means_are_never_without_size():
    uncertainties = halves(0.0)
    white = torch.randn(20, LENGTH, CODES, generator=torch.Generator().manual_seed(0))
    parts = list(white * (torch.stack(uncertainties) > 0)[..., None])
    model = Residual(CODES)
    model.fit(parts, uncertainties)
    # of the mean that the fit expects, which is less than the mean of the few large ones
    assert 0.01 < model.size(torch.zeros(50)).square().min() < 0.015
    assert model.to_data(parts[0], uncertainties[0]).isfinite().all()


def test_where_nothing_is_left_all_sizes_are_one():
    model = fit([torch.zeros(20, CODES)])
    assert torch.equal(model.size(torch.rand(5)), torch.ones(5, 1))
