"""The dynamic region: where the pictures of the training data move."""

from collections.abc import Iterable

import numpy as np


def dynamic_region(recordings: Iterable[np.ndarray], fraction: float = 0.15) -> np.ndarray:
    """The ``fraction`` of the pixels that move most in the training data, (H, W) bool.

    ``recordings``: frames (T, H, W) of each training recording. A pixel's movement is its
    standard deviation over time within a recording (so that differences between subjects do
    not count), averaged over recordings as a root mean square.
    """
    total, count = 0.0, 0
    for frames in recordings:
        total = total + np.asarray(frames, dtype=np.float32).var(axis=0, dtype=np.float64)
        count += 1
    if count == 0:
        raise ValueError("no recording to find the dynamic region in")
    moving = np.argsort(-total, axis=None, kind="stable")[: round(fraction * total.size)]
    mask = np.zeros(total.size, dtype=bool)
    mask[moving] = True
    return mask.reshape(total.shape)
