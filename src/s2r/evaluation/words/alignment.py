"""Forced alignment: when each word and phone of a known text is said.

The aligner is SoundSwallower (D. Huggins-Daines; BSD licence) with its acoustic model and
dictionary of American English; times come in steps of 10 ms. It is an extra (``align``): the
phantom does without it, and not every platform has a wheel of it.
"""

from textwrap import shorten

import numpy as np

from s2r.core.errors import UserError
from s2r.core.phonetics import CONSONANTS, VOWELS, Item, Segment, is_vcv, vcv_label
from s2r.core.units import SAMPLE_RATE

STEP = 0.01
"""s of one step of the aligner."""

LANGUAGE = "en-us"

_PHONES = VOWELS | frozenset(CONSONANTS)


class Aligner:
    """Aligns recordings with their texts; loading takes a second, so one serves them all."""

    def __init__(self) -> None:
        """Raises UserError where the package soundswallower is not installed."""
        try:
            import soundswallower
        except ModuleNotFoundError as error:
            raise UserError(
                "Words are found in recordings by forced alignment, which needs the package "
                "soundswallower: pip install -c constraints.txt -e .[align]"
            ) from error
        model = soundswallower.get_model_path(LANGUAGE)
        self._decoder = soundswallower.Decoder(
            hmm=model, dict=f"{model}/dict.txt", loglevel="FATAL"
        )

    def align(self, audio: np.ndarray, text: str) -> list[Item]:
        """The items of ``text`` in time, in its order.

        Args:
            audio: (N,) in [-1, 1] at 16 kHz, the whole recording.
            text: words with spaces between them. A word with hyphens is spelled in phones, as
                ``AA-T-AA``; any other must be in the aligner's dictionary.

        Raises:
            UserError: an unknown word or phone, or a sound that the text does not fit.
        """
        words = [self._known(word) for word in text.split()]
        decoder = self._decoder
        decoder.set_align_text(" ".join(words))
        decoder.start_utt()
        try:
            decoder.process_raw(_pcm(audio), full_utt=True)
        finally:
            decoder.end_utt()
        # the entries are views: they are read while the alignment that they point into lives
        alignment = decoder.alignment
        entries = [
            (_base(entry.name), [Segment(phone.name, *_times(phone)) for phone in entry])
            for entry in alignment or ()
        ]
        aligned = [(name, phones) for name, phones in entries if name in words]
        if [name for name, _ in aligned] != words:
            raise UserError(
                f"{len(audio) / SAMPLE_RATE:.1f} s of sound do not fit the text "
                f"{shorten(text, 60)!r}"
            )
        phones_of = zip(text.split(), aligned, strict=True)
        return [_item(word, phones) for word, (_, phones) in phones_of]

    def _known(self, word: str) -> str:
        """The aligner's name of a word, which is added where it is spelled in phones."""
        name = word.lower()
        if self._decoder.lookup_word(name) is not None:
            return name
        # the aligner's phones have no schwa of their own
        phones = ["AH" if phone == "AX" else phone for phone in word.split("-")]
        if "-" not in word or not _PHONES.issuperset(phones):
            raise UserError(
                f"the word {word!r} is not in the aligner's dictionary: spell it in ARPABET "
                "phones with hyphens, as AA-T-AA"
            )
        self._decoder.add_word(name, " ".join(phones), True)
        return name


def _pcm(audio: np.ndarray) -> bytes:
    return np.round(np.clip(audio, -1, 1) * 32767).astype("<i2").tobytes()


def _base(name: str) -> str:
    """``bought`` for ``bought(2)``, the dictionary's second pronunciation."""
    return name.partition("(")[0]


def _times(entry) -> tuple[float, float]:
    return entry.start * STEP, (entry.start + entry.duration) * STEP


def _item(word: str, phones: list[Segment]) -> Item:
    labels = [phone.label for phone in phones]
    return Item(vcv_label(labels) if is_vcv(labels) else word.lower(), tuple(phones))
