"""Tract variables from contours: openings, heights and constrictions of the vocal tract, in mm.

The variables are those of articulatory phonology (Browman & Goldstein 1992) as they are measured in
real-time MRI, a degree (how narrow) and a place for each constriction. They are plain geometry of
the contours of a recording (`s2r.corpus.articulators`), so that the same function measures true
contours and contours that a probe read off a video. A variable is given where all contours that it
needs are there, and is NaN in frames where one of them is not known.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from s2r.evaluation.metrics.contours import narrowest, resampled

Contours = Mapping[str, np.ndarray]
"""{articulator: (T, P, 2)} mm, x to the back, y down."""

ALVEOLAR_SHARE = 0.4
"""Share of the palate, from the upper incisor, where the tip of the tongue makes constrictions:
about 15 mm. The dorsum makes them at the rest."""

_PIECES = 40  # of equal length, that the palate is cut at
_LARYNX_POINTS = 16  # at equal distances, whose mean is the place of the larynx


@dataclass(frozen=True)
class TractVariable:
    """One tract variable: what it is, what it needs, how it is computed."""

    what: str
    needs: tuple[str, ...]
    """Articulators."""
    compute: Callable[[Contours], np.ndarray]
    """Its values (T,) in mm."""
    degree: str = ""
    """Of a place: the variable that says how narrow the constriction is."""
    constricts: int = 0
    """-1 where a gesture is a minimum of it, 1 where it is a maximum, 0 where none is counted."""


def tract_variables(contours: Contours) -> dict[str, np.ndarray]:
    """The tract variables {name: (T,)} in mm of the contours of one recording.

    Fixed places (the upper incisor) are medians over all frames, so pass whole recordings.
    """
    return {
        name: variable.compute(contours)
        for name, variable in TRACT_VARIABLES.items()
        if all(articulator in contours for articulator in variable.needs)
    }


def _palate(contours: Contours) -> np.ndarray:
    """The palate (T, _PIECES + 1, 2) from the front, at equal distances."""
    palate = resampled(contours["palate"], _PIECES + 1)
    ends = _median(palate[:, [0, -1], 0])
    return palate[:, ::-1] if ends[0] > ends[1] else palate


def _median(values: np.ndarray) -> np.ndarray:
    """Median (...) over the frames of (T, ...) in which all is known; NaN where none is."""
    known = values[np.isfinite(values).reshape(len(values), -1).all(1)]
    return np.median(known, 0) if len(known) else np.full(values.shape[1:], np.nan)


def _incisor(contours: Contours) -> np.ndarray:
    """The edge of the palate at the upper incisor, (2,) mm: a fixed place."""
    return _median(_palate(contours)[:, 0])


def _lip_aperture(contours: Contours) -> np.ndarray:
    return narrowest(contours["upper_lip"], contours["lower_lip"])[0]


def _lip_protrusion(contours: Contours) -> np.ndarray:
    lips = np.concatenate([contours["upper_lip"], contours["lower_lip"]], 1)
    return _incisor(contours)[0] - lips[..., 0].min(1)


def _jaw_opening(contours: Contours) -> np.ndarray:
    return narrowest(contours["jaw"], contours["palate"])[0]


def _velum_opening(contours: Contours) -> np.ndarray:
    return narrowest(contours["velum"], contours["pharynx"])[0]


def _larynx_height(contours: Contours) -> np.ndarray:
    return _incisor(contours)[1] - resampled(contours["larynx"], _LARYNX_POINTS)[..., 1].mean(1)


def _tip(contours: Contours) -> tuple[np.ndarray, np.ndarray]:
    cut = round(ALVEOLAR_SHARE * _PIECES) + 1
    return narrowest(contours["tongue"], _palate(contours)[:, :cut])


def _dorsum(contours: Contours) -> tuple[np.ndarray, np.ndarray]:
    cut, palate = round(ALVEOLAR_SHARE * _PIECES), _palate(contours)
    degree, place = narrowest(contours["tongue"], palate[:, cut:])
    before = np.linalg.norm(np.diff(palate[:, : cut + 1], axis=1), axis=-1).sum(1)
    return degree, place + before


def _velar(contours: Contours) -> tuple[np.ndarray, np.ndarray]:
    velum, rear = contours["velum"], _median(_palate(contours)[:, -1])
    ends = np.linalg.norm(_median(velum[:, [0, -1]]) - rear, axis=-1)
    return narrowest(contours["tongue"], velum[:, ::-1] if ends[0] > ends[1] else velum)


def _pharynx(contours: Contours) -> tuple[np.ndarray, np.ndarray]:
    wall = contours["pharynx"]
    ends = _median(wall[:, [0, -1], 1])
    return narrowest(contours["tongue"], wall[:, ::-1] if ends[0] < ends[1] else wall)


def _constriction(
    name: str, where: str, start: str, needs: tuple[str, ...], measure: Callable
) -> dict[str, TractVariable]:
    degree, place = f"{name}_degree", f"{name}_place"
    return {
        degree: TractVariable(
            f"narrowest distance of the tongue from {where}",
            needs,
            lambda contours: measure(contours)[0],
            constricts=-1,
        ),
        place: TractVariable(
            f"where that is, along {start}", needs, lambda contours: measure(contours)[1], degree
        ),
    }


TRACT_VARIABLES: Mapping[str, TractVariable] = {
    "lip_aperture": TractVariable(
        "narrowest distance of the lips", ("upper_lip", "lower_lip"), _lip_aperture, constricts=-1
    ),
    "lip_protrusion": TractVariable(
        "how far the foremost point of the lips is before the upper incisor",
        ("upper_lip", "lower_lip", "palate"),
        _lip_protrusion,
    ),
    "jaw_opening": TractVariable(
        "narrowest distance of the jaw from the palate", ("jaw", "palate"), _jaw_opening
    ),
    "velum_opening": TractVariable(
        "narrowest distance of the velum from the rear wall of the pharynx",
        ("velum", "pharynx"),
        _velum_opening,
        constricts=1,
    ),
    "larynx_height": TractVariable(
        "height of the middle of the larynx over the upper incisor (negative)",
        ("larynx", "palate"),
        _larynx_height,
    ),
    **_constriction(
        "tip",
        f"the first {ALVEOLAR_SHARE:.0%} of the palate",
        "the palate from the upper incisor",
        ("tongue", "palate"),
        _tip,
    ),
    **_constriction(
        "dorsum",
        "the rest of the palate",
        "the palate from the upper incisor",
        ("tongue", "palate"),
        _dorsum,
    ),
    **_constriction(
        "velar",
        "the velum",
        "the velum from its end at the palate",
        ("tongue", "velum", "palate"),
        _velar,
    ),
    **_constriction(
        "pharynx",
        "the rear wall of the pharynx",
        "that wall from below",
        ("tongue", "pharynx"),
        _pharynx,
    ),
}
"""The tract variables by name, in the order of tables and figures. All are mm."""
