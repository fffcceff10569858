"""Plain geometry of contours: distances between curves, places along them, other samplings.

Contours are (T, P, 2) in mm, x right and y down; frames in which a contour is not known are NaN,
and so is what follows from them.
"""

import numpy as np

from s2r.core.polylines import lengths_along

_FRAMES = 64  # at a time: bounds the memory of distances of all points from all segments


def contour_error_mm(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Mean distance between two contours in mm, (T,).

    predicted (T, K, 2), truth (T, M, 2). Each point's distance to the other *curve* (its line
    segments), averaged over the points of both, which is the point-to-closest-point distance of
    the literature without its floor of half a point spacing. A root mean square over equal
    indices would also punish points that slide along the contour, which nobody can see.
    """
    predicted = np.asarray(predicted, dtype=np.float32)
    truth = np.asarray(truth, dtype=np.float32)
    if len(predicted) != len(truth):
        raise ValueError(f"{len(predicted)} predicted contours for {len(truth)} true ones")
    errors = [np.empty(0)]
    for start in range(0, len(truth), _FRAMES):
        a, b = predicted[start : start + _FRAMES], truth[start : start + _FRAMES]
        there, back = (
            np.sqrt(_to_segments(*pair)[0].min(2)).mean(1, dtype=np.float64)
            for pair in ((a, b), (b, a))
        )
        errors.append((there + back) / 2)
    return np.concatenate(errors)


def narrowest(contour: np.ndarray, wall: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Narrowest distance of two curves, (T,) mm, and its place along the second, (T,) mm.

    ``contour`` (T, K, 2) and ``wall`` (T, M, 2). The distance of curves that meet or cross is 0.
    The place is the length of the wall from its first point.
    """
    degrees, places = [np.empty(0)], [np.empty(0)]
    for start in range(0, len(contour), _FRAMES):
        a, b = (np.asarray(line[start : start + _FRAMES], np.float32) for line in (contour, wall))
        degree, place = np.full(len(a), np.nan), np.full(len(a), np.nan)
        known = np.isfinite(a).all((1, 2)) & np.isfinite(b).all((1, 2))
        if known.any():
            degree[known], place[known] = _narrowest(a[known], b[known])
        degrees.append(degree)
        places.append(place)
    return np.concatenate(degrees), np.concatenate(places)


def _narrowest(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`narrowest` of a few frames in which both are known."""
    here, lengths = np.arange(len(a)), lengths_along(b)
    to_wall, share = _to_segments(a, b)
    to_contour, _ = _to_segments(b, a)
    # from a point of the contour to a segment of the wall, and from a point of the wall
    point, segment = np.divmod(to_wall.reshape(len(a), -1).argmin(1), to_wall.shape[2])
    corner = to_contour.min(2).argmin(1)
    inner, outer = to_wall[here, point, segment], to_contour[here, corner].min(1)
    along = share[here, point, segment]
    before, after = lengths[here, segment], lengths[here, segment + 1]
    on_segment = (1 - along) * before + along * after
    degree = np.sqrt(np.minimum(inner, outer))
    place = np.where(inner <= outer, on_segment, lengths[here, corner])
    # Where curves cross, an end of a crossing segment is within half of its length of the other.
    longest = np.linalg.norm(np.diff(a, axis=1), axis=-1).max(1)
    near = np.flatnonzero(degree <= longest / 2)
    if len(near):
        met, meeting = _crossing(a[near], b[near], lengths[near])
        degree[near[met]], place[near[met]] = 0, meeting[met]
    return degree, place


def _to_segments(points: np.ndarray, curve: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared distances of points (T, K, 2) from the segments of a curve (T, M, 2), and where on
    the segment the nearest place is, 0 to 1: each (T, K, M - 1)."""
    x, y = points[:, :, None, 0], points[:, :, None, 1]
    start_x, start_y = curve[:, None, :-1, 0], curve[:, None, :-1, 1]
    edge_x, edge_y = (np.diff(curve[..., axis], axis=1)[:, None] for axis in (0, 1))
    arm_x, arm_y = x - start_x, y - start_y
    square_length = np.maximum(edge_x**2 + edge_y**2, 1e-12)
    share = np.clip((arm_x * edge_x + arm_y * edge_y) / square_length, 0, 1)
    return (arm_x - share * edge_x) ** 2 + (arm_y - share * edge_y) ** 2, share


def _crossing(
    contour: np.ndarray, wall: np.ndarray, lengths: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Whether the curves (T, K, 2) and (T, M, 2) cross, (T,), and where along the wall, (T,) mm.

    ``lengths`` (T, M) is the length of the wall up to each of its points.
    """
    start, edge = contour[:, :-1, None], np.diff(contour, axis=1)[:, :, None]
    other, side = wall[:, None, :-1], np.diff(wall, axis=1)[:, None]
    gap = other - start

    def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]

    area = cross(edge, side)
    area = np.where(np.abs(area) < 1e-12, np.nan, area)  # parallel: their ends are nearest
    on_contour, on_wall = cross(gap, side) / area, cross(gap, edge) / area
    hit = (on_contour >= 0) & (on_contour <= 1) & (on_wall >= 0) & (on_wall <= 1)
    place = lengths[:, None, :-1] + on_wall * np.diff(lengths, axis=1)[:, None]
    hits = hit.sum((1, 2))
    total = np.where(hit, place, 0).sum((1, 2))
    return hits > 0, total / np.maximum(hits, 1)
