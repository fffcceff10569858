"""Polylines (T, K, 2): their lengths, and points at equal distances along them."""

import numpy as np


def resampled(contours: np.ndarray, points: int) -> np.ndarray:
    """Contours (T, K, 2) as (T, points, 2), at equal distances along each of them."""
    lengths = lengths_along(np.asarray(contours, float))
    wanted = lengths[:, -1:] * np.linspace(0, 1, points)
    # The segment of each wanted point: of a NaN contour any, the point is NaN all the same
    segment = (lengths[:, None, 1:-1] <= wanted[..., None]).sum(-1)
    rows = np.arange(len(contours))[:, None]
    start, end = lengths[rows, segment], lengths[rows, segment + 1]
    share = ((wanted - start) / np.maximum(end - start, 1e-9))[..., None]
    return (1 - share) * contours[rows, segment] + share * contours[rows, segment + 1]


def lengths_along(contours: np.ndarray) -> np.ndarray:
    """Length (T, P) mm of each contour (T, P, 2) up to each of its points."""
    steps = np.diff(contours, axis=1)
    return np.pad(np.cumsum(np.hypot(steps[..., 0], steps[..., 1]), 1), ((0, 0), (1, 0)))
