"""Degradations of true videos, and what is said of a metric that sees them or not."""

import numpy as np
import pandas as pd
import pytest

NAMES = ["noise", "blur", "frozen tongue", "delay", "jitter", "drift", "wrong speech"]
NAMES += ["wrong speaker"]


@pytest.fixture
def degradations(benchmark_module):
    return benchmark_module("degradations")


@pytest.fixture
def by_name(degradations):
    return {degradation.name: degradation for degradation in degradations.DEGRADATIONS}


@pytest.fixture
def said_of(benchmark_module):
    """What the table says of a metric, from scores of the truth and of what is worse."""
    module = benchmark_module("validity")
    return lambda *scores: module.cell(module.verdict(*scores), single=False)


@pytest.fixture
def scene(degradations):
    rng = np.random.default_rng(0)
    videos = rng.integers(0, 256, (3, 12, 16, 16), dtype=np.uint8)
    tongue = np.zeros((16, 16))
    tongue[4:8] = 1
    return degradations.Scene(videos[0], tongue, videos[1], videos[2], seed=3)


def test_all_degradations_are_tested(by_name):
    assert list(by_name) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_step_is_further_from_the_truth(scene, name, by_name):
    degradation = by_name[name]
    videos = [degradation.apply(scene, step) for step in degradation.steps]
    assert all(video.shape == scene.truth.shape and video.dtype == np.uint8 for video in videos)
    again = degradation.apply(scene, degradation.steps[0])
    np.testing.assert_array_equal(again, videos[0])
    errors = [((video.astype(float) - scene.truth) ** 2).mean() for video in videos]
    # of frames without any order every two are equally far apart, whatever the delay
    assert errors[0] > 0 and (name == "delay" or np.all(np.diff(errors) > 0))


def test_a_frozen_tongue_and_a_delay(scene, by_name, degradations):
    frozen = by_name["frozen tongue"].apply(scene, 1)
    assert (frozen[:, 4:8] == scene.truth[0, 4:8]).all()
    np.testing.assert_array_equal(frozen[:, 8:], scene.truth[:, 8:])
    late = by_name["delay"].apply(scene, 2)
    np.testing.assert_array_equal(late[2:], scene.truth[:-2])
    assert degradations.stretched(np.arange(4), 8).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def values(*means, spread=0.01):
    """Scores of 8 recordings at steps 0, 1, 2, ... with these means."""
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {"step": step, "recording": f"r{number}", "frames": 10, "value": value}
        for step, mean in enumerate(means)
        for number, value in enumerate(mean + spread * rng.standard_normal(8))
    )


@pytest.mark.parametrize(
    ("metric", "means", "said"),
    [
        ("squared_error", (0, 1, 2), "1"),
        ("squared_error", (0, 0, 2), "2 (*)"),
        ("squared_error", (0, 2, 1), "1 (*)"),
        ("squared_error", (1, 1, 1), "-"),
        ("squared_error", (1, 2, 0), "better"),
        ("agreement", (1, 0.5, 0.2), "1"),
        ("motion", (1, 0.8, 1.4), "1"),
        ("lag", (0, -1, 2), "1"),
    ],
)
def test_verdicts(metric, means, said, said_of):
    table = values(*means, spread=0 if means[0] == means[1] else 0.01)
    truth, worse = table[table["step"] == 0], table[table["step"] > 0]
    assert said_of(metric, truth, worse) == said


def test_verdict_on_distances(said_of):
    truth = pd.DataFrame([{"step": 0, "recording": "", "value": 1.0, "low": 0.5, "high": 2.0}])
    worse = pd.DataFrame(
        [
            {"step": 1, "recording": "", "value": 1.5, "low": 0.9, "high": 2.0},
            {"step": 2, "recording": "", "value": 3.0, "low": 1.2, "high": 4.0},
        ]
    )
    assert said_of("fvd", truth, worse) == "2"
