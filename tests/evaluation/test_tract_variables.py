"""Tract variables: geometry of contours, held against the phantom's own variables."""

import numpy as np
import pytest

from s2r.core.polylines import resampled
from s2r.corpus.phantom.outlines import articulator_contours
from s2r.corpus.phantom.picture import PIXEL_MM, to_pixels
from s2r.corpus.phantom.speakers import draw_speaker
from s2r.corpus.phantom.stimuli import Profile
from s2r.corpus.phantom.tract import TRACT_VARIABLES as OWN
from s2r.corpus.phantom.tract import contours
from s2r.corpus.phantom.tract import tract_variables as own_variables
from s2r.corpus.phantom.utterance import plan_speech
from s2r.evaluation.metrics.tract_variables import TRACT_VARIABLES, tract_variables

PAIRS = {
    "lip_aperture": "lip_aperture",
    "lip_protrusion": "lip_protrusion",
    "jaw": "jaw_opening",
    "tip_constriction": "tip_degree",
    "dorsum_constriction": "dorsum_degree",
    "velar_constriction": "velar_degree",
    "velum": "velum_opening",
}
"""The phantom's own name, and the one that is measured in its contours."""


@pytest.fixture(scope="module")
def spoken():
    """Of four speakers: contours in mm, their own variables, gaps, and the measured variables."""
    found = []
    for number in range(1, 5):
        speaker = draw_speaker(number, 11)
        utterance = plan_speech(speaker, "rainbow", 11, Profile(4, (), 4.0, 4.0), 1)
        q = utterance.trajectories(np.arange(0, 4, 0.02))
        shape = contours(speaker, q)
        lines = {
            name: to_pixels(speaker, points) * PIXEL_MM
            for name, points in articulator_contours(speaker, q, shape).items()
        }
        own = dict(zip(OWN, own_variables(speaker, q, shape).T, strict=True))
        gaps = np.linalg.norm(shape.outer - shape.inner, axis=-1)
        found.append((lines, own, gaps, tract_variables(lines)))
    return found


def correlations(spoken, own_name, name):
    return [np.corrcoef(own[own_name], found[name])[0, 1] for _, own, _, found in spoken]


@pytest.mark.parametrize(("own_name", "name"), PAIRS.items())
def test_variables_follow_those_of_the_phantom(spoken, own_name, name):
    assert min(correlations(spoken, own_name, name)) > 0.85
    assert np.mean(correlations(spoken, own_name, name)) > 0.93


def test_lips_and_velum_are_the_phantoms_in_mm(spoken):
    for _, own, _, found in spoken:
        assert np.abs(found["lip_aperture"] - own["lip_aperture"]).mean() < 0.3
        raised = own["velum"] < 0.05
        assert found["velum_opening"][raised].max() < 2


def test_pharynx_is_narrow_where_the_tongue_root_is_near_its_wall(spoken):
    """Its own variable of the phantom reaches up to the velum; so the gaps below are compared."""
    for _, _, gaps, found in spoken:
        assert np.corrcoef(found["pharynx_degree"], gaps[:, 10:16].min(1))[0, 1] > 0.95


def test_the_larynx_rises_with_the_phantoms(spoken):
    lines, _, _, found = spoken[0]
    raised = lines | {"larynx": lines["larynx"] - np.array([0, 3.0])}
    rise = tract_variables(raised)["larynx_height"] - found["larynx_height"]
    np.testing.assert_allclose(rise, 3)
    assert found["larynx_height"].max() < -40


def test_another_sampling_or_direction_of_the_points_changes_little(spoken):
    lines, _, _, found = spoken[1]
    fine = {name: resampled(points, 160) for name, points in lines.items()}
    turned = tract_variables({name: points[:, ::-1] for name, points in fine.items()})
    assert found.keys() == turned.keys() == TRACT_VARIABLES.keys()
    for name, values in found.items():
        assert np.median(np.abs(values - turned[name])) < 0.5, name


def test_variables_need_their_contours_and_are_unknown_where_these_are(spoken):
    lines = spoken[0][0]
    few = {name: lines[name].copy() for name in ("tongue", "palate", "upper_lip")}
    few["tongue"][5] = np.nan
    found = tract_variables(few)
    assert set(found) == {"tip_degree", "tip_place", "dorsum_degree", "dorsum_place"}
    for values in found.values():
        assert np.flatnonzero(np.isnan(values)).tolist() == [5]
    assert tract_variables({}) == {}
    few["palate"][:] = np.nan
    assert np.isnan(tract_variables(few)["tip_degree"]).all()
