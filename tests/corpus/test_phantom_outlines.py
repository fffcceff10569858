"""The contours of the phantom's articulators lie on the edges of its pictures."""

import numpy as np

from s2r.corpus.articulators import ARTICULATORS
from s2r.corpus.phantom.outlines import articulator_contours
from s2r.corpus.phantom.phones import NEUTRAL, PHONES
from s2r.corpus.phantom.picture import PIXEL_MM, tissue, to_pixels
from s2r.corpus.phantom.speakers import REFERENCE, draw_speaker
from s2r.corpus.phantom.tract import PARAMETERS, column, contours


def posture(label: str, count: int = 1) -> np.ndarray:
    q = np.array([NEUTRAL.get(name, 0.0) for name in PARAMETERS])
    for name, (value, _) in PHONES[label].targets.items():
        q[column(name)] = value
    return np.tile(q, (count, 1))


def test_every_articulator_has_a_contour_in_every_phone():
    q = np.concatenate([posture(label) for label in PHONES])
    found = articulator_contours(REFERENCE, q, contours(REFERENCE, q))
    assert tuple(found) == ARTICULATORS
    for points in found.values():
        assert points.shape == (len(q), points.shape[1], 2)
        assert np.isfinite(points).all()


def test_grey_levels_change_across_the_contours():
    speaker, q = draw_speaker(2, 11), posture("AA")
    shape = contours(speaker, q)
    picture = tissue(speaker, q, shape)[0]
    for name, points in articulator_contours(speaker, q, shape).items():
        line = to_pixels(speaker, points[0])
        tangent = np.gradient(line, axis=0)
        normal = np.stack([tangent[:, 1], -tangent[:, 0]], -1)
        normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
        x, y = np.moveaxis((line + normal * [[[-1.5]], [[1.5]]]).astype(int), -1, 0)
        one, other = picture[y, x]
        assert abs(np.median(one - other)) > 0.1, name


def test_velum_and_rear_wall_part_when_the_velum_is_lowered():
    q = posture("AX", 12)
    q[:, column("vel")] = np.linspace(0, 1, 12)
    found = articulator_contours(REFERENCE, q, contours(REFERENCE, q))
    apart = found["velum"][:, :, None] - found["pharynx"][:, None]
    opening = np.linalg.norm(apart, axis=-1).min((1, 2))
    assert opening[0] < PIXEL_MM
    assert opening[-1] > opening[0] + 4
    assert np.corrcoef(opening, q[:, column("vel")])[0, 1] > 0.95
