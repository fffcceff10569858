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

from s2r.core.polylines import resampled
from s2r.evaluation.metrics.contours import narrowest

Contours = Mapping[str, np.ndarray]
"""{articulator: (T, P, 2)} mm, x to the back, y down."""

ALVEOLAR_SHARE = 0.4
"""Share of the palate, from the upper incisor, where the tip of the tongue makes constrictions:
about 15 mm. The dorsum makes them at the rest."""

OROPHARYNX = (0.3, 0.6)
"""Shares of the rear wall, from below, between which it faces the root of the tongue: the
epiglottis is below, the velum above."""

_PIECES = 20  # of equal length, that palate and rear wall are cut at
_POINTS = 16  # at equal distances along a contour, whose mean is its middle


@dataclass(frozen=True)
class TractVariable:
    """One tract variable: what it is, and how it is scored. All are in mm."""

    what: str
    needs: tuple[str, ...]
    """Articulators."""
    degree: str = ""
    """Of a place: the variable that says how narrow the constriction is."""
    gesture: int = 0
    """-1 where a minimum of it is the target of a gesture, 1 where a maximum is, 0: neither."""


def tract_variables(contours: Contours) -> dict[str, np.ndarray]:
    """The tract variables {name: (T,)} in mm of the contours of one recording.

    Fixed places (the upper incisor) are medians over all frames, so pass whole recordings.
    """
    found: dict[str, np.ndarray] = {}
    for names, compute in _MEASUREMENTS:
        needs = TRACT_VARIABLES[names[0]].needs
        if all(articulator in contours for articulator in needs):
            values = compute(contours)
            found |= zip(names, values if len(names) > 1 else (values,), strict=True)
    return found


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


def _below_incisor(contours: Contours, articulator: str) -> np.ndarray:
    """How far the middle of an articulator is below the upper incisor, (T,) mm."""
    middle = resampled(contours[articulator], _POINTS)[..., 1].mean(1)
    return middle - _incisor(contours)[1]


def _jaw_opening(contours: Contours) -> np.ndarray:
    return _below_incisor(contours, "jaw")


def _velum_opening(contours: Contours) -> np.ndarray:
    return narrowest(contours["velum"], contours["pharynx"])[0]


def _larynx_height(contours: Contours) -> np.ndarray:
    return -_below_incisor(contours, "larynx")


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
    wall = resampled(contours["pharynx"], _PIECES + 1)
    ends = _median(wall[:, [0, -1], 1])
    upwards = wall[:, ::-1] if ends[0] < ends[1] else wall
    first, last = (round(share * _PIECES) for share in OROPHARYNX)
    return narrowest(contours["tongue"], upwards[:, first : last + 1])


def _constriction(
    name: str, where: str, start: str, needs: tuple[str, ...]
) -> dict[str, TractVariable]:
    degree, place = f"{name}_degree", f"{name}_place"
    narrow = f"narrowest distance of the tongue from {where}"
    return {
        degree: TractVariable(narrow, needs, gesture=-1),
        place: TractVariable(f"where that is, along {start}", needs, degree),
    }


_PALATE_START = "the palate from the upper incisor"

TRACT_VARIABLES: Mapping[str, TractVariable] = {
    "lip_aperture": TractVariable(
        "narrowest distance of the lips", ("upper_lip", "lower_lip"), gesture=-1
    ),
    "lip_protrusion": TractVariable(
        "how far the foremost point of the lips is before the upper incisor",
        ("upper_lip", "lower_lip", "palate"),
    ),
    "jaw_opening": TractVariable(
        "how far the middle of the jaw's contour is below the upper incisor", ("jaw", "palate")
    ),
    "velum_opening": TractVariable(
        "narrowest distance of the velum from the rear wall of the pharynx",
        ("velum", "pharynx"),
        gesture=1,
    ),
    "larynx_height": TractVariable(
        "height of the middle of the larynx's contour over the upper incisor (negative)",
        ("larynx", "palate"),
    ),
    **_constriction(
        "tip",
        f"the first {ALVEOLAR_SHARE:.0%} of the palate",
        _PALATE_START,
        ("tongue", "palate"),
    ),
    **_constriction("dorsum", "the rest of the palate", _PALATE_START, ("tongue", "palate")),
    **_constriction(
        "velar",
        "the velum",
        "the velum from its end at the palate",
        ("tongue", "velum", "palate"),
    ),
    **_constriction(
        "pharynx",
        "the rear wall of the pharynx, between {:.0%} and {:.0%} of its length".format(*OROPHARYNX),
        "that part of the wall from below",
        ("tongue", "pharynx"),
    ),
}
"""The tract variables by name, in the order of tables and figures."""

_MEASUREMENTS: tuple[tuple[tuple[str, ...], Callable], ...] = (
    (("lip_aperture",), _lip_aperture),
    (("lip_protrusion",), _lip_protrusion),
    (("jaw_opening",), _jaw_opening),
    (("velum_opening",), _velum_opening),
    (("larynx_height",), _larynx_height),
    (("tip_degree", "tip_place"), _tip),
    (("dorsum_degree", "dorsum_place"), _dorsum),
    (("velar_degree", "velar_place"), _velar),
    (("pharynx_degree", "pharynx_place"), _pharynx),
)
"""What is computed together, of the same contours: a degree and its place come at once."""
