"""Geometry of contours: distances between curves, and places along them."""

import numpy as np
import pytest

from s2r.core.polylines import resampled
from s2r.evaluation.metrics.contours import contour_error_mm, narrowest


def line(*points) -> np.ndarray:
    """A contour (1, P, 2)."""
    return np.array([points], float)


def test_the_error_is_a_distance_between_curves():
    x = np.linspace(0, 50, 31)
    flat = np.stack([x, np.zeros(31)], 1)[None]
    raised = flat + np.array([0.0, 2.0])
    assert contour_error_mm(flat, raised)[0] == pytest.approx(2, abs=1e-5)
    # the same curve with its points elsewhere
    warped = np.stack([50 * (x / 50) ** 1.5, np.zeros(31)], 1)[None]
    assert contour_error_mm(flat, warped)[0] == pytest.approx(0, abs=1e-4)
    # a missing tip is seen from the other side
    assert contour_error_mm(flat[:, :20], flat)[0] > 1
    # not known in a frame: no error there, and in no other
    both, gap = np.concatenate([flat, flat]), np.concatenate([raised, np.full_like(flat, np.nan)])
    np.testing.assert_allclose(contour_error_mm(both, gap), [2, np.nan], atol=1e-5)
    with pytest.raises(ValueError):
        contour_error_mm(flat, both)


def test_the_narrowest_passage_has_a_degree_and_a_place():
    wall = line((0, 0), (10, 0), (30, 0))
    # nearest at an inner point, which is over the middle of a segment of the wall
    assert narrowest(line((4, 9), (16, 3), (20, 9)), wall) == (pytest.approx(3), pytest.approx(16))
    # nearest at a corner of the wall, under the middle of a segment of the contour
    corner = line((0, 9), (10, 2), (20, 9))
    assert narrowest(line((0, 0), (20, 0)), corner)[0] == pytest.approx(2)
    assert narrowest(line((0, 0), (20, 0)), corner)[1] == pytest.approx(np.hypot(10, 7))
    # beyond the end
    assert narrowest(line((33, 4), (40, 4)), wall) == (pytest.approx(5), pytest.approx(30))


def test_curves_that_cross_touch_where_they_do():
    wall = line((0, 0), (30, 0))
    degree, place = narrowest(line((10, 5), (12, -5), (14, -5), (16, 5)), wall)
    assert degree == 0
    assert place == pytest.approx((11 + 15) / 2)


def test_an_unknown_contour_has_no_distance():
    wall = np.repeat(line((0, 0), (30, 0)), 3, 0)
    contour = wall + np.array([0, 4])
    contour[1], wall[2] = np.nan, np.nan
    degree, place = narrowest(contour, wall)
    np.testing.assert_allclose(degree, [4, np.nan, np.nan], rtol=1e-6)
    assert np.isfinite(place).tolist() == [True, False, False]


def test_a_contour_is_sampled_at_equal_distances():
    bent = np.concatenate([line((0, 0), (1, 0), (9, 0), (9, 6)), np.full((1, 4, 2), np.nan)])
    found = resampled(bent, 6)
    np.testing.assert_allclose(
        found[0], [(0, 0), (3, 0), (6, 0), (9, 0), (9, 3), (9, 6)], atol=1e-9
    )
    assert np.isnan(found[1]).all()
