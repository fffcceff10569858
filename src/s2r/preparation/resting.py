"""The reference frame of a film or of still pictures: the speaker at rest, with little noise.

Speech begins and ends with a tract at rest. In a film the rest is found as its stillest moment,
where there is sound a quiet one; it need not be the start.
"""

import numpy as np

from s2r.core.shards import Shards
from s2r.core.sound_level import bin_levels
from s2r.core.units import HOP, to_unit_range
from s2r.preparation.recordings import RecordingSet

RUN = 10
"""Frames at rest that are sought in a film: 0.2 s."""

ABOUT_AS_STILL = 1.2
"""The start counts as rest where its frames change at most so many times as much as the stillest
ones: noise makes even still frames differ, by up to 1.12 times in recordings of the phantom."""

LEVELS = (5, 95)
"""Percentiles of the level of sound; quiet is below the middle between them, in dB."""

FAINTEST = -80.0
"""dB of full scale below which levels do not differ."""

LEAST_RANGE = 10.0
"""dB between these percentiles below which no moment is quieter than the others."""


def resting_frame(frames: np.ndarray, sound: np.ndarray | None = None) -> np.ndarray:
    """The speaker at rest in a film: the mean of its still frames, (H, W) uint8.

    frames (T, H, W) uint8 at 50 Hz; sound (N,) at 16 kHz from the first frame on, or None. Of all
    runs of ``RUN`` frames (where there is sound: of the quiet ones) the first is taken where it is
    about as still as any, else the stillest. A shorter film is one run.
    """
    start = _start_of_rest(frames, sound)
    return mean_of_alike(frames[start : start + RUN])


def mean_of_alike(pictures: np.ndarray) -> np.ndarray:
    """The mean of those pictures that agree with their median: (T, H, W) to (H, W) uint8.

    Those count whose difference from the median picture is at most half again as large as the
    median difference: noise is averaged out, and a picture in which the speaker moves is left out.
    """
    pictures = pictures.astype(np.float32)
    difference = np.square(pictures - np.median(pictures, axis=0)).mean((1, 2))
    alike = difference <= 1.5 * np.median(difference)
    return np.rint(pictures[alike].mean(0)).astype(np.uint8)


def recording_at_rest(frames: Shards, recording: str) -> np.ndarray:
    """The resting frame of a prepared recording, (H, W) uint8."""
    sound = frames.read(recording, "audio") if frames.holds(recording, "audio") else None
    return resting_frame(frames.read(recording, "frames"), sound)


def reference_frame(recordings: RecordingSet, recording: str) -> np.ndarray:
    """The resting frame of a recording, (H, W) float32 in [-1, 1].

    Where a recording starts at rest, no frame counts but its first ``RUN``.
    """
    return to_unit_range(recording_at_rest(recordings.frames, recording))


def _start_of_rest(frames: np.ndarray, sound: np.ndarray | None) -> int:
    if len(frames) <= RUN:
        return 0
    before = frames[:-1]
    change = np.array(
        [
            np.square(next_frame.astype(np.float32) - frame).mean()
            for frame, next_frame in zip(before, frames[1:], strict=True)
        ]
    )
    of_runs = np.convolve(change, np.full(RUN - 1, 1 / (RUN - 1)), "valid")
    if sound is not None:
        of_runs = np.where(_quiet_runs(sound, len(frames)), of_runs, np.inf)
    return 0 if of_runs[0] <= ABOUT_AS_STILL * of_runs.min() else int(of_runs.argmin())


def _quiet_runs(sound: np.ndarray, count: int) -> np.ndarray:
    """Which runs of ``RUN`` of ``count`` frames are quiet, (count - RUN + 1,) bool.

    All of them where the level hardly changes, or no run is quiet. Frames beyond the end of the
    sound are quiet. Offset and hum do not count.
    """
    padded = np.pad(sound[: count * HOP], (0, max(count * HOP - len(sound), 0)))
    level = np.maximum(bin_levels(padded), FAINTEST)
    low, high = np.percentile(level, LEVELS)
    loud = level > (low + high) / 2
    quiet = np.convolve(loud, np.ones(RUN), "valid") < 0.5
    return quiet if high - low >= LEAST_RANGE and quiet.any() else np.ones_like(quiet)
