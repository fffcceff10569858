"""Words to be told from seven others, in the way of a forced choice of eight."""

from collections.abc import Iterable, Sequence

import numpy as np

from s2r.core.phonetics import Item
from s2r.core.units import frames_of
from s2r.evaluation.phones.decode import word_scores

ALTERNATIVES = 8
"""Words to choose from; chance is one in so many. The paper's raters had eight bVt words."""

Pronunciation = tuple[str, ...]


class Vocabulary:
    """The words and VCVs of a corpus, from which the alternatives of each are taken.

    Alternatives of a word in a recording of one of ``lists``, such as the eight bVt words, are the
    other words of that list. Those of any other word are the words with the most similar number of
    phones, drawn by the seed among equals; those of a VCV are VCVs with the same vowel.
    """

    def __init__(self, items: Iterable[Item], lists: Iterable[Sequence[str]] = (), seed: int = 0):
        """``items`` are all that are said, each any number of times."""
        pronounced = sorted({(item.kind, item.label, pronunciation(item)) for item in items})
        order = np.random.default_rng(seed).permutation(len(pronounced))
        self._known = [pronounced[place] for place in order]
        self._lists = [frozenset(word.lower() for word in words) for words in lists]
        self._found: dict[tuple, list[Pronunciation]] = {}

    def list_of(self, items: Iterable[Item]) -> frozenset[str] | None:
        """The list that a recording with these ``items`` is of: it has half of its words or more.

        None where there is none, as in running speech that has one of its words by chance.
        """
        said = {item.label for item in items}
        return next((words for words in self._lists if 2 * len(words & said) >= len(words)), None)

    def alternatives(self, item: Item, words: frozenset[str] | None = None) -> list[Pronunciation]:
        """The pronunciation of ``item``, then those of up to seven others, all different.

        ``words`` are the list that they are taken from, where ``item`` is on it.
        """
        words = words if words and item.label in words else None
        key = item.kind, item.label, pronunciation(item), words
        if key not in self._found:
            self._found[key] = self._choose(*key)
        return self._found[key]

    def _choose(
        self, kind: str, label: str, own: Pronunciation, words: frozenset[str] | None
    ) -> list[Pronunciation]:
        others: dict[Pronunciation, None] = {}
        for other_kind, other_label, phones in self._known:
            fits = other_kind == kind and other_label != label and phones != own
            fits = fits and (words is None or other_label in words)
            if fits and (kind != "vcv" or phones[0] == own[0]):
                others[phones] = None
        nearest = sorted(others, key=lambda phones: abs(len(phones) - len(own)))
        return [own, *nearest[: ALTERNATIVES - 1]]


def pronunciation(item: Item) -> Pronunciation:
    """The phones of an item."""
    return tuple(phone.label for phone in item.phones)


def identified(
    log_probabilities: np.ndarray,
    items: Sequence[Item],
    alternatives: Sequence[Sequence[Pronunciation]],
) -> np.ndarray:
    """Whether each of N items is told from its alternatives: (K, N) bool.

    ``log_probabilities`` (K, T, S) of K whole videos; ``items`` with times in s from the first
    frame; the first of the ``alternatives`` of each item is its own pronunciation.
    """
    length = log_probabilities.shape[1]
    right = np.zeros((len(log_probabilities), len(items)), bool)
    for number, (item, words) in enumerate(zip(items, alternatives, strict=True)):
        first, stop = frames_of(item.start, item.end, length)
        scores = word_scores(log_probabilities[:, first:stop], words)
        right[:, number] = scores[:, 0] > scores[:, 1:].max(1)
    return right
