"""Several videos side by side in one: what is compared, with titles and the contours of a probe."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from s2r.apps.overlay import COLOURS, draw_lines
from s2r.apps.studio.names import draw_names
from s2r.core.errors import UserError
from s2r.generation.appearance import GAP, GROUND, label_block
from s2r.preparation.pictures import enlarge

PIECE = 50
"""Frames that are drawn at a time."""

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Lines:
    """Contours to draw: {articulator: (T, P, 2)}, 0 to 1 from edge to edge."""

    contours: Mapping[str, np.ndarray]
    colour: Colour | None = None
    """Of all of them; None gives each articulator its own, and writes its name."""


@dataclass(frozen=True)
class Panel:
    """One of the videos."""

    title: str
    frames: np.ndarray
    """(T, H, W) uint8; where it is shorter than another panel its last frame is held."""
    lines: Sequence[Lines] = field(default=())


class Panels:
    """Draws panels of the height ``size``, with their titles below where there are several."""

    def __init__(self, panels: Sequence[Panel], size: int):
        self._panels, self._size = panels, size
        titles = [title_block(panel.title, size) for panel in panels] if len(panels) > 1 else []
        self._titles = _equally_high(titles)
        self._coloured = any(panel.lines for panel in panels)
        self.count = max(len(panel.frames) for panel in panels)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of a picture."""
        strip = len(self._titles[0]) if self._titles else 0
        return self._size + strip, len(self._panels) * (self._size + GAP) - GAP

    @property
    def colours(self) -> list[Colour]:
        """Colours beside grey."""
        own = [lines.colour for panel in self._panels for lines in panel.lines]
        named = COLOURS.values() if None in own else ()
        return list(dict.fromkeys([*named, *(colour for colour in own if colour)]))

    def pictures(self) -> Iterator[np.ndarray]:
        """Pieces (t, h, w) uint8, or (t, h, w, 3) with contours, of all frames."""
        for first in range(0, self.count, PIECE):
            numbers = np.arange(first, min(first + PIECE, self.count))
            row: list[np.ndarray] = []
            for place, panel in enumerate(self._panels):
                shown = self._one(panel, numbers)
                if self._titles:
                    title = self._titles[place].reshape(1, -1, self._size, *[1] * (shown.ndim - 3))
                    below = np.broadcast_to(title, (len(shown), title.shape[1], *shown.shape[2:]))
                    shown = np.concatenate([shown, below], axis=1)
                row += [np.zeros((*shown.shape[:2], GAP, *shown.shape[3:]), np.uint8), shown]
            yield np.concatenate(row[1:], axis=2)

    def _one(self, panel: Panel, numbers: np.ndarray) -> np.ndarray:
        own = numbers.clip(0, len(panel.frames) - 1)
        shown = enlarge(panel.frames[own], self._size)
        if not self._coloured:
            return shown
        shown = np.ascontiguousarray(shown[..., None].repeat(3, axis=-1))
        for lines in panel.lines:
            for name, points in lines.contours.items():
                draw_lines(shown, points[own], lines.colour or COLOURS[name])
            if lines.colour is None:
                draw_names(shown, lines.contours)
        return shown


def title_block(text: str, width: int) -> np.ndarray:
    """(h, width) uint8 with a title; one that is too long loses its beginning."""
    while True:
        try:
            return label_block(text, width)
        except UserError:
            if len(text) < 4:
                raise
            text = f"..{text[3:].removeprefix('.')}"


def _equally_high(blocks: Sequence[np.ndarray]) -> list[np.ndarray]:
    height = max(map(len, blocks), default=0)
    height += height % 2  # H.264 has even sizes
    return [
        np.pad(block, ((0, height - len(block)), (0, 0)), constant_values=GROUND)
        for block in blocks
    ]
