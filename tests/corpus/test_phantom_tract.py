"""Geometry of the phantom: contours, areas and tract variables."""

import numpy as np
import pytest

from s2r.corpus.phantom.phones import NEUTRAL, PHONES
from s2r.corpus.phantom.speakers import REFERENCE, Speaker, draw_speaker
from s2r.corpus.phantom.tract import (
    AREA_FLOOR,
    LINES,
    PARAMETERS,
    TRACT_VARIABLES,
    area_function,
    column,
    contours,
    tract_variables,
    warp,
)


def posture(label: str, count: int = 1) -> np.ndarray:
    q = np.array([NEUTRAL.get(name, 0.0) for name in PARAMETERS])
    for name, (value, _) in PHONES[label].targets.items():
        q[column(name)] = value
    return np.tile(q, (count, 1))


def gaps(speaker: Speaker, q: np.ndarray) -> np.ndarray:
    shape = contours(speaker, q)
    return np.linalg.norm(shape.outer - shape.inner, axis=-1)


def areas(speaker: Speaker, q: np.ndarray) -> np.ndarray:
    return area_function(speaker, q, contours(speaker, q)).areas


def variable(name: str, q: np.ndarray, speaker: Speaker = REFERENCE) -> np.ndarray:
    found = tract_variables(speaker, q, contours(speaker, q))
    assert found.shape == (len(q), len(TRACT_VARIABLES))
    return found[:, TRACT_VARIABLES.index(name)]


def test_the_grid_runs_from_the_glottis_to_the_incisor():
    shape = contours(REFERENCE, posture("AX", 3))
    assert shape.outer.shape == shape.inner.shape == (3, LINES, 2)
    assert shape.arc[0] == 0
    assert shape.arc[-1] == pytest.approx(1)
    assert np.all(np.diff(shape.arc) > 0)
    assert shape.outer[0, 0, 1] < -80
    np.testing.assert_allclose(shape.outer[0, -1], (0, 0), atol=6)
    middle = (shape.outer + shape.inner) / 2
    length = np.linalg.norm(np.diff(middle, axis=1), axis=-1).sum(1)
    assert 150 < length[0] < 190


def test_every_speaker_has_a_tract_in_every_phone():
    for index in range(1, 41):
        speaker = draw_speaker(index, seed=1)
        q = np.concatenate([posture(label) for label in PHONES])
        shape = contours(speaker, q)
        function = area_function(speaker, q, shape)
        for values in (shape.outer, shape.inner, function.areas, function.lengths):
            assert np.isfinite(values).all()
        assert function.areas.min() >= AREA_FLOOR
        assert function.areas.max() < 20
        assert function.lengths.min() > 0
        assert 12 < function.lengths.sum(1).min() < function.lengths.sum(1).max() < 24


def test_the_tongue_stays_inside_the_wall():
    rng = np.random.default_rng(0)
    q = posture("AX", 200)
    for name in ("F", "B", "T", "jaw"):
        q[:, column(name)] += 12 * rng.standard_normal(200)
    q[:, column("vel")] = rng.random(200)
    shape = contours(REFERENCE, q)
    # along their grid lines both contours start from the same inner base points
    inside = np.array([38.0, -22.0])
    polar = slice(15, 31)
    outer = np.linalg.norm(shape.outer[:, polar] - inside, axis=-1)
    inner = np.linalg.norm(shape.inner[:, polar] - inside, axis=-1)
    assert (outer - inner).min() > -1e-9


def test_front_and_back_raising_narrow_different_places():
    front, back = posture("AX"), posture("AX")
    front[:, column("F")], back[:, column("B")] = 9, 7
    rest = posture("AX")
    assert variable("dorsum_constriction", front) < variable("dorsum_constriction", rest) - 4
    assert variable("pharynx_constriction", front) > variable("pharynx_constriction", rest) + 2
    assert variable("velar_constriction", back) < variable("velar_constriction", rest) - 4


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("T", "tip_constriction"),
        ("L", "tip_constriction"),
        ("K", "velar_constriction"),
        ("P", "lip_aperture"),
    ],
)
def test_closures_close_where_they_should(label, name):
    for speaker in (REFERENCE, draw_speaker(1, 0), draw_speaker(4, 0)):
        assert variable(name, posture(label), speaker) == pytest.approx(0, abs=1e-6)
        assert variable(name, posture("AE"), speaker) > 2


def test_the_sound_has_the_lip_gap_of_the_picture():
    q = posture("AX", 3)
    q[:, column("lh")] = (-2, 4, 8)
    speaker = draw_speaker(1, 0)
    lips = areas(speaker, q)[:, -1]
    height = np.array([0, 4, 8]) * speaker.sy
    width = (26 + height - 2.2 * q[:, column("lp")] * speaker.sx) * speaker.lipw * speaker.sx
    np.testing.assert_allclose(variable("lip_aperture", q, speaker), height)
    assert lips[0] == AREA_FLOOR
    np.testing.assert_allclose(lips[1:], (0.95 * np.pi / 4 * height * width / 100)[1:], rtol=1e-3)


def test_velum_opens_the_nose_and_narrows_the_mouth_behind_it():
    q = posture("AA", 2)
    q[1, column("vel")] = 1
    function = area_function(REFERENCE, q, contours(REFERENCE, q))
    assert function.port[0] == 0
    assert function.port[1] == pytest.approx(0.9)
    shape = contours(REFERENCE, q)
    moved = np.linalg.norm(shape.outer[1] - shape.outer[0], axis=-1)
    assert moved[17:22].min() > 5
    assert moved[:8].max() == 0
    assert moved[28:].max() == 0


def test_larynx_moves_the_glottis_alone():
    q = posture("AA", 2)
    q[:, column("lx")] = (0, -6)
    shape = contours(REFERENCE, q)
    np.testing.assert_allclose(shape.outer[1, 0] - shape.outer[0, 0], (0, -6))
    np.testing.assert_allclose(shape.inner[1, 15:], shape.inner[0, 15:])
    longer = area_function(REFERENCE, q, shape).lengths.sum(1)
    assert 0.3 < longer[1] - longer[0] < 0.7


def test_warp_scales_about_the_incisor():
    speaker = Speaker(sx=0.9, sy=0.8, tilt=0.1)
    points = np.array([[0.0, 0.0], [10, 20], [20, -50], [80, -50]])
    expected = [(0, 0), (9, 20 * 0.95), (18, -40), (72 - 4, -40)]
    np.testing.assert_allclose(warp(speaker, points), expected)
    np.testing.assert_array_equal(warp(REFERENCE, points), points)


def test_palate_and_pharynx_of_a_speaker_change_the_wall():
    q = posture("AX")
    plain = contours(REFERENCE, q).outer[0]
    vaulted = contours(Speaker(pal=3.0), q).outer[0]
    bulging = contours(Speaker(wall_bulge=2.0), q).outer[0]
    assert (vaulted[:, 1] - plain[:, 1]).max() > 2
    assert (plain[:15, 0] - bulging[:15, 0]).max() == pytest.approx(2, abs=0.3)
    np.testing.assert_allclose(vaulted[:10], plain[:10])


def test_shapes_are_computed_frame_by_frame():
    q = np.concatenate([posture(label) for label in ("IY", "K", "S", "SIL")])
    together = contours(REFERENCE, q)
    alone = contours(REFERENCE, q[2:3])
    np.testing.assert_allclose(together.inner[2], alone.inner[0], atol=1e-9)
    np.testing.assert_allclose(areas(REFERENCE, q)[2], areas(REFERENCE, q[2:3])[0], atol=1e-9)
