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
    level: float = LEVEL,
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
    n = len(x)
    if n == 0:
        return Interval(np.nan, np.nan, np.nan, 0)
    mean = float(w @ x / w.sum())
    if n == 1:
        return Interval(mean, np.nan, np.nan, 1)
    drawn = np.random.default_rng(seed).integers(0, n, (resamples, n))
    means = (w * x)[drawn].sum(1) / w[drawn].sum(1)
    low, high = _quantiles(means, level)
    return Interval(mean, low, high, n)


def resampled_interval(
    statistic: Callable[[np.ndarray], np.ndarray], count: int, resamples: int = 2000, seed: int = 0
) -> Interval:
    """A statistic of ``count`` recordings with its percentile interval over them; n is ``count``.

    ``statistic`` takes how often each recording is there, (B, count), and gives (B,) values.
    Resamples without a finite value are left out. No interval from a single recording.
    """
    value = float(statistic(np.ones((1, count)))[0])
    if count < 2 or not np.isfinite(value):
        return Interval(value, np.nan, np.nan, count)
    times = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), resamples)
    found = statistic(times.astype(float))
    low, high = _quantiles(found[np.isfinite(found)])
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
    n = len(names)
    if n == 0 or w @ y == 0:
        return Interval(np.nan, np.nan, np.nan, n)
    ratio = float((w @ x) / (w @ y))
    if n == 1:
        return Interval(ratio, np.nan, np.nan, n)
    drawn = np.random.default_rng(seed).integers(0, n, (resamples, n))
    below = (w * y)[drawn].sum(1)
    ratios = (w * x)[drawn].sum(1)[below != 0] / below[below != 0]
    low, high = _quantiles(ratios)
    return Interval(ratio, low, high, n)


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
    value = _correlation(x, y, np.ones(len(x)))
    if len(names) < 2 or not np.isfinite(value):
        return Interval(value, np.nan, np.nan, len(x))
    drawn = np.random.default_rng(seed).integers(0, len(names), (resamples, len(names)))
    found = [_correlation(x, y, np.bincount(d, minlength=len(names))[index]) for d in drawn]
    low, high = _quantiles([r for r in found if np.isfinite(r)] or [np.nan])
    return Interval(value, low, high, len(x))


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


def _correlation(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> float:
    if not weights.any():
        return np.nan
    x, y = x - np.average(x, weights=weights), y - np.average(y, weights=weights)
    scale = np.sqrt((weights * x * x).sum() * (weights * y * y).sum())
    return float((weights * x * y).sum() / scale) if scale > 1e-12 else np.nan


def _quantiles(values: np.ndarray | list[float], level: float = LEVEL) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
