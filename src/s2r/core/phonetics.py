"""Phones, their times and classes; ARPABET without stress, AX for schwa, SIL for rest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

VOWELS = frozenset(
    {"IY", "IH", "EY", "EH", "AE", "AA", "AO", "UH", "UW", "AH", "OW", "AX", "ER", "AY", "AW", "OY"}
)

CONSONANTS = (
    *("P", "B", "M", "T", "D", "N", "L", "K", "G", "NG", "S", "Z", "SH", "ZH", "TH", "DH"),
    *("F", "V", "R", "W", "Y", "HH", "CH", "JH"),
)
"""In a fixed order, since it numbers the items of the phantom's VCV stimuli."""

VOICELESS_STOPS = frozenset("PTK")

TONGUE_CLOSURES = frozenset({"T", "D", "N", "L", "CH", "JH", "K", "G", "NG"})
"""Consonants for which the tongue touches the palate or the velum along the middle."""

TONGUE_CONSTRICTIONS = TONGUE_CLOSURES | {"S", "Z", "SH", "ZH", "TH", "DH"}
"""Consonants whose place is that of the tongue against the palate, velum or teeth."""

CLOSURES = TONGUE_CLOSURES | {"P", "B", "M"}
"""Consonants with a complete closure somewhere."""

SILENCE = "SIL"
"""The label of rest."""

UNKNOWN = ""
"""The label of a time of which nobody knows what is said."""

PHONES = (SILENCE, *sorted(VOWELS), *CONSONANTS)
"""Rest and all phones, in a fixed order."""

PLACES = {
    "labial": frozenset({"P", "B", "M", "W"}),
    "labiodental": frozenset({"F", "V"}),
    "dental": frozenset({"TH", "DH"}),
    "alveolar": frozenset({"T", "D", "N", "S", "Z", "L"}),
    "postalveolar": frozenset({"SH", "ZH", "CH", "JH", "R"}),
    "palatal": frozenset({"Y"}),
    "velar": frozenset({"K", "G", "NG"}),
    "glottal": frozenset({"HH"}),
    "front": frozenset({"IY", "IH", "EY", "EH", "AE"}),
    "central": frozenset({"AX", "AH", "ER"}),
    "back": frozenset({"AA", "AO", "OW", "UH", "UW"}),
    "wide diphthong": frozenset({"AY", "AW", "OY"}),
    "rest": frozenset({SILENCE}),
}
"""Places of articulation: of consonants by the constriction, of vowels by the tongue's body."""

MANNERS = {
    "plosive": frozenset({"P", "B", "T", "D", "K", "G"}),
    "nasal": frozenset({"M", "N", "NG"}),
    "fricative": frozenset({"F", "V", "TH", "DH", "S", "Z", "SH", "ZH", "HH"}),
    "affricate": frozenset({"CH", "JH"}),
    "approximant": frozenset({"L", "R", "W", "Y"}),
    "vowel": VOWELS,
    "rest": frozenset({SILENCE}),
}
"""Manners of articulation."""

VCV_PHONES = 3


@dataclass(frozen=True)
class Segment:
    """A phone in time."""

    label: str
    start: float
    """s."""
    end: float
    """s."""


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
        """The item, ``seconds`` later."""
        phones = (
            replace(phone, start=phone.start + seconds, end=phone.end + seconds)
            for phone in self.phones
        )
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
