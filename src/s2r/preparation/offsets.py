"""The delay of a recording's sound against its picture, estimated without labels.

When the tract moves, the sound changes. The change of the spectrum is correlated with the change
of the picture over candidate delays; a true delay stands out from all others.
"""

import numpy as np
import pandas as pd

from s2r.core.shards import Shards
from s2r.core.units import FRAME_RATE

REACH = 25
"""Largest delay that is tried, in frames of 20 ms, in both directions."""

PEAK = 5
"""Delays this near to the best one, in frames, belong to the same peak."""

FEWEST = 100
"""Frames below which nothing is estimated."""

SURE = 4.0
"""Confidence from which an estimate counts.

In recordings of people and parts of them, wrong estimates (by 130 to 180 ms) reach 3.2, and right
ones (to 14 ms) 3 to 6.1; on the phantom right ones reach 6 to 10 (``benchmarks/offset.py``).
"""

CONSTANT = 1e-6
"""Standard deviation below which a change counts as rounding."""

COLUMNS = ["recording", "subject", "offset_estimate", "confidence", "moved"]

CELLS = 16
"""The picture is averaged over about so many areas a side, against noise."""


def estimate_offset(frames: np.ndarray, audio: np.ndarray) -> tuple[float, float]:
    """Delay of the sound against the picture in s, positive where the sound is late.

    ``frames`` (T, S, S) grey at 50 Hz, ``audio`` (320 T,) at 16 kHz. Both are turned into the
    root-mean-square change over two frames: of the log-mel spectrum, and of areas of the picture
    (its logarithm, so that a jump of the head does not decide). Returns the delay of the highest
    correlation, refined by a parabola, and a confidence: how far that correlation stands above
    the best at any other delay, times the square root of T. The delay is NaN where the confidence
    is below ``SURE``, as it is without any change; both are NaN for recordings too short.
    """
    if len(frames) < FEWEST:
        return np.nan, np.nan
    from s2r.speech.logmel import log_mel  # here: torch takes seconds to load

    sound = _change_over_time(log_mel(audio))
    picture = np.log(_change_over_time(_area_means(frames)) + 1e-3)
    delays = np.arange(-REACH, REACH + 1)
    correlations = np.array([_correlation(sound, picture, delay) for delay in delays])
    peak = int(correlations.argmax())
    elsewhere = abs(delays - delays[peak]) > PEAK
    confidence = float((correlations[peak] - correlations[elsewhere].max()) * np.sqrt(len(frames)))
    if confidence < SURE:
        return np.nan, confidence
    return float(delays[peak] + _peak_shift(correlations, peak)) / FRAME_RATE, confidence


def collect_offsets(frames: Shards) -> pd.DataFrame:
    """One row a prepared recording with sound; columns ``COLUMNS``, times in s.

    ``moved`` is by how much the sound was moved earlier.
    """
    rows = []
    for recording in frames.recordings:
        attributes = frames.attributes(recording)
        if "offset_estimate" in attributes:
            rows.append([recording, *(attributes[column] for column in COLUMNS[1:])])
    return pd.DataFrame(rows, columns=COLUMNS)


def describe_offsets(offsets: pd.DataFrame) -> str:
    """One line for the user."""
    estimates = offsets["offset_estimate"].dropna()
    if estimates.empty:
        return f"delay of the sound: sure in none of {len(offsets)} recordings"
    low, middle, high = 1000 * np.quantile(estimates, [0.05, 0.5, 0.95])
    return (
        f"delay of the sound: sure in {len(estimates)} of {len(offsets)} recordings; median "
        f"{middle:.0f} ms, 5 to 95 % {low:.0f} to {high:.0f} ms; sound moved in "
        f"{int((offsets['moved'] != 0).sum())}"
    )


def _area_means(frames: np.ndarray) -> np.ndarray:
    """(T, S, S) to (T, cells) means of square areas."""
    side = max(frames.shape[1] // CELLS, 1)
    cells = frames.shape[1] // side
    covered = np.ascontiguousarray(frames[:, : cells * side, : cells * side])
    # rows first, where the memory is in one piece: four times faster than both at once
    row_sums = covered.reshape(len(frames), cells, side, -1).sum(2, dtype=np.uint16)
    cell_sums = row_sums.reshape(len(frames), cells, cells, side).sum(3, dtype=np.float64)
    return cell_sums.reshape(len(frames), -1) / side**2


def _change_over_time(values: np.ndarray) -> np.ndarray:
    """(T, N) to (T - 2,): root-mean-square difference of the neighbours of each frame."""
    return np.sqrt(np.square(values[2:] - values[:-2]).mean(axis=1))


def _correlation(sound: np.ndarray, picture: np.ndarray, delay: int) -> float:
    """Pearson correlation of ``sound`` at t + delay with ``picture`` at t; 0 for a constant."""
    length = min(len(sound), len(picture))
    sound_part = sound[max(delay, 0) : length + min(delay, 0)]
    picture_part = picture[max(-delay, 0) : length + min(-delay, 0)]
    if min(sound_part.std(), picture_part.std()) < CONSTANT:
        return 0.0
    return float(np.corrcoef(sound_part, picture_part)[0, 1])


def _peak_shift(correlations: np.ndarray, peak: int) -> float:
    """Frames from the maximum to the top of the parabola through it and its neighbours."""
    if not 0 < peak < len(correlations) - 1:
        return 0.0
    before, top, after = correlations[peak - 1 : peak + 2]
    return 0.5 * (before - after) / (before - 2 * top + after)
