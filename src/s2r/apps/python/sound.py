"""Sound that a caller of the Python interface gives: a file, or samples of any kind."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from s2r.core.errors import UserError
from s2r.core.media.decode import open_audio
from s2r.core.media.mix import mixed
from s2r.core.media.open import SAMPLE_RATES
from s2r.generation.speech_file import finite

MOST_CHANNELS = 32
"""An array with more rows than this has its axes the other way round."""

LOUDEST = 10.0
"""Greatest value of samples that may be meant as in [-1, 1]."""


@dataclass(frozen=True)
class Sound:
    """One channel of sound."""

    samples: np.ndarray
    """(N,) float32 in [-1, 1]."""
    rate: int
    """Hz."""
    name: str
    """Of the file, or "the sound"."""


def read_sound(sound: str | os.PathLike | np.ndarray, rate: float | None = None) -> Sound:
    """The sound in a file of any kind, or of samples.

    Args:
        sound: path of a sound or video file; or samples, (N,) or (channels, N): floats in [-1, 1],
            or integers over the range of their type (int16, int32, uint8). Channels are mixed.
        rate: of the samples, in Hz; a file has its own.

    Raises:
        UserError: the file cannot be read; no rate, or one beside a file; samples of another kind,
            shape or range, or that are not numbers.
    """
    if isinstance(sound, (str, os.PathLike)):
        if rate is not None:
            raise UserError(f"{sound} has a rate of its own: leave out the argument rate.")
        return _from_file(Path(sound))
    if rate is None:
        raise UserError("Samples need their rate in Hz: give it as the second argument.")
    low, high = SAMPLE_RATES
    if not low <= rate <= high:
        raise UserError(f"The rate is {rate} Hz: it must be from {low} to {high}.")
    if rate != round(rate):
        raise UserError(f"The rate is {rate} Hz: it must be a whole number.")
    return Sound(_one_channel(_as_floats(np.asarray(sound))), round(rate), "the sound")


def _from_file(path: Path) -> Sound:
    if not path.is_file():
        raise UserError(f"{path}: there is no such file.")
    with open_audio(path) as audio:
        blocks = list(finite(audio.blocks, path))
    samples = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    return Sound(samples, audio.rate, str(path))


def _as_floats(samples: np.ndarray) -> np.ndarray:
    """Samples of any type as float32 in [-1, 1]."""
    if samples.dtype in (np.int8, np.int16, np.int32):
        return samples.astype(np.float32) / -float(np.iinfo(samples.dtype).min)
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - 128) / 128
    if samples.dtype.kind != "f":
        raise UserError(
            f"Samples of type {samples.dtype} have no known full scale: give floats in [-1, 1], "
            "int16, int32 or uint8."
        )
    if not np.isfinite(samples).all():
        raise UserError("The samples hold values that are not numbers.")
    if np.abs(samples).max(initial=0) > LOUDEST:
        raise UserError(
            f"The samples reach {np.abs(samples).max():.0f}: divide floats by their full scale (of "
            "16 bits 32768), so that they are in [-1, 1]."
        )
    return samples.astype(np.float32)


def _one_channel(samples: np.ndarray) -> np.ndarray:
    if samples.ndim == 1:
        return samples
    if samples.ndim != 2 or not 1 <= len(samples) <= MOST_CHANNELS:
        shape = " x ".join(map(str, samples.shape))
        raise UserError(
            f"Samples of shape {shape} are not (N,) or (channels, N): of (N, channels) give the "
            "transpose, samples.T."
        )
    return mixed(samples, ())
