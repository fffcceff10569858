"""Sounds to generate and to embed."""

import numpy as np


def voice(seconds, rate=16_000, seed=0):
    """Noise whose loudness comes and goes four times a second."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate)) / rate
    return (rng.normal(0, 0.1, len(t)) * (1.1 + np.sin(8 * np.pi * t))).astype(np.float32)


def noise(samples, seed=0):
    """White noise with a mean that is not quite zero."""
    return np.random.default_rng(seed).normal(0.02, 0.1, samples).astype(np.float32)
