"""The Fréchet distance against closed forms, against other formulas, and under resampling."""

import numpy as np
import pytest

from s2r.evaluation.metrics.frechet import FrechetKernel, frechet_distance


def by_eigenvalues(a, b):
    """The textbook form, with the eigenvalues of S_a^(1/2) S_b S_a^(1/2)."""
    cov_a, cov_b = np.cov(a.T), np.cov(b.T)
    values, vectors = np.linalg.eigh(cov_a)
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    overlap = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ cov_b @ root), 0)).sum()
    return np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(cov_a) + np.trace(cov_b) - 2 * overlap


def exact_gaussian(rng, n, mean, deviation):
    """Samples whose mean and (n - 1) covariance are exactly as asked (diagonal)."""
    x = rng.standard_normal((n, len(mean)))
    x -= x.mean(0)
    x = np.linalg.qr(x)[0] * np.sqrt(n - 1)
    return x * deviation + mean


def test_one_dimension():
    rng = np.random.default_rng(0)
    a = exact_gaussian(rng, 50, np.array([1.0]), np.array([2.0]))
    b = exact_gaussian(rng, 80, np.array([-2.0]), np.array([0.5]))
    assert frechet_distance(a, b) == pytest.approx(3.0**2 + 1.5**2, rel=1e-10)


def test_diagonal_covariances():
    rng = np.random.default_rng(1)
    mean_a, mean_b = rng.standard_normal((2, 6))
    s_a, s_b = rng.uniform(0.2, 3, (2, 6))
    a = exact_gaussian(rng, 40, mean_a, s_a)
    b = exact_gaussian(rng, 60, mean_b, s_b)
    expected = np.sum((mean_a - mean_b) ** 2) + np.sum((s_a - s_b) ** 2)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(("n", "m"), [(30, 45), (200, 45), (200, 300)])
def test_equals_the_eigenvalue_form_for_few_and_for_many_rows(n, m):
    rng = np.random.default_rng(2)
    mix = rng.standard_normal((64, 64)) / 8
    a = rng.standard_normal((n, 64)) @ mix
    b = rng.standard_normal((m, 64)) @ mix + 0.3
    assert frechet_distance(a, b) == pytest.approx(by_eigenvalues(a, b), rel=1e-6)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-9)


def test_singular_covariance_and_single_row():
    rng = np.random.default_rng(3)
    a = np.zeros((10, 5))
    a[:, 0] = rng.standard_normal(10)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-12)
    b = a + 2.0
    assert frechet_distance(a, b) == pytest.approx(5 * 4.0, rel=1e-10)
    assert frechet_distance(np.zeros((1, 5)), np.ones((1, 5))) == pytest.approx(5.0)


def test_large_common_offset_costs_no_accuracy():
    rng = np.random.default_rng(4)
    a, b = rng.standard_normal((20, 50)), rng.standard_normal((20, 50)) + 0.1
    assert frechet_distance(a + 1e4, b + 1e4) == pytest.approx(frechet_distance(a, b), rel=1e-6)


@pytest.mark.parametrize("dimension", [8, 100])
def test_counts_are_repeated_rows(dimension):
    rng = np.random.default_rng(5)
    a, b = rng.standard_normal((20, dimension)), rng.standard_normal((25, dimension)) + 0.2
    count_a, count_b = rng.integers(0, 3, 20), rng.integers(0, 3, 25)
    repeated = frechet_distance(np.repeat(a, count_a, axis=0), np.repeat(b, count_b, axis=0))
    assert FrechetKernel(a, b).distance(count_a, count_b) == pytest.approx(repeated, rel=1e-9)


def test_bad_features_are_refused():
    good = np.zeros((3, 4))
    for bad in (np.zeros(4), np.zeros((0, 4)), np.full((3, 4), np.nan), np.zeros((3, 5))):
        with pytest.raises(ValueError):
            frechet_distance(bad, good)
