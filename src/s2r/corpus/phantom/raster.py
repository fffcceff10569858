"""Exact area coverage of polygons, for a whole stack of frames at once.

Pillow cuts polygon vertices to whole pixels; here a vertex may lie anywhere, so that a contour
that moves by a tenth of a pixel changes the picture by a tenth of a pixel.
"""

import numpy as np


def _cuts(start: np.ndarray, run: np.ndarray, highest: int) -> np.ndarray:
    """Where edges cross the grid lines 0 … highest, as edge number + fraction of the edge."""
    end = start + run
    first = np.clip(np.ceil(np.minimum(start, end)), 0, highest + 1).astype(np.int64)
    last = np.clip(np.floor(np.maximum(start, end)), -1, highest).astype(np.int64)
    count = np.where(run == 0, 0, np.maximum(last - first + 1, 0))
    edge = np.repeat(np.arange(len(start)), count)
    within = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    share = (first[edge] + within - start[edge]) / run[edge]
    return edge + np.clip(share, 0, 1 - 1e-9)


def coverage(polygon: np.ndarray, height: int, width: int) -> np.ndarray:
    """Share of every pixel inside a polygon, (T, height, width) float32 in [0, 1].

    ``polygon`` (T, V, 2) holds x (right) and y (down) in pixels: pixel (row, column) is the
    square [column, column + 1) x [row, row + 1). Edges are cut at every grid line and each piece
    adds its signed area to its own pixel and to all pixels on its right (the accumulation
    buffer of scan-line font rasterisers); parts outside the picture are allowed.
    """
    frames, corners, _ = polygon.shape
    x, y = polygon[..., 0].ravel(), polygon[..., 1].ravel()
    run_x = (np.roll(polygon[..., 0], -1, axis=1)).ravel() - x
    run_y = (np.roll(polygon[..., 1], -1, axis=1)).ravel() - y

    key = np.concatenate([np.arange(len(x)), _cuts(x, run_x, width), _cuts(y, run_y, height)])
    key.sort()
    edge = key.astype(np.int64)
    share = key - edge
    following = np.ones_like(share)
    following[:-1] = np.where(edge[1:] == edge[:-1], share[1:], 1)
    middle = (share + following) / 2
    piece_x, piece_y = x[edge] + middle * run_x[edge], y[edge] + middle * run_y[edge]
    rise = (following - share) * run_y[edge]

    # A piece on the left of the picture covers whole rows of it; one on the right covers nothing
    piece_x = np.maximum(piece_x, 0)
    row, column = np.floor(piece_y).astype(np.int64), np.floor(piece_x).astype(np.int64)
    visible = (row >= 0) & (row < height) & (column < width)
    row, column, rise, edge = row[visible], column[visible], rise[visible], edge[visible]
    beyond = rise * (piece_x[visible] - column)
    index = ((edge // corners) * height + row) * (width + 1) + column
    area = np.bincount(
        np.concatenate([index, index + 1]),
        np.concatenate([rise - beyond, beyond]),
        minlength=frames * height * (width + 1),
    )
    area = area.astype(np.float32).reshape(frames, height, width + 1)
    covered = np.cumsum(area, axis=2)[..., :width]
    return np.minimum(np.abs(covered, out=covered), 1, out=covered)


def window(polygon: np.ndarray, height: int, width: int) -> tuple[slice, slice]:
    """Smallest rows and columns of a (height, width) picture that hold the polygon (T, V, 2)."""
    low = np.floor(polygon.min((0, 1))).astype(int)
    high = np.ceil(polygon.max((0, 1))).astype(int)
    (left, top), (right, bottom) = (np.clip(v, 0, (width, height)) for v in (low, high))
    return slice(int(top), int(bottom)), slice(int(left), int(right))


def paint(canvas: np.ndarray, polygon: np.ndarray, value: float | np.ndarray) -> None:
    """Paint a polygon (T, V, 2) on ``canvas`` (T, H, W) float32, in place.

    ``value`` is its intensity: a number, or a float32 array for the window of the polygon.
    """
    rows, columns = window(polygon, *canvas.shape[1:])
    height, width = rows.stop - rows.start, columns.stop - columns.start
    if height <= 0 or width <= 0:
        return
    part = canvas[:, rows, columns]
    change = value - part
    change *= coverage(polygon - (columns.start, rows.start), height, width)
    part += change
