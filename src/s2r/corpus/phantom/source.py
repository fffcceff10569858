"""Sources of sound: pressures and flow in the tract, the voice, the noise of turbulence.

Pressures and noise follow Stevens (1998). Units: cm, g, s.
"""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter, resample_poly
from scipy.special import expit

from s2r.corpus.phantom.speakers import Speaker
from s2r.corpus.phantom.tract import AREA_FLOOR, NASAL_LINE, AreaFunction
from s2r.corpus.phantom.tube import DENSITY, SAMPLE_RATE, open_area

PRESSURE = 8000.0
"""Usual pressure below the glottis, dyn/cm2."""

_VISCOSITY = 0.15
_PEAK_FLOW = 400.0  # cm3/s
_SHIMMER = 0.04
_OVERSAMPLING = 4
_GATE = 0.35
# Strength of turbulence by section: a jet from an alveolar constriction strikes the teeth, one
# from the teeth or lips nothing
_OBSTACLE = ((22, 31, 33, 35, 36, 37, 39), (0.4, 0.5, 0.6, 1, 1, 0.3, 0.2))


@dataclass(frozen=True)
class Air:
    """State of the air at T instants."""

    narrowest: np.ndarray
    """(T,) section of the area function, from the nasal branch to the lips."""
    resistance: np.ndarray
    """(T,) flow resistance of that place, g/(cm4 s)."""
    frication: np.ndarray
    """(T,) r.m.s. pressure of the noise there, dyn/cm2."""
    aspiration: np.ndarray
    """(T,) r.m.s. flow of the noise at the glottis, cm3/s."""
    voicing: np.ndarray
    """(T,) amplitude of the voice, about 0 to 1."""


def aerodynamics(function: AreaFunction, glottis: np.ndarray, pressure: np.ndarray) -> Air:
    """Air in the tract for the areas of the ``glottis`` (T,) cm2 and the ``pressure`` (T,)."""
    oral = function.areas[:, NASAL_LINE:]
    narrowest = oral.argmin(1)
    area = oral[np.arange(len(oral)), narrowest]
    outlet = area + function.port
    mean_glottis = open_area(glottis)
    total = outlet**2 + mean_glottis**2
    drop_glottis = pressure * outlet**2 / total
    drop = pressure * mean_glottis**2 / total
    speed = np.sqrt(2 * drop / DENSITY)
    reynolds = speed * np.sqrt(4 * area / np.pi) / _VISCOSITY
    frication = (
        1500
        * (drop / PRESSURE) ** 1.5
        * np.sqrt(area / 0.05)
        * np.clip((reynolds - 1400) / 1200, 0, 1)
        * np.clip((area - AREA_FLOOR) / 0.01, 0, 1)
        * np.clip((0.5 - area) / 0.3, 0, 1)
        * np.interp(narrowest + NASAL_LINE, *_OBSTACLE)
    )
    push = np.sqrt(drop_glottis / PRESSURE)
    voicing = np.maximum(
        expit((0.135 - glottis) / 0.012) * push,
        0.22 * expit((0.10 - glottis) / 0.01) * pressure / PRESSURE,  # voice bar in closures
    )
    return Air(
        narrowest + NASAL_LINE,
        np.minimum(DENSITY * speed / area, 400),
        frication,
        1.2 * (glottis / 0.2) ** 2 * push,
        voicing,
    )


def glottal_pulses(speaker: Speaker, f0: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Flow (N,) of a steady voice at SAMPLE_RATE, 0 to about 1, for F0 (N,) Hz."""
    step = np.repeat(f0, _OVERSAMPLING) / (SAMPLE_RATE * _OVERSAMPLING)
    phase = np.cumsum(step)
    cycle = phase.astype(np.int64)
    x = (phase - cycle) / speaker.OQ
    pulse = 6.75 * x * x * np.maximum(1 - x, 0)
    pulse *= (1 + _SHIMMER * rng.standard_normal(cycle[-1] + 1))[cycle]
    return resample_poly(pulse.astype(np.float32), 1, _OVERSAMPLING)


def sources(
    speaker: Speaker, air: Air, hop: int, f0: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Flow (N,) at the glottis, cm3/s, and noise pressure (N,) at the narrowest place, dyn/cm2.

    ``air`` has one instant every ``hop`` samples; ``f0`` (N,) Hz.
    """
    count = len(f0)
    samples = np.arange(count)

    def at_samples(track: np.ndarray) -> np.ndarray:
        return np.interp(samples, np.arange(len(track)) * hop, track).astype(np.float32)

    pulses = glottal_pulses(speaker, f0, rng)
    voicing = at_samples(air.voicing)
    # the voice modulates the noise in pulses
    gate = 1 - (1 - _GATE) * np.minimum(voicing, 1) * (1 - np.clip(pulses, 0, 1))
    breath, hiss = rng.standard_normal((2, count), dtype=np.float32)
    tilt = speaker.source_tilt
    voice = lfilter([1 - tilt], [1, -tilt], _PEAK_FLOW * voicing * pulses)
    breath = lfilter([1, -0.6], [1], breath) * at_samples(air.aspiration) * gate
    hiss = lfilter([1, -0.75], [1], hiss) * at_samples(air.frication) * gate
    return (voice + breath).astype(np.float32), hiss.astype(np.float32)
