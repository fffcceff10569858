"""Differences over recordings and seeds: closed forms, coverage, false alarms, corrections."""

import numpy as np
import pytest
from scipy.stats import permutation_test, ttest_1samp

from s2r.evaluation.metrics.paired_tests import holm, paired_difference, sign_flip_test


def test_with_one_seed_it_is_the_paired_t_interval():
    values = np.random.default_rng(0).normal(0.4, 1, 9)
    found = paired_difference(values[:, None])
    expected = ttest_1samp(values, 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.value == pytest.approx(values.mean())
    assert np.isnan(found.p_seeds)
    assert found.p == found.p_recordings
    assert (found.n, found.seeds) == (9, 1)


def test_seeds_alone_give_the_t_interval_over_seeds():
    """Differences that are the same in every recording say as much as there are seeds."""
    of_seeds = np.array([0.2, 0.5, 0.8])
    found = paired_difference(np.tile(of_seeds, (12, 1)))
    expected = ttest_1samp(of_seeds, 0)
    interval = expected.confidence_interval()
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.p_seeds == pytest.approx(expected.pvalue)
    assert found.p == found.p_seeds > found.p_recordings


def test_recordings_are_weighted():
    table = np.array([[1.0, 2.0], [4.0, 5.0], [7.0, 9.0]])
    found = paired_difference(table, np.array([1, 1, 2]))
    assert found.value == pytest.approx((1.5 + 4.5 + 2 * 8) / 4)
    equal = paired_difference(table, np.array([3, 3, 3]))
    assert equal == pytest.approx(paired_difference(table))


def test_what_is_not_defined_is_left_out():
    table = np.array([[1.0, 2.0], [np.nan, 5.0], [2.0, 4.0]])
    found = paired_difference(table, np.array([1, 50, 1]))
    assert (found.value, found.n) == (2.25, 2)
    alone = paired_difference(np.array([[3.0, 5.0]]))
    assert (alone.value, alone.n, alone.seeds) == (4.0, 1, 2)
    assert np.isnan([alone.low, alone.high, alone.p]).all()
    none = paired_difference(np.empty((0, 2)))
    assert none.n == 0
    assert np.isnan(none.value)


def test_no_difference_at_all_is_no_difference():
    found = paired_difference(np.zeros((5, 2)))
    assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)


@pytest.mark.parametrize("spread", [(1, 0, 1), (1, 0.3, 1), (1, 1, 1), (0.3, 1, 0.3)])
def test_intervals_hold_the_truth_and_false_alarms_are_rare(spread):
    """Three seeds, twelve recordings; standard deviations of recordings, seeds and the rest."""
    rng, trials = np.random.default_rng(1), 500
    recording, seed, rest = spread
    held = alarms = careless = 0
    for _ in range(trials):
        table = recording * rng.normal(size=(12, 1)) + seed * rng.normal(size=(1, 3))
        found = paired_difference(table + rest * rng.normal(size=(12, 3)))
        held += found.low <= 0 <= found.high
        alarms += found.p < 0.05
        careless += found.p_recordings < 0.05
    assert 0.91 <= held / trials <= 0.99
    assert alarms / trials <= 0.08
    # Recordings alone do not know that other trainings would differ.
    assert careless / trials > 0.25 or seed < 1


def test_a_difference_that_is_there_is_found():
    rng = np.random.default_rng(2)
    table = 1 + rng.normal(0, 0.3, (12, 1)) + rng.normal(0, 0.1, (1, 3))
    found = paired_difference(table + rng.normal(0, 0.2, (12, 3)))
    assert 0 < found.low < 1 < found.high
    assert found.p < 0.01


@pytest.mark.parametrize("n", [2, 5, 9])
def test_signs_are_those_of_scipy(n):
    values = np.random.default_rng(n).normal(0.5, 1, n)
    expected = permutation_test((values,), np.sum, permutation_type="samples")
    assert sign_flip_test(values) == pytest.approx(expected.pvalue)


def test_probabilities_of_few_and_of_many_values():
    assert sign_flip_test(np.ones(5)) == 2 / 2**5
    assert sign_flip_test(np.array([1.0, -1.0])) == 1
    assert sign_flip_test(np.ones(40)) == 1 / 10_000
    rng = np.random.default_rng(0)
    alarms = sum(sign_flip_test(rng.normal(size=20)) < 0.05 for _ in range(300))
    assert 3 <= alarms <= 27


def test_holm_is_that_of_the_textbook():
    corrected = holm([0.01, 0.04, np.nan, 0.03, 0.005])
    assert corrected == pytest.approx([0.03, 0.06, np.nan, 0.06, 0.02], nan_ok=True)
    assert holm([]).shape == (0,)
    assert holm([0.6, 0.7]).tolist() == [1, 1]
