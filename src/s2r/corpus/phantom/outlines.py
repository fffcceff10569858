"""The contours of the phantom's articulators: the edges that its pictures show.

They are cut from the same polygons and walls that are painted, so a contour lies where the
picture changes.
"""

import numpy as np

from s2r.corpus.phantom.anatomy import REAR_WALL
from s2r.corpus.phantom.articulators import (
    JAW_BONE,
    LOWER_INCISOR,
    Posture,
    lip_outlines,
    port_opening,
    rear_wall_at,
    velum_sides,
)
from s2r.corpus.phantom.speakers import Speaker
from s2r.corpus.phantom.tract import Contours, column, contours

_TONGUE = slice(6, 37)  # grid lines: the larynx tube is narrower than a pixel, line 37 the incisor
_PALATE = slice(28, 37)
_PHARYNX, _BEHIND_VELUM = slice(4, 16), slice(16, 19)
_NASOPHARYNX = REAR_WALL[2:4]
_UPPER_LIP, _LOWER_LIP = slice(1, 8), slice(0, 6)  # corners of the painted polygons
_LARYNX = [(57, -71), (64, -89), (70, -90.6), (70, -92.4), (65, -97), (65, -103), (66, -112)]
"""Inner side of the thyroid cartilage, edge of the vocal folds, front wall of the trachea."""


def articulator_contours(speaker: Speaker, q: np.ndarray, shape: Contours) -> dict[str, np.ndarray]:
    """{articulator: (T, P, 2)} in mm of the plane of the speaker; see `s2r.corpus.articulators`.

    ``q`` (T, len(PARAMETERS)) are articulatory parameters, ``shape`` their contours.
    """
    pose = Posture(speaker, q)
    upper_lip, lower_lip = lip_outlines(pose)
    oral_side, nasal_side, _ = velum_sides(pose, shape.outer)
    mandible = [*LOWER_INCISOR[:1], LOWER_INCISOR[-1], *JAW_BONE[:3:-1]]
    return {
        "tongue": shape.inner[:, _TONGUE],
        "upper_lip": upper_lip[:, _UPPER_LIP],
        "lower_lip": lower_lip[:, _LOWER_LIP],
        "jaw": pose.on_jaw(mandible),
        "velum": np.concatenate([oral_side[:, ::-1], nasal_side], 1),
        "palate": shape.outer[:, _PALATE][:, ::-1],
        "pharynx": _pharynx(pose, shape),
        "larynx": pose.shifted(_LARYNX, y=pose["lx"]),
    }


def _pharynx(pose: Posture, shape: Contours) -> np.ndarray:
    """(T, 17, 2): the outer wall, behind the velum the wall that its opening uncovers."""
    parameters = pose.q.copy()
    parameters[:, column("vel")] = 0
    raised = contours(pose.speaker, parameters).outer[:, _BEHIND_VELUM]
    behind = raised.copy()
    uncovered = rear_wall_at(pose.speaker, raised[..., 1])
    behind[..., 0] += port_opening(pose) * (uncovered - raised[..., 0])
    return np.concatenate([shape.outer[:, _PHARYNX], behind, pose.fixed(_NASOPHARYNX)], 1)
