"""Two recordings in step: frames of one sound at the times of another, found on their spectra."""

import numpy as np
from scipy.spatial.distance import cdist

from s2r.speech.level import levelled
from s2r.speech.logmel import log_mel


def aligned(time_of: np.ndarray, other: np.ndarray) -> np.ndarray:
    """For each 20 ms of the sound ``time_of`` (N,), the number of the 20 ms of ``other`` (M,).

    Sounds at 16 kHz; (N // 320,) int. Dynamic time warping (Sakoe & Chiba 1978) of log-mel spectra
    whose mean over time was taken off, which removes part of what differs between voices and
    microphones. Where several frames of ``other`` belong to one, it is the middle of them.
    """
    spectra = [log_mel(levelled(samples).astype(np.float32)) for samples in (time_of, other)]
    centred = [spectrum - spectrum.mean(0) for spectrum in spectra]
    path = warping_path(cdist(*centred))
    return np.array([int(np.median(path[path[:, 0] == row, 1])) for row in range(len(centred[0]))])


def warping_path(cost: np.ndarray) -> np.ndarray:
    """The pairs (row, column), (K, 2) int, of least total ``cost`` (N, M) from corner to corner.

    From each pair the path goes on by one row, one column, or both.
    """
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0
    # Antidiagonals: every pair of one depends on the two before only.
    for diagonal in range(rows + columns - 1):
        row = np.arange(max(0, diagonal - columns + 1), min(rows, diagonal + 1))
        column = diagonal - row
        before = np.minimum(
            total[row, column], np.minimum(total[row, column + 1], total[row + 1, column])
        )
        total[row + 1, column + 1] = cost[row, column] + before
    row, column = rows - 1, columns - 1
    path = [(row, column)]
    while row or column:
        steps = [(row - 1, column - 1), (row - 1, column), (row, column - 1)]
        row, column = min(steps, key=lambda step: total[step[0] + 1, step[1] + 1])
        path.append((row, column))
    return np.array(path[::-1])
