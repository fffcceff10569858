"""What is said in a recording of single words: items (words, VCVs) with their phones in time.

Phones are ARPABET without stress. Times are in s from the first frame of the recording.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from s2r.phantom.lexicon import PRONUNCIATIONS, words_in
from s2r.phantom.phones import VOWELS
from s2r.phantom.speech import Segment

VCV_PHONES = 3


@dataclass(frozen=True)
class Item:
    """A word or a VCV, with its phones in time."""

    label: str
    """The word, or the phones of a VCV with hyphens: ``AA-T-AA``."""
    phones: tuple[Segment, ...]

    @property
    def start(self) -> float:
        """s."""
        return self.phones[0].start

    @property
    def end(self) -> float:
        """s."""
        return self.phones[-1].end

    @property
    def kind(self) -> str:
        """``vcv`` for a consonant between two equal vowels, else ``word``."""
        return "vcv" if is_vcv([phone.label for phone in self.phones]) else "word"

    @property
    def consonant(self) -> str:
        """The consonant of a VCV; nothing for a word, which may have several."""
        return self.phones[1].label if self.kind == "vcv" else ""

    def moved(self, seconds: float) -> "Item":
        """The same, ``seconds`` later."""
        phones = (replace(p, start=p.start + seconds, end=p.end + seconds) for p in self.phones)
        return replace(self, phones=tuple(phones))


def is_vcv(labels: Sequence[str]) -> bool:
    """Whether phones are a consonant between two equal vowels."""
    if len(labels) != VCV_PHONES:
        return False
    first, middle, last = labels
    return first == last and first in VOWELS and middle not in VOWELS


def vcv_label(labels: Iterable[str]) -> str:
    """``AA-T-AA``: how a VCV is named, and how any word may be spelled in a transcript."""
    return "-".join(labels)


def spoken(phones: Iterable[Segment]) -> list[Item]:
    """All items of a phantom recording from its true phones, carrier words (say) included.

    A phrase between two rests is a VCV, or words of the lexicon; a phrase that is neither is
    left out.
    """
    found = []
    for rest, group in groupby(phones, lambda phone: phone.label == "SIL"):
        phrase = () if rest else tuple(group)
        labels = tuple(phone.label for phone in phrase)
        if is_vcv(labels):
            found.append(Item(vcv_label(labels), phrase))
        else:
            found += _words(phrase, words_in(labels) or [])
    return found


def _words(phrase: tuple[Segment, ...], words: list[str]) -> Iterable[Item]:
    place = 0
    for word in words:
        length = len(PRONUNCIATIONS[word])
        yield Item(word, phrase[place : place + length])
        place += length
