"""Is a generated video as sharp, and as steady, as a true one?

Frames are (T, H, W) in grey levels 0..255, uint8 or float; powers and energies are in squared
units of frames scaled to [-1, 1].
"""

import numpy as np
from scipy import fft

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
    scaled = np.asarray(frames, dtype=np.float32) / 127.5
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
    scaled = (frames if mask is None else frames[:, mask]).astype(np.float32) / 127.5
    change = np.diff(scaled, axis=0).reshape(len(scaled) - 1, -1)
    return np.mean(change**2, axis=1, dtype=np.float64)


def motion_ratio(truth: np.ndarray, other: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Motion energy of ``other`` over that of ``truth``, summed over time; 1 is right.

    Above 1 the video flickers or overshoots, below 1 it is sluggish; a still picture has 0.
    """
    return float(motion_energy(other, mask).sum() / motion_energy(truth, mask).sum())


def seam_ratio(
    frames: np.ndarray,
    seams: np.ndarray | list[int],
    truth: np.ndarray | None = None,
    mask: np.ndarray | None = None,
) -> float:
    """Motion across the seams of a rollout over motion inside its windows.

    ``seams``: index of the first new frame of every window; the change into it crosses the seam.
    Below 1 the video stalls at seams, above 1 it jumps. Speech moves unevenly, so with ``truth``
    each of the two is first divided by the motion energy of the true video at the same
    instants (a ratio of sums), which makes the ratio 1 for the truth itself. Frames before the
    first seam were given, not generated, and do not count. NaN without a seam, without an
    inside, or where a sum to divide by is zero.
    """
    first = min((s for s in seams if s > 0), default=len(frames))
    crossing = np.zeros(max(len(frames) - 1, 0), dtype=bool)
    crossing[[s - 1 for s in seams if 0 < s < len(frames)]] = True
    inside = ~crossing
    inside[: first - 1] = False
    if not (crossing.any() and inside.any()):
        return float("nan")
    energy = motion_energy(frames, mask)
    true_energy = np.ones_like(energy) if truth is None else motion_energy(truth, mask)
    across, within = ((energy[part].sum(), true_energy[part].sum()) for part in (crossing, inside))
    if min(across[1], within[1], within[0]) <= 0:
        return float("nan")
    return float((across[0] / across[1]) / (within[0] / within[1]))
