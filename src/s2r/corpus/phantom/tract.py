"""Geometry of the phantom: from articulatory parameters to contours and tube areas.

Plane of the reference speaker: mm, x towards the back, y up, origin at the edge of the upper
incisor. 38 grid lines run from the glottis to the incisor; on each, ``r`` is the distance of
the tongue and ``r_wall`` that of the outer wall from the base of the line.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from s2r.corpus.phantom.speakers import Speaker

PARAMETERS = (
    "jaw",  # opening, mm
    "F",  # front raising of the tongue with advanced root, mm
    "B",  # back raising of the tongue, mm
    "T",  # raising of the tongue tip, mm
    "lh",  # gap between the lips, mm; negative: pressed together
    "lp",  # protrusion of the lips, mm
    "lx",  # height of the larynx, mm
    "vel",  # opening of the velum, 0 raised to 1 lowered
    "lat",  # lateral channels, 0 to 1
    "ld",  # lower lip at the upper teeth, 0 to 1
    "tt_k",  # tongue tip constriction: activation 0 to 1
    "tt_s",  # its place as normalised arc length
    "tt_gap",  # its remaining gap, mm; negative: firm contact
    "tt_w",  # its width in arc length
    "tb_k",  # the same four of the tongue body
    "tb_s",
    "tb_gap",
    "tb_w",
    "Ag",  # area of the glottis, cm2
    "Ps",  # pressure below the glottis, dyn/cm2
)
"""Columns of every trajectory. The first 18 fix the shape of the tract, the last two the air."""

SHAPE_PARAMETERS = PARAMETERS[:18]
"""The parameters that fix the shape."""

TRACT_VARIABLES = (
    "lip_aperture",  # mm
    "lip_protrusion",  # mm
    "jaw",  # opening, mm
    "tip_constriction",  # narrowest distance of tongue and wall in the region, mm
    "dorsum_constriction",  # mm
    "velar_constriction",  # mm
    "pharynx_constriction",  # mm
    "velum",  # 0 raised to 1 lowered
)

LINES = 38
NASAL_LINE = 22
"""Grid line at which the nose branches off."""

AREA_FLOOR = 1e-3
"""Smallest section, cm2: a closure."""

_REGIONS = ((0.86, 1.0), (0.70, 0.86), (0.50, 0.70), (0.24, 0.48))
"""Arc lengths of tip, dorsum, velar and pharynx constriction."""

# fmt: off
_WALL_CLOSED = np.array([
    (77, -92), (78, -86), (80, -79), (82.5, -70), (83.5, -55), (83, -38), (82, -22), (81, -10),
    (80, -1), (77, 6), (71, 11), (63, 14), (55, 14.5), (48, 15), (38, 17), (28, 17.5), (18, 15),
    (11.5, 11), (7, 7), (4.4, 3.2), (2.2, 0), (1.2, -6), (0, -14),
])
_VELUM_LOWERED = np.array([
    (79.5, -15), (73, -11), (69.5, -6), (67, 1), (62.5, 7), (56, 11.5),
])
# fmt: on
_VELUM_POINTS = slice(7, 13)
_PALATE_POINTS = slice(12, 21)
_PHARYNX_POINTS = slice(3, 8)


def column(name: str) -> int:
    """Index of an articulatory parameter in the columns of a trajectory."""
    return PARAMETERS.index(name)


def _grid() -> tuple[np.ndarray, np.ndarray]:
    """Bases (38, 2) mm and unit directions (38, 2) of the grid lines, glottis to incisor."""
    pharynx = np.stack([np.full(15, 38.0), np.linspace(-88, -26, 15)], 1)
    angles = np.deg2rad(np.arange(16) * 7.0)
    polar = np.stack([np.cos(angles), np.sin(angles)], 1)
    centre, last = np.array([38.0, -22.0]), polar[-1]
    oral = centre + np.linspace(4.4, 30.9, 7)[:, None] * np.array([-last[1], last[0]])
    base = np.concatenate([pharynx, np.tile(centre, (16, 1)), oral])
    direction = np.concatenate([np.tile([1.0, 0.0], (15, 1)), polar, np.tile(last, (7, 1))])
    return base, direction


_BASE, _DIRECTION = _grid()


def _cast(wall: np.ndarray) -> np.ndarray:
    """Distance (38,) along each grid line to its first meeting with the polyline ``wall``."""
    start, edge = wall[:-1], np.diff(wall, axis=0)
    gap = start[None] - _BASE[:, None]
    cross = _DIRECTION[:, None, 0] * edge[None, :, 1] - _DIRECTION[:, None, 1] * edge[None, :, 0]
    cross = np.where(np.abs(cross) < 1e-9, 1e-9, cross)
    along = (gap[..., 0] * edge[None, :, 1] - gap[..., 1] * edge[None, :, 0]) / cross
    share = (gap[..., 0] * _DIRECTION[:, None, 1] - gap[..., 1] * _DIRECTION[:, None, 0]) / cross
    hit = (share >= -1e-9) & (share <= 1 + 1e-9) & (along > 0)
    return np.where(hit, along, np.inf).min(1)


@lru_cache(maxsize=256)
def _wall_radii(pal: float, palx: float, wall_bulge: float) -> tuple[np.ndarray, np.ndarray]:
    """Distances (38,) of the wall with raised and with lowered velum for one anatomy."""
    wall = _WALL_CLOSED.copy()
    palate = wall[_PALATE_POINTS]
    palate[:, 1] += pal * np.exp(-(((palate[:, 0] - 24 - palx) / 13) ** 2) / 2)
    wall[_PHARYNX_POINTS, 0] -= wall_bulge * np.array([0.3, 0.7, 1, 0.8, 0.4])
    lowered = np.concatenate(
        [wall[: _VELUM_POINTS.start], _VELUM_LOWERED, wall[_VELUM_POINTS.stop :]]
    )
    return _cast(wall), _cast(lowered)


def _arc_length() -> np.ndarray:
    """Normalised arc length S (38,) of the grid lines, 6 mm inside the reference wall."""
    points = _BASE + _DIRECTION * (_wall_radii(0.0, 0.0, 0.0)[0] - 6)[:, None]
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    return length / length[-1]


ARC = _arc_length()


def _bell(middle: float, width: float) -> np.ndarray:
    return np.exp(-(((ARC - middle) / width) ** 2) / 2)


def _step(start: float, end: float) -> np.ndarray:
    x = np.clip((ARC - start) / (end - start), 0, 1)
    return x * x * (3 - 2 * x)


_LIVE = _step(0.10, 0.22)  # the larynx tube does not follow the tongue
_LARYNX = 1 - _step(0.0, 0.3)
_NEUTRAL = np.interp(
    ARC,
    (0, 0.05, 0.12, 0.2, 0.3, 0.45, 0.58, 0.68, 0.78, 0.88, 0.95, 1),
    (9, 8, 10, 15, 16.5, 15, 11.5, 11, 11.5, 11, 10, 9.5),
)
_WIDEST = np.interp(ARC, (0, 0.15, 0.3, 0.6, 0.8, 1), (12, 16, 30, 30, 26, 22))
_BRACED = 1.4  # mm
# Front and back raising after Harshman, Ladefoged & Goldstein (1977), shapes made by hand
_MODES = np.stack(
    [
        (_bell(0.80, 0.12) - _bell(0.36, 0.15)) * _LIVE,
        (_bell(0.60, 0.11) - 0.55 * _bell(0.88, 0.09) - 0.45 * _bell(0.27, 0.10)) * _LIVE,
        _bell(0.93, 0.05),
        -0.85 * _step(0.45, 0.92) + 0.12 * _bell(0.35, 0.12) * _LIVE,
    ]
)
_MODE_COLUMNS = [column(name) for name in ("F", "B", "T", "jaw")]


def warp(speaker: Speaker, points: np.ndarray) -> np.ndarray:
    """Points (..., 2) mm of the reference plane in the plane of ``speaker``."""
    x, y = np.asarray(points, float)[..., 0], np.asarray(points, float)[..., 1]
    below = np.minimum(y, 0) * speaker.sy
    shear = speaker.tilt * below * np.clip((x - 30) / 40, 0, 1)
    above = np.maximum(y, 0) * (0.5 + 0.5 * speaker.sx)
    return np.stack([speaker.sx * x + shear, above + below], -1)


@dataclass(frozen=True)
class Contours:
    """Mid-sagittal outlines, mm, in the plane of the speaker, glottis to incisor."""

    outer: np.ndarray
    """(T, 38, 2) rear pharynx wall, velum and palate."""
    inner: np.ndarray
    """(T, 38, 2) front of the larynx tube and tongue."""
    arc: np.ndarray
    """(38,) normalised arc length of the lines, 0 glottis to 1 incisor."""


def contours(speaker: Speaker, q: np.ndarray) -> Contours:
    """Outlines of the tract for articulatory parameters ``q`` (T, len(PARAMETERS))."""
    closed, lowered = _wall_radii(speaker.pal, speaker.palx, speaker.wall_bulge)
    velum = q[:, column("vel"), None]
    wall = (1 - velum) * closed + velum * lowered
    r = closed - _NEUTRAL / speaker.sct + q[:, _MODE_COLUMNS] @ _MODES
    # the sides of the tongue touch the palate first: the middle of a vowel cannot close
    r = np.minimum(r, wall - _BRACED)
    for organ in ("tb", "tt"):
        # superposition of constrictions after Story (2005), in the mid-sagittal plane
        active, place, gap, width = (
            q[:, column(f"{organ}_{key}"), None] for key in ("k", "s", "gap", "w")
        )
        bell = np.exp(-(((ARC - place) / width) ** 2) / 2)
        r = r + active * bell * _LIVE * (wall - gap - r)
    r = np.minimum(np.maximum(r, wall - _WIDEST), wall)
    lift = q[:, column("lx"), None] * _LARYNX
    outer = _BASE + _DIRECTION * wall[..., None]
    inner = _BASE + _DIRECTION * r[..., None]
    outer[..., 1] += lift
    inner[..., 1] += lift
    return Contours(warp(speaker, outer), warp(speaker, inner), ARC)


@lru_cache(maxsize=256)
def _warped_directions(sx: float, sy: float, tilt: float) -> np.ndarray:
    """Unit directions (38, 2) of the grid lines after the warp, taken near the wall."""
    speaker = Speaker(sx=sx, sy=sy, tilt=tilt)
    wall = _BASE + _DIRECTION * _wall_radii(0.0, 0.0, 0.0)[0][:, None]
    line = warp(speaker, wall) - warp(speaker, wall - 10 * _DIRECTION)
    return line / np.linalg.norm(line, axis=1, keepdims=True)


def _steps_and_widths(speaker: Speaker, shape: Contours) -> tuple[np.ndarray, np.ndarray]:
    """Distances (T, 37) mm along the mid-line and widths (T, 38) mm across it."""
    middle = (shape.outer + shape.inner) / 2
    step = np.diff(middle, axis=1)
    distance = np.hypot(step[..., 0], step[..., 1])
    tangent = np.empty_like(middle)
    tangent[:, 1:-1] = step[:, 1:] + step[:, :-1]
    tangent[:, 0], tangent[:, -1] = step[:, 0], step[:, -1]
    across = _warped_directions(speaker.sx, speaker.sy, speaker.tilt)
    sine = np.abs(tangent[..., 0] * across[:, 1] - tangent[..., 1] * across[:, 0])
    sine /= np.maximum(np.hypot(tangent[..., 0], tangent[..., 1]), 1e-9)
    gap = shape.outer - shape.inner
    return distance, np.hypot(gap[..., 0], gap[..., 1]) * np.clip(sine, 0.5, 1)


@dataclass(frozen=True)
class AreaFunction:
    """Tube from the glottis to the lips: 38 sections of the grid and 3 of the lips."""

    areas: np.ndarray
    """(T, 41) cm2, at least AREA_FLOOR."""
    lengths: np.ndarray
    """(T, 41) cm."""
    port: np.ndarray
    """(T,) cm2, opening to the nose, which branches off at section NASAL_LINE."""
    nose_scale: float
    """Factor of the lengths of the nose."""


_ALPHA = np.interp(
    ARC, (0, 0.1, 0.2, 0.5, 0.7, 0.85, 0.95, 1), (1.6, 1.6, 1.8, 1.8, 1.8, 1.8, 2.0, 2.4)
)
_BETA = np.interp(
    ARC, (0, 0.1, 0.2, 0.5, 0.7, 0.85, 0.95, 1), (1.3, 1.3, 1.3, 1.35, 1.5, 1.5, 1.5, 1.5)
)
_EPILARYNX = np.array([0.35, 0.45, 0.5, 0.7])
_LATERAL = 0.45 * _bell(0.90, 0.06)


def area_function(speaker: Speaker, q: np.ndarray, shape: Contours) -> AreaFunction:
    """Sections of the tube for ``q`` (T, len(PARAMETERS)) and its contours.

    Areas from mid-sagittal distances by the alpha-beta form of Heinz & Stevens (1965).
    """
    distance, width = _steps_and_widths(speaker, shape)
    area = _ALPHA * speaker.alpha * (width / 10) ** _BETA
    area[:, :4] = np.minimum(area[:, :4], _EPILARYNX * speaker.alpha)
    area += q[:, column("lat"), None] * _LATERAL
    teeth = (2 + q[:, column("jaw")]) * speaker.sy / 10
    last = np.minimum(area[:, -1], 2.4 * np.maximum(teeth, 0.05) ** 1.2)
    labiodental = q[:, column("ld")]
    last = np.minimum(last, (1 - labiodental) * last + 0.10 * labiodental)
    area[:, -1] = last

    height = np.maximum(q[:, column("lh")], 0) * speaker.sy
    forward = q[:, column("lp")] * speaker.sx
    breadth = np.clip((26 + height - 2.2 * forward) * speaker.lipw * speaker.sx, 6, 60)
    lips = 0.95 * np.pi / 4 * height * breadth / 100 + 1e-4
    first = np.minimum((last + lips) / 2, 2 * lips + 0.2 * last)
    tube = np.maximum(7 * speaker.sx + forward, 3) / 10

    areas = np.concatenate([area, first[:, None], lips[:, None], lips[:, None]], 1)
    half = np.pad(distance / 2, ((0, 0), (1, 1)))
    along = (half[:, 1:] + half[:, :-1]) / 10
    lengths = np.concatenate([along, np.repeat(tube[:, None] / 3, 3, axis=1)], 1)
    port = 0.9 * speaker.sx**2 * np.clip((q[:, column("vel")] - 0.12) / 0.88, 0, None)
    return AreaFunction(np.maximum(areas, AREA_FLOOR), lengths, port, speaker.sx)


def tract_variables(speaker: Speaker, q: np.ndarray, shape: Contours) -> np.ndarray:
    """The eight TRACT_VARIABLES (T, 8) of ``q`` and its contours; mm except the velum."""
    _, width = _steps_and_widths(speaker, shape)
    narrowest = [
        width[:, (shape.arc >= low) & (shape.arc <= high)].min(1) for low, high in _REGIONS
    ]
    lips = np.maximum(q[:, column("lh")], 0) * speaker.sy
    forward = q[:, column("lp")] * speaker.sx
    jaw = q[:, column("jaw")] * speaker.sy
    return np.stack([lips, forward, jaw, *narrowest, q[:, column("vel")]], 1)
