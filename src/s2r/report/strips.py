"""Rows of frames with names, times and headings, as grey pictures."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from s2r.core.files import atomic_path
from s2r.core.units import FRAME_RATE

INK, PAPER = 20, 255
"""Grey levels of text and background."""


MARGIN, STRIP_GAP = 190, 3
"""Pixels left of the pictures of a strip, for its name, and between them."""


def strip_block(heading: str, strips: list, times: np.ndarray, scale: int) -> np.ndarray:
    """(H, W) uint8: a heading with times, then rows of frames with their names at the left."""
    size = scale * strips[0][1].shape[1]
    margin, gap = MARGIN, STRIP_GAP
    width = margin + len(times) * (size + gap)
    above = text_box(heading, width, 30)
    clock = np.full((20, width), PAPER, dtype=np.uint8)
    for column, time in enumerate(times):
        left = margin + column * (size + gap)
        clock[:, left : left + size] = text_box(f"{time / FRAME_RATE:.2f} s", size, 20, small=True)
    lines = [above, clock]
    for name, strip in strips:
        line = np.full((size + gap, width), PAPER, dtype=np.uint8)
        line[:, :margin] = text_box(name, margin, size + gap, small=True)
        for column, frame in enumerate(repeat_pixels(strip, scale)):
            left = margin + column * (size + gap)
            line[:size, left : left + size] = frame
        lines.append(line)
    lines.append(np.full((14, width), PAPER, dtype=np.uint8))
    return np.concatenate(lines)


def save_blocks(
    path: str | Path, blocks: list[np.ndarray], note: str, height: int, small: bool = False
) -> None:
    """Write pictures (H, W) uint8 below each other; narrower ones are filled up at the right.

    ``note``, if any, is a line of ``height`` pixels above them.
    """
    width = max(block.shape[1] for block in blocks)
    if note:
        blocks = [text_box(note, width, height, small), *blocks]
    padded = [np.pad(b, ((0, 0), (0, width - b.shape[1])), constant_values=PAPER) for b in blocks]
    with atomic_path(path) as temporary:
        Image.fromarray(np.concatenate(padded)).save(temporary)


def repeat_pixels(video: np.ndarray, scale: int) -> np.ndarray:
    return video.repeat(scale, axis=-2).repeat(scale, axis=-1)


def text_box(text: str, width: int, height: int, small: bool = False) -> np.ndarray:
    """(height, width) uint8 with the text at the left, vertically centred, broken to fit."""
    font = ImageFont.load_default(13 if small else 15)
    image = Image.new("L", (width, height), PAPER)
    draw = ImageDraw.Draw(image)
    lines = []
    for line in text.split("\n"):
        lines.append("")
        for letter in line:
            if draw.textlength(lines[-1] + letter, font=font) > width - 12:
                lines.append("")
            lines[-1] += letter
    box = draw.multiline_textbbox((0, 0), "\n".join(lines), font=font)
    top = (height - (box[3] - box[1])) // 2 - box[1]
    draw.multiline_text((6, top), "\n".join(lines), fill=INK, font=font)
    return np.asarray(image)
