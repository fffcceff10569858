"""Contours of the articulators, read off generated frames by the contour probe and drawn on them.

They show where the probe sees tongue, lips and palate in what the model generated: they are its
estimate (docs/metrics.md says how far it is off), not something that the model put there.
"""

from pathlib import Path

import numpy as np

from s2r.core.errors import UserError
from s2r.evaluation.metrics.contour_probe import Probe, load_probe

DEFAULT_PROBE = Path("results/instruments/probe.safetensors")
"""Where the workflow writes the probe."""

COLOURS = {
    "tongue": (213, 94, 0),
    "upper_lip": (86, 180, 233),
    "lower_lip": (86, 180, 233),
    "jaw": (204, 121, 167),
    "velum": (240, 228, 66),
    "palate": (0, 158, 115),
    "pharynx": (0, 114, 178),
    "larynx": (230, 159, 0),
}
"""Red, green and blue of each articulator, told apart by the colour-blind too (Okabe and Ito)."""


class ContourOverlay:
    """Draws the contours of the probe in the file ``path``; UserError where it holds none."""

    colours = tuple(dict.fromkeys(COLOURS.values()))

    def __init__(self, path: Path):
        self._probe: Probe = find_probe(path)
        self._field_mm = float(self._probe.field_mm)

    def __call__(self, frames: np.ndarray, shown: np.ndarray) -> np.ndarray:
        """Frames (t, H, W) uint8 and the same enlarged (t, S, S) uint8 -> (t, S, S, 3) uint8."""
        pictures = shown[..., None].repeat(3, axis=-1)
        for articulator, contours in self._probe.predict(frames).items():
            draw_lines(pictures, contours / self._field_mm, COLOURS[articulator])
        return pictures


def find_probe(path: Path) -> Probe:
    """The probe in the file ``path``; UserError where it holds none."""
    if not path.is_file():
        raise UserError(
            f"{path} does not exist, and the contours are read by this probe: run `make table1`"
            ", which trains one, or name another with --probe."
        )
    return load_probe(path)


def draw_lines(pictures: np.ndarray, lines: np.ndarray, colour: tuple[int, int, int]) -> None:
    """Draw a line of ``colour`` on each of ``pictures`` (t, S, S, 3) uint8, in place.

    ``lines`` (t, P, 2): x to the right and y down, 0 to 1 from edge to edge; parts outside are not
    drawn. The line is a two-hundredth of the side wide, at least one pixel.
    """
    side = pictures.shape[1]
    spots = side * _filled_in(lines, side)
    width = max(1, round(side / 200))
    frame = np.arange(len(pictures))[:, None]
    for shift_x in range(width):
        for shift_y in range(width):
            shift = np.array([shift_x, shift_y]) - (width - 1) / 2
            column, row = np.floor(spots + shift).astype(int).transpose(2, 0, 1)
            inside = (column >= 0) & (column < side) & (row >= 0) & (row < side)
            frames = np.broadcast_to(frame, inside.shape)[inside]
            pictures[frames, row[inside], column[inside]] = colour


def _filled_in(lines: np.ndarray, side: int) -> np.ndarray:
    """Points (t, N, 2) on the same lines that are at most a pixel apart, of ``side`` pixels."""
    steps = np.abs(np.diff(lines, axis=1))
    count = int(np.ceil(side * steps.max(initial=0))) + 1
    share = np.linspace(0, 1, count, endpoint=False)[:, None]
    between = lines[:, :-1, None] * (1 - share) + lines[:, 1:, None] * share
    return np.concatenate([between.reshape(len(lines), -1, 2), lines[:, -1:]], axis=1)
