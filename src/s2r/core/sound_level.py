"""How loud sound is: in every 20 ms, in its speech, and whether it holds any.

All levels are in dB of full scale, of what lies above 200 Hz: a constant offset, mains hum and its
first harmonics are no sound, and speech has most of its energy above.
"""

import numpy as np

from s2r.core.units import FRAME_RATE, SAMPLE_RATE

CUT = 200.0
"""Hz below which nothing counts."""

SLOPE = 150.0
"""Hz above CUT within which the weight rises to 1: a steep edge would ring."""

PAD = 0.1
"""Seconds by which sound is continued at its ends, so that an end is not heard as a click."""

QUIET = -50.0
"""Level of the loudest parts below which sound is no speech of usual level."""

FAINT = -75.0
"""Level of the loudest parts below which 16 bits hold too little of speech."""

LEAST_RANGE = 10.0
"""dB by which soft speech rises and falls, at least: steady noise varies by 2 dB."""

SPEECH_RANGE = 20.0
"""dB below the loud bins (99th percentile) within which bins are speech for its median level."""

BELOW_SPEECH = 40.0
"""dB below the loud bins (99th percentile) at which a bin is silent."""


def bin_levels(samples: np.ndarray, rate: int = SAMPLE_RATE) -> np.ndarray:
    """Levels of bins of 20 ms: (N,) at ``rate`` Hz -> (N // (rate // 50),) dB, at least -120."""
    length = rate // FRAME_RATE
    count = len(samples) // length
    if not count:
        return np.zeros(0)
    bins = _above_hum(samples, rate)[: count * length].reshape(count, length)
    return 10 * np.log10(np.square(bins).mean(1) + 1e-12)


def mean_level(levels: np.ndarray) -> float:
    """The level of the mean power of bins (T,), dB; 0 where there are none."""
    return float(10 * np.log10(np.mean(10 ** (levels / 10)))) if len(levels) else 0.0


def loudest(levels: np.ndarray) -> float:
    """The level that a tenth of the bins reach, or 0.2 s of a long recording; dB."""
    place = min(max(len(levels) // 10, 1), FRAME_RATE // 5)
    return float(np.sort(levels)[-place]) if len(levels) else -120.0


def speech_level(levels: np.ndarray) -> float:
    """The median level of the bins (T,) with speech, dB: pauses and closures do not count."""
    return float(np.median(levels[levels >= np.percentile(levels, 99) - SPEECH_RANGE]))


def why_silent(levels: np.ndarray) -> str:
    """Why sound with these levels (T,) counts as silent, or "".

    Soft speech does not: what is soft but rises and falls.
    """
    loud = loudest(levels)
    if not len(levels) or loud >= QUIET:
        return ""
    if loud >= FAINT and loud - np.percentile(levels, 10) >= LEAST_RANGE:
        return ""
    return f"{loud:.0f} dB of full scale in its loudest parts, without offset and hum"


def _above_hum(samples: np.ndarray, rate: int) -> np.ndarray:
    """The sound (N,) without what is below CUT, float64.

    It is continued by its point reflection, which fades out, so that nothing begins suddenly.
    """
    pad = round(PAD * rate)
    longer = np.pad(samples.astype(np.float64), pad, mode="reflect", reflect_type="odd")
    fade = np.sin(np.linspace(0, np.pi / 2, pad)) ** 2
    longer[:pad] *= fade
    longer[-pad:] *= fade[::-1]
    spectrum = np.fft.rfft(longer)
    above = (np.fft.rfftfreq(len(longer), 1 / rate) - CUT) / SLOPE
    spectrum *= np.sin(np.clip(above, 0, 1) * np.pi / 2) ** 2
    return np.fft.irfft(spectrum, len(longer))[pad:-pad]
