"""The parts of the picture that do not move: polygons of head and neck in the mid-sagittal plane.

mm of the reference plane (x towards the back, y up, origin at the edge of the upper incisor),
with the intensity of each tissue in a short-TR spoiled gradient echo: fat .92, marrow .6 to .72,
lips .62, tongue .60, muscle .50, brain .52, cartilage .3 to .42, liquor .20, bone .10 to .17,
teeth .04, air .02. Stylised; no real head was traced.
"""

import numpy as np

PIVOT = (60.0, -10.0)
"""The point about which a head is turned."""

REAR_WALL = np.array([(82, -22), (82.2, -6), (81, 4), (79.5, 12), (77, 20)], float)
"""Rear wall of the nasopharynx, from below."""

AIR = 0.02

# fmt: off
_SKIN = [
    (2, 80), (-3, 72), (-6, 62), (-10, 54), (-17, 44), (-25, 35), (-29, 29), (-26, 24), (-19, 22),
    (-13, 20), (-11, 16), (-8, 13), (0, 10), (8, 4), (16, -4), (18, -36), (26, -50), (40, -62),
    (46, -76), (44, -90), (45, -104), (52, -118), (56, -230), (190, -230), (190, 100), (2, 100),
]
_SKULL_BASE = [
    (5, 90), (8, 70), (20, 62), (38, 58), (50, 52), (56, 44), (70, 38), (80, 34), (92, 30),
    (99, 29), (104, 34), (112, 60), (120, 100),
]
_BRAIN = [
    (14, 100), (14, 76), (30, 68), (44, 64), (56, 58), (66, 54), (78, 50), (90, 42), (100, 38),
    (108, 60), (116, 100),
]
_CEREBELLUM = [
    (102, 36), (108, 30), (122, 26), (140, 30), (150, 50), (150, 100), (110, 100),
]
_SPHENOID_SINUS = [(50, 44), (58, 40), (66, 42), (68, 49), (60, 52), (51, 50)]
_CLIVUS = [(68, 38), (76, 36), (84, 31), (92, 26), (96, 30), (94, 38), (80, 47), (70, 49)]
_CANAL = [
    (99, 32), (114, 30), (117, 0), (120, -40), (122, -80), (127, -230), (107, -230), (105, -80),
    (102, -40), (100, 0),
]
_CORD = [
    (103, 30), (110, 28), (113, 0), (116, -40), (118, -80), (122, -230), (112, -230), (109, -80),
    (107, -40), (104, 0),
]
_PREVERTEBRAL = [
    (83, 22), (87, 16), (86, -10), (87.5, -50), (91, -90), (97, -130), (99, -230), (90, -230),
    (87, -130), (84, -90), (83.5, -50), (82, -10),
]
_NECK_FAT = [
    (134, 14), (137, -10), (139, -40), (141, -80), (150, -230), (190, -230), (190, 60), (160, 60),
    (146, 34),
]
_MAXILLA = [
    (4.5, 4.5), (7, 7.5), (12, 13), (18, 17.2), (28, 19.5), (38, 19.5), (48, 17.5), (49, 20.5),
    (46, 23), (20, 24), (4, 24), (-3, 22), (-3, 14), (1, 9),
]
_NASAL_CAVITY = [
    (-18, 30), (-16, 27), (-8, 26), (2, 24.5), (20, 24), (46, 23), (56, 25), (66, 27), (73, 25),
    (77, 20), (79.5, 12), (81, 4), (80.3, -2), (79, -8), (72, -5), (66, 6), (56, 16), (48, 19),
    (48, 24), (50, 36), (44, 46), (30, 50), (14, 50), (2, 48), (-6, 42),
]
_CONCHAE = (
    [(8, 29), (40, 28), (48, 31), (44, 35), (20, 36), (8, 34)],
    [(14, 39), (38, 38), (44, 41), (36, 45), (16, 46)],
)
_NECK = [
    (14, -44), (40, -60), (50, -76), (50, -100), (56, -230), (90, -230), (84, -90), (84, -20),
    (40, -20), (10, -30),
]
_LOWER_TRACHEA = [(65.5, -105), (81, -105), (84, -115), (88, -230), (68, -230), (66, -115)]
_UPPER_INCISOR = [(-0.8, 0), (1.2, -0.3), (4.2, 4), (6, 9), (3, 17), (0, 16), (-1, 8)]
_VERTEBRAE = [
    (95, -14), (96, -32), (97, -50), (98.5, -68), (100.5, -86), (103, -104), (106, -122),
]
# fmt: on


def oval(
    x: float, y: float, width: float, height: float, turn: float = 0.0, power: float = 2.0
) -> np.ndarray:
    """24 points (24, 2) of a (super-)ellipse about (x, y), turned by ``turn`` degrees; mm."""
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)], 1)
    points = np.sign(circle) * np.abs(circle) ** (2 / power) * (width / 2, height / 2)
    cosine, sine = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
    return points @ np.array([[cosine, sine], [-sine, cosine]]) + (x, y)


def inset(polygon: list[tuple[float, float]], depth: float) -> np.ndarray:
    """The polygon (given anticlockwise) with every corner moved ``depth`` mm inwards."""
    points = np.asarray(polygon, float)
    edge = np.roll(points, -1, 0) - points
    edge /= np.linalg.norm(edge, axis=1, keepdims=True)
    inward = np.stack([-edge[:, 1], edge[:, 0]], 1)
    inward = inward + np.roll(inward, 1, 0)
    return points + depth * inward / np.linalg.norm(inward, axis=1, keepdims=True)


def _spine() -> list[tuple[float, np.ndarray]]:
    layers = []
    for x, y in _VERTEBRAE:
        layers += [
            (0.33, oval(x + 0.7, y - 9, 14, 5)),
            (0.14, oval(x, y, 16, 14.5, power=4)),
            (0.60, oval(x, y, 14, 12.5, power=4)),
            (0.14, oval(x + 32, y - 5, 17, 9, turn=-25, power=3)),
            (0.60, oval(x + 32, y - 5, 14.5, 6.5, turn=-25, power=3)),
        ]
    return [
        *layers,
        (0.14, oval(95.5, 8, 10, 26, power=3)),
        (0.60, oval(95.5, 8, 8, 24, power=3)),
        (0.14, oval(88.5, 10, 7, 10)),
        (0.60, oval(88.5, 10, 5, 8)),
    ]


def static_layers() -> list[tuple[float, np.ndarray]]:
    """(intensity, polygon (V, 2) in mm of the reference plane) in the order of painting."""
    layers = [
        (0.92, _SKIN),
        (0.50, inset(_SKIN, 5.5)),
        (0.16, _SKULL_BASE),
        (0.52, _BRAIN),
        (0.47, _CEREBELLUM),
        (0.06, _SPHENOID_SINUS),
        (0.72, _CLIVUS),
        (0.80, _NECK_FAT),
        (0.20, _CANAL),
        (0.50, _CORD),
        (0.42, _PREVERTEBRAL),
        *_spine(),
        (0.17, _MAXILLA),
        (0.05, _NASAL_CAVITY),
        (0.40, _CONCHAE[0]),
        (0.36, _CONCHAE[1]),
        (0.54, _NECK),
        (0.05, _LOWER_TRACHEA),
        (0.04, _UPPER_INCISOR),
    ]
    return [(intensity, np.asarray(polygon, float)) for intensity, polygon in layers]
