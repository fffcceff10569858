"""What the tract does to sound: its transfer function and formants."""

import numpy as np
from scipy.signal import find_peaks

from s2r.corpus.phantom.acoustics import voiced_response
from s2r.corpus.phantom.speakers import Speaker
from s2r.corpus.phantom.tube import synthesis_frequencies


def transfer_function(speaker: Speaker, q: np.ndarray) -> np.ndarray:
    """Sound pressure per flow of the glottis (T, 257), 0 to 10 kHz, for ``q`` (T, P)."""
    return voiced_response(speaker, q, synthesis_frequencies())


def formants(speaker: Speaker, q: np.ndarray, count: int = 4) -> np.ndarray:
    """Resonances (T, count) Hz below 5 kHz for ``q`` (T, P): peaks of the transfer function.

    The rise by radiation is removed first. NaN where there are fewer peaks.
    """
    frequencies = np.arange(100.0, 5000.0, 5.0)
    level = np.log(np.abs(voiced_response(speaker, q, frequencies)) / frequencies)
    result = np.full((len(q), count), np.nan)
    for row, curve in enumerate(level):
        peaks = find_peaks(curve)[0][:count]
        left, top, right = curve[peaks - 1], curve[peaks], curve[peaks + 1]
        shift = (left - right) / (2 * (left - 2 * top + right))
        result[row, : len(peaks)] = frequencies[peaks] + 5 * shift
    return result
