"""Bootstrap intervals: coverage, pairing, undefined values, and the Fréchet distance."""

import numpy as np
import pytest
from scipy import stats

from s2r.evaluation.metrics import statistics
from s2r.evaluation.metrics.frechet import FrechetKernel, frechet_distance


def named(values):
    return {f"r{i}": float(v) for i, v in enumerate(values)}


def test_interval_covers_the_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(200):
        values = named(rng.normal(3, 1, 30))
        value, low, high, n = statistics.bootstrap_interval(values, resamples=300)
        assert low < value < high and n == 30
        hits += low < 3 < high
    assert 0.88 <= hits / 200 <= 0.985


def test_weights_are_a_weighted_mean():
    values, weights = named([1, 4, 7]), named([1, 1, 2])
    result = statistics.bootstrap_interval(values, weights)
    assert result.value == pytest.approx(19 / 4)
    assert 1 <= result.low <= result.value <= result.high <= 7
    equal = statistics.bootstrap_interval(values, named([5, 5, 5]))
    assert equal == statistics.bootstrap_interval(values)


def test_scipy_gives_the_same_interval():
    values = np.random.default_rng(5).exponential(1, 20)
    found = statistics.bootstrap_interval(named(values), resamples=20_000)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=0.02)


def test_undefined_values_are_left_out_and_counted_out():
    result = statistics.bootstrap_interval(named([1, np.nan, 3, np.inf]))
    assert result.value == 2 and result.n == 2
    one = statistics.bootstrap_interval(named([5.0]))
    assert one.value == 5 and one.n == 1 and np.isnan(one.low) and np.isnan(one.high)
    none = statistics.bootstrap_interval({})
    assert np.isnan(none.value) and none.n == 0


def test_the_same_seed_gives_the_same_interval():
    values = named(np.random.default_rng(1).standard_normal(12))
    assert statistics.bootstrap_interval(values) == statistics.bootstrap_interval(values)
    other = statistics.bootstrap_interval(values, seed=1)
    assert other != statistics.bootstrap_interval(values)


def test_frechet_interval_lies_around_the_estimate():
    rng = np.random.default_rng(3)
    names = [f"r{i // 4}" for i in range(48)]
    real = rng.standard_normal((48, 100))
    other = rng.standard_normal((48, 100)) + 0.5
    result = statistics.bootstrap_clips(FrechetKernel(other, real), names, names, resamples=30)
    assert result.value == pytest.approx(frechet_distance(other, real), rel=1e-9)
    assert result.low < result.value < result.high and result.n == 48
    assert result == statistics.bootstrap_clips(
        FrechetKernel(other, real), names, names, resamples=30
    )
    # more different recordings, wider interval
    other[:24] += 1.0
    wide = statistics.bootstrap_clips(FrechetKernel(other, real), names, names, resamples=30)
    assert wide.high - wide.low > 1.5 * (result.high - result.low)


def test_frechet_of_one_recording_has_no_interval():
    rng = np.random.default_rng(4)
    a, b = rng.standard_normal((2, 10, 20))
    result = statistics.bootstrap_clips(FrechetKernel(a, b), ["r"] * 10, ["r"] * 10)
    assert result.value > 0 and np.isnan(result.low) and result.n == 10


def test_correlation_over_items_has_an_interval_over_recordings():
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    y = x + rng.normal(size=200)
    names = [f"r{k % 20}" for k in range(200)]
    found = statistics.bootstrap_correlation(x, y, names, resamples=400)
    assert found.value == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert found.low < 0.5**0.5 < found.high
    assert found.high - found.low < 0.25
    assert found.n == 200
    assert np.isnan(statistics.bootstrap_correlation(x, y, ["r"] * 200).low)
    assert np.isnan(statistics.bootstrap_correlation(x, np.ones(200), names).value)


def test_ratio_is_over_recordings_of_both():
    values, others = {"a": 1.0, "b": 4.0, "c": 9.0}, {"a": 2.0, "b": 2.0, "d": 1.0}
    found = statistics.bootstrap_ratio(values, others, {"a": 1, "b": 3, "c": 5}, resamples=500)
    assert found.value == pytest.approx((1 + 3 * 4) / (2 + 3 * 2))
    assert found.n == 2
    assert (found.low, found.high) == (0.5, 2.0)  # of a alone, and of b alone
    single = statistics.bootstrap_ratio({"a": 1.0}, others, {"a": 1})
    assert single.value == 0.5
    assert np.isnan(single.low)
    assert np.isnan(statistics.bootstrap_ratio(values, {"a": 0.0}, {"a": 1}).value)
    assert np.isnan(statistics.bootstrap_ratio(values, {}, {}).value)
