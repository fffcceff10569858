"""Speech at the level that encoders expect, in training and in generation alike.

Encoders have learned from speech of usual level, about -25 dB of full scale, and some take levels
as they are: with Whisper tiny.en the mean video of speech at -70 dB differs from that at -25 dB by
half of its motion, and within USUAL by 15 % at most. Such recordings are not changed.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from s2r.core.sound_level import bin_levels, speech_level, why_silent
from s2r.core.units import HOP

USUAL = (-40.0, -10.0)
"""Median levels of speech that are left as they are, dB of full scale."""

TARGET = -25.0
"""Median level to which other speech is brought, dB of full scale."""

OFFSET = 0.05
"""A constant offset beyond this share of full scale is taken away."""

BLOCK = 200 * HOP
"""Samples that are measured at a time."""


@dataclass(frozen=True)
class SpeechLevel:
    """What is known about the level of a sound, and what is done about it."""

    silent: str
    """Why it counts as silent, or ""."""
    median: float
    """Median level of its speech, dB of full scale."""
    offset: float
    """Constant that is taken away; 0 where it is negligible."""

    @property
    def gain_db(self) -> float:
        """By how much the sound is raised; 0 for a usual level and for silence."""
        low, high = USUAL
        return 0.0 if self.silent or low <= self.median <= high else TARGET - self.median

    def applied(self, samples: np.ndarray) -> np.ndarray:
        """Sound (N,) float32 as encoders are given it; the same array where nothing is to do."""
        if self.offset:
            samples = samples - np.float32(self.offset)
        return samples * np.float32(10 ** (self.gain_db / 20)) if self.gain_db else samples

    def remark(self, name: str) -> str:
        """A sentence about silence, or an unusual level, of the sound ``name``; or ""."""
        if self.silent:
            return f"{name} is silent: check the microphone, or choose another file ({self.silent})"
        if self.gain_db:
            how = "soft" if self.gain_db > 0 else "loud"
            return (
                f"the speech of {name} is {how} ({self.median:.0f} dB of full scale): for the "
                f"encoder it is brought to {TARGET:.0f} dB"
            )
        return ""


def measure(blocks: Iterable[np.ndarray]) -> SpeechLevel:
    """The level of a sound at 16 kHz, given in blocks (n,) of any lengths."""
    levels, rest, total, count = [], np.zeros(0, np.float32), 0.0, 0
    for block in blocks:
        total += float(block.sum(dtype=np.float64))
        count += len(block)
        rest = np.concatenate([rest, block])
        while len(rest) >= 2 * BLOCK:
            levels.append(bin_levels(rest[:BLOCK]))
            rest = rest[BLOCK:]
    levels = np.concatenate([*levels, bin_levels(rest)])
    offset = total / max(count, 1)
    return SpeechLevel(
        silent=why_silent(levels),
        median=speech_level(levels) if len(levels) else -120.0,
        offset=offset if abs(offset) > OFFSET else 0.0,
    )


def levelled(samples: np.ndarray) -> np.ndarray:
    """A whole recording (N,) at 16 kHz as encoders are given it."""
    return measure([samples]).applied(samples)
