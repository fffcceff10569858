"""The kernel distance: against its definition, unbiased at any n, zero for equal distributions."""

from itertools import combinations, product

import numpy as np
import pytest

from s2r.evaluation.metrics import statistics
from s2r.evaluation.metrics.kernel import PolynomialKernel

DIMENSION = 5


def features(n: int, seed: int, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, 1, (n, DIMENSION))


def kernel_distance(a: np.ndarray, b: np.ndarray) -> float:
    return PolynomialKernel(a, b).distance(np.ones(len(a)), np.ones(len(b)))


def test_against_its_definition():
    a, b = features(4, 0), features(3, 1, 0.5)

    def k(x, y):
        return (x @ y / DIMENSION + 1) ** 3

    within = [np.mean([k(x, y) for x, y in combinations(rows, 2)]) for rows in (a, b)]
    expected = sum(within) - 2 * np.mean([k(x, y) for x, y in product(a, b)])
    assert kernel_distance(a, b) == pytest.approx(expected)
    assert kernel_distance(b, a) == pytest.approx(expected)


@pytest.mark.parametrize("shift", [0.0, 0.6])
def test_its_expectation_is_the_same_at_any_n(shift):
    """Zero for equal distributions; the Fréchet distance of so few clips is far above it."""
    means, errors = [], []
    for n in (4, 40):
        found = [
            kernel_distance(features(n, seed), features(n, 10_000 + seed, shift))
            for seed in range(4000 // n)
        ]
        means.append(np.mean(found))
        errors.append(np.std(found) / len(found) ** 0.5)
    assert abs(means[0] - means[1]) < 3 * np.hypot(*errors)
    assert (abs(means[1]) < 3 * errors[1]) == (shift == 0)


def test_a_row_is_not_compared_with_its_copies():
    a, b = features(6, 0), features(6, 1)
    kernel = PolynomialKernel(a, b)
    twice = kernel.distance(np.full(6, 2), np.full(6, 2))
    assert twice == pytest.approx(kernel_distance(a, b))
    once = np.array([1, 1, 1, 0, 0, 0])
    assert kernel.distance(once, np.ones(6)) == pytest.approx(kernel_distance(a[:3], b))
    assert np.isnan(kernel.distance(np.array([2, 0, 0, 0, 0, 0]), np.ones(6)))


def test_rows_of_one_recording_are_not_compared():
    """So a set and its copy, of the same recordings, are at distance 0."""
    names = ["a", "a", "b", "b", "c"]
    a, b = features(5, 0), features(5, 1, 0.5)

    def mean(x, y):
        pairs = [(i, j) for i, j in product(range(5), range(5)) if names[i] != names[j]]
        return np.mean([(x[i] @ y[j] / DIMENSION + 1) ** 3 for i, j in pairs])

    kernel = PolynomialKernel(a, b, recordings=(names, names))
    expected = mean(a, a) + mean(b, b) - 2 * mean(a, b)
    assert kernel.distance(np.ones(5), np.ones(5)) == pytest.approx(expected)
    copied = PolynomialKernel(a, a, recordings=(names, names))
    assert copied.distance(np.ones(5), np.ones(5)) == pytest.approx(0)
    assert np.isnan(kernel.distance(np.array([1, 1, 0, 0, 0]), np.ones(5)))


def test_features_must_fit():
    with pytest.raises(ValueError, match="5 and 4 dimensions"):
        kernel_distance(features(3, 0), features(3, 0)[:, :4])


def test_its_interval_lies_around_the_estimate():
    names = [f"r{number // 2}" for number in range(24)]
    a, b = features(24, 0, 0.8), features(24, 1)
    found = statistics.bootstrap_clips(PolynomialKernel(a, b), names, names, resamples=60)
    assert found.value == pytest.approx(kernel_distance(a, b))
    assert found.low < found.value < found.high
    assert found.n == 24
    assert np.isnan(statistics.bootstrap_clips(PolynomialKernel(a, b), ["r"] * 24, ["r"] * 24).low)
