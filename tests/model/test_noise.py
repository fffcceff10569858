"""Noise of generated pictures: level, spectrum, steadiness, and no trace of a cut."""

import math

import pytest
import torch

from s2r.model.noise import BLOCK, NoiseModel, fit_noise, fresh_noise, white_noise

HEIGHT, WIDTH, MANY = 24, 20, 3000
LEVEL = torch.linspace(0.02, 0.2, HEIGHT * WIDTH).view(1, 1, HEIGHT, WIDTH)


def smooth_spectrum() -> torch.Tensor:
    """Amplitudes (H, W // 2 + 1) of noise smoothed in space, with unit variance."""
    down = torch.fft.fftfreq(HEIGHT)[:, None]
    across = torch.fft.fftfreq(WIDTH)[None]
    whole = torch.exp(-8 * (down.square() + across.square()))
    whole /= whole.square().mean().sqrt()
    return whole[:, : WIDTH // 2 + 1]


def model(correlation: float) -> NoiseModel:
    return NoiseModel(LEVEL, smooth_spectrum(), torch.tensor(correlation))


def fitted_in_place(residuals: list[torch.Tensor]) -> NoiseModel:
    """Of recordings that lie as the template does."""
    placed = [lambda picture: picture] * len(residuals)
    return fit_noise(residuals, placed, placed)


def lag_one(noise: torch.Tensor) -> float:
    return ((noise[1:] * noise[:-1]).mean() / noise.square().mean()).item()


@pytest.mark.parametrize("correlation", [0.0, 0.2, 0.45, 0.9])
def test_noise_has_unit_variance_and_the_correlation_asked(correlation):
    noise = fresh_noise(model(correlation), 0, MANY, 0)
    assert noise.shape == (MANY, 1, HEIGHT, WIDTH)
    # about 100 independent places a frame: 0.005 is three standard errors of white noise
    assert noise.square().mean().item() == pytest.approx(1, abs=0.01)
    assert lag_one(noise) == pytest.approx(correlation, abs=0.005)
    for frames in (2, 3, 10):
        together = (noise[frames:] * noise[:-frames]).mean().item()
        assert together == pytest.approx(correlation**frames, abs=0.01)


def test_every_place_has_unit_variance():
    variance = fresh_noise(model(0.2), 0, MANY, 0).square().mean(0)
    error = math.sqrt(2 * (1 + 2 * 0.2**2) / MANY)
    assert (variance - 1).abs().max() < 5 * error


def test_noise_has_the_spectrum_asked():
    noise = fresh_noise(model(0.2), 0, MANY, 0)[:, 0]
    power = torch.fft.rfft2(noise, norm="ortho").abs().square().mean(0)
    torch.testing.assert_close(power, smooth_spectrum().square(), atol=0.01, rtol=0.15)


def test_noise_as_steady_as_of_a_sliding_window_is_found_again():
    noise = [LEVEL * fresh_noise(model(0.88), 0, 2000, seed) for seed in range(2)]
    assert fitted_in_place(noise).steadiness.item() == pytest.approx(0.88, abs=0.01)


@pytest.mark.parametrize("lengths", [(700, 900), (400, 1, 600)])
def test_level_spectrum_and_correlation_are_found_again(lengths):
    """Recordings count the same; one of a single frame says nothing of the correlation."""
    noise = [LEVEL * fresh_noise(model(0.3), 0, n, seed) for seed, n in enumerate(lengths)]
    fitted = fitted_in_place(noise)
    single = lengths.count(1)
    torch.testing.assert_close(fitted.level, LEVEL, atol=0, rtol=0.25 if single else 0.15)
    assert fitted.steadiness.item() == pytest.approx(0.3, abs=0.01)
    tolerance = 0.2 if not single else 1.5
    torch.testing.assert_close(fitted.spectrum, smooth_spectrum(), atol=0.02, rtol=tolerance)
    again = fresh_noise(fitted, 0, 1000, 7)
    assert again.square().mean().item() == pytest.approx(1, abs=0.02)


def test_recordings_of_one_frame_have_noise_without_correlation():
    noise = [LEVEL * fresh_noise(model(0.3), 0, 1, seed) for seed in range(20)]
    assert fitted_in_place(noise).steadiness == 0


@pytest.mark.parametrize(("first", "count"), [(0, 5), (BLOCK - 1, 2), (37, 3 * BLOCK), (-40, 60)])
@pytest.mark.parametrize("correlation", [0.4, 0.9])
def test_a_frames_noise_does_not_depend_on_where_a_stretch_begins(first, count, correlation):
    whole = fresh_noise(model(correlation), -100, 300, 3)
    part = fresh_noise(model(correlation), first, count, 3)
    torch.testing.assert_close(part, whole[first + 100 :][:count], atol=1e-6, rtol=0)


def test_white_noise_differs_by_seed_and_by_block():
    noise = white_noise((50,), 0, 4 * BLOCK, 0)
    assert noise.std().item() == pytest.approx(1, abs=0.03)
    assert len({row[0].item() for row in noise}) == 4 * BLOCK
    assert not torch.equal(noise, white_noise((50,), 0, 4 * BLOCK, 1))


def test_the_level_of_noise_leaves_out_slow_movements():
    """Noise of level 0.1 everywhere; the lower half moves slowly by three times as much."""
    generator = torch.Generator().manual_seed(3)
    noise = 0.1 * torch.randn(400, 1, 16, 16, generator=generator)
    slow = 0.3 * torch.sin(torch.arange(400) / 15)[:, None, None, None]
    moving = noise.clone()
    moving[:, :, 8:] += slow
    level = fitted_in_place([moving]).level
    assert level.shape == (1, 1, 16, 16)
    assert moving[:, :, 8:].std() > 0.2
    torch.testing.assert_close(level.mean((0, 1, 3)), torch.full((16,), 0.1), atol=0.005, rtol=0)


def test_pictures_without_noise_have_a_noise_model():
    """One still frame: its level is zero, and so is what is drawn."""
    still = [torch.zeros(1, 1, 8, 8)]
    model = fitted_in_place(still)
    drawn = model.level * fresh_noise(model, 0, 3, 0)
    assert model.spectrum.isfinite().all()
    assert not drawn.any()


def test_noise_is_not_smoothed_on_its_way_to_the_template():
    """Recordings lie half a pixel beside the template: linear interpolation halves white noise."""
    generator = torch.Generator().manual_seed(4)
    noise = [0.1 * torch.randn(300, 1, 16, 16, generator=generator) for _ in range(3)]

    def shifted(picture: torch.Tensor) -> torch.Tensor:
        return (picture + picture.roll(1, -1)) / 2

    fitted = fit_noise(noise, [shifted] * 3, [shifted] * 3)
    assert fitted.level.mean().item() == pytest.approx(0.1, rel=0.01)
    assert (fitted.spectrum - 1).abs().max() < 0.15
    assert shifted(noise[0]).std() < 0.075
