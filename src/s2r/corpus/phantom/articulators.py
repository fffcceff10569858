"""The parts of the picture that move: jaw, tongue, velum, lips and larynx, frame by frame."""

from dataclasses import dataclass

import numpy as np

from s2r.corpus.phantom.anatomy import AIR, REAR_WALL, oval
from s2r.corpus.phantom.speakers import Speaker
from s2r.corpus.phantom.tract import Contours, column, warp

_CONDYLE = np.array([92.0, 28.0])
_CONDYLE_TO_INCISOR = 95.0  # mm: turns the opening at the incisors into an angle
_TIP = 36  # grid line of the tongue tip
_PALATE_LINES = slice(28, 37)

# fmt: off
JAW_BONE = [
    (5.5, -14), (9.5, -17), (12, -26), (13, -36), (9, -43), (2, -43), (-2, -37), (-1, -28),
    (1, -18),
]
"""Outline of the closed mandible, from behind the incisor round its lower border; mm."""
LOWER_INCISOR = [(1, -2), (3, -1.6), (5.6, -7), (6.5, -16), (4.5, -20), (1.5, -17), (0.5, -9)]
"""Outline of the lower incisor of the closed jaw, from its edge round the root; mm."""
# fmt: on


@dataclass(frozen=True)
class Part:
    """One polygon of the picture."""

    intensity: float
    outline: np.ndarray
    """(T, V, 2) mm in the plane of the speaker."""
    textured: bool = False
    """Whether it is soft tissue, whose texture moves with it."""


class Posture:
    """Points of the reference plane, moved by the organs in a recording."""

    def __init__(self, speaker: Speaker, q: np.ndarray):
        self.speaker, self.q, self.frames = speaker, q, len(q)

    def __getitem__(self, parameter: str) -> np.ndarray:
        """Values (T, 1) of an articulatory parameter."""
        return self.q[:, column(parameter), None]

    def fixed(self, points) -> np.ndarray:
        """Points (V, 2) at rest, as (T, V, 2) in the plane of the speaker."""
        placed = warp(self.speaker, np.asarray(points, float))
        return np.broadcast_to(placed, (self.frames, *placed.shape))

    def shifted(self, points, x=0.0, y=0.0) -> np.ndarray:
        """Points (V, 2) moved by x, y, each (T, 1) or (T, V) mm."""
        points = np.asarray(points, float)
        moved = np.empty((self.frames, *points.shape))
        moved[..., 0] = points[:, 0] + x
        moved[..., 1] = points[:, 1] + y
        return warp(self.speaker, moved)

    def on_jaw(self, points) -> np.ndarray:
        """Points (V, 2) of the closed jaw, turned about its condyle."""
        arm = np.asarray(points, float) - _CONDYLE
        angle = self["jaw"] / _CONDYLE_TO_INCISOR
        cosine, sine = np.cos(angle), np.sin(angle)
        turned = np.stack(
            [arm[:, 0] * cosine - arm[:, 1] * sine, arm[:, 0] * sine + arm[:, 1] * cosine], -1
        )
        return warp(self.speaker, turned + _CONDYLE)


def palate_mucosa(speaker: Speaker, outer: np.ndarray) -> np.ndarray:
    """Lining of the hard palate, (1, V, 2) mm, above the outer contour (38, 2) of a frame."""
    below = outer[_PALATE_LINES]
    lift = np.linspace(4.5, 1.5, len(below))
    above = below + np.stack([0 * lift, lift * speaker.sy], 1)
    return np.concatenate([below, above[::-1]])[None]


def _chin(pose: Posture) -> list[Part]:
    skin = [(0, -14), (-5, -12), (-9, -16), (-9, -22), (-13, -30), (-12, -38), (-7, -46), (4, -51)]
    under = [(41, -65), (45, -74), (52, -74), (50, -60), (30, -40), (14, -30)]
    muscle = [(0, -14), (-3, -15), (-6, -20), (-6, -25), (-9, -32), (-8, -37), (-4, -42), (5, -46)]
    floor = [(43, -60.5), (50, -70), (56, -70), (50, -60), (30, -40), (14, -30)]
    middle = [(22, -57), (22, -52)]  # between chin and throat, carried half-way
    bend = (pose.on_jaw(middle) + pose.fixed(middle)) / 2
    fat = [pose.on_jaw(skin), bend[:, :1], pose.fixed(under)]
    inside = [pose.on_jaw(muscle), bend[:, 1:], pose.fixed(floor)]
    return [
        Part(0.85, np.concatenate(fat, 1), True),
        Part(0.46, np.concatenate(inside, 1), True),
    ]


def _tongue(pose: Posture, inner: np.ndarray) -> list[Part]:
    tip = inner[:, _TIP, None]
    under = np.array([(-1.2, -2.2), (2.5, -5.5)]) * (pose.speaker.sx, pose.speaker.sy)
    body = [
        inner[:, 6 : _TIP + 1],
        tip + under,
        pose.on_jaw([(9.5, -15), (11, -24), (14, -36)]),
        pose.fixed([(30, -50), (48, -60)]),
    ]
    # Fibres of the genioglossus: a fan from the chin, as one star-shaped outline
    root = pose.on_jaw([(13, -31)])
    fan = []
    for line in (12, 17, 22, 27, 32):
        reach = root + 0.82 * (inner[:, line, None] - root)
        side = 0.035 * (reach - root)[..., ::-1] * (-1, 1)
        fan += [root, reach - side, reach + side]
    hyoid = oval(50, -60, 7, 5, turn=30)
    geniohyoid = [
        pose.on_jaw([(14, -35)]),
        pose.fixed([(46, -57), (48, -62)]),
        pose.on_jaw([(12, -41)]),
    ]
    return [
        Part(0.60, np.concatenate(body, 1), True),
        Part(0.69, np.concatenate(fan, 1), True),
        Part(0.42, np.concatenate(geniohyoid, 1), True),
        Part(0.16, pose.shifted(hyoid, y=0.5 * pose["lx"])),
    ]


def _larynx(pose: Posture, contours: Contours) -> list[Part]:
    trachea = [(66, -88), (76.5, -88), (80, -98), (84, -114), (66, -114), (65, -98)]
    thyroid = [(53, -70), (57, -71), (64, -89), (61, -93), (57, -90)]
    cricoid = [(79, -89), (83, -90), (86, -102), (82.5, -103)]
    arch = [(61.5, -97), (64.5, -97), (65, -103), (62, -103)]
    folds = [(64, -90.2), (70, -90.6), (70, -92.4), (64, -93)]
    lift = pose["lx"]

    # The epiglottis leans back from the tongue root and stops before the rear wall
    foot = contours.inner[:, 6] - np.array([1.0, 0.0])
    tip = foot + np.array([9.0, 15.5]) * (pose.speaker.sx, pose.speaker.sy)
    tip[:, 0] = np.minimum(tip[:, 0], contours.outer[:, 10, 0] - 2.5)
    spine = np.stack([foot, 0.5 * (foot + tip) + np.array([0.6, -1.2]), tip], 1)
    front = spine[:, ::-1] + np.array([(-0.5, 0.5), (-1.0, 0.9), (-2.0, 2.0)])
    back = spine + np.array([(0, 0), (1.3, -0.4), (0.5, -0.3)])
    return [
        Part(AIR, pose.shifted(trachea, y=lift)),
        Part(0.38, pose.shifted(thyroid, y=lift)),
        Part(0.40, pose.shifted(cricoid, y=lift)),
        Part(0.36, pose.shifted(arch, y=lift)),
        Part(0.55, pose.shifted(folds, y=lift)),
        Part(0.40, np.concatenate([back, front], 1)),
    ]


def _sample_lines(contour: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Points (T, K, 2) of a contour (T, 38, 2) at fractional line numbers (T, K)."""
    line = np.clip(np.floor(position).astype(int), 0, contour.shape[1] - 2)
    share = (position - line)[..., None]
    frame = np.arange(len(contour))[:, None]
    return (1 - share) * contour[frame, line] + share * contour[frame, line + 1]


def _crossing(values: np.ndarray, level: np.ndarray | float) -> np.ndarray:
    """First fractional index (T, 1) at which rising rows of ``values`` (T, K) reach a level."""
    line = np.clip((values < level).argmin(1)[:, None], 1, values.shape[1] - 1)
    after = np.take_along_axis(values, line, 1)
    before = np.take_along_axis(values, line - 1, 1)
    return line - 1 + np.clip((level - before) / np.maximum(after - before, 1e-6), 0, 1)


def rear_wall_at(speaker: Speaker, y: np.ndarray) -> np.ndarray:
    """x (...) of the rear wall of the nasopharynx at heights ``y`` (...), mm of the speaker."""
    wall = warp(speaker, REAR_WALL)
    return np.interp(y, wall[:, 1], wall[:, 0])


def port_opening(pose: Posture) -> np.ndarray:
    """How far air behind the velum reaches the rear wall, (T, 1): 0 not at all to 1."""
    return np.clip((pose["vel"] - 0.1) / 0.3, 0, 1)


def velum_sides(pose: Posture, outer: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Oral and nasal side of the velum from its tip to its root, each (T, 12, 2) mm.

    The oral side is the outer contour (T, 38, 2). The third result (T, 1) is the fractional line
    of the tip.
    """
    root = pose.fixed([(46, 0)])[..., 0]
    tip = pose.shifted([(0, 3)], y=-15 * pose["vel"])[..., 1]
    first = 15 + _crossing(outer[:, 15:26, 1], tip)
    last = 22 + _crossing(-outer[:, 22:32, 0], -root)
    along = np.linspace(0, 1, 12)
    under = _sample_lines(outer, first + (last - first) * along)
    tangent = np.gradient(under, axis=1)
    normal = np.stack([tangent[..., 1], -tangent[..., 0]], -1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    thickness = np.interp(along, (0, 0.25, 0.5, 0.75, 1), (2.5, 6.5, 8.5, 8, 5)) * pose.speaker.sx
    upper = under + normal * thickness[:, None]
    upper[..., 0] = np.minimum(upper[..., 0], rear_wall_at(pose.speaker, upper[..., 1]))
    return under, upper, first


def _velum(pose: Posture, outer: np.ndarray) -> list[Part]:
    """Velum and, when it hangs, the air behind it."""
    under, upper, first = velum_sides(pose, outer)
    # Between the lowered velum and the rear wall; painted first, so the velum covers its share
    port = _sample_lines(outer, 15 + (first - 13) * np.linspace(0, 1, 8))
    rear = port.copy()
    rear[..., 0] += port_opening(pose) * (rear_wall_at(pose.speaker, port[..., 1]) - port[..., 0])
    return [
        Part(AIR, np.concatenate([port, rear[:, ::-1]], 1)),
        Part(0.53, np.concatenate([under, upper[:, ::-1]], 1), True),
    ]


def _teeth_and_mandible(pose: Posture) -> list[Part]:
    marrow = [(5, -20), (8, -21), (9.5, -28), (10.5, -35), (8, -40), (3, -40), (0.5, -36), (2, -28)]
    return [
        Part(0.10, pose.on_jaw(JAW_BONE)),
        Part(0.58, pose.on_jaw(marrow), True),
        Part(0.04, pose.on_jaw(LOWER_INCISOR)),
    ]


def lip_outlines(pose: Posture) -> tuple[np.ndarray, np.ndarray]:
    """Upper (T, 9, 2) and lower lip (T, 9, 2), mm: the upper from the nose over its rim to the
    gum, the lower from its inner rim over the outer one to the chin and back.

    Their rims are lh apart, the same gap as in the computed sound.
    """
    height, labiodental = pose["lh"], pose["ld"]
    rim = -1.5 + np.maximum(0.28 * height - 0.5, 0)
    forward = 0.9 * pose["lp"]
    # How far each corner takes part in protrusion (x) and in the motion of the rim (y)
    upper = np.array([
        (-11, 17, 0, 0), (-13.2, 10, 0.3, 0.2), (-14, 5, 0.8, 0.6), (-13.2, 1.5, 1, 1),
        (-11, 0, 1, 1), (-6, 0, 1, 1), (-3, 1.5, 0.9, 1), (-1.4, 7, 0.4, 0.3), (-1, 17, 0, 0),
    ])  # fmt: skip
    top = pose.shifted(upper[:, :2], x=-forward * upper[:, 2], y=rim * upper[:, 3])
    lower = np.array([
        (-3, -2, 0.9), (-6, 0, 1), (-11, 0, 1), (-13.2, -2, 1), (-13.6, -6, 0.8),
    ])  # fmt: skip
    back = 5.5 * labiodental + 0.35 * pose["jaw"]  # the jaw takes the lower lip along
    # Labiodental: the inner rim rises to the edge of the upper teeth
    rise = labiodental * np.array([1, 0.9, 0, 0, 0]) * np.maximum(height + 1.0, 0)
    rims = pose.shifted(lower[:, :2], x=back - forward * lower[:, 2], y=rim - height + rise)
    chin = pose.on_jaw([(-9.5, -17), (-6, -22), (-0.5, -20), (0, -11)])
    return top, np.concatenate([rims, chin], 1)


def _lips(pose: Posture) -> list[Part]:
    return [Part(0.62, outline, True) for outline in lip_outlines(pose)]


def moving_parts(speaker: Speaker, q: np.ndarray, contours: Contours) -> list[Part]:
    """Parts in the order of painting for parameters ``q`` (T, P) and their contours."""
    pose = Posture(speaker, q)
    air = [
        contours.inner[:, : _TIP + 1],
        pose.on_jaw([(7.5, -15), (5.5, -13), (3, -1.5)]),
        contours.outer[:, ::-1],
    ]
    return [
        *_chin(pose),
        Part(AIR, np.concatenate(air, 1)),
        *_tongue(pose, contours.inner),
        *_larynx(pose, contours),
        *_velum(pose, contours.outer),
        *_teeth_and_mandible(pose),
        *_lips(pose),
    ]
