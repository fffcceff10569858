"""Label-free kinematics on a video whose movement is known."""

import numpy as np
import pytest

from s2r.core.errors import UserError
from s2r.evaluation.metrics import articulation


def tongue(path):
    """A bright disc whose height follows ``path`` (T,), pixels; (T, 64, 64) uint8."""
    y, x = np.mgrid[:64, :64]
    discs = [np.hypot(y - 32 - p, x - 32) - 10 for p in path]
    return (50 + 150 / (1 + np.exp(np.stack(discs)))).astype(np.uint8)


def wander(seed, count=300):
    rng = np.random.default_rng(seed)
    return 2 * np.convolve(rng.standard_normal(count + 20), np.hanning(21), mode="valid")


@pytest.fixture(scope="module")
def cells():
    mask = np.zeros((64, 64), dtype=bool)
    mask[16:48, 20:44] = True
    return articulation.moving_cells(mask)


def compared(truth, other, cells):
    """Correlation of the courses and of their velocities, and the lag, of two videos."""
    courses = [articulation.time_courses(video, cells) for video in (truth, other)]
    velocities = [articulation.velocity(course) for course in courses]
    return (
        articulation.course_correlation(*courses),
        articulation.course_correlation(*velocities),
        articulation.lag(*velocities),
    )


def test_a_region_that_fills_no_cell_is_measured_where_most_of_it_is():
    mask = np.zeros((9, 8), bool)
    mask[1, 1] = mask[5:7, 5] = True
    assert articulation.moving_cells(mask).tolist() == [[4, 4]]
    with pytest.raises(UserError, match=r"frames\.size: pictures of 3 x 3 pixels are smaller"):
        articulation.moving_cells(np.ones((3, 3), bool))


def test_a_single_frame_does_not_move():
    assert np.array_equal(articulation.velocity(np.ones((1, 3))), np.zeros((1, 3)))


def test_cells_tile_the_region():
    mask = np.zeros((64, 64), dtype=bool)
    mask[8:16, 4:14] = True  # 2 x 2 whole cells, and a column of half-filled ones
    found = articulation.moving_cells(mask)
    assert found.tolist() == [[8, 4], [8, 8], [8, 12], [12, 4], [12, 8], [12, 12]]
    with pytest.raises(ValueError):
        articulation.moving_cells(np.zeros((64, 64), dtype=bool))


def test_the_truth_scores_one_and_brightness_does_not_matter(cells):
    truth = tongue(wander(0))
    position, velocity, lag = compared(truth, truth * 0.5 + 20, cells)
    assert position == pytest.approx(1, abs=1e-6)
    assert velocity == pytest.approx(1, abs=1e-6)
    assert lag == 0


def test_other_movement_scores_near_zero_and_a_static_video_zero(cells):
    truth = tongue(wander(0))
    position, velocity, _ = compared(truth, tongue(wander(1)), cells)
    assert abs(position) < 0.3 and abs(velocity) < 0.3
    position, velocity, lag = compared(truth, np.repeat(truth[:1], len(truth), axis=0), cells)
    assert position == 0 and velocity == 0
    assert np.isnan(lag)


def test_cells_weigh_as_much_as_they_move():
    t = np.arange(100)
    truth = np.stack([10 * np.sin(t / 5), np.sin(t / 7)], axis=1)
    wrong_small = np.stack([truth[:, 0], -truth[:, 1]], axis=1)
    assert articulation.course_correlation(truth, wrong_small) > 0.95
    assert articulation.course_correlation(truth, -wrong_small) < -0.95
    assert np.isnan(articulation.course_correlation(np.ones((9, 2)), truth[:9]))


@pytest.mark.parametrize("shift", [-4, 0, 3])
def test_lag_is_found_and_its_sign_is_late_positive(cells, shift):
    path = wander(2)
    late = np.roll(path, shift)
    _, _, lag = compared(tongue(path[20:-20]), tongue(late[20:-20]), cells)
    assert lag == shift


def test_drift_compares_the_ends():
    assert articulation.drift_ratio(np.ones(30)) == 1
    assert articulation.drift_ratio(np.arange(1, 10)) == pytest.approx(8 / 2)
    assert np.isnan(articulation.drift_ratio(np.ones(2)))
    assert np.isnan(articulation.drift_ratio(np.zeros(9)))
