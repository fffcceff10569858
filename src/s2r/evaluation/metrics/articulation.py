"""Label-free articulation: do the regions that move, move as in the truth?

The dynamic region is cut into cells of 4 x 4 pixels. The mean grey level of a cell over time is
its time course; tissue that enters or leaves the cell drives it, so it follows constrictions
without any contour (region-of-interest analysis: Lammert, Proctor & Narayanan 2010).
Frames are (T, H, W) in grey levels 0..255, uint8 or float, at 50 Hz.
"""

import numpy as np

from s2r.core.errors import UserError

CELL = 4
LARGEST_LAG = 10


def moving_cells(mask: np.ndarray) -> np.ndarray:
    """Cells of ``CELL`` x ``CELL`` pixels, at least half of which lie in the dynamic region.

    Where there are none, the region is scattered: then those that hold most of it. mask (H, W)
    bool, the region; returns (K, 2): row and column of each cell's first pixel. Raises UserError
    for a picture smaller than a cell.
    """
    height, width = (length // CELL * CELL for length in mask.shape)
    blocks = mask[:height, :width].reshape(height // CELL, CELL, width // CELL, CELL)
    if not mask.any():
        raise ValueError("the dynamic region is empty")
    share = blocks.mean((1, 3))
    if share.size == 0:
        raise UserError(
            f"frames.size: pictures of {mask.shape[0]} x {mask.shape[1]} pixels are smaller than "
            f"the {CELL} x {CELL} that movement is measured in; raise it."
        )
    rows, columns = np.nonzero(share >= min(0.5, share.max()))
    return np.stack([rows, columns], axis=1) * CELL


def time_courses(frames: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Mean grey level of every cell over time, (T, K) float64."""
    courses = [frames[:, r : r + CELL, c : c + CELL].mean((1, 2)) for r, c in cells]
    return np.stack(courses, axis=1).astype(np.float64)


def velocity(courses: np.ndarray) -> np.ndarray:
    """Change of each course in grey levels per frame, central differences over 40 ms, (T, K).

    Of a single frame 0.
    """
    if len(courses) < 2:
        return np.zeros_like(courses)
    return np.gradient(courses, axis=0)


def course_correlation(truth: np.ndarray, other: np.ndarray) -> float:
    """Mean over cells of the correlation of two sets of courses (T, K), weighted by variance.

    The weight of a cell is the variance of its true course. A course that does not move at all,
    as in a copied frame, explains nothing of the true movement: its correlation is 0. NaN if
    nothing moves in the truth, since then there is nothing to explain.
    """
    truth, other = truth - truth.mean(0), other - other.mean(0)
    variance_truth, variance_other = (truth**2).mean(0), (other**2).mean(0)
    moving = variance_other > 1e-12
    scale = np.sqrt(variance_truth * np.where(moving, variance_other, 1.0))
    covariance = (truth * other).mean(0)
    correlation = np.where(moving & (scale > 0), covariance / np.maximum(scale, 1e-12), 0.0)
    total = variance_truth.sum()
    return float((variance_truth * correlation).sum() / total) if total > 0 else float("nan")


def lag(truth: np.ndarray, other: np.ndarray) -> float:
    """Frames (20 ms) by which ``other`` comes after ``truth``, at most ``LARGEST_LAG`` either way.

    truth, other: velocities (T, K). The lag with the largest correlation of all cells together
    counts; the true video follows the sound, so this is the lag of the video behind the sound.
    NaN where one of the two does not move or is shorter than four times ``LARGEST_LAG``.
    """
    if len(truth) < 4 * LARGEST_LAG or not (truth.any() and other.any()):
        return float("nan")
    scores = {}
    for shift in range(-LARGEST_LAG, LARGEST_LAG + 1):
        early = truth[max(-shift, 0) : len(truth) - max(shift, 0)]
        late = other[max(shift, 0) : len(other) - max(-shift, 0)]
        norm = np.sqrt((early**2).sum() * (late**2).sum())
        scores[shift] = (early * late).sum() / norm if norm > 0 else -1.0
    return float(max(scores, key=scores.get))


def drift_ratio(error: np.ndarray) -> float:
    """Mean error in the last third of a rollout over that in its first third.

    error (T,): any error per frame, such as the squared error. 1 means that a long rollout ends
    as well as it began; NaN below three frames or where the first third has no error.
    """
    third = len(error) // 3
    first = np.mean(error[:third]) if third else 0.0
    return float(np.mean(error[-third:]) / first) if first > 0 else float("nan")
