"""From log-probabilities of phones in frames to a sequence of phones, and to the likeliest word.

Both are Viterbi searches over hidden states (Rabiner 1989). They need one step a frame; what one
step works on are arrays over all videos and states.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from s2r.evaluation.phones.times import CODES

ACOUSTIC_SCALE = 0.5
"""Weight of a frame against the bigram: neighbouring frames tell nearly the same."""

BIGRAM_WEIGHT = 0.5
"""Share of the bigram in its mixture with single phones: training texts are few, and other texts
should not be read as if they were these."""


@dataclass(frozen=True)
class PhoneStatistics:
    """What the phone sequences of training recordings are like."""

    prior: np.ndarray
    """(S,) log share of frames of each phone."""
    bigram: np.ndarray
    """(S, S) log probability of the second phone after the first one."""


def phone_statistics(codes: Sequence[np.ndarray], count: int) -> PhoneStatistics:
    """The statistics of recordings, each a (T,) array of phones 0..``count`` - 1 in frames.

    Negative numbers are frames without a phone. A phone that never occurs counts as half of one.
    """
    frames, pairs = np.full(count, 0.5), np.zeros((count, count))
    for own in codes:
        known = own[own >= 0]
        frames += np.bincount(known, minlength=count)
        sequence = collapse(known)
        np.add.at(pairs, (sequence[:-1], sequence[1:]), 1)
    single = pairs.sum(0) + 0.5
    single = single / single.sum()
    after = pairs.sum(1, keepdims=True)
    seen = np.divide(pairs, after, out=np.tile(single, (count, 1)), where=after > 0)
    mixed = BIGRAM_WEIGHT * seen + (1 - BIGRAM_WEIGHT) * single
    return PhoneStatistics(np.log(frames / frames.sum()), np.log(mixed))


def collapse(codes: np.ndarray) -> np.ndarray:
    """A sequence (T,) without repetitions of the number before."""
    if len(codes) == 0:
        return codes
    return codes[np.append(True, codes[1:] != codes[:-1])]


def decode_phones(
    log_probabilities: np.ndarray, statistics: PhoneStatistics, scale: float = ACOUSTIC_SCALE
) -> np.ndarray:
    """The likeliest phone of every frame, (K, T), of K videos with (K, T, S) log-probabilities.

    States are phones that last two frames or more, which follow each other by the bigram.
    """
    emission = scale * log_probabilities
    videos, frames, count = emission.shape
    transition = statistics.bigram.T.copy()  # (to, from)
    np.fill_diagonal(transition, -np.inf)
    young = emission[:, 0] + scale * statistics.prior
    old = np.full_like(young, -np.inf)
    entered = np.zeros((frames, videos, count), np.int16)
    grown = np.zeros((frames, videos, count), bool)
    for t in range(1, frames):
        ways = old[:, None] + transition
        entered[t] = ways.argmax(-1)
        arrived = np.take_along_axis(ways, entered[t][..., None].astype(int), -1)[..., 0]
        grown[t] = young > old
        old = np.maximum(young, old) + emission[:, t]
        young = arrived + emission[:, t]
    best = np.where(np.isfinite(old.max(-1)), old.argmax(-1), young.argmax(-1))
    path = np.empty((videos, frames), int)
    each, is_old = np.arange(videos), np.isfinite(old.max(-1))
    for t in range(frames - 1, -1, -1):
        path[:, t] = best
        from_old = is_old & ~grown[t][each, best]
        step = ~is_old
        best = np.where(step, entered[t][each, best], best)
        is_old = np.where(step, True, from_old)
    return path


def word_scores(
    log_probabilities: np.ndarray, prior: np.ndarray, words: Sequence[Sequence[str]]
) -> np.ndarray:
    """How well each of W words, given by its phones, fits K videos of one word: (K, W).

    ``log_probabilities`` (K, T, S) are those of the frames of the word. The score is that of the
    likeliest division of the frames among the word's phones, in their order, each with at least one
    frame; minus infinity for a word of more phones than frames. Log-probabilities less the ``prior``
    (S,) of the phones are likelihoods but for a constant, so that frequent phones have no advantage.
    """
    longest = max(map(len, words))
    codes = np.zeros((len(words), longest), int)
    for number, phones in enumerate(words):
        codes[number, : len(phones)] = [CODES[phone] for phone in phones]
    last = np.array([len(phones) - 1 for phones in words])
    likelihood = (log_probabilities - prior)[:, :, codes]  # (K, T, W, longest)
    score = np.full((len(log_probabilities), len(words), longest), -np.inf)
    score[..., 0] = likelihood[:, 0, :, 0]
    for t in range(1, likelihood.shape[1]):
        moved = np.pad(score[..., :-1], ((0, 0), (0, 0), (1, 0)), constant_values=-np.inf)
        score = np.maximum(score, moved) + likelihood[:, t]
    return score[:, np.arange(len(words)), last]
