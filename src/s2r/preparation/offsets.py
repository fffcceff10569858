"""How late the sound of a recording is against its picture, found without any labels.

When the tract moves, the sound changes. The change of the spectrum is correlated with the change
of the picture over candidate delays; a true delay stands out from all others.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from s2r.core.shards import Shards
from s2r.core.units import FRAME_RATE

REACH = 25
"""Largest delay that is looked for, in frames of 20 ms, either way."""

PEAK = 5
"""Delays this near to the best one, in frames, belong to the same peak."""

FEWEST = 100
"""Frames below which nothing is estimated."""

SURE = 3.0
"""Confidence from which an estimate counts; ``benchmarks/offset.py`` shows what it lets through."""

CONSTANT = 1e-6
"""Standard deviation of a change below which it is rounding."""

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

    sound = _change(log_mel(audio))
    picture = np.log(_change(_areas(frames)) + 1e-3)
    delays = np.arange(-REACH, REACH + 1)
    match = np.array([_correlation(sound, picture, delay) for delay in delays])
    best = int(match.argmax())
    elsewhere = abs(delays - delays[best]) > PEAK
    confidence = float((match[best] - match[elsewhere].max()) * np.sqrt(len(frames)))
    if confidence < SURE:
        return np.nan, confidence
    return float(delays[best] + _vertex(match, best)) / FRAME_RATE, confidence


def collect_offsets(frame_shards: Iterable[str | Path]) -> pd.DataFrame:
    """One row a prepared recording, with ``COLUMNS``; ``moved`` is by how much the sound was moved
    earlier. Times in s.
    """
    shards = Shards(frame_shards)
    rows = []
    for recording in shards.recordings:
        found = shards.attributes(recording)
        rows.append([recording, *(found[column] for column in COLUMNS[1:])])
    return pd.DataFrame(rows, columns=COLUMNS)


def describe_offsets(offsets: pd.DataFrame) -> str:
    """One line for the user."""
    sure = offsets["offset_estimate"].dropna()
    if sure.empty:
        return f"delay of the sound: sure in none of {len(offsets)} recordings"
    low, middle, high = 1000 * np.quantile(sure, [0.05, 0.5, 0.95])
    return (
        f"delay of the sound: sure in {len(sure)} of {len(offsets)} recordings; median "
        f"{middle:.0f} ms, 5 to 95 % {low:.0f} to {high:.0f} ms; sound moved in "
        f"{int((offsets['moved'] != 0).sum())}"
    )


def _areas(frames: np.ndarray) -> np.ndarray:
    """(T, S, S) to (T, cells) means of square areas."""
    side = max(frames.shape[1] // CELLS, 1)
    cells = frames.shape[1] // side
    cut = np.ascontiguousarray(frames[:, : cells * side, : cells * side])
    # rows first, where the memory is in one piece: four times faster than both at once
    rows = cut.reshape(len(frames), cells, side, -1).sum(2, dtype=np.uint16)
    sums = rows.reshape(len(frames), cells, cells, side).sum(3, dtype=np.float64)
    return sums.reshape(len(frames), -1) / side**2


def _change(values: np.ndarray) -> np.ndarray:
    """(T, N) to (T - 2,): root-mean-square difference of the neighbours of each frame."""
    return np.sqrt(np.square(values[2:] - values[:-2]).mean(axis=1))


def _correlation(sound: np.ndarray, picture: np.ndarray, delay: int) -> float:
    """Pearson correlation of ``sound`` at t + delay with ``picture`` at t; 0 for a constant."""
    length = min(len(sound), len(picture))
    late = sound[max(delay, 0) : length + min(delay, 0)]
    early = picture[max(-delay, 0) : length + min(-delay, 0)]
    if min(late.std(), early.std()) < CONSTANT:
        return 0.0
    return float(np.corrcoef(late, early)[0, 1])


def _vertex(match: np.ndarray, best: int) -> float:
    """Place of the top of the parabola through the maximum and its neighbours, in frames."""
    if not 0 < best < len(match) - 1:
        return 0.0
    before, top, after = match[best - 1 : best + 2]
    return 0.5 * (before - after) / (before - 2 * top + after)
