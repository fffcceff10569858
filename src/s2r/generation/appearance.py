"""How generated frames are shown in a video: size, truth beside them, contours, a label."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from s2r.core.errors import UserError
from s2r.preparation.pictures import enlarge

GAP = 2
"""Pixels between truth and generated picture."""

INK, GROUND = 235, 20
"""Grey levels of a label."""

SMALLEST = 6
"""Points of the smallest letters that can be read."""


class Overlay(Protocol):
    """Draws on pictures."""

    colours: Sequence[tuple[int, int, int]]
    """Red, green and blue of what it draws."""

    def __call__(self, frames: np.ndarray, shown: np.ndarray) -> np.ndarray:
        """Frames (t, H, W) uint8 and the same enlarged (t, S, S) uint8 -> (t, S, S, 3) uint8."""


@dataclass(frozen=True)
class Appearance:
    """What `pictures` makes of frames, and how fast they are played."""

    size: int = 256
    """Height of the picture in pixels."""
    label: str = ""
    """Text at the lower edge of the generated picture; lines of it; none without it."""
    overlay: Overlay | None = None
    """Draws contours on the generated picture."""
    slow: Fraction = Fraction(1)
    """How many times slower picture and sound are played."""
    truth: np.ndarray | None = None
    """(T, H, W) uint8 at the model's frame rate, shown on the left."""

    def __post_init__(self):
        if self.label:
            label_block(self.label, self.size)  # what does not fit is said before any work

    @property
    def width(self) -> int:
        """Width of the picture in pixels."""
        return self.size if self.truth is None else 2 * self.size + GAP

    @property
    def colours(self) -> Sequence[tuple[int, int, int]]:
        """Red, green and blue of what is not grey."""
        return self.overlay.colours if self.overlay else ()

    def pictures(self, frames: np.ndarray, first: int = 0) -> np.ndarray:
        """frames (t, H, W) uint8 -> (t, size, width) uint8, grey, or with an overlay (..., 3).

        ``first`` is the place in ``truth`` of the first frame: before the first picture of the
        truth that one is held, and after its end the last one.
        """
        shown = enlarge(frames, self.size)
        if self.overlay:
            shown = self.overlay(frames, shown)
        if self.label:
            shown = shown.copy()  # where nothing was enlarged they are the frames themselves
            block = label_block(self.label, self.size)
            shown[:, -len(block) :] = block.reshape(block.shape + (1,) * (shown.ndim - 3))
        if self.truth is None:
            return shown
        numbers = np.arange(first, first + len(frames)).clip(0, len(self.truth) - 1)
        beside = enlarge(self.truth[numbers], self.size)
        beside = np.pad(beside, ((0, 0), (0, 0), (0, GAP)))
        if shown.ndim == 4:
            beside = beside[..., None].repeat(3, axis=-1)
        return np.concatenate([beside, shown], axis=2)


PLAIN = Appearance()
"""The frames alone."""


def label_block(text: str, width: int) -> np.ndarray:
    """(h, width) uint8 with the lines of ``text``, light on dark, in the largest letters that fit.

    Two lines take about an eighth of a square picture of 128 pixels or more. Raises UserError where
    no letters are small enough.
    """
    for points in range(max(width // 20, SMALLEST), SMALLEST - 1, -1):
        font = ImageFont.load_default(points)
        drawing = ImageDraw.Draw(Image.new("L", (1, 1)))
        left, top, right, bottom = drawing.multiline_textbbox((0, 0), text, font=font, spacing=1)
        if right - left <= width - 4:
            break
    else:
        raise UserError(f"The label does not fit into {width} pixels: use a larger --size.")
    height = int(bottom - top) + 4
    image = Image.new("L", (width, height), GROUND)
    ImageDraw.Draw(image).multiline_text((2 - left, 2 - top), text, INK, font, spacing=1)
    return np.asarray(image)
