"""Fine spatial power and motion at window boundaries, on noise, blur, stalls and jumps."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from s2r.evaluation.metrics import texture


def test_white_noise_has_the_power_of_its_share_of_frequencies():
    rng = np.random.default_rng(0)
    noise = 100 + 12.75 * rng.standard_normal((50, 64, 64))  # standard deviation 0.1
    rows, columns = np.meshgrid(np.fft.fftfreq(64), np.fft.fftfreq(64))
    share = np.mean(np.hypot(rows, columns) > 0.25)
    assert texture.high_frequency_power(noise).mean() == pytest.approx(0.01 * share, rel=0.02)


def test_slow_waves_and_edges_do_not_count_and_fast_waves_do():
    y, x = np.mgrid[:64, :64]
    slow = 127 + 100 * np.cos(2 * np.pi * 0.1 * x)
    fast = 127 + 100 * np.cos(2 * np.pi * 0.4 * y)
    ramp = 2.0 * x  # opposite edges differ: what a plain transform would call fine
    power = texture.high_frequency_power(np.stack([slow, fast, ramp]))
    assert power[1] == pytest.approx((100 / 127.5) ** 2 / 2, rel=0.01)
    assert power[0] < 1e-4 * power[1] and power[2] < 1e-4 * power[1]


def test_blur_lowers_and_grain_raises_the_ratio():
    rng = np.random.default_rng(1)
    truth = gaussian_filter(rng.uniform(0, 255, (10, 64, 64)), (0, 0.7, 0.7))
    assert texture.high_frequency_ratio(truth, truth) == 1
    assert texture.high_frequency_ratio(truth, gaussian_filter(truth, (0, 1, 1))) < 0.5
    grainy = truth + 20 * rng.standard_normal(truth.shape)
    assert texture.high_frequency_ratio(truth, grainy) > 1.2


def test_motion_energy_is_the_mean_squared_change():
    frames = np.zeros((3, 8, 8), dtype=np.uint8)
    frames[1:, 0, 0] = 255
    mask = np.zeros((8, 8), dtype=bool)
    mask[0, :2] = True
    np.testing.assert_allclose(texture.motion_energy(frames), [4 / 64, 0], rtol=1e-6)
    np.testing.assert_allclose(texture.motion_energy(frames, mask), [2, 0], rtol=1e-6)


def moving(steps):
    """A fixed pattern whose brightness takes the given steps: motion energy = steps^2."""
    pattern = np.random.default_rng(2).uniform(-1, 1, (16, 16))
    return 127.5 + 10 * np.concatenate([[0], np.cumsum(steps)])[:, None, None] * pattern


def rollouts(at_boundaries, rng):
    """Three rollouts of one uneven movement with their window boundaries, at different times."""
    steps = rng.uniform(0.2, 2, 99)
    window_starts = np.zeros((3, 100), dtype=bool)
    for draw, first in enumerate((4, 7, 10)):
        window_starts[draw, first::9] = True
    return np.stack(
        [moving(np.where(own[1:], at_boundaries, 1) * steps) for own in window_starts]
    ), window_starts


def test_seam_ratio_finds_stalls_and_jumps_and_is_one_without_them():
    rng = np.random.default_rng(3)
    for factor, expected in ((1, 1), (0.5, 0.25), (2, 4)):
        draws, window_starts = rollouts(factor, rng)
        assert texture.seam_ratio(draws, window_starts) == pytest.approx(expected, rel=1e-5)


def test_seam_ratio_of_what_moves_only_at_the_instants_of_the_window_boundaries_is_one():
    """Speech that happens to move there must not look like a jump."""
    _, window_starts = rollouts(1, np.random.default_rng(3))
    steps = np.where(window_starts.any(0)[1:], 3.0, 0.1)
    assert texture.seam_ratio(np.stack([moving(steps)] * 3), window_starts) == pytest.approx(1)


def test_seam_ratio_needs_draws_that_differ_in_their_window_boundaries():
    draws, window_starts = rollouts(1, np.random.default_rng(3))
    assert np.isnan(texture.seam_ratio(draws[:1], window_starts[:1]))
    assert np.isnan(texture.seam_ratio(draws, np.zeros_like(window_starts)))
    assert np.isnan(texture.seam_ratio(draws, np.repeat(window_starts[:1], 3, axis=0)))
    assert np.isnan(texture.seam_ratio(np.zeros_like(draws), window_starts))


def test_motion_ratio_is_one_for_the_truth_four_for_twice_the_speed_and_none_for_a_still():
    steps = np.random.default_rng(4).uniform(0.2, 2, 30)
    truth = moving(steps)
    assert texture.motion_ratio(truth, truth) == 1
    assert texture.motion_ratio(truth, moving(2 * steps)) == pytest.approx(4)
    assert texture.motion_ratio(truth, np.repeat(truth[:1], 31, axis=0)) == 0
