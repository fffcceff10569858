"""From log-probabilities of phones in frames to a sequence of phones, and to the likeliest word.

Both are Viterbi searches over hidden states (Rabiner 1989). They need one step a frame; what one
step works on are arrays over all videos and states.

No language model helps them: they are to say what the picture shows. (A bigram of the phones of the
training texts also reads other texts worse, because these are few.)
"""

from collections.abc import Sequence

import numpy as np

from s2r.evaluation.phones.times import CODES

CHANGE_COST = 5.0
"""What a change to another phone costs, in units of log-probability: chosen on true validation
videos of the phantom, where 3 to 6 are about as good."""


def collapse(codes: np.ndarray) -> np.ndarray:
    """A sequence (T,) without repetitions of the number before."""
    if len(codes) == 0:
        return codes
    return codes[np.append(True, codes[1:] != codes[:-1])]


def decode_phones(log_probabilities: np.ndarray, cost: float = CHANGE_COST) -> np.ndarray:
    """The likeliest phone of every frame, (K, T), of K videos with (K, T, S) log-probabilities.

    A phone lasts two frames or more, and a change from one to another costs ``cost``.
    """
    videos, frames, count = log_probabilities.shape
    each = np.arange(videos)
    # A phone is young in its first frame and old in all others; only old ones may change.
    young = log_probabilities[:, 0]
    old = np.full_like(young, -np.inf)
    left = np.zeros((frames, videos), np.int64)  # the phone that a young one came from
    grown = np.zeros((frames, videos, count), bool)  # whether an old one was young before
    for t in range(1, frames):
        left[t] = old.argmax(-1)
        arrived = old[each, left[t]] - cost
        grown[t] = young > old
        old = np.maximum(young, old) + log_probabilities[:, t]
        young = arrived[:, None] + log_probabilities[:, t]
    path = np.empty((videos, frames), np.int64)
    is_old = np.full(videos, frames > 1)
    best = np.where(is_old, old.argmax(-1), young.argmax(-1))
    for t in range(frames - 1, -1, -1):
        path[:, t] = best
        is_old, best = (
            np.where(is_old, ~grown[t, each, best], True),
            np.where(is_old, best, left[t]),
        )
    return path


def word_scores(log_probabilities: np.ndarray, words: Sequence[Sequence[str]]) -> np.ndarray:
    """How well each of W words, given by its phones, fits K videos of one word: (K, W).

    ``log_probabilities`` (K, T, S) are those of the frames of the word. The score is that of the
    likeliest division of the frames among the word's phones, in their order, each with at least one
    frame; minus infinity for a word of more phones than frames.
    """
    longest = max(map(len, words))
    codes = np.zeros((len(words), longest), int)
    for number, phones in enumerate(words):
        codes[number, : len(phones)] = [CODES[phone] for phone in phones]
    last = np.array([len(phones) - 1 for phones in words])
    likelihood = log_probabilities[:, :, codes]  # (K, T, W, longest)
    score = np.full((len(log_probabilities), len(words), longest), -np.inf)
    score[..., 0] = likelihood[:, 0, :, 0]
    for t in range(1, likelihood.shape[1]):
        moved = np.pad(score[..., :-1], ((0, 0), (0, 0), (1, 0)), constant_values=-np.inf)
        score = np.maximum(score, moved) + likelihood[:, t]
    return score[:, np.arange(len(words)), last]
