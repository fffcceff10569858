"""The sound as a picture: waveform above, spectrogram below, one column every 5 ms.

Time runs evenly from the left edge to the right one, without margins or axes, so that a page can
lay a cursor over it.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from s2r.core.units import SAMPLE_RATE

COLUMN = SAMPLE_RATE // 200
"""Samples in a column: 5 ms."""

WINDOW = 128
"""Samples of the Hann window, 8 ms: a wide-band spectrogram, as in phonetics."""

RANGE = 50.0
"""dB below the loudest value at which the spectrogram is white."""

WAVE_HEIGHT, SPECTRUM_HEIGHT = 64, 160
"""Pixels."""


def write_sound_picture(samples: np.ndarray, path: Path) -> None:
    """Write the picture of a sound as PNG."""
    Image.fromarray(sound_picture(samples)).save(path)


def sound_picture(samples: np.ndarray) -> np.ndarray:
    """Picture (224, ceil(N / 80)) uint8 of a sound (N,) at 16 kHz in [-1, 1]; black is loud."""
    columns = -(-len(samples) // COLUMN)
    wave = waveform(samples, columns)
    return np.concatenate([wave, spectrogram(samples, columns)])


def waveform(samples: np.ndarray, columns: int) -> np.ndarray:
    """(64, columns) uint8: range of the values in each column; the peak fills the height."""
    cut = np.pad(samples, (0, columns * COLUMN - len(samples))).reshape(columns, COLUMN)
    scale = (WAVE_HEIGHT / 2 - 2) / max(np.abs(samples).max(), 1e-6)
    middle = WAVE_HEIGHT // 2
    top = np.rint(middle - cut.max(1) * scale).astype(int)
    bottom = np.rint(middle - cut.min(1) * scale).astype(int)
    row = np.arange(WAVE_HEIGHT)[:, None]
    inside = (row >= top) & (row <= bottom)
    return np.where(inside, 60, 255).astype(np.uint8)


def spectrogram(samples: np.ndarray, columns: int) -> np.ndarray:
    """(160, columns) uint8: 0 to 8 kHz upwards, power in dB, pre-emphasis 6 dB an octave."""
    emphasised = np.diff(samples, prepend=samples[:1])
    # The middle of a column's window is the middle of its 5 ms.
    before = (WINDOW - COLUMN) // 2
    padded = np.pad(emphasised, (before, columns * COLUMN + WINDOW - len(samples)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::COLUMN][:columns]
    power = np.abs(np.fft.rfft(windows * np.hanning(WINDOW), 2 * SPECTRUM_HEIGHT)) ** 2
    level = 10 * np.log10(power[:, :SPECTRUM_HEIGHT].T[::-1] + 1e-12)
    below = np.clip((level.max() - level) / RANGE, 0, 1)
    return np.rint(255 * below).astype(np.uint8)
