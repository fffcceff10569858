"""Pictures in space, time and grey level: shrink, enlarge, bring to another rate, scale."""

import math
from fractions import Fraction
from functools import cache

import numpy as np

from s2r.core.errors import UserError
from s2r.core.units import FRAME_RATE

BLOCK = 32
"""Frames worked on at a time: few enough to stay in a processor's cache."""


def shrink(video: np.ndarray, size: int) -> np.ndarray:
    """Area averages: (T, H, W) to (T, size, size) float32.

    Every new pixel is the mean of the area it covers, pixels at its border counting in part. A
    picture that is not square is cut to its central square first, so shapes are not distorted.
    """
    height, width = video.shape[1:]
    side = min(height, width)
    # Whole pixels only; the weights cut a remaining half pixel on each side.
    top, left = (height - side) // 2, (width - side) // 2
    video = video[:, top : height - top, left : width - left]
    rows, columns = _area_weights(size, *video.shape[1:])
    # Weights that repeat along a side (84 to 64 pixels: four times) are applied piece by piece.
    repeats = size // len(rows)
    shrunk = np.empty((len(video), size, size), np.float32)
    for start in range(0, len(video), BLOCK):
        block = video[start : start + BLOCK].astype(np.float32)
        pieces = block.reshape(-1, columns.shape[1]) @ columns.T
        pieces = pieces.reshape(len(block), repeats, -1, size)
        shrunk[start : start + BLOCK] = (rows @ pieces).reshape(-1, size, size)
    return shrunk


def enlarge(frames: np.ndarray, size: int) -> np.ndarray:
    """(T, H, W) uint8 to (T, size, size) uint8, by cubic interpolation."""
    if frames.shape[1:] == (size, size):
        return frames
    import torch  # here: it takes seconds to load

    larger = np.empty((len(frames), size, size), np.uint8)
    for start in range(0, len(frames), BLOCK):
        block = torch.from_numpy(np.ascontiguousarray(frames[start : start + BLOCK]))
        # of integers, three times as fast as of float32
        shown = torch.nn.functional.interpolate(
            block[:, None], (size, size), mode="bicubic", antialias=True
        )
        larger[start : start + BLOCK] = shown[:, 0].numpy()
    return larger


def retime(
    frames: np.ndarray,
    source_rate: Fraction | float,
    *,
    rate: int = FRAME_RATE,
    interpolation: str = "linear",
    count: int | None = None,
    offset: float = 0.0,
) -> np.ndarray:
    """Frames (T, ...) at ``source_rate`` Hz to (count, ...) float32 at ``rate`` Hz.

    Source frame ``i`` is centred at ``(i + 0.5) / source_rate``; new frame ``t`` takes its value
    at ``offset + (t + 0.5) / rate`` seconds, by linear interpolation between the neighbouring
    centres or from the nearest frame; beyond the outer centres the outer frame holds. ``count``
    defaults to the whole frames that fit. Raises UserError for any other ``interpolation``.
    """
    if interpolation not in ("linear", "nearest"):
        raise UserError(f"frames.interpolation: {interpolation!r} is not linear or nearest.")
    if count is None:
        count = int((len(frames) / Fraction(source_rate) - seconds_exactly(offset)) * rate)
    times = offset + (np.arange(count) + 0.5) / rate
    position = np.clip(times * float(source_rate) - 0.5, 0, len(frames) - 1)
    if interpolation == "nearest":
        return frames[np.rint(position).astype(int)].astype(np.float32)
    left = np.floor(position).astype(int)
    right = np.minimum(left + 1, len(frames) - 1)
    share = (position - left).astype(np.float32).reshape(-1, *[1] * (frames.ndim - 1))
    result = np.empty((count, *frames.shape[1:]), np.float32)
    for start in range(0, count, BLOCK):
        block = slice(start, start + BLOCK)
        before, after = frames[left[block]], frames[right[block]]
        result[block] = before + share[block] * (after.astype(np.float32) - before)
    return result


def intensity_range(frames: np.ndarray, percentiles: tuple[float, float]) -> tuple[float, float]:
    """The two percentiles of all grey levels. UserError if they are the same."""
    low, high = (percentile(frames, percent) for percent in percentiles)
    if not high > low:
        raise UserError(f"the picture never changes: its grey level is {low:.4g} everywhere")
    return low, high


def percentile(values: np.ndarray, percent: float) -> float:
    """The result of ``np.percentile``, in less than half of its time on the frames of a recording.

    A sample brackets the rank, and only the values within the bracket are ordered.
    """
    values = values.ravel()
    rank = percent / 100 * (len(values) - 1)
    sample = np.sort(values[::61])
    sample_rank = percent / 100 * (len(sample) - 1)
    slack = 5 * np.sqrt(len(sample))  # ten standard deviations of the rank in the sample
    bracket = values
    if sample_rank > slack:
        bracket = bracket[bracket >= sample[int(sample_rank - slack)]]
    first = int(rank) - (len(values) - len(bracket))
    if sample_rank + slack < len(sample) - 1:
        bracket = bracket[bracket <= sample[int(sample_rank + slack)]]
    if np.isnan(values.min()) or not 0 <= first < len(bracket) - 1:
        return float(np.percentile(values, percent))
    lower, upper = np.partition(bracket, (first, first + 1))[first : first + 2].astype(float)
    return lower + (upper - lower) * (rank - int(rank))


def scale_levels(frames: np.ndarray, low: float, high: float) -> np.ndarray:
    """Map ``low``..``high`` to 0..255, rounded; levels outside are clipped."""
    frames = np.asarray(frames)
    result = np.empty(frames.shape, np.uint8)
    for start in range(0, len(frames), BLOCK):
        scaled = frames[start : start + BLOCK].astype(np.float32)
        scaled -= low
        scaled *= 255 / (high - low)
        np.rint(scaled, out=scaled)
        result[start : start + BLOCK] = scaled.clip(0, 255, out=scaled)
    return result


def seconds_exactly(value: float) -> Fraction:
    """The decimal number that the user wrote, without rounding (0.1 s is exactly five frames)."""
    return Fraction(value).limit_denominator(1_000_000)


@cache
def _area_weights(size: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Matrices that average areas of the central square along columns and along rows.

    (size / n, height / n) and (size / n, width / n), where the weights repeat n times.
    """
    side = min(height, width)
    return _overlaps(size, height, side), _overlaps(size, width, side)


def _overlaps(size: int, length: int, side: int) -> np.ndarray:
    """Share of source pixel ``j`` in new pixel ``i``, of one period; the rows sum to one."""
    periods = math.gcd(size, side) if length == side else 1
    edges = (length - side) / 2 + side / size * np.arange(size // periods + 1)
    pixels = np.arange(length // periods)
    upper = np.minimum(edges[1:, None], pixels + 1)
    lower = np.maximum(edges[:-1, None], pixels)
    return (np.clip(upper - lower, 0, None) * (size / side)).astype(np.float32)
