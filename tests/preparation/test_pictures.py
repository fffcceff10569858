"""Pictures of any size, rate and range brought to those of the networks."""

from fractions import Fraction

import numpy as np
import pytest

from s2r.core.errors import UserError
from s2r.preparation.pictures import (
    intensity_range,
    percentile,
    retime,
    scale_levels,
    shrink,
)

USC_RATE = Fraction(1_000_000, 12_008)
RNG = np.random.default_rng(0)


def test_shrink_takes_exact_area_averages():
    video = RNG.integers(0, 256, (3, 84, 84), dtype=np.uint8)
    small = shrink(video, 64)
    assert small.shape == (3, 64, 64)
    assert small.dtype == np.float32
    # The same by brute force: 84 = 21 * 4 and 64 = 16 * 4, so 16 fine pixels a source pixel and
    # 21 a new one make both grids exact.
    fine = video.repeat(16, axis=1).repeat(16, axis=2).reshape(3, 64, 21, 64, 21)
    np.testing.assert_allclose(small, fine.mean(axis=(2, 4)), rtol=1e-5)
    np.testing.assert_array_equal(shrink(video[:, :64, :64], 64), video[:, :64, :64])
    assert shrink(np.full((1, 30, 30), 7.0), 64) == pytest.approx(7)


@pytest.mark.parametrize("shape", [(84, 84), (204, 204), (90, 60), (61, 90), (75, 70), (30, 33)])
def test_shrink_equals_weights_worked_out_pixel_by_pixel(shape):
    """Sizes whose weights repeat, sizes whose weights do not, and a cut by half a pixel."""
    video = RNG.integers(0, 256, (2, *shape), dtype=np.uint8)
    side, size = min(shape), 40

    def weights(length):
        # The mean over a new pixel, by sampling it at every 1/200 of its side.
        places = (length - side) / 2 + side / size * (np.arange(size * 200) + 0.5) / 200
        return np.eye(length)[places.astype(int)].reshape(size, 200, length).mean(axis=1)

    expected = weights(shape[0]) @ video @ weights(shape[1]).T
    np.testing.assert_allclose(shrink(video, size), expected, atol=1)


@pytest.mark.parametrize("percent", [0, 0.5, 3.7, 50, 99.5, 100])
def test_percentiles_are_those_of_numpy(percent):
    for values in (
        RNG.normal(100, 40, (30, 64, 64)).astype(np.float32),
        RNG.integers(0, 9, (40, 32, 32), dtype=np.uint8),
        np.repeat(np.arange(5.0), 7000),
        np.sort(RNG.normal(size=50_000)),
        np.arange(10.0),
        np.array([3.0]),
    ):
        assert percentile(values, percent) == pytest.approx(
            np.percentile(values, percent), rel=1e-6
        )
    assert np.isnan(percentile(np.array([1.0, np.nan, 3.0] * 5000), percent))


def test_shrink_cuts_to_the_central_square():
    video = RNG.integers(0, 256, (2, 64, 100), dtype=np.uint8)
    np.testing.assert_array_equal(shrink(video, 64), video[:, :, 18:82])
    np.testing.assert_array_equal(shrink(video.swapaxes(1, 2), 64), video.swapaxes(1, 2)[:, 18:82])


def test_retime_interpolates_between_frame_centres():
    # Frame i at 10 Hz is centred at 0.1 i + 0.05 s, and shows its own time in seconds.
    video = (0.1 * np.arange(20) + 0.05).reshape(-1, 1, 1)
    frames = retime(video, 10)
    assert len(frames) == 100
    centres = 0.02 * np.arange(100) + 0.01
    np.testing.assert_allclose(frames.ravel(), np.clip(centres, 0.05, 1.95), atol=1e-6)
    shifted = retime(video, 10, offset=0.5, count=10).ravel()
    np.testing.assert_allclose(shifted, centres[25:35], atol=1e-6)
    nearest = retime(video, 10, interpolation="nearest").ravel()
    assert set(nearest) == set(video.ravel().astype(np.float32))
    assert abs(nearest - centres).max() <= 0.05
    with pytest.raises(UserError, match=r"frames.interpolation: 'cubic' is not linear or nearest"):
        retime(video, 10, interpolation="cubic")


@pytest.mark.parametrize(
    ("frames", "rate", "offset", "count"),
    [
        (50, 50, 0.0, 50),
        (2490, USC_RATE, 0.0, 1494),
        (100, 100, 0.1, 45),
        (36, Fraction(1159, 50), 0.0, 77),
    ],
)
def test_only_whole_frames_are_kept(frames, rate, offset, count):
    assert len(retime(np.zeros((frames, 2, 2)), rate, offset=offset)) == count


def test_size_and_rate_can_be_chosen():
    video = RNG.integers(0, 256, (30, 84, 84), dtype=np.uint8)
    assert retime(shrink(video, 32), 30, rate=25).shape == (25, 32, 32)


def test_grey_levels():
    frames = np.linspace(10, 110, 1001)
    low, high = intensity_range(frames, (1, 99))
    assert (low, high) == pytest.approx((11, 109))
    mapped = scale_levels(np.array([0, 11, 60, 109, 500]), low, high)
    assert mapped.tolist() == [0, 0, 128, 255, 255]
    with pytest.raises(UserError, match="never changes"):
        intensity_range(np.full(100, 3.0), (1, 99))
