"""Many channels of sound mixed down to one."""

from collections.abc import Sequence

import numpy as np

WEIGHTS = {"FC": 1.0, "LFE": 0.0, "LFE2": 0.0, "FL": 0.7, "FR": 0.7}
"""Shares of channels by FFmpeg's names, as players mix surround sound (ITU-R BS.775): speech is in
the centre, and there is none in the channel of low effects."""

BEHIND = 0.5
"""Share of all other channels of surround sound."""

OPPOSED = 10.0
"""Where the difference of two channels has so many times the power of their mean, one of them has
its sign reversed, as after a wrong cable, and the mean would be silent."""


def mixed(samples: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Channels (C, n) float, named as FFmpeg does, to one (n,) float32.

    The mean of two; of more the weighted mean. Of two that cancel each other the first is taken.
    """
    if len(samples) < 3:
        mean = samples.mean(axis=0, dtype=np.float32)
        if len(samples) == 2:
            half = (samples[0] - samples[1]) / 2
            if np.square(half).sum() > OPPOSED * np.square(mean).sum():
                return samples[0].astype(np.float32)
        return mean
    weights = np.array([WEIGHTS.get(name, BEHIND) for name in names], np.float32)
    if len(weights) != len(samples) or not weights.any() or "FL" not in names:
        return samples.mean(axis=0, dtype=np.float32)
    return (weights / weights.sum()) @ samples.astype(np.float32)
