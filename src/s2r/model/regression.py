"""Ridge regression from speech to the expected picture: the mean that diffusion corrects.

The prediction for a frame is the subject's reference frame plus a linear function of the speech
around the frame. The rest is drawn by diffusion (residual or "corrective" diffusion, Mardani
et al. 2023, arXiv:2309.15214).
"""

from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Regression:
    """frame = reference + [speech, 1] @ weights @ components."""

    weights: np.ndarray
    """(E + 1, K) float32."""
    components: np.ndarray
    """(K, H * W) float32, orthonormal rows."""


def principal_components(changes: np.ndarray, count: int) -> np.ndarray:
    """The ``count`` principal directions of ``changes`` (N, H * W) about zero, orthonormal rows.

    Randomised subspace iteration (Halko et al. 2011) with a fixed seed on at most 3,000 evenly
    spaced rows.
    """
    rows = torch.from_numpy(changes[:: len(changes) // 3000 + 1]).float()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        _, _, directions = torch.svd_lowrank(rows, q=min(count, *rows.shape), niter=3)
    return np.ascontiguousarray(directions.T.numpy())


@dataclass(frozen=True)
class RidgeSums:
    """Sufficient statistics of a ridge regression; sums over disjoint data can be added."""

    inputs: np.ndarray
    """(E + 1, E + 1) float64."""
    products: np.ndarray
    """(E + 1, K) float64."""
    squares: float
    """Sum of the squared targets."""
    count: int

    @classmethod
    def of(cls, speech: np.ndarray, targets: np.ndarray) -> "RidgeSums":
        """From speech (N, E) and targets (N, K)."""
        inputs = np.concatenate([speech, np.ones((len(speech), 1), speech.dtype)], axis=1)
        squares = float(np.square(targets, dtype=float).sum())
        return cls(
            (inputs.T @ inputs).astype(float),
            (inputs.T @ targets).astype(float),
            squares,
            len(inputs),
        )

    def __add__(self, other: "RidgeSums") -> "RidgeSums":
        return RidgeSums(
            self.inputs + other.inputs,
            self.products + other.products,
            self.squares + other.squares,
            self.count + other.count,
        )

    def solve(self, strength: float) -> np.ndarray:
        """Weights (E + 1, K) float32; penalty ``strength * count`` on all but the bias."""
        penalty = np.full(len(self.inputs), strength * self.count)
        penalty[-1] = 0
        weights = np.linalg.solve(self.inputs + np.diag(penalty), self.products)
        return weights.astype(np.float32)

    def error(self, weights: np.ndarray) -> float:
        """Sum of squared errors of ``weights`` (E + 1, K) on these data."""
        explained = 2 * np.sum(weights * self.products)
        return self.squares - explained + np.sum(weights * (self.inputs @ weights))


def fit_ridge(
    groups: list[RidgeSums], strengths: tuple[float, ...]
) -> tuple[np.ndarray, np.ndarray, float]:
    """Ridge weights, chosen and cross-fitted by leaving out one group at a time.

    Args:
        groups: the data of each group, for example of each stimulus.
        strengths: penalties per observation to choose from, by the error on left-out groups.

    Returns:
        weights (E + 1, K) fitted on everything; weights (G, E + 1, K) fitted without each group
        (their errors on it are those of unseen speech, which is what diffusion must learn to
        correct); the best strength. A single group's weights also stand for its left-out ones.
    """
    total = sum(groups[1:], groups[0])
    if len(groups) == 1:
        weights = total.solve(strengths[0])
        return weights, weights[None], strengths[0]
    sums_without = [
        sum(groups[:i] + groups[i + 2 :], groups[i + 1]) for i in range(len(groups) - 1)
    ]
    sums_without.append(sum(groups[1:-1], groups[0]))
    weights_without = {
        strength: [sums.solve(strength) for sums in sums_without] for strength in strengths
    }
    errors = [
        sum(
            group.error(weights)
            for group, weights in zip(groups, weights_without[strength], strict=True)
        )
        for strength in strengths
    ]
    best_strength = strengths[int(np.argmin(errors))]
    return total.solve(best_strength), np.stack(weights_without[best_strength]), best_strength
