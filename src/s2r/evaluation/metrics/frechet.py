"""Fréchet distance of Gaussians fitted to two sets of features, in float64 and without sqrtm.

With A and B the centred features divided by sqrt(n - 1), the covariances are A'A and B'B and

    d^2 = |mean difference|^2 + |A|^2 + |B|^2 - 2 |A B'|_*

(Frobenius norms, and the nuclear norm: the sum of singular values), because the trace of
(A'A B'B)^(1/2) is the nuclear norm of A B'. This is exact for singular covariances, that is for
fewer clips than features, where a matrix square root fails (Dowson & Landau 1982 for the
distance; Unterthiner et al. 2018 for its use on videos).
"""

import numpy as np


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Squared Fréchet (2-Wasserstein) distance, the "FVD" when the features are I3D logits.

    a (n, d), b (m, d): finite features, one row per clip. The estimate is biased upwards, about
    as 1/n once n > 128: compare only at equal n and m, and beside a real-real floor. With a
    single row per set has no covariance and only its mean counts. Returns a float >= 0.
    """
    a, b = checked(a), checked(b)
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"features of {a.shape[1]} and {b.shape[1]} dimensions")
    kernel = FrechetKernel(a, b)
    return kernel.distance(np.ones(len(a)), np.ones(len(b)))


class FrechetKernel:
    """Distances between weighted versions of two sets, for resampling.

    Everything a distance needs is in the inner products of the features, so those are formed
    once and each further distance costs one singular value decomposition of at most n x m.
    """

    least = 0.0
    """Smallest distance there is."""

    def __init__(self, a: np.ndarray, b: np.ndarray):
        """a (n, d), b (m, d). Sets with more rows than features are handled in d dimensions."""
        self.a, self.b = checked(a), checked(b)
        self.dimension = self.a.shape[1]
        # a common origin changes nothing and keeps the products small
        origin = self.a.mean(0)
        self.a, self.b = self.a - origin, self.b - origin
        self.products = self.a @ self.b.T

    def distance(self, count_a: np.ndarray, count_b: np.ndarray) -> float:
        """Distance where row i of a is there count_a[i] times, and row j of b count_b[j] times."""
        kept_a, kept_b = np.flatnonzero(count_a), np.flatnonzero(count_b)
        weight_a, weight_b = count_a[kept_a].astype(float), count_b[kept_b].astype(float)
        total_a, total_b = weight_a.sum(), weight_b.sum()
        share_a, share_b = weight_a / total_a, weight_b / total_b
        rows_a, rows_b = self.a[kept_a], self.b[kept_b]
        mean_a, mean_b = share_a @ rows_a, share_b @ rows_b
        # weights that turn centred rows into A and B: a row counted twice weighs sqrt(2)
        scale_a = np.sqrt(weight_a / max(total_a - 1, 1))
        scale_b = np.sqrt(weight_b / max(total_b - 1, 1))
        spread_a = _spread(rows_a, mean_a, scale_a)
        spread_b = _spread(rows_b, mean_b, scale_b)
        if max(len(kept_a), len(kept_b)) <= self.dimension:
            products = self.products[np.ix_(kept_a, kept_b)]
            products = products - (share_a @ products)[None, :]
            products = products - (products @ share_b)[:, None]
            cross = scale_a[:, None] * products * scale_b[None, :]
        else:
            factor_a = np.linalg.qr((rows_a - mean_a) * scale_a[:, None], mode="r")
            factor_b = np.linalg.qr((rows_b - mean_b) * scale_b[:, None], mode="r")
            cross = factor_a @ factor_b.T
        overlap = np.linalg.svd(cross, compute_uv=False).sum()
        square = np.sum((mean_a - mean_b) ** 2) + spread_a + spread_b - 2 * overlap
        return float(max(square, 0.0))  # rounding can leave -1e-12


def _spread(rows: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> float:
    """Trace of the covariance."""
    return float(np.sum(scale**2 * np.sum((rows - mean) ** 2, axis=1)))


def checked(features: np.ndarray) -> np.ndarray:
    """Features (n, d) as float64; ValueError where they are not finite or there are none."""
    features = np.asarray(features, dtype=np.float64)
    if features.ndim != 2 or len(features) == 0:
        raise ValueError(f"features must be (n, d) with n > 0, not {features.shape}")
    if not np.isfinite(features).all():
        raise ValueError("features hold a value that is not finite")
    return features
