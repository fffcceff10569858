"""Means with bootstrap intervals over recordings.

Frames of one recording resemble each other, so recordings, not frames, are what is resampled
(Efron & Tibshirani 1993). Every score is a mapping from recording to one value.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from s2r.evaluation.metrics.frechet import FrechetKernel
from s2r.evaluation.metrics.kernel import PolynomialKernel

LEVEL = 0.95
"""Share of the resampled values inside an interval."""


class Interval(NamedTuple):
    """A value, its bootstrap interval, and the number of recordings or clips behind it."""

    value: float
    low: float
    high: float
    n: int


def bootstrap_interval(
    values: Mapping[str, float],
    weights: Mapping[str, float] | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """(Weighted) mean over recordings with a percentile interval; n counts recordings.

    Recordings whose value is not finite (a score that is not defined there) are left out and
    not counted. With one recording there is no spread to resample: low and high are NaN. With
    none, all three are. ``weights``: for example the number of frames of each recording.
    """
    kept = [name for name, value in values.items() if np.isfinite(value)]
    x = np.array([values[name] for name in kept], dtype=float)
    w = np.ones(len(x)) if weights is None else np.array([weights[name] for name in kept], float)
    return resampled_interval(
        lambda times: _ratio(times @ (w * x), times @ w), len(x), resamples, seed
    )


def resampled_interval(
    statistic: Callable[[np.ndarray], np.ndarray], count: int, resamples: int = 2000, seed: int = 0
) -> Interval:
    """A statistic of ``count`` recordings with its percentile interval over them; n is ``count``.

    ``statistic`` takes how often each recording is there, (B, count), and gives (B,) values.
    Resamples without a finite value are left out. No interval from a single recording.
    """
    value = float(statistic(np.ones((1, count)))[0]) if count else np.nan
    if count < 2 or not np.isfinite(value):
        return Interval(value, np.nan, np.nan, count)
    drawn = np.random.default_rng(seed).integers(0, count, (resamples, count))
    times = np.zeros((resamples, count))
    np.add.at(times, (np.arange(resamples)[:, None], drawn), 1)
    found = statistic(times)
    finite = found[np.isfinite(found)]
    low, high = _quantiles(finite) if len(finite) else (np.nan, np.nan)
    return Interval(value, low, high, count)


def bootstrap_ratio(
    values: Mapping[str, float],
    others: Mapping[str, float],
    weights: Mapping[str, float],
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Ratio of the (weighted) means of ``values`` and ``others`` over the recordings of both.

    The percentile interval is over recordings, each drawn with both of its values. NaN where the
    mean of ``others`` is 0 or there is no common recording; no interval from a single one.
    """
    names = [name for name in values if name in others]
    x, y, w = (np.array([of[name] for name in names], float) for of in (values, others, weights))
    return resampled_interval(
        lambda times: _ratio(times @ (w * x), times @ (w * y)), len(names), resamples, seed
    )


def bootstrap_correlation(
    x: np.ndarray,
    y: np.ndarray,
    recordings: Sequence[str],
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Pearson's correlation of x and y (n,) with a percentile interval; n counts the pairs.

    ``recordings`` (n,) names where each pair comes from: recordings are drawn, with all their
    pairs. NaN where x or y does not vary; no interval from a single recording.
    """
    names, index = np.unique(np.asarray(recordings), return_inverse=True)
    found = resampled_interval(
        lambda times: np.array([_correlation(x, y, each[index]) for each in times]),
        len(names),
        resamples,
        seed,
    )
    return found._replace(n=len(x))


def bootstrap_clips(
    kernel: FrechetKernel | PolynomialKernel,
    recordings: list[str],
    real_recordings: list[str],
    resamples: int = 50,
    seed: int = 0,
) -> Interval:
    """Distance between two sets of clips, with an interval over recordings; n in clips.

    ``kernel`` holds the features of both, ``recordings`` and ``real_recordings`` name the recording
    of each row. A recording that both sets have is drawn for both together. n is that of the
    smaller set.

    Resampled distances (of repeated clips) are moved to lie around the estimate. The Fréchet
    distance is biased upwards at small n, and its interval is that of the biased estimator: it says
    how the figure would vary with other recordings, not where the distance for n without limit
    lies.
    """
    names, index = np.unique([*recordings, *real_recordings], return_inverse=True)
    index_a, index_b = index[: len(recordings)], index[len(recordings) :]
    value = kernel.distance(np.ones(len(index_a)), np.ones(len(index_b)))
    n = min(len(index_a), len(index_b))
    generator = np.random.default_rng(seed)
    distances = []
    while len(distances) < resamples and len(names) > 1:
        times = np.bincount(generator.integers(0, len(names), len(names)), minlength=len(names))
        count_a, count_b = times[index_a], times[index_b]
        if count_a.any() and count_b.any():
            distances.append(kernel.distance(count_a, count_b))
    finite = [distance for distance in distances if np.isfinite(distance)]
    if not finite:
        return Interval(value, np.nan, np.nan, n)
    low, high = np.array(_quantiles(finite)) - np.median(finite) + value
    return Interval(value, float(max(low, kernel.least)), float(high), n)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """NaN where ``below`` is 0."""
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below != 0)


def _correlation(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> float:
    if not weights.any():
        return np.nan
    x, y = x - np.average(x, weights=weights), y - np.average(y, weights=weights)
    scale = np.sqrt((weights * x * x).sum() * (weights * y * y).sum())
    return float((weights * x * y).sum() / scale) if scale > 1e-12 else np.nan


def _quantiles(values: np.ndarray | list[float]) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
