"""A film of a speaker, cut in time: what is learned from, and the end, held out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from s2r.core.media.resample import resample
from s2r.core.units import HOP, SAMPLE_RATE
from s2r.corpus.films import film_sound
from s2r.preparation.frames import FramesConfig, video_on_clock, video_range
from s2r.preparation.pictures import scale_levels
from s2r.preparation.resting import resting_frame
from s2r.speech.level import measure


@dataclass(frozen=True)
class FilmPart:
    """Frames in a row, and their sound."""

    frames: np.ndarray
    """(T, H, W) uint8 at 50 Hz."""
    sound: np.ndarray | None
    """(320 T,) float32 at 16 kHz, at the level that encoders expect; None of a silent film."""


@dataclass(frozen=True)
class CutFilm:
    """One film. Nothing of the held-out part decides anything about the other."""

    path: Path
    learned: FilmPart
    held_out: FilmPart
    reference: np.ndarray
    """(H, W) uint8, the speaker at rest, from the part that is learned."""
    silence: str
    """Why a sound track that is there counts as silent, or ""."""


def sound_of(film: str | Path) -> np.ndarray | None:
    """The sound (N,) of a film at 16 kHz, its own or that of a .wav of its name beside it; None
    for a film without sound."""
    found = film_sound(film)
    return None if found is None else resample(*found, SAMPLE_RATE)


def cut_film(path: Path, config: FramesConfig, held_out: float) -> CutFilm:
    """Read a film; the last share ``held_out`` of its frames is held out.

    Grey levels, the level of the sound and the reference frame are those of the rest. Picture and
    sound are cut to the shorter. Raises UserError for a film that cannot be read, or whose picture
    never changes.
    """
    frames = video_on_clock(path, config)
    sound = sound_of(path)
    if sound is not None and len(sound) >= HOP:
        frames = frames[: len(sound) // HOP]
    cut = max(1, round((1 - held_out) * len(frames)))
    scaled = scale_levels(frames, *video_range(path, frames[:cut], config))
    parts = [scaled[:cut], scaled[cut:]]
    sounds, silence, quiet = [None, None], "", None
    if sound is not None:
        quiet = sound[: cut * HOP]
        level = measure([quiet])
        silence = level.silent
        if not silence:
            heard = level.applied(sound[: len(frames) * HOP])
            sounds = [heard[: cut * HOP], heard[cut * HOP :]]
    learned, last = (FilmPart(*part) for part in zip(parts, sounds, strict=True))
    return CutFilm(path, learned, last, resting_frame(learned.frames, quiet), silence)
