"""Gestures in a tract variable, and how well their timing agrees in two videos.

A gesture is a peak: the lips close, the tongue makes a constriction, the velum is lowered. It has
reached its target when it has come within a fifth of its size of the peak, a landmark that hardly
depends on how long the target is held and on noise there (after the velocity criteria of
Kroos et al. 1997, with the size in place of the velocity, which 20 ms frames show poorly).
"""

import numpy as np
from scipy.ndimage import minimum_filter1d

from s2r.core.units import FRAME_RATE

LEAST_SIZE_MM = 2.0
"""The least size (prominence of the peak) of a true gesture, mm."""
CONSTRICTED_MM = 5.0
"""The tract is constricted where a degree is smaller: true gestures that narrow it reach this."""
WINDOW_S = 0.15
"""The most time between a true gesture and the one that is taken for it, s."""
_REMAINING = 0.2  # of the size, when the target counts as reached


def gestures(
    variable: np.ndarray, direction: int, least_size: float, narrower: float | None = None
) -> np.ndarray:
    """Times (N,) in s when the gestures in a variable (T,), mm at 50 per second, are reached.

    ``direction`` is -1 where gestures are minima (degrees of constriction, which must come below
    ``narrower`` mm unless that is None), 1 where they are maxima (the opening of the velum).
    ``least_size`` of a gesture: mm. Where the variable is NaN, and within WINDOW_S of that, there
    is none.
    """
    # its import takes as long as the scores of several recordings
    from scipy.signal import find_peaks, peak_widths

    known = np.isfinite(variable)
    if not known.any():
        return np.empty(0)
    course = direction * np.where(known, variable, 0.0)
    course = np.where(known, course, course[known].min())
    height = None if narrower is None or direction > 0 else -narrower
    peaks, _ = find_peaks(course, height=height, prominence=least_size)
    window = 2 * round(WINDOW_S * FRAME_RATE) + 1
    peaks = peaks[minimum_filter1d(known.astype(np.uint8), window, mode="nearest")[peaks] > 0]
    _, _, reached, _ = peak_widths(course, peaks, rel_height=_REMAINING)
    return reached / FRAME_RATE


def matched(true: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Delays (N,) in s of found gestures behind true ones, at their times; NaN where none is found.

    A true gesture is found where it and a found one are the nearest of each other and at most
    WINDOW_S apart.
    """
    delays = np.full(len(true), np.nan)
    if len(true) and len(found):
        apart = found[None] - true[:, None]
        nearest, back = np.abs(apart).argmin(1), np.abs(apart).argmin(0)
        mutual = back[nearest] == np.arange(len(true))
        delay = np.take_along_axis(apart, nearest[:, None], 1)[:, 0]
        delays = np.where(mutual & (np.abs(delay) <= WINDOW_S), delay, np.nan)
    return delays
