"""Is a generated video as sharp, and as steady, as a true one?

Frames are (T, H, W) in grey levels 0..255, uint8 or float; powers and energies are in squared
units of frames scaled to [-1, 1].
"""

import numpy as np
from scipy import fft

from s2r.core.units import HALF_RANGE

HALF_NYQUIST = 0.25
"""Cycles per pixel above which spatial power counts as fine."""


def high_frequency_power(frames: np.ndarray) -> np.ndarray:
    """Spatial power of each frame above half the Nyquist frequency, (T,).

    A Hann window in both directions keeps the jump between opposite edges from leaking into
    high frequencies. Power is scaled so that white noise of variance v has v times the share of
    frequencies counted. Graininess raises it above that of true frames, blur lowers it.
    """
    height, width = frames.shape[1:]
    window = np.hanning(height + 2)[1:-1, None] * np.hanning(width + 2)[None, 1:-1]
    scaled = np.asarray(frames, dtype=np.float32) / HALF_RANGE
    scaled = (scaled - scaled.mean((1, 2), keepdims=True)) * window.astype(np.float32)
    rows, columns = fft.fftfreq(height)[:, None], fft.rfftfreq(width)[None, :]
    # the half plane that rfft2 leaves out mirrors this one, except on its two border columns
    share = np.where((columns == 0) | (columns == 0.5), 1.0, 2.0)
    share = share * (np.hypot(rows, columns) > HALF_NYQUIST)
    power = np.abs(fft.rfft2(scaled)) ** 2
    return (power * share).sum((1, 2), dtype=np.float64) / (height * width * (window**2).sum())


def high_frequency_ratio(truth: np.ndarray, other: np.ndarray) -> float:
    """Fine spatial power of ``other`` over that of ``truth``, summed over frames; 1 is right."""
    return float(high_frequency_power(other).sum() / high_frequency_power(truth).sum())


def motion_energy(frames: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """Mean squared change between successive frames, (T - 1,); in ``mask`` (H, W) if given.

    Entry t is the change from frame t to frame t + 1.
    """
    scaled = (frames if mask is None else frames[:, mask]).astype(np.float32) / HALF_RANGE
    change = np.diff(scaled, axis=0).reshape(len(scaled) - 1, scaled[0].size)
    return np.mean(change**2, axis=1, dtype=np.float64)


def motion_ratio(truth: np.ndarray, other: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Motion energy of ``other`` over that of ``truth``, summed over time; 1 is right.

    Above 1 the video flickers or overshoots, below 1 it is sluggish; a still picture has 0. NaN
    where the truth does not move.
    """
    moved = motion_energy(truth, mask).sum()
    return float(motion_energy(other, mask).sum() / moved) if moved > 0 else float("nan")


def seam_ratio(
    draws: np.ndarray, window_starts: np.ndarray, mask: np.ndarray | None = None
) -> float:
    """Motion across window boundaries of rollouts over motion inside windows; 1 is right.

    Below 1 the video stalls at the boundaries, above 1 it jumps. Speech moves unevenly, so the two
    are compared at the same instants: ``draws`` (k, T, H, W) are rollouts of the same speech whose
    boundaries fall at different times, and the motion into the first frame of a window, in one
    draw, is held against the mean motion into that frame in the draws that have it inside a window
    (a ratio of sums). ``window_starts`` (k, T) bool marks first frames of windows. NaN where no
    instant is a boundary in one draw and inside a window in another (one draw, no windows).
    """
    energy = np.stack([motion_energy(draw, mask) for draw in draws])
    across = window_starts[:, 1:]
    inside = (~across).sum(0)
    compared = across.any(0) & (inside > 0)
    if not compared.any():
        return float("nan")
    energy, across, inside = energy[:, compared], across[:, compared], inside[compared]
    within = (energy * ~across).sum(0) / inside
    expected = (within * across.sum(0)).sum()
    return float(energy[across].sum() / expected) if expected > 0 else float("nan")
