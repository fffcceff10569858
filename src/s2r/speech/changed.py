"""Changed copies of speech: other rooms, microphones, noises and levels, the same movements.

A model that has only heard one kind of recording takes its sound for a part of the speech. What is
drawn here moves nothing in time: the pictures of a recording stay true for its changed copies.
"""

import zlib

import numpy as np
from scipy.fft import irfft, rfft, rfftfreq
from scipy.signal import butter, fftconvolve, sosfilt

from s2r.core.units import SAMPLE_RATE

BANDS = (0, 150, 400, 800, 1500, 2500, 4000, 6000, 8000)
"""Frequencies in Hz at which the gain of a microphone is drawn; between them it is linear."""

GAIN_DB, TILT_DB = 3.0, 4.0
"""Standard deviation of that gain, and largest slope per octave added to it."""

NOISE_SHARE, NOISE_DB = 0.5, (-40.0, -15.0)
"""Share of copies with noise, and its level relative to the speech."""

ROOM_SHARE, REVERBERATION, ECHO_DB = 0.3, (0.1, 0.5), (-20.0, 0.0)
"""Share of copies in a room, its reverberation time in s, and its level."""

CHANNEL_SHARE, LOWEST, HIGHEST = 0.3, (20.0, 250.0), (3300.0, 7800.0)
"""Share of copies through a narrow channel, and its limits in Hz."""

LEVEL_DB = (-35.0, -15.0)
"""Root mean square of a copy, dB of full scale: levels that encoders are given as they are."""


def changed_copy(samples: np.ndarray, recording: str, number: int) -> np.ndarray:
    """Copy ``number`` of the sound (N,) float32 at 16 kHz of ``recording``, as long as the sound.

    It depends on the arguments alone.
    """
    rng = np.random.default_rng([zlib.crc32(recording.encode()), number])
    sound = microphone(samples.astype(np.float64), rng)
    if rng.random() < ROOM_SHARE:
        sound = room(sound, rng)
    if rng.random() < NOISE_SHARE:
        sound = noisy(sound, rng)
    if rng.random() < CHANNEL_SHARE:
        limits = (rng.uniform(*LOWEST), rng.uniform(*HIGHEST))
        sound = sosfilt(butter(2, limits, "band", fs=SAMPLE_RATE, output="sos"), sound)
    level = decibels(rng.uniform(*LEVEL_DB)) / max(root_mean_square(sound), 1e-9)
    return np.clip(level * sound, -1, 1).astype(np.float32)


def microphone(sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sound (N,) with another gain at every frequency: smooth, and tilted."""
    gains = GAIN_DB * rng.standard_normal(len(BANDS))
    tilt = rng.uniform(-TILT_DB, TILT_DB)
    frequencies = rfftfreq(len(sound), 1 / SAMPLE_RATE)
    gain = np.interp(frequencies, BANDS, gains)
    gain += tilt * np.log2(np.maximum(frequencies, 100) / 1000)
    return irfft(rfft(sound) * decibels(gain), len(sound))


def room(sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sound (N,) with echoes after it: noise that falls by 60 dB in the reverberation time."""
    length = int(rng.uniform(*REVERBERATION) * SAMPLE_RATE)
    response = rng.standard_normal(length) * decibels(-60 * np.arange(length) / length)
    response *= decibels(rng.uniform(*ECHO_DB)) / np.linalg.norm(response)
    response[0] = 1
    return fftconvolve(sound, response)[: len(sound)]


def noisy(sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sound (N,) with steady noise, between white and with 6 dB less in each higher octave."""
    slope = rng.uniform(0, 1)
    frequencies = np.maximum(rfftfreq(len(sound), 1 / SAMPLE_RATE), 30)
    noise = irfft(rfft(rng.standard_normal(len(sound))) * frequencies**-slope, len(sound))
    level = decibels(rng.uniform(*NOISE_DB)) * root_mean_square(sound)
    return sound + level / max(root_mean_square(noise), 1e-9) * noise


def decibels(level: np.ndarray | float) -> np.ndarray | float:
    """A level in dB as a factor of amplitudes."""
    return 10 ** (np.asarray(level) / 20)


def root_mean_square(sound: np.ndarray) -> float:
    """Of sound (N,); 0 where there is none."""
    return float(np.sqrt(np.mean(np.square(sound)))) if len(sound) else 0.0
