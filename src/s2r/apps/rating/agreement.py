"""Agreement between raters: Krippendorff's alpha, for any number of raters and missing answers."""

from collections.abc import Callable, Sequence

import numpy as np


def nominal(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """1 where two values differ, else 0: for answers without an order."""
    return (a != b).astype(float)


def interval(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared difference: for values on a scale of equal steps."""
    return (a - b) ** 2.0


def krippendorff_alpha(
    units: Sequence[np.ndarray], distance: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> float:
    """Agreement beyond chance: 1 for perfect, 0 for chance, below 0 for less than chance.

    ``units`` holds the numbers that the raters gave to each clip, one array for each clip; clips
    with fewer than two values are not used. alpha = 1 - D_o / D_e (Krippendorff 2011, "Computing
    Krippendorff's Alpha-Reliability"): D_o is the mean distance of pairs within clips, each of
    the m values of a clip weighing 1 / (m - 1); D_e that of all pairs. NaN where no clip has two
    values, or all values are equal.
    """
    kept = [np.asarray(values, float) for values in units if len(values) > 1]
    if not kept:
        return float("nan")
    within = sum(distance(v[:, None], v[None]).sum() / (len(v) - 1) for v in kept)
    values = np.concatenate(kept)
    n = len(values)
    # Pairs of distinct values with their counts: fewer than pairs of all values.
    distinct, counts = np.unique(values, return_counts=True)
    pairs = distance(distinct[:, None], distinct[None]) * counts[:, None] * counts[None]
    expected = pairs.sum() / (n * (n - 1))
    return float(1 - within / n / expected) if expected else float("nan")
