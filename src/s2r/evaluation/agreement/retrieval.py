"""Agreement, retrieval and offset, from vectors of windows of video and of speech.

Vectors are (W, d) float32 of length 1, row w that of the window whose first frame is w; a cosine
is their product.
"""

from dataclasses import dataclass

import numpy as np

from s2r.core.units import FRAME_RATE
from s2r.evaluation.agreement.network import WINDOW
from s2r.preparation.selection import evenly

CANDIDATES = 100
"""Windows of speech among which a window of video has to find its own, itself included."""

OTHER_TIMES = 49
"""Most of them that are other times of the same recording; the others are other recordings'."""

LARGEST_SHIFT = 10
"""Frames by which the sound is moved in search of the best match."""

LEAST_MATCHED = 10
"""Windows that a shift must leave, for an offset to be defined."""


@dataclass(frozen=True)
class Match:
    """How well the video of one recording matches a sound."""

    agreement: float
    """Mean cosine of windows at the same time, less that with windows of other speech."""
    ranks: np.ndarray
    """(G,) rank of the own speech of every window of the grid among ``candidates``, from 1; the
    mean of the ranks that they share where several match equally."""
    candidates: int
    """Windows in a retrieval, the own one included; 1 where there is no other."""
    offset: float
    """By how many ms the video comes after the sound; NaN where that is not defined."""

    @property
    def top1(self) -> float:
        """Share of windows whose own speech matches best."""
        return float(np.mean(self.ranks == 1))

    @property
    def median_rank(self) -> float:
        return float(np.median(self.ranks))


def grid(vectors: np.ndarray) -> np.ndarray:
    """The windows that do not overlap: every tenth."""
    return vectors[::WINDOW]


def match(video: np.ndarray, speech: np.ndarray, others: np.ndarray) -> Match:
    """Compare video (W, d) with speech (W, d), and with windows (M, d) of other recordings.

    Windows of the grid are ranked. The candidates of each are its own speech, up to 49 other times
    of the same recording, which do not overlap with it, and windows of ``others``, all at even
    distances, until there are 100. The mean cosine with these 99 is what ``agreement`` is less.
    """
    asked, own = grid(video), grid(speech)
    times = _other_times(len(own))
    chosen = evenly(list(range(len(others))), CANDIDATES - 1 - times.shape[1])
    rest = others[np.array(chosen, int)]
    foreign = np.concatenate([np.take_along_axis(asked @ own.T, times, 1), asked @ rest.T], axis=1)
    right = np.sum(asked * own, axis=1)[:, None]
    ranks = 1 + (foreign > right).sum(1) + (foreign == right).sum(1) / 2
    matching = float(np.mean(np.sum(video * speech, axis=1)))
    foreign_mean = float(foreign.mean()) if foreign.size else 0.0
    return Match(matching - foreign_mean, ranks, 1 + foreign.shape[1], best_offset(video, speech))


def best_offset(video: np.ndarray, speech: np.ndarray) -> float:
    """By how many ms the video comes after the sound, from -200 to 200: the best match's shift.

    The sound is moved by up to 10 frames, and the mean cosine is taken over the same windows of
    video for all shifts. NaN for a video that stands still, and for less than 0.5 s.
    """
    inner = video[LARGEST_SHIFT : len(video) - LARGEST_SHIFT]
    if len(inner) < LEAST_MATCHED or np.ptp(inner, axis=0).max() < 1e-3:
        return np.nan
    late = np.arange(-LARGEST_SHIFT, LARGEST_SHIFT + 1)
    moved = [speech[LARGEST_SHIFT - k : LARGEST_SHIFT - k + len(inner)] for k in late]
    best = np.argmax([np.sum(inner * part) for part in moved])
    return float(late[best]) * 1000 / FRAME_RATE


def _other_times(count: int) -> np.ndarray:
    """(count, m) indices of other rows for each of ``count`` rows, at even distances."""
    most = min(count - 1, OTHER_TIMES)
    steps = 1 + np.array(evenly(list(range(count - 1)), most), int)
    return (np.arange(count)[:, None] + steps) % count
