"""Full-reference scores against scikit-image, and the region they are taken in."""

import h5py
import numpy as np
import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from s2r.evaluation.metrics import paired


def blobs(rng, count=6):
    """Smooth moving discs with a little noise, (count, 64, 64) uint8."""
    y, x = np.mgrid[:64, :64]
    frames = []
    for t in range(count):
        disc = 1 / (1 + np.exp(np.hypot(y - 30 - 2 * t, x - 20 - 3 * t) - 12))
        frames.append(40 + 150 * disc + 4 * rng.standard_normal((64, 64)))
    return np.clip(np.stack(frames), 0, 255).astype(np.uint8)


def test_equal_frames_score_best():
    frames = blobs(np.random.default_rng(0))
    np.testing.assert_allclose(paired.ssim_per_frame(frames, frames), 1, atol=1e-5)
    assert (paired.squared_error(frames, frames) == 0).all()
    assert np.isinf(paired.psnr_per_frame(frames, frames)).all()


@pytest.mark.parametrize("kind", ["uint8", "float"])
def test_ssim_and_psnr_equal_scikit_image(kind):
    rng = np.random.default_rng(1)
    truth, other = blobs(rng), blobs(rng)[::-1].copy()
    if kind == "float":
        other = (other.astype(np.float32) + blobs(rng)) / 2
    for t, value in enumerate(paired.ssim_per_frame(truth, other)):
        expected = structural_similarity(
            truth[t].astype(float),
            other[t].astype(float),
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=255,
        )
        assert value == pytest.approx(expected, abs=1e-5)
    expected = [
        peak_signal_noise_ratio(a.astype(float), b.astype(float), data_range=255)
        for a, b in zip(truth, other, strict=True)
    ]
    np.testing.assert_allclose(paired.psnr_per_frame(truth, other), expected, rtol=1e-5)


def test_masked_scores_look_only_at_the_mask():
    rng = np.random.default_rng(2)
    truth = blobs(rng)
    other = truth.copy()
    other[:, :10] = 255 - other[:, :10]
    mask = np.zeros((64, 64), dtype=bool)
    mask[30:50, 20:40] = True
    assert (paired.squared_error(truth, other, mask) == 0).all()
    np.testing.assert_allclose(paired.ssim_per_frame(truth, other, mask), 1, atol=1e-5)
    assert (paired.squared_error(truth, other, ~mask) > 0).all()
    assert (paired.ssim_per_frame(truth, other, ~mask) < 0.95).all()


def test_squared_error_is_in_units_of_frames_from_minus_one_to_one():
    black, white = np.zeros((2, 64, 64), np.uint8), np.full((2, 64, 64), 255, np.uint8)
    np.testing.assert_allclose(paired.squared_error(black, white), 4.0, rtol=1e-6)


def test_network_units_are_refused():
    frames = blobs(np.random.default_rng(3))
    with pytest.raises(ValueError, match="to_levels"):
        paired.squared_error(frames, frames / 127.5 - 1)
    with pytest.raises(ValueError):
        paired.squared_error(frames, frames[:3])


def test_hdf5_keeps_frames_exactly_and_a_six_grey_gif_does_not(tmp_path):
    """The released evaluation read generated clips through such a file."""
    frames = blobs(np.random.default_rng(5))
    with h5py.File(tmp_path / "clips.h5", "w") as file:
        file["draws"] = frames
    with h5py.File(tmp_path / "clips.h5") as file:
        read = file["draws"][:]
    np.testing.assert_array_equal(read, frames)
    np.testing.assert_allclose(paired.ssim_per_frame(frames, read), 1, atol=1e-5)
    images = [Image.fromarray(f).convert("RGB").convert("P") for f in frames]  # web palette
    images[0].save(tmp_path / "clips.gif", save_all=True, append_images=images[1:])
    with Image.open(tmp_path / "clips.gif") as gif:
        gif.seek(2)
        dithered = np.array(gif.convert("L"))[None]
    assert paired.ssim_per_frame(frames[2:3], dithered)[0] < 0.7
