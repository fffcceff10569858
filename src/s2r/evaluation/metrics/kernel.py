"""Kernel distance of two sets of features: the squared maximum mean discrepancy, unbiased.

The kernel is the cubic polynomial k(x, y) = (x y / d + 1)^3 of Binkowski et al. 2018
(arXiv:1801.01401, section 3), whose distance of Inception features is known as KID. Unlike the
Fréchet distance it compares more than means and covariances, and its expectation does not depend
on the number of clips.
"""

from collections.abc import Sequence

import numpy as np

from s2r.evaluation.metrics.frechet import checked


class PolynomialKernel:
    """Distances between weighted versions of two sets, for resampling."""

    least = -np.inf
    """An unbiased estimate may be below zero."""

    def __init__(
        self,
        a: np.ndarray,
        b: np.ndarray,
        recordings: tuple[Sequence[str], Sequence[str]] | None = None,
    ):
        """a (n, d), b (m, d): finite features, one row per clip.

        ``recordings`` names the recording of each row of a and of b. Rows of the same recording
        are then never compared: neither neighbours, which are alike, nor a generated clip with
        the true one of the same speech, which would pull the distance below zero.
        """
        a, b = checked(a), checked(b)
        if a.shape[1] != b.shape[1]:
            raise ValueError(f"features of {a.shape[1]} and {b.shape[1]} dimensions")
        self._within_a, self._within_b, self._between = (
            (x @ y.T / a.shape[1] + 1) ** 3 for x, y in ((a, a), (b, b), (a, b))
        )
        self._apart_a, self._apart_b = (~np.eye(len(x), dtype=bool) for x in (a, b))
        self._apart = np.ones((len(a), len(b)), bool)
        if recordings is not None:
            of_a, of_b = map(np.asarray, recordings)
            self._apart_a, self._apart_b = of_a[:, None] != of_a, of_b[:, None] != of_b
            self._apart = of_a[:, None] != of_b

    def distance(self, count_a: np.ndarray, count_b: np.ndarray) -> float:
        """Distance where row i of a is there count_a[i] times, and row j of b count_b[j] times.

        Unbiased, so it may be below zero where the sets are alike; a row is never compared with
        itself or with a copy of itself. NaN where no rows are left to compare.
        """
        within_a = _mean(self._within_a, self._apart_a, count_a, count_a)
        within_b = _mean(self._within_b, self._apart_b, count_b, count_b)
        between = _mean(self._between, self._apart, count_a, count_b)
        return float(within_a + within_b - 2 * between)


def _mean(kernel: np.ndarray, apart: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> float:
    """Mean of the kernel over pairs that are apart, rows and columns there so many times."""
    pairs = np.outer(rows, columns) * apart
    total = pairs.sum()
    return (pairs * kernel).sum() / total if total else np.nan
