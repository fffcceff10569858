"""Recordings with a voice that is not the phantom's: speech whose phones drive the phantom's tract.

The phantom's own sound is that of a chain of tubes. A model that has heard no other takes what is
particular to it for a part of the speech. Here others speak, people or a synthesiser, and the times
of their phones drive the articulators: sound and picture agree in their phones and times, not in
their formants. Each recording is played at a speed of its own, which moves pitch and formants: few
voices stand for more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from s2r.core.errors import UserError
from s2r.core.media.decode import read_audio
from s2r.core.media.resample import resample
from s2r.core.phonetics import SILENCE, UNKNOWN, Segment
from s2r.core.units import SAMPLE_RATE
from s2r.corpus.phantom import tube
from s2r.corpus.phantom.phones import PARTS, PHONES, parts_of
from s2r.corpus.phantom.speakers import Speaker
from s2r.corpus.phantom.utterance import Utterance, recording_rng, targets
from s2r.corpus.textgrid import find_textgrid, read_textgrid

RECORDINGS = 6
"""Recordings of each subject with another's voice."""

REST = 0.2
"""Silence in s before and after a recording."""

SPEEDS = (0.85, 1.3)
"""Slowest and fastest speed at which a recording is played. A man's vocal tract is about a sixth
longer than a woman's, so 1.2 gives a man's voice a woman's formants."""


@dataclass(frozen=True)
class Spoken:
    """A recording of a voice."""

    samples: np.ndarray
    """(N,) float32 at 16 kHz in [-1, 1], with ``REST`` at both ends."""
    phones: tuple[Segment, ...]
    """Phones of the phantom, one after another, from 0 to the end of the sound."""


def find_voices(folder: str | Path) -> list[list[Path]]:
    """The recordings of each voice, a folder of WAV files with a TextGrid beside each of them.

    Raises UserError where ``folder`` has none.
    """
    places = sorted(path for path in Path(folder).glob("*") if path.is_dir())
    voices = [[p for p in sorted(place.glob("*.wav")) if find_textgrid(p)] for place in places]
    if not any(voices):
        raise UserError(
            f"{folder} holds no voices (corpus.phantom.voices): put a folder for each voice there, "
            "with .wav files and a TextGrid with a tier phones beside each."
        )
    return [voice for voice in voices if voice]


def recording_of(voices: list[list[Path]], subject: int, number: int) -> Path:
    """Recording ``number`` (from 1) of a subject (from 1): voices take turns, and so do texts."""
    turn = number % len(voices)
    voice = voices[turn]
    each = -(-RECORDINGS // len(voices))
    # Voices that say the same texts begin at different ones.
    place = each * (subject - 1) + (number - 1) // len(voices) + turn * len(voice) // len(voices)
    return voice[place % len(voice)]


def speed_of(rng: np.random.Generator) -> float:
    """A random speed: its logarithm is uniform within `SPEEDS`. In whole hundredths, of which sound
    is resampled at once."""
    return round(float(np.exp(rng.uniform(*np.log(SPEEDS)))), 2)


def read_spoken(path: Path, speed: float = 1.0) -> Spoken:
    """A recording, played at ``speed``, and its phones.

    Raises UserError for a TextGrid without phones, or with others than those of ARPABET, and for
    sound that cannot be read.
    """
    textgrid = find_textgrid(path)
    times = read_textgrid(textgrid) if textgrid else None
    samples, rate = read_audio(path)
    sound = resample(samples, round(rate * speed), SAMPLE_RATE)
    if times is None or not times.phones:
        raise UserError(f"{textgrid or path} has no tier phones: the phones drive the tract.")
    rest = np.zeros(round(REST * SAMPLE_RATE), np.float32)
    samples = np.concatenate([rest, sound, rest])
    faster = round(rate * speed) / rate
    phones = [
        replace(phone, start=phone.start / faster, end=phone.end / faster) for phone in times.phones
    ]
    return Spoken(samples, _without_gaps(phones, len(samples) / SAMPLE_RATE, textgrid))


def plan_voiced(speaker: Speaker, spoken: Spoken, recording: str, seed: int) -> Utterance:
    """The movements of ``speaker`` with the phones of ``spoken``, at their times.

    ``recording`` is the name that habits and scatter depend on. The utterance has no pitch.
    """
    parts = []
    for phone in spoken.phones:
        pieces = parts_of(phone.label)
        stretch = (phone.end - phone.start) / sum(seconds for _, seconds in pieces)
        start = phone.start
        for label, seconds in pieces:
            parts.append(Segment(label, start, start + stretch * seconds))
            start = parts[-1].end
    values, weights = targets(tuple(parts), speaker, recording_rng(seed, speaker, recording))
    return Utterance(speaker, recording, spoken.phones, tuple(parts), values, weights, np.empty(0))


def voiced_wave(spoken: Spoken) -> np.ndarray:
    """The sound (N,) float32 of a recording at the rate of the phantom's."""
    wave = resample_poly(spoken.samples, tube.SAMPLE_RATE // 4000, SAMPLE_RATE // 4000)
    return np.clip(wave, -1, 1).astype(np.float32)


def _without_gaps(phones: Sequence[Segment], seconds: float, path: Path) -> tuple[Segment, ...]:
    """Phones that are ``REST`` later, with silence wherever there is none, up to ``seconds``."""
    said = [
        Segment(phone.label, phone.start + REST, min(phone.end + REST, seconds))
        for phone in phones
        if phone.label not in (SILENCE, UNKNOWN)
    ]
    others = {phone.label for phone in said} - PHONES.keys() - PARTS.keys()
    if others:
        raise UserError(f"{path}: the phantom cannot say {', '.join(sorted(others))}.")
    edges = [Segment("", 0.0, 0.0), *said, Segment("", seconds, seconds)]
    gaps = [Segment(SILENCE, one.end, other.start) for one, other in pairwise(edges)]
    both = [segment for pair in zip(gaps, [*said, None], strict=True) for segment in pair]
    return tuple(segment for segment in both if segment and segment.end > segment.start)
