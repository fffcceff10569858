"""Animated GIF, piece by piece: for slides and pages that show no video. It has no sound."""

import contextlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from s2r.core.files import atomic_path
from s2r.core.outputs import sealed

LONGEST_BLOCK = 255
"""Bytes of a block of text (GIF89a, section 24)."""

HEADER, FLAGS = 13, 10
"""Bytes before the table of colours, and the place of the byte that says how long that is."""


class GifWriter:
    """Write a GIF that repeats for ever; it appears only when the block ends well.

    Pictures are grey, or grey with lines in a few colours. ``comment`` is a text in the file,
    ASCII. The unit of time is 10 ms: 50 frames a second are exact, most programs show no more.
    """

    def __init__(
        self,
        path: str | Path,
        size: tuple[int, int],
        frame_rate: Fraction,
        *,
        colours: Sequence[tuple[int, int, int]] = (),
        comment: str = "",
        seal: bool = False,
    ):
        """``size`` is (height, width); ``colours``: red, green and blue of those beside grey."""
        self._path, self._size, self._rate = path, size, Fraction(frame_rate)
        self._comment, self._seal = comment, seal
        self._greys = 256 - len(colours)
        levels = np.rint(np.linspace(0, 255, self._greys)).astype(np.uint8)
        self._colours = np.array(colours, np.uint8).reshape(-1, 3)
        rgb = np.concatenate([levels[:, None].repeat(3, 1), self._colours])
        opaque = np.full((256, 1), 255, np.uint8)
        self._palette = np.concatenate([opaque, rgb], axis=1)  # alpha, red, green, blue
        self._count = 0

    def __enter__(self) -> "GifWriter":
        with contextlib.ExitStack() as stack:
            temporary = stack.enter_context(atomic_path(self._path))
            if self._seal:
                stack.enter_context(sealed(temporary))
            self._temporary = temporary
            self._bare = temporary.with_name("bare.gif")
            self._container = stack.enter_context(av.open(str(self._bare), "w"))
            self._stream = self._container.add_stream("gif", rate=self._rate)
            self._stream.height, self._stream.width = self._size
            self._stream.pix_fmt = "pal8"
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *failure) -> None:
        try:
            if failure[0] is None:
                self._container.mux(self._stream.encode())
                self._container.close()
                self._add_comment()
        except BaseException as late:
            self._stack.__exit__(type(late), late, late.__traceback__)
            raise
        self._stack.__exit__(*failure)

    def frames(self, pictures: np.ndarray) -> None:
        """Add pictures (n, H, W) uint8, grey, or (n, H, W, 3), grey with lines in the colours."""
        for indices in self._indices(pictures):
            frame = av.VideoFrame.from_ndarray((indices, self._palette), format="pal8")
            frame.pts, frame.time_base = self._count, 1 / self._rate
            self._count += 1
            self._container.mux(self._stream.encode(frame))

    def _indices(self, pictures: np.ndarray) -> np.ndarray:
        """Places in the table of colours, (n, H, W) uint8."""
        grey = pictures[..., 0] if pictures.ndim == 4 else pictures
        indices = np.rint(grey * ((self._greys - 1) / 255)).astype(np.uint8)
        if pictures.ndim == 4:
            for number, colour in enumerate(self._colours, self._greys):
                indices[(pictures == colour).all(-1)] = number
        return indices

    def _add_comment(self) -> None:
        """Copy the file, with the comment behind its table of colours."""
        text = self._comment.encode("ascii", "replace")
        blocks = [text[i : i + LONGEST_BLOCK] for i in range(0, len(text), LONGEST_BLOCK)]
        extension = b"".join(bytes([len(block)]) + block for block in blocks)
        with open(self._bare, "rb") as source, open(self._temporary, "wb") as target:
            head = source.read(HEADER)
            colours = 2 ** ((head[FLAGS] & 7) + 1) if head[FLAGS] & 0x80 else 0
            target.write(head + source.read(3 * colours))
            if text:
                target.write(b"\x21\xfe" + extension + b"\x00")
            while block := source.read(1 << 20):
                target.write(block)
        self._bare.unlink()
