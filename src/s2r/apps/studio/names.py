"""The names of the articulators in the picture, beside the contours that a probe found."""

from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from s2r.apps.overlay import COLOURS

PLACES = {
    "palate": ("palate", 0.6, (0.0, -0.09)),
    "velum": ("velum", 0.45, (0.1, -0.05)),
    "tongue": ("tongue", 0.5, (-0.12, 0.08)),
    "lips": ("upper_lip", 0.4, (-0.1, 0.0)),
    "jaw": ("jaw", 0.6, (-0.05, 0.08)),
    "larynx": ("larynx", 0.5, (-0.12, 0.0)),
}
"""The name, the contour beside which it stands, where along that contour (0 to 1), and how far from
there to the right and down, in shares of the picture."""

OUTLINE = 20
"""Grey level around the letters, so that they can be read on any ground."""


def draw_names(pictures: np.ndarray, contours: Mapping[str, np.ndarray]) -> None:
    """Write the names of the articulators in ``contours`` on ``pictures`` (t, S, S, 3), in place.

    ``contours`` {articulator: (T, P, 2)}, 0 to 1 from edge to edge, of the whole video: the names
    stand still, at the median of their place.
    """
    for mask, colour in name_masks(pictures.shape[1], contours):
        pictures[:, mask] = colour


def name_masks(
    side: int, contours: Mapping[str, np.ndarray]
) -> list[tuple[np.ndarray, tuple[int, int, int]]]:
    """Where each name is written, (side, side) bool, and its colour; dark outlines first."""
    font = ImageFont.load_default(max(9, side // 20))
    taken: list[tuple[float, float, float, float]] = []
    letters, outlines = [], np.zeros((side, side), bool)
    for name, (articulator, share, shift) in PLACES.items():
        points = contours.get(articulator)
        if points is None:
            continue
        spot = np.median(points[:, round(share * (points.shape[1] - 1))], axis=0) + shift
        if not np.isfinite(spot).all():
            continue
        box = _free_place(name, font, side * spot, side, taken)
        letters.append((_mask(name, font, box[:2], side), COLOURS[articulator]))
        outlines |= _mask(name, font, box[:2], side, stroke=1)
    dark = (OUTLINE, OUTLINE, OUTLINE)
    return [(outlines, dark), *letters] if letters else []


def _free_place(name: str, font, centre: np.ndarray, side: int, taken: list) -> tuple:
    """Left, top, right and bottom of a name near ``centre``, inside, and below those before it."""
    left, top, right, bottom = font.getbbox(name, stroke_width=1)
    width, height = right - left, bottom - top
    x = float(np.clip(centre[0] - width / 2, 0, max(0, side - width)))
    y = float(np.clip(centre[1] - height / 2, 0, max(0, side - height)))
    for _ in range(len(taken)):
        for other in taken:
            if x < other[2] and other[0] < x + width and y < other[3] and other[1] < y + height:
                y = min(other[3], max(0, side - height))
    taken.append((x, y, x + width, y + height))
    return x - left, y - top, x + width, y + height


def _mask(name: str, font, place: tuple, side: int, stroke: int = 0) -> np.ndarray:
    """Pixels of a name, without soft edges: a GIF has few colours."""
    image = Image.new("1", (side, side))
    ImageDraw.Draw(image).text(tuple(map(round, place)), name, 1, font, stroke_width=stroke)
    return np.asarray(image)
