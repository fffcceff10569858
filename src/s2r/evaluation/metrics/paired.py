"""Full-reference scores: each frame against the true frame of the same instant.

Frames are (T, H, W) in grey levels 0..255: uint8, or float where several draws were averaged.
All scores are one value per frame; where a mask (H, W) is given, in that region only.
"""

from functools import lru_cache

import numpy as np

from s2r.core.units import HALF_RANGE

LEVELS = 255.0
SSIM_SIGMA = 1.5
SSIM_RADIUS = 5
BLOCK = 16
"""Frames worked on at a time, so that they stay in the cache."""


def ssim_per_frame(
    truth: np.ndarray, other: np.ndarray, mask: np.ndarray | None = None
) -> np.ndarray:
    """Structural similarity (Wang et al. 2004, Gaussian window of 1.5 pixels), (T,), 1 if equal.

    Equal to ``skimage.metrics.structural_similarity(gaussian_weights=True, sigma=1.5,
    use_sample_covariance=False, data_range=255)`` of each frame: the mean over the frame
    without its 5-pixel border, or over ``mask``.
    """
    similarity = ssim_map(truth, other)
    if mask is not None:
        return similarity[:, mask].mean(1, dtype=np.float64)
    inside = slice(SSIM_RADIUS, -SSIM_RADIUS)
    return similarity[:, inside, inside].mean((1, 2), dtype=np.float64)


def ssim_map(truth: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Structural similarity around every pixel, (T, H, W) float32.

    The window is applied as two matrix products over all frames together, which for small
    frames is several times as fast as filtering; the values agree to 1e-5.
    """
    truth, other = _checked(truth, other)
    output = np.empty(truth.shape, np.float32)
    for start in range(0, len(truth), BLOCK):
        part = slice(start, start + BLOCK)
        output[part] = _ssim(truth[part], other[part])
    return output


def _ssim(truth: np.ndarray, other: np.ndarray) -> np.ndarray:
    count, height, width = truth.shape
    # deviations from mid-grey keep single precision enough for the variances
    x, y = (frames.astype(np.float32) - LEVELS / 2 for frames in (truth, other))
    stack = np.stack([x, y, x * x, y * y, x * y])
    stack = stack.reshape(-1, width) @ _gaussian_matrix(width).T
    stack = stack.reshape(-1, height, width).swapaxes(1, 2).reshape(-1, height)
    stack = (stack @ _gaussian_matrix(height).T).reshape(5, count, width, height)
    mean_x, mean_y, square_x, square_y, product = stack.swapaxes(2, 3)
    spread = square_x - mean_x**2 + square_y - mean_y**2
    covariance = product - mean_x * mean_y
    mean_x, mean_y = mean_x + LEVELS / 2, mean_y + LEVELS / 2
    c1, c2 = (0.01 * LEVELS) ** 2, (0.03 * LEVELS) ** 2
    top = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return top / ((mean_x**2 + mean_y**2 + c1) * (spread + c2))


def psnr_per_frame(truth: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Peak signal-to-noise ratio in dB for a peak of 255, (T,); infinite for equal frames."""
    error = squared_error(truth, other) * HALF_RANGE**2
    with np.errstate(divide="ignore"):
        return 10 * np.log10(LEVELS**2 / error)


def squared_error(
    truth: np.ndarray, other: np.ndarray, mask: np.ndarray | None = None
) -> np.ndarray:
    """Mean squared difference of frames scaled to [-1, 1], (T,)."""
    truth, other = _checked(truth, other)
    if mask is not None:
        truth, other = truth[:, mask], other[:, mask]
    difference = (truth.astype(np.float32) - other.astype(np.float32)) / HALF_RANGE
    return np.mean(difference.reshape(len(difference), -1) ** 2, axis=1, dtype=np.float64)


@lru_cache
def _gaussian_matrix(size: int) -> np.ndarray:
    """Matrix (size, size) that filters a signal with the window, mirrored at its ends."""
    offsets = np.arange(-SSIM_RADIUS, SSIM_RADIUS + 1)
    window = np.exp(-0.5 * (offsets / SSIM_SIGMA) ** 2)
    window /= window.sum()
    matrix = np.zeros((size, size))
    for row in range(size):
        source = np.pad(np.arange(size), SSIM_RADIUS, mode="symmetric")[row + offsets + SSIM_RADIUS]
        np.add.at(matrix[row], source, window)
    return matrix.astype(np.float32)


def _checked(truth: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    truth, other = np.asarray(truth), np.asarray(other)
    if truth.shape != other.shape or truth.ndim != 3:
        raise ValueError(f"frames (T, H, W) of {truth.shape} against {other.shape}")
    for frames in (truth, other):
        if frames.dtype != np.uint8 and frames.min(initial=0) < -0.5:
            raise ValueError("frames must be in grey levels 0..255: use to_levels")
    return truth, other
