"""Scores of the phones that are read off a video, against those that were said."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torchaudio.functional import edit_distance

from s2r.core.phonetics import MANNERS, PHONES, PLACES, SILENCE, UNKNOWN, Item
from s2r.core.units import FRAME_RATE
from s2r.corpus.textgrid import SpokenTimes
from s2r.evaluation.phones.decode import collapse, decode_phones
from s2r.evaluation.phones.recogniser import Recogniser, load_recogniser
from s2r.evaluation.phones.times import CODES, NO_PHONE, frame_codes, read_phone_times
from s2r.evaluation.phones.words import Pronunciation, Vocabulary, identified

REGION = "phones"
"""``region`` of these scores in ``scores.csv``."""

GIVEN, RIGHT = "phones of the given speech", "phones of the right speech"
"""``region`` where a video of wrong speech is compared with either."""

WRONG = "wrong_speech_"
"""How the names of metrics of such a video begin."""

ITEM_KINDS = ("word", "vcv", "listed_word")
"""What is identified, see `Said.items_of`."""

Scores = dict[str, tuple[float, int]]
"""Metric: (value, what it is a mean over: frames, phones or items)."""


def class_of_phone(classes: Mapping[str, frozenset[str]]) -> np.ndarray:
    """The number of the class of each of ``PHONES``, (S,)."""
    return np.array([[phone in own for own in classes.values()].index(True) for phone in PHONES])


CLASSES = {
    "phone_accuracy": np.arange(len(PHONES)),
    "place_accuracy": class_of_phone(PLACES),
    "manner_accuracy": class_of_phone(MANNERS),
}
"""Which phones count as the same, by metric."""


@dataclass(frozen=True)
class Said:
    """What is said in a recording."""

    codes: np.ndarray
    """(T,) the phone of each frame (`times.frame_codes`)."""
    sequence: np.ndarray | None
    """(P,) the phones in their order, without rests; None where some are not known."""
    items: tuple[Item, ...]
    """Words and VCVs within the frames, s from the first one."""
    alternatives: tuple[list[Pronunciation], ...]
    """Of each item, its own pronunciation first."""

    listed: frozenset[str] = frozenset()
    """The list of words that the recording is of, see `words.Vocabulary`."""

    def items_of(self, kind: str) -> np.ndarray:
        """Which items are of a kind, ``word``, ``vcv`` or ``listed_word``, (N,) bool."""
        if kind == "listed_word":
            return np.array([item.label in self.listed for item in self.items], bool)
        return np.array([item.kind == kind for item in self.items], bool)


@dataclass(frozen=True)
class PhoneReader:
    """Reads phones off videos and compares them with those of the recordings."""

    recogniser: Recogniser
    times: Mapping[str, SpokenTimes]
    """By recording."""
    vocabulary: Vocabulary

    def said(self, recording: str, length: int) -> Said | None:
        """What is said in the ``length`` frames of a recording; None where nobody knows."""
        spoken = self.times.get(recording)
        if spoken is None:
            return None
        end = length / FRAME_RATE
        phones = [p.label for p in spoken.phones if 0 <= (p.start + p.end) / 2 < end]
        sequence = np.array(
            [CODES[label] for label in phones if label not in (SILENCE, UNKNOWN)], int
        )
        items = [item for item in spoken.items if item.start >= 0 and item.end <= end]
        words = self.vocabulary.list_of(items)
        choices = [(item, self.vocabulary.alternatives(item, words)) for item in items]
        choices = [(item, others) for item, others in choices if len(others) > 1]
        return Said(
            frame_codes(spoken, length),
            None if UNKNOWN in phones else collapse(sequence),
            tuple(item for item, _ in choices),
            tuple(others for _, others in choices),
            words or frozenset(),
        )

    def rows(self, recording: str, draws: np.ndarray, estimate: str, given: int) -> Iterator[dict]:
        """Rows of a score file for K videos (K, T, H, W) of a recording, averaged over them.

        The first ``given`` frames are not scored. ``frames`` is the weight of the value: the
        frames, phones or items behind it. None where nobody knows what is said.
        """
        said = self.said(recording, draws.shape[1])
        if said is not None:
            found = self.recogniser.predict(draws)
            yield from _rows(self.scores(found, said, given), estimate, REGION)

    def wrong_speech_rows(
        self, recording: str, video: np.ndarray, speech_of: str, length_of: int, given: int
    ) -> Iterator[dict]:
        """Rows for a video (T, H, W) that was driven by the speech of another recording.

        ``length_of`` is the number of frames of that recording, whose speech is repeated where it
        is shorter, and has its second half first where it is the recording itself, as
        `s2r.generation.generate` does. Accuracy of frames and phone error rate, against the phones
        of the speech that was given and against those of the right speech.
        """
        length = len(video)
        right, other = self.said(recording, length), self.said(speech_of, length_of)
        if right is None or other is None:
            return
        codes = np.roll(other.codes, length_of // 2) if speech_of == recording else other.codes
        followed = codes[np.arange(length) % length_of]
        found = self.recogniser.predict(video[None])
        for codes, region in ((followed, GIVEN), (right.codes, RIGHT)):
            known = not (codes[given:] == NO_PHONE).any()
            sequence = without_rests(codes[given:]) if known else None
            scores = self.scores(found, Said(codes, sequence, (), ()), given)
            named = {f"{WRONG}{metric}": value for metric, value in scores.items()}
            yield from _rows(named, "draw", region)

    def scores(self, log_probabilities: np.ndarray, said: Said, given: int) -> Scores:
        """Every score of K videos, given what is read off them (K, T, S), averaged over them."""
        scores: Scores = {}
        truth, best = said.codes[given:], log_probabilities.argmax(-1)[:, given:]
        known = truth != NO_PHONE
        count = int(known.sum())
        if count:
            for metric, classes in CLASSES.items():
                right = classes[best[:, known]] == classes[truth[known]]
                scores[metric] = float(right.mean()), count
        if said.sequence is not None and len(said.sequence):
            paths = decode_phones(log_probabilities[:, given:])
            errors = [edit_distance(said.sequence, without_rests(path)) for path in paths]
            scores["phone_error_rate"] = (
                float(np.mean(errors)) / len(said.sequence),
                len(said.sequence),
            )
        right = identified(log_probabilities, said.items, said.alternatives)
        for kind in ITEM_KINDS:
            own = said.items_of(kind)
            if own.any():
                scores[f"{kind}_identification"] = float(right[:, own].mean()), int(own.sum())
        return scores


def without_rests(codes: np.ndarray) -> np.ndarray:
    """The sequence of phones in frames (T,), without rests and repetitions."""
    sequence = collapse(codes)
    return sequence[sequence != CODES[SILENCE]]


def read_phone_reader(
    recogniser: str | Path,
    phone_times: str | Path,
    word_lists: Sequence[Sequence[str]] = (),
    seed: int = 0,
) -> PhoneReader | None:
    """The reader from the files of the rules ``phone_recogniser`` and ``phone_times``.

    ``word_lists`` are the words of `Vocabulary`. None where there is no recogniser, since too few
    phones are known. Raises UserError for files that are missing or damaged.
    """
    network = load_recogniser(recogniser)
    if network is None:
        return None
    times = read_phone_times(phone_times)
    items = (item for spoken in times.values() for item in spoken.items)
    return PhoneReader(network, times, Vocabulary(items, word_lists, seed))


def _rows(scores: Scores, estimate: str, region: str) -> Iterator[dict]:
    for metric, (value, weight) in scores.items():
        row = {"mode": "rollout", "estimate": estimate, "metric": metric, "region": region}
        yield row | {"value": value, "frames": weight}
