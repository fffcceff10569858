"""The sound of an utterance: sources filtered by the same tract that the pictures show."""

import numpy as np
from scipy.fft import irfft, rfft

from s2r.corpus import usc75
from s2r.corpus.phantom.source import aerodynamics, sources
from s2r.corpus.phantom.speakers import Speaker
from s2r.corpus.phantom.tract import area_function, column, contours
from s2r.corpus.phantom.tube import (
    IMPULSE,
    SAMPLE_RATE,
    Response,
    equal_tube,
    medium,
    respond,
    section_at,
    synthesis_frequencies,
)
from s2r.corpus.phantom.utterance import Utterance

SHAPE_STEP = 100
"""Samples between two shapes of the tract: 5 ms."""

REPETITION_TIME = float(1 / usc75.FRAME_RATE / 2)
"""Time between two excitations of the scanner, one for each spiral arm, s: its noise has this
period."""

_PEAK = 0.7
_FADE = 64
_LEAD = 64  # samples of ringing before the onset of a band-limited impulse response
_BLOCK = 64  # shapes at a time: their spectra fit the processor's cache
_AUDIBLE = 1e-3
_SCANNER_DECIBELS, _HISS_DECIBELS = -40.0, -46.0


def _delay() -> np.ndarray:
    """Spectrum (257,) of a delay by _LEAD samples that fades out from 8.5 kHz on."""
    frequencies = np.arange(IMPULSE // 2 + 1) / IMPULSE
    fade = np.cos(np.pi / 2 * np.clip((frequencies - 0.425) / 0.075, 0, 1)) ** 2
    return (fade * np.exp(-2j * np.pi * frequencies * _LEAD)).astype(np.complex64)


_DELAY = _delay()


def voiced_response(speaker: Speaker, q: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """Sound pressure per flow of the glottis (T, F) at ``frequencies`` (F,) Hz; ``q`` (T, P)."""
    tube = equal_tube(area_function(speaker, q, contours(speaker, q)))
    return respond(
        tube,
        q[:, column("Ag")],
        medium(frequencies),
        place=np.full(len(q), -1),
        resistance=np.zeros(len(q)),
        noisy=np.zeros(len(q), bool),
    ).glottis


def synthesise(speaker: Speaker, utterance: Utterance, rng: np.random.Generator) -> np.ndarray:
    """Sound (N,) float32 of an utterance, SAMPLE_RATE = 20 kHz, peak 0.7, without scanner noise.

    N is the duration in samples, rounded. Every 5 ms the tract has a new shape; source and
    noise are cut by overlapping windows and filtered by the shape at the middle of each.
    """
    count = round(utterance.duration * SAMPLE_RATE)
    frames = count // SHAPE_STEP + 2
    q = utterance.trajectories(np.arange(frames) * SHAPE_STEP / SAMPLE_RATE)
    function = area_function(speaker, q, contours(speaker, q))
    air = aerodynamics(function, q[:, column("Ag")], q[:, column("Ps")])
    f0 = utterance.f0(np.arange(frames * SHAPE_STEP) / SAMPLE_RATE)
    flow, noise = sources(speaker, air, SHAPE_STEP, f0, rng)

    tube, place = equal_tube(function), section_at(function, air.narrowest)
    audible = np.flatnonzero((air.voicing + air.aspiration > _AUDIBLE) | (air.frication > _AUDIBLE))
    losses = medium(synthesis_frequencies())
    flow, noise = _windows(flow, frames), _windows(noise, frames)
    sound = np.zeros((frames, 2 * IMPULSE), np.float32)
    for start in range(0, len(audible), _BLOCK):
        rows = audible[start : start + _BLOCK]
        noisy = air.frication[rows] > _AUDIBLE
        response = respond(
            tube.part(rows),
            q[rows, column("Ag")],
            losses,
            place=place[rows],
            resistance=air.resistance[rows],
            noisy=noisy,
        )
        sound[rows] = _filter(response, flow[rows], noise[rows[noisy]], noisy)
    wave = _overlap_add(sound)[SHAPE_STEP + _LEAD : SHAPE_STEP + _LEAD + count]
    return (_PEAK / max(float(np.abs(wave).max()), 1e-9) * wave).astype(np.float32)


def _windows(signal: np.ndarray, frames: int) -> np.ndarray:
    """Pieces (frames, 2 SHAPE_STEP) of ``signal`` around every shape, under Hann windows."""
    padded = np.concatenate([np.zeros(SHAPE_STEP, np.float32), signal]).reshape(
        frames + 1, SHAPE_STEP
    )
    window = np.sin(np.pi * np.arange(2 * SHAPE_STEP) / (2 * SHAPE_STEP)) ** 2
    return np.concatenate([padded[:-1], padded[1:]], 1) * window.astype(np.float32)


def _filter(
    response: Response, flow: np.ndarray, noise: np.ndarray, noisy: np.ndarray
) -> np.ndarray:
    """Filtered pieces (T, 2 IMPULSE)."""
    spectrum = rfft(flow, 2 * IMPULSE) * _padded(response.glottis)
    spectrum[noisy] += rfft(noise, 2 * IMPULSE) * _padded(response.noise)
    return irfft(spectrum, 2 * IMPULSE)


def _padded(transfer: np.ndarray) -> np.ndarray:
    """Spectrum (T, IMPULSE + 1) of the impulse responses with faded ends, padded with zeros.

    They are delayed by _LEAD samples; else the ringing before them would wrap round to their ends.
    """
    impulse = irfft(transfer * _DELAY, IMPULSE)
    impulse[:, -_FADE:] *= np.linspace(1, 0, _FADE, dtype=np.float32)
    return rfft(impulse, 2 * IMPULSE)


def _overlap_add(pieces: np.ndarray) -> np.ndarray:
    """Sum (N,) of pieces (T, M) that begin SHAPE_STEP samples after each other."""
    count, length = pieces.shape
    chunks = -(-length // SHAPE_STEP)
    result = np.zeros((count + chunks, SHAPE_STEP), np.float32)
    for chunk in range(chunks):
        piece = pieces[:, chunk * SHAPE_STEP : (chunk + 1) * SHAPE_STEP]
        result[chunk : chunk + count, : piece.shape[1]] += piece
    return result.ravel()


def add_scanner_noise(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """``wave`` (N,) at 20 kHz with the scanner noise that remains after cancellation, float32.

    Harmonics of the excitation rate 1 / 6.004 ms, 40 dB below the wave's r.m.s., and hiss.
    """
    level = float(np.sqrt(np.mean(np.square(wave, dtype=np.float64))))
    rate = 1 / REPETITION_TIME
    order = np.arange(1, int(SAMPLE_RATE / 2 / rate))
    amplitude = np.exp(0.5 * rng.standard_normal(len(order))) / np.sqrt(order)
    # one period, tabulated finely: a sum of sines over all samples would cost far more
    table = np.zeros(2049, complex)
    table[order] = amplitude * np.exp(2j * np.pi * rng.random(len(order)))
    period = irfft(table)
    place = np.arange(len(wave)) * (rate / SAMPLE_RATE) * len(period)
    hum = period[place.astype(np.int64) % len(period)]
    hum *= level * 10 ** (_SCANNER_DECIBELS / 20) / np.sqrt(np.mean(period**2))
    hiss = rng.standard_normal(len(wave), dtype=np.float32)
    hiss *= level * 10 ** (_HISS_DECIBELS / 20)
    return (wave + hum + hiss).astype(np.float32)
