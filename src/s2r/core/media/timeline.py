"""Time stamps of video frames, laid onto an even grid."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from s2r.core.media.open import MediaError, announced_packets

MOST_FILLED = 20
"""Places of the grid a frame, at most: damaged stamps would ask for any number."""


def even_timeline(
    stamps: list[int | None], time_base: Fraction, nominal_rate: Fraction
) -> tuple[np.ndarray, Fraction]:
    """Lay frames with time stamps (in units of ``time_base``) onto an even time grid.

    Returns the indices (into the frames in order of presentation) that fill the grid, and its
    rate. An even stream gives ``arange(n)`` and its exact mean rate. A stream that skips or
    lingers (variable frame rate) is filled with the nearest frame at its median rate, so that
    frame ``i`` is always true to the time ``i / rate``. Without stamps, ``nominal_rate`` holds.

    Raises ValueError where the stamps are so far apart that most of the grid would be filled in.
    """
    count = len(stamps)
    if count < 2 or any(stamp is None for stamp in stamps):
        return np.arange(count), nominal_rate
    span = max(stamps) - min(stamps)
    if span >= 1 << 62:
        raise ValueError("its time stamps cannot be right")
    ticks = np.sort(np.asarray(stamps, np.int64)) - min(stamps)
    if span == 0:
        return np.arange(count), nominal_rate
    step = span / (count - 1)
    if np.abs(ticks - step * np.arange(count)).max() <= step / 2:
        return np.arange(count), Fraction(count - 1, span) / time_base
    median = max(int(np.median(np.diff(ticks))), 1)
    if span / median > MOST_FILLED * (count + 50):
        seconds = float(span * time_base)
        raise ValueError(f"its {count} frames are said to last {seconds:.0f} s, with long gaps")
    grid = np.arange(round(span / median) + 1) * median
    right = np.clip(np.searchsorted(ticks, grid), 1, count - 1)
    nearer_left = grid - ticks[right - 1] <= ticks[right] - grid
    return right - nearer_left, 1 / (median * time_base)


def timeline_of(
    stamps: list[int | None], video: av.VideoStream, path: str | Path
) -> tuple[np.ndarray, Fraction]:
    """The even timeline of the frames of a track; MediaError where its stamps cannot be right."""
    # The rate a header announces; FFmpeg's own fallback, 25 Hz, where there is none.
    nominal = Fraction(video.average_rate or video.guessed_rate or 25)
    try:
        return even_timeline(stamps, video.time_base, nominal)
    except ValueError as error:
        raise MediaError("unreadable", path, str(error)) from error


def check_count(
    there: int, stamps: list[int | None], video: av.VideoStream, path: str | Path
) -> None:
    """MediaError where packets are missing, of those that the track announces.

    A few may be missing, never a stretch of them. AVI announces places, of which any number may be
    empty (pictures that the camera dropped), so there the last time stamp counts.
    """
    if video.container.format.name == "avi" and any(stamp is not None for stamp in stamps):
        there = max(there, 1 + max(stamp for stamp in stamps if stamp is not None))
    announced = announced_packets(video)
    if there < 0.98 * announced:
        detail = f"{there} of the {announced} frames it announces are there"
        raise MediaError("truncated", path, detail)
