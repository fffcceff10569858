"""A decoded picture as players show it: turned or mirrored, with square pixels."""

from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from s2r.core.media.open import LARGEST_PICTURE

WIDEST_PIXEL = 8
"""Largest ratio of a pixel's sides that is believed: a damaged header may announce any."""


def shown(
    frame: av.VideoFrame, converter: VideoReformatter, pixel_aspect: Fraction | None = None
) -> np.ndarray:
    """Grey levels 0 to 255 (H, W) of a decoded frame, over the full range.

    uint8; float32 where the file has more than 8 bits a sample, so that dark data of 12 bits in
    samples of 16 keep their levels. Transparent parts are black. ``pixel_aspect`` is the width of
    a stored pixel over its height: the shorter side is stretched. Raises ValueError where it
    cannot be right.
    """
    width, height = _square_size(frame, pixel_aspect)
    deep = any(component.bits > 8 for component in frame.format.components)
    levels = "gray16le" if deep else "gray"
    # Threads of the converter's own would cost more than they save.
    grey = converter.reformat(frame, width, height, levels, threads=1).to_ndarray()
    if deep:
        grey = grey / np.float32(257)
    if any(component.is_alpha for component in frame.format.components):
        alpha = converter.reformat(frame, width, height, "rgba", threads=1).to_ndarray()[..., 3]
        grey = (grey * (alpha / np.float32(255))).astype(grey.dtype)
    return _turned(grey, frame)


def _square_size(frame: av.VideoFrame, pixel_aspect: Fraction | None) -> tuple[int, int]:
    """Width and height of the picture when its pixels are square."""
    aspect = pixel_aspect or Fraction(1)
    width, height = round(frame.width * max(aspect, 1)), round(frame.height / min(aspect, 1))
    believed = 1 / WIDEST_PIXEL <= aspect <= WIDEST_PIXEL
    if not believed or (aspect != 1 and width * height > LARGEST_PICTURE):
        raise ValueError(f"its pixels are said to be {float(aspect):.3g} times as wide as high")
    return width, height


def _turned(grey: np.ndarray, frame: av.VideoFrame) -> np.ndarray:
    """The picture after the frame's display matrix, to the nearest quarter of a turn."""
    try:
        matrix = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:  # there are data of a kind that PyAV does not know, such as EXIF
        return np.ascontiguousarray(np.rot90(grey, round(frame.rotation / 90)))
    if matrix is None:
        return grey
    # Stored (x, y) is shown at (a x + c y, b x + d y); only signs are of interest.
    a, b, _, c, d = np.frombuffer(matrix, np.int32)[:5].astype(np.int64)
    if abs(b) + abs(c) > abs(a) + abs(d):
        grey, right, down = grey.T, c, b
    else:
        right, down = a, d
    return np.ascontiguousarray(grey[:: -1 if down < 0 else 1, :: -1 if right < 0 else 1])
