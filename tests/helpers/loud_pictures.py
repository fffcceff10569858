"""Made-up speech and video: the louder the sound, the brighter the left half of the picture."""

from functools import cache

import numpy as np

from s2r.core.units import HOP
from s2r.evaluation.agreement.instrument import Instrument
from s2r.evaluation.agreement.network import heard, seen
from s2r.evaluation.agreement.train import train_network
from s2r.speech.logmel import log_mel

SIZE = 16


def recording(length: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Frames (T, 16, 16) uint8 and sound (320 T,) float32 of one course of loudness."""
    rng = np.random.default_rng(seed)
    knots = rng.uniform(0, 1, length // 4 + 2)
    loudness = np.interp(np.arange(length) / 4, np.arange(len(knots)), knots)
    frames = 100 + 10 * rng.standard_normal((length, SIZE, SIZE))
    frames[:, :, : SIZE // 2] += 100 * (loudness[:, None, None] - 0.5)
    gain = 10 ** (1.5 * np.repeat(loudness, HOP) - 2.5)
    sound = gain * rng.standard_normal(length * HOP)
    return frames.clip(0, 255).astype(np.uint8), sound.clip(-1, 1).astype(np.float32)


@cache
def trained_instrument() -> Instrument:
    """An instrument that has learned this in two seconds, on recordings 100 to 111."""
    films, sounds = zip(*(recording(80, 100 + seed) for seed in range(12)), strict=True)
    pictures = [seen(film) for film in films]
    speech = [heard(log_mel(sound)) for sound in sounds]
    network = train_network(pictures, speech, seed=0, steps=40)
    return Instrument(network, "logmel", {"kind": "logmel"})
