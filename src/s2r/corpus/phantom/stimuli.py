"""What is recorded: stimuli, profiles, and the phones of each recording."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from s2r.core.phonetics import CONSONANTS
from s2r.corpus.phantom.lexicon import PRONUNCIATIONS
from s2r.corpus.phantom.phones import usual_seconds
from s2r.corpus.phantom.speakers import Speaker
from s2r.corpus.phantom.texts import READ, SPOKEN


@dataclass(frozen=True)
class Stimulus:
    """A stimulus, which every subject is asked to say, with its number in the corpus."""

    number: int
    name: str

    @property
    def style(self) -> str:
        """``spontaneous`` for pictures and topics, else ``scripted``."""
        return "spontaneous" if self.name in SPOKEN else "scripted"

    @property
    def repetitions(self) -> tuple[int | None, ...]:
        """Scripted stimuli are recorded twice in the corpus, the others once, unnumbered."""
        return (1, 2) if self.style == "scripted" else (None,)

    def stem(self, repetition: int | None = None) -> str:
        """The end of a recording's name, as ``01_vcv1_r1`` or ``12_picture1``."""
        suffix = "" if repetition is None else f"_r{repetition}"
        return f"{self.number:02d}_{self.name}{suffix}"


STIMULI = {
    name: Stimulus(number, name)
    for number, name in enumerate(
        (
            *("vcv1", "vcv2", "vcv3", "bvt", "shibboleth", "rainbow"),
            *("grandfather1", "grandfather2", "northwind1", "northwind2", "postures"),
            *(f"picture{k}" for k in range(1, 6)),
            *(f"topic{k}" for k in range(1, 6)),
        ),
        start=1,
    )
}
"""The 21 stimuli of the USC 75-speaker corpus, by name."""

Recording = tuple[str, int | None]
"""Name of the stimulus, number of the repetition (None where the corpus numbers none)."""


@dataclass(frozen=True)
class Profile:
    """Size of a corpus."""

    speakers: int
    recordings: tuple[Recording, ...]
    """What each speaker records."""
    scripted_seconds: float
    """Usual length of a recording that is read, with silence, s."""
    spontaneous_seconds: float
    """Usual length of a recording of free speech, with silence, s."""
    missing: int = 0
    """Number of recordings that do not exist."""
    truncated: int = 0
    """Number of recordings whose video file is cut off."""
    empty_subjects: int = 0
    """Number of further subjects whose folder has no recording."""
    whole: tuple[str, ...] = ()
    """Stimuli that are read once from beginning to end, whatever their length."""

    def seconds(self, stimulus: str) -> float | None:
        """Usual length of a recording of ``stimulus``; None for one that is read whole."""
        if stimulus in self.whole:
            return None
        spontaneous = STIMULI[stimulus].style == "spontaneous"
        return self.spontaneous_seconds if spontaneous else self.scripted_seconds


def _first(*stimuli: str) -> tuple[Recording, ...]:
    return tuple((name, STIMULI[name].repetitions[0]) for name in stimuli)


_DEFAULT = (
    *("vcv1", "vcv2", "vcv3", "bvt", "shibboleth", "rainbow"),
    *("grandfather1", "grandfather2", "northwind1", "northwind2"),
    *("picture1", "topic1", "topic2"),
)

PROFILES = {
    "tiny": Profile(3, _first("vcv1", "bvt", "topic1"), 4.0, 4.0),
    # A word list that ends early leaves the rating study without some of its words.
    "default": Profile(24, _first(*_DEFAULT), 2.9, 2.6, whole=("bvt",)),
    "paper": Profile(
        75,
        tuple((name, number) for name, s in STIMULI.items() for number in s.repetitions),
        1.0,
        1.0,
        missing=29,
        truncated=5,
        empty_subjects=1,
    ),
}
"""Sizes of corpora by name."""

_PAUSE = ("SIL",)
_HESITATIONS = (("SIL",), ("AX", "AX", "SIL"), ("AX", "M", "SIL"))
_HESITATION_RATE = 0.07
_RESTART_RATE = 0.03
_VCV_VOWELS = ("AA", "IY", "UW")
_POSTURES = ("IY", "EH", "AA", "AO", "UW", "M", "N", "S", "SH", "F", "L", "R")
_HELD = 7


def phone_sequence(
    stimulus: str, speaker: Speaker, rng: np.random.Generator, seconds: float | None
) -> list[str]:
    """Labels of the phones of one recording, SIL between its phrases, not at its ends.

    The text continues until about ``seconds`` are filled at the speaker's rate; a short text is
    repeated. It stops at the end of a word, and has one word at least; None gives one full text.
    Lists of items come in random order, free speech with random order, hesitations and restarts.
    Passages that are read begin with a random phrase, so that short recordings by many speakers
    cover the whole passage; a full text begins with its first phrase.
    """
    lists = {
        "vcv": partial(_vowel_consonant_vowel, stimulus),
        "bvt": partial(_shuffled_phrases, READ.get(stimulus)),
        "postures": _held_phones,
        "picture": partial(_free_speech, SPOKEN.get(stimulus)),
        "topic": partial(_free_speech, SPOKEN.get(stimulus)),
    }
    passes = lists.get(stimulus.rstrip("0123456789"))
    if passes is None:
        phrases = READ[stimulus]
        first = 0 if seconds is None else rng.integers(len(phrases))
        passes = partial(_reading, phrases[first:] + phrases[:first])
    labels: list[str] = []
    while True:
        for word in passes(rng):
            too_long = usual_seconds([*labels, *word]) / speaker.rate > (seconds or np.inf)
            if too_long and set(labels) - {"SIL"}:
                return _trimmed(labels)
            labels.extend(word)
        if seconds is None:
            return _trimmed(labels)


def _trimmed(labels: list[str]) -> list[str]:
    """Without rests at the ends."""
    spoken = [index for index, label in enumerate(labels) if label != "SIL"]
    return labels[spoken[0] : spoken[-1] + 1]


def _vowel_consonant_vowel(stimulus: str, rng: np.random.Generator) -> Iterator[tuple[str, ...]]:
    """Every consonant between equal vowels; vcv1 to vcv3 pair each one with all three vowels."""
    order = rng.permutation(len(CONSONANTS))
    for index in order:
        vowel = _VCV_VOWELS[(index + int(stimulus[-1])) % len(_VCV_VOWELS)]
        yield (vowel, CONSONANTS[index], vowel)
        yield _PAUSE


def _held_phones(rng: np.random.Generator) -> Iterator[tuple[str, ...]]:
    for label in rng.permutation(_POSTURES):
        yield (str(label),) * _HELD
        yield _PAUSE


def _words(phrase: str) -> Iterator[tuple[str, ...]]:
    return (PRONUNCIATIONS[word] for word in phrase.split())


def _reading(phrases: tuple[str, ...], _rng: np.random.Generator) -> Iterator[tuple[str, ...]]:
    for phrase in phrases:
        yield from _words(phrase)
        yield _PAUSE


def _shuffled_phrases(
    phrases: tuple[str, ...], rng: np.random.Generator
) -> Iterator[tuple[str, ...]]:
    yield from _reading(tuple(str(phrase) for phrase in rng.permutation(phrases)), rng)


def _free_speech(phrases: tuple[str, ...], rng: np.random.Generator) -> Iterator[tuple[str, ...]]:
    for phrase in rng.permutation(phrases):
        for word in _words(str(phrase)):
            if rng.random() < _HESITATION_RATE:
                yield _HESITATIONS[rng.integers(len(_HESITATIONS))]
            if rng.random() < _RESTART_RATE:
                yield word
            yield word
        yield _PAUSE
