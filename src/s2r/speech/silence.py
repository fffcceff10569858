"""A tract at rest while nobody speaks.

In training, silence is short and lies between words, so what a model draws in a long one is
anything at all and trembles. Where a recording is silent for long, the resting frame is shown.
"""

import numpy as np

from s2r.core.sound_level import BELOW_SPEECH, QUIET, bin_levels
from s2r.core.units import FRAME_RATE

SHORTEST = 0.3
"""Seconds that a silence lasts at least: closures of stops and pauses of breath are shorter."""

EASE = 0.2
"""Seconds in which the tract goes to rest and comes back."""


def rest_weights(samples: np.ndarray) -> np.ndarray:
    """How much of each frame is the resting frame: (N,) at 16 kHz -> (N // 320,) in [0, 1].

    0 in speech, 1 inside long silences, rising and falling evenly over ``EASE`` within them; a
    silence that begins or ends the sound is at rest from the start, or to the end.
    """
    silent = silent_bins(samples)
    weights = np.zeros(len(silent), np.float32)
    ease = round(EASE * FRAME_RATE)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], silent.astype(int), [0]])))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        if stop - start < SHORTEST * FRAME_RATE:
            continue
        places = np.arange(start, stop)
        into = (places - start + 1) / ease if start > 0 else np.ones(len(places))
        back = (stop - places) / ease if stop < len(silent) else np.ones(len(places))
        weights[start:stop] = np.minimum(1, np.minimum(into, back))
    return weights


def silent_bins(samples: np.ndarray) -> np.ndarray:
    """Which bins of 20 ms are silent: (N,) at 16 kHz -> (N // 320,) bool.

    Offset and hum do not count (`s2r.core.sound_level`).
    """
    levels = bin_levels(samples)
    if not len(levels):
        return np.zeros(0, bool)
    return levels < max(QUIET, np.percentile(levels, 99) - BELOW_SPEECH)


def blend(frames: np.ndarray, rest: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Frames (T, H, W) uint8 moved towards those of ``rest`` (T, H, W) by ``weights`` (T,); uint8.

    Noise that is the same in both stays as it is.
    """
    share = weights[:, None, None]
    return np.rint(frames * (1 - share) + rest * share).astype(np.uint8)
