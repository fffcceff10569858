"""The reference frame of a recording: its speaker at rest, with little noise."""

import numpy as np

from s2r.core.units import to_unit_range
from s2r.preparation.recordings import RecordingSet

FIRST_FRAMES = 10
"""Frames at the start of a recording among which still ones are sought: what clips are given."""


def resting_frame(frames: np.ndarray) -> np.ndarray:
    """The mean of the still frames at the start of a recording, (H, W) uint8.

    frames (T, H, W) uint8. Of the first ``FIRST_FRAMES``, those count whose difference from the
    median frame is at most half again as large as the median difference: noise is averaged out,
    and a frame in which the speaker has begun to move is left out.
    """
    first = frames[:FIRST_FRAMES].astype(np.float32)
    difference = np.square(first - np.median(first, axis=0)).mean((1, 2))
    still = difference <= 1.5 * np.median(difference)
    return np.rint(first[still].mean(0)).astype(np.uint8)


def reference_frame(recordings: RecordingSet, recording: str) -> np.ndarray:
    """The resting frame of a recording, (H, W) float32 in [-1, 1]."""
    return to_unit_range(resting_frame(recordings.video(recording, 0, FIRST_FRAMES)))
