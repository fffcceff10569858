"""Scores of articulators: contours, tract variables and the timing of gestures."""

import numpy as np
import pytest

from s2r.evaluation.articulator_scores import (
    KEYS,
    Articulation,
    articulator_scores,
    mean_scores,
)
from s2r.evaluation.metrics.gestures import gestures, matched

FRAMES = 100
TIMES = np.arange(FRAMES) / 50


def closing(centre: float, depth: float = 8.0, width: float = 0.08) -> np.ndarray:
    """A degree (T,) of 10 mm that is narrower by ``depth`` about a time in s."""
    return 10 - depth * np.exp(-(((TIMES - centre) / width) ** 2) / 2)


def tract(centre: float) -> dict[str, np.ndarray]:
    """A flat palate, and a tongue whose tip comes near its front at a time."""
    palate = np.zeros((FRAMES, 9, 2))
    palate[..., 0] = np.linspace(20, 60, 9)
    tongue = np.zeros((FRAMES, 12, 2))
    tongue[..., 0] = np.linspace(24, 80, 12)
    tongue[..., 1] = 14
    tongue[:, 0, 1] = closing(centre)
    return {"tongue": tongue, "palate": palate}


def test_a_gesture_is_reached_before_its_middle_and_moves_with_it():
    first, second = (gestures(closing(centre), -1, 2, 5) for centre in (1.0, 1.07))
    assert len(first) == len(second) == 1
    assert 0.9 < first[0] < 1.0
    # finer than the 20 ms of a frame
    assert second[0] - first[0] == pytest.approx(0.07, abs=0.004)


def test_small_and_wide_movements_are_no_gestures():
    assert len(gestures(closing(1, depth=1.5), -1, 2)) == 0
    assert len(gestures(closing(1, depth=4), -1, 2, narrower=5)) == 0
    assert len(gestures(closing(1, depth=4), -1, 2)) == 1
    assert len(gestures(-closing(1, depth=4), 1, 2)) == 1
    unknown = closing(1)
    unknown[40:60] = np.nan
    assert len(gestures(unknown, -1, 2, 5)) == 0
    assert len(gestures(np.full(FRAMES, np.nan), -1, 2)) == 0
    sparse = np.where(np.arange(FRAMES) % 10 == 0, closing(1), np.nan)
    assert len(gestures(sparse, -1, 2, 5)) == 0


def test_gestures_are_matched_with_their_nearest_only():
    delays = matched(np.array([0.5, 1.0, 1.08, 2.0]), np.array([0.52, 1.07, 1.6]))
    np.testing.assert_allclose(delays, [0.02, np.nan, -0.01, np.nan], atol=1e-9)
    assert np.isnan(matched(np.array([1.0]), np.empty(0))).all()
    assert len(matched(np.empty(0), np.array([1.0]))) == 0


def test_scores_of_a_late_tongue():
    true, late = Articulation(tract(1.0)), Articulation(tract(1.06))
    scores = articulator_scores(true, late, given=1, every=4)
    assert scores.keys() <= KEYS
    assert scores["contour_mm", "palate"] == (0, FRAMES - 1)
    assert 0 < scores["contour_mm", "tongue"][0] < 2
    assert scores["gesture_found", "tip_degree"] == (1, 1)
    for metric in ("gesture_ms", "gesture_delay_ms"):
        assert scores[metric, "tip_degree"][0] == pytest.approx(60, abs=4)
    assert 0.4 < scores["tract_correlation", "tip_degree"][0] < 0.95
    # the place counts only where the tongue is near: a part of the frames
    assert 0 < scores["tract_error_mm", "tip_place"][1] < scores["tract_error_mm", "tip_degree"][1]
    assert ("contour_mm", "velum") not in scores and ("tract_error_mm", "jaw_opening") not in scores


def test_a_true_reading_has_no_error_and_a_still_one_no_correlation():
    true = Articulation(tract(1.0))
    exact = articulator_scores(true, true)
    assert exact["tract_error_mm", "tip_degree"][0] == 0
    assert exact["tract_correlation", "tip_degree"][0] == pytest.approx(1)
    assert exact["gesture_ms", "tip_degree"] == (0, 1)
    still = {name: np.repeat(line[:1], FRAMES, 0) for name, line in tract(1.0).items()}
    scores = articulator_scores(true, Articulation(still))
    assert scores["tract_correlation", "tip_degree"][0] == 0
    assert scores["gesture_found", "tip_degree"] == (0, 1)
    assert ("gesture_ms", "tip_degree") not in scores
    # what stands still in truth has nothing to follow, and no gestures
    scores = articulator_scores(Articulation(still), true)
    assert {metric for metric, _ in scores} == {"contour_mm", "tract_error_mm"}


def test_what_is_not_known_in_a_frame_is_not_scored_there():
    known, broken = tract(1.0), tract(1.0)
    broken["tongue"][10:] = np.nan
    scores = articulator_scores(Articulation(broken), Articulation(known), given=1)
    assert scores["contour_mm", "tongue"] == (0, 9)
    assert scores["tract_error_mm", "tip_degree"] == (0, 9)
    # of the few that are known, all are compared
    broken["tongue"][::9] = tract(1.5)["tongue"][::9]
    assert (
        articulator_scores(Articulation(broken), Articulation(known), 1, 4)["contour_mm", "tongue"][
            1
        ]
        == 19
    )
    broken["tongue"][:] = np.nan
    scores = articulator_scores(Articulation(broken), Articulation(known))
    assert set(scores) == {("contour_mm", "palate")}


def test_draws_are_averaged_where_they_are_defined():
    key, other = ("gesture_ms", "tip_degree"), ("gesture_found", "tip_degree")
    scores = [{key: (10.0, 1), other: (0.5, 2)}, {key: (40.0, 2), other: (1, 2)}, {other: (0, 2)}]
    assert mean_scores(scores) == {key: (30.0, 1.0), other: (0.5, 2.0)}
