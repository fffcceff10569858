"""Kernel distance of two sets of features: the squared maximum mean discrepancy, unbiased.

The kernel is the cubic polynomial k(x, y) = (x y / d + 1)^3 of Binkowski et al. 2018
(arXiv:1801.01401, section 3), whose distance of Inception features is known as KID. Unlike the
Fréchet distance it compares more than means and covariances, and its expectation does not depend
on the number of clips.
"""

import numpy as np

from s2r.evaluation.metrics.frechet import checked


class PolynomialKernel:
    """Distances between weighted versions of two sets, for resampling."""

    least = -np.inf
    """An unbiased estimate may be below zero."""

    def __init__(self, a: np.ndarray, b: np.ndarray):
        """a (n, d), b (m, d): finite features, one row per clip."""
        a, b = checked(a), checked(b)
        if a.shape[1] != b.shape[1]:
            raise ValueError(f"features of {a.shape[1]} and {b.shape[1]} dimensions")
        self._within_a, self._within_b, self._between = (
            (x @ y.T / a.shape[1] + 1) ** 3 for x, y in ((a, a), (b, b), (a, b))
        )

    def distance(self, count_a: np.ndarray, count_b: np.ndarray) -> float:
        """Distance where row i of a is there count_a[i] times, and row j of b count_b[j] times.

        Unbiased, so it may be below zero where the sets are alike; a row is never compared with
        itself or with a copy of itself. NaN where a set has fewer than two different rows.
        """
        within_a, within_b = _mean(self._within_a, count_a), _mean(self._within_b, count_b)
        between = count_a @ self._between @ count_b / (count_a.sum() * count_b.sum())
        return float(within_a + within_b - 2 * between)


def _mean(kernel: np.ndarray, count: np.ndarray) -> float:
    """Mean of the kernel over pairs of different rows."""
    pairs = np.outer(count, count).astype(float)
    np.fill_diagonal(pairs, 0)
    total = pairs.sum()
    return (pairs * kernel).sum() / total if total else np.nan
