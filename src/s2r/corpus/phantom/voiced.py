"""Recordings with a voice that is not the phantom's: synthetic speech whose phones drive its tract.

The phantom's own sound is that of a chain of tubes. A model that has heard no other takes what is
particular to it for a part of the speech. Here two voices of a synthesiser speak, of which one was
built from a person's recordings, and the times of their phones drive the articulators: sound and
picture agree in their phones and times, not in their formants. ``voices/README.md`` says where the
voices come from.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from s2r.core.media.decode import read_audio
from s2r.core.media.resample import resample
from s2r.core.phonetics import SILENCE, Segment
from s2r.core.units import SAMPLE_RATE
from s2r.corpus.phantom import tube
from s2r.corpus.phantom.phones import parts_of
from s2r.corpus.phantom.speakers import Speaker
from s2r.corpus.phantom.utterance import Utterance, recording_rng, targets

FOLDER = Path(__file__).parent / "voices"
VOICES = ("awb", "kal16")
REST = 0.2
"""Silence in s before and after a sentence, beside that of the synthesiser."""


@dataclass(frozen=True)
class Sentence:
    """A sentence by one voice."""

    voice: str
    text: str
    samples: np.ndarray
    """(N,) float32 at 16 kHz in [-1, 1], with ``REST`` at both ends."""
    phones: tuple[Segment, ...]
    """Phones of the phantom, one after another, from 0 to the end of the sound."""


def sentence_for(subject: int, number: int) -> Sentence:
    """Sentence ``number`` (from 1) of a subject (from 1): voices take turns, and so do texts."""
    turn = number % len(VOICES)
    sentences, sound = _voice(VOICES[turn])
    # of 24 subjects with 6 sentences each, none says any twice, and no two the same by one voice
    place = 3 * (subject - 1) + (number - 1) // len(VOICES) + turn * len(sentences) // 2
    about = sentences[place % len(sentences)]
    rest = np.zeros(round(REST * SAMPLE_RATE), np.float32)
    samples = np.concatenate([rest, sound[about["start"] : about["stop"]], rest])
    phones = _phones(about["phones"], len(samples) / SAMPLE_RATE)
    return Sentence(VOICES[turn], about["text"], samples, phones)


def plan_voiced(speaker: Speaker, sentence: Sentence, recording: str, seed: int) -> Utterance:
    """The movements of ``speaker`` with the phones of ``sentence``, at their times.

    ``recording`` is the name that habits and scatter depend on. The utterance has no pitch.
    """
    parts = []
    for phone in sentence.phones:
        pieces = parts_of(phone.label)
        stretch = (phone.end - phone.start) / sum(seconds for _, seconds in pieces)
        start = phone.start
        for label, seconds in pieces:
            parts.append(Segment(label, start, start + stretch * seconds))
            start = parts[-1].end
    values, weights = targets(tuple(parts), speaker, recording_rng(seed, speaker, recording))
    return Utterance(
        speaker, recording, sentence.phones, tuple(parts), values, weights, np.empty(0)
    )


def voiced_wave(sentence: Sentence) -> np.ndarray:
    """The sound (N,) float32 of a sentence at the rate of the phantom's."""
    wave = resample_poly(sentence.samples, tube.SAMPLE_RATE // 4000, SAMPLE_RATE // 4000)
    return np.clip(wave, -1, 1).astype(np.float32)


def _phones(text: str, seconds: float) -> tuple[Segment, ...]:
    """Segments from ``label:end`` as flite prints them; rests next to each other are joined."""
    phones = [Segment(SILENCE, 0.0, REST)]
    for token in text.split():
        label, _, end = token.rpartition(":")
        label = SILENCE if label == "pau" else label.upper()
        start, end = phones[-1].end, REST + float(end)
        if label == phones[-1].label == SILENCE:
            start = phones.pop().start
        phones.append(Segment(label, start, end))
    start = phones.pop().start if phones[-1].label == SILENCE else phones[-1].end
    return (*phones, Segment(SILENCE, start, seconds))


@cache
def _voice(voice: str) -> tuple[list[dict], np.ndarray]:
    """What a voice says, and its sound (N,) float32 at 16 kHz."""
    sentences = json.loads((FOLDER / "sentences.json").read_text())[voice]
    return sentences, resample(*read_audio(FOLDER / f"{voice}.ogg"), SAMPLE_RATE)
