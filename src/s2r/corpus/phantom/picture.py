"""Pictures of the phantom: 84 x 84 frames of a mid-sagittal real-time MRI."""

import zlib
from dataclasses import replace

import numpy as np
from scipy import fft

from s2r.corpus.articulators import FIELD_MM
from s2r.corpus.phantom.acquisition import acquire, quantise
from s2r.corpus.phantom.anatomy import AIR, PIVOT, static_layers
from s2r.corpus.phantom.articulators import Part, moving_parts, palate_mucosa
from s2r.corpus.phantom.raster import paint, window
from s2r.corpus.phantom.speakers import Speaker
from s2r.corpus.phantom.tract import Contours, warp

SIZE = 84
"""Height and width of a frame, pixels."""

PIXEL_MM = FIELD_MM / SIZE
"""Size of a pixel, mm."""

_CORNER = np.array([-48.0, 72.0])  # mm of the upper left corner of the picture
_FINE = 3  # polygons are laid on a grid this many times finer
_GRAIN = ((3, 0.07), (9, 0.08))  # size (fine pixels) and strength of the tissue texture
_FIELD = 256  # period of a texture, fine pixels
_CHUNK = 32  # frames painted at once: keeps the canvas in the cache


def to_pixels(speaker: Speaker, points: np.ndarray) -> np.ndarray:
    """Points (..., 2) mm of the speaker's plane in image coordinates (x right, y down).

    The centre of the upper left pixel is (0.5, 0.5). Includes the pose of the head.
    """
    turn = np.deg2rad(speaker.head_tilt_degrees)
    cosine, sine = np.cos(turn), np.sin(turn)
    arm = np.asarray(points, float) - PIVOT
    turned = arm @ np.array([[cosine, sine], [-sine, cosine]]) + PIVOT
    return (turned - _CORNER - speaker.head_offset_mm) * (1, -1) / PIXEL_MM


def _texture(rng: np.random.Generator) -> np.ndarray:
    """Periodic random field (_FIELD, _FIELD) float32 about 1."""
    field = np.ones((_FIELD, _FIELD))
    k = np.hypot(fft.fftfreq(_FIELD)[:, None], fft.rfftfreq(_FIELD))
    for grain, strength in _GRAIN:
        white = fft.rfft2(rng.standard_normal((_FIELD, _FIELD)))
        smooth = fft.irfft2(white * np.exp(-2 * (np.pi * grain * k) ** 2))
        field += strength * smooth / smooth.std()
    return field.astype(np.float32)


def _carried(field: np.ndarray, origin: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
    """A texture moved to ``origin`` (T, 2) x, y in fine pixels, cut to a window: (T, h, w)."""
    whole = np.floor(-origin).astype(int)
    share = (-origin - whole).astype(np.float32)[:, None, None]
    y = (np.arange(rows.start, rows.stop + 1) + whole[:, 1:]) % _FIELD
    x = (np.arange(columns.start, columns.stop + 1) + whole[:, :1]) % _FIELD
    block = field[y[:, :, None], x[:, None, :]]
    block = block[:, :-1] + share[..., 1] * (block[:, 1:] - block[:, :-1])
    return block[..., :-1] + share[..., 0] * (block[..., 1:] - block[..., :-1])


def _static_canvas(speaker: Speaker, palate: np.ndarray, field: np.ndarray) -> np.ndarray:
    """Everything that never moves, on the fine grid (1, H, W). Its texture stands still."""
    canvas = np.full((1, SIZE * _FINE, SIZE * _FINE), AIR, np.float32)
    for intensity, polygon in static_layers():
        paint(canvas, _FINE * to_pixels(speaker, warp(speaker, polygon))[None], intensity)
    paint(canvas, _FINE * to_pixels(speaker, palate), 0.55)
    return canvas * field[: canvas.shape[1], : canvas.shape[2]]


def _paint_part(canvas: np.ndarray, part: Part, field: np.ndarray) -> None:
    """Paint a part, in fine pixels, on the canvas; its texture moves with its centre."""
    if not part.textured:
        paint(canvas, part.outline, part.intensity)
        return
    rows, columns = window(part.outline, *canvas.shape[1:])
    texture = _carried(field, part.outline.mean(1), rows, columns)
    paint(canvas, part.outline, np.float32(part.intensity) * texture)


def tissue(speaker: Speaker, q: np.ndarray, contours: Contours) -> np.ndarray:
    """The ideal picture without coil, blur and noise: (T, 84, 84) float32, 0 to about 1.

    The texture belongs to the speaker: the same in every recording.
    """
    rng = np.random.default_rng(zlib.crc32(speaker.to_json().encode()))
    still, carried = _texture(rng), _texture(rng)
    canvas = _static_canvas(speaker, palate_mucosa(speaker, contours.outer[0]), still)
    parts = [
        replace(part, outline=_FINE * to_pixels(speaker, part.outline))
        for part in moving_parts(speaker, q, contours)
    ]
    everywhere = np.concatenate([part.outline.reshape(1, -1, 2) for part in parts], 1)
    rows, columns = (
        slice(edge.start // _FINE * _FINE, -(-edge.stop // _FINE) * _FINE)
        for edge in window(everywhere, *canvas.shape[1:])
    )
    corner = np.array([columns.start, rows.start])

    frames = np.repeat(_box_average(canvas), len(q), axis=0)
    target = frames[:, rows.start // _FINE : rows.stop // _FINE]
    target = target[:, :, columns.start // _FINE : columns.stop // _FINE]
    for start in range(0, len(q), _CHUNK):
        span = slice(start, min(start + _CHUNK, len(q)))
        moving = np.repeat(canvas[:, rows, columns], span.stop - span.start, axis=0)
        for part in parts:
            _paint_part(moving, replace(part, outline=part.outline[span] - corner), carried)
        target[span] = _box_average(moving)
    return frames


def _box_average(canvas: np.ndarray) -> np.ndarray:
    """Fine pixels (T, 3 h, 3 w) averaged to pixels (T, h, w)."""
    lines = sum(canvas[:, i::_FINE] for i in range(_FINE))
    return sum(lines[..., i::_FINE] for i in range(_FINE)) * np.float32(1 / _FINE**2)


def _bell(x: np.ndarray, y: np.ndarray, centre, spread: tuple[float, float]) -> np.ndarray:
    return np.exp(-(((x - centre[0]) / spread[0]) ** 2 + ((y - centre[1]) / spread[1]) ** 2) / 2)


def _coil_and_field(speaker: Speaker) -> tuple[np.ndarray, np.ndarray]:
    """Coil sensitivity and off-resonance map of a speaker's head, each (84, 84)."""
    y, x = np.mgrid[0:SIZE, 0:SIZE] + 0.5
    lips, palate, nose, chest = (
        to_pixels(speaker, np.array(point, float))
        for point in ((-6, -4), (30, 14), (-15, 30), (60, -90))
    )
    coil = 0.42 + 0.50 * _bell(x, y, lips, (17, 20)) + 0.26 * _bell(x, y, chest, (17, 15))
    blur = np.maximum(0.55 * _bell(x, y, lips, (8, 7)), 0.45 * _bell(x, y, palate, (13, 5)))
    return coil, np.maximum(blur, 0.5 * _bell(x, y, nose, (8, 7)))


def draw(
    speaker: Speaker, q: np.ndarray, contours: Contours, rng: np.random.Generator
) -> np.ndarray:
    """Frames (T, 84, 84) uint8 of a recording.

    ``q`` (T, P) are articulatory parameters at the times of the frames, ``contours`` those of
    ``q``; ``rng`` draws the noise only.
    """
    coil, field = _coil_and_field(speaker)
    return quantise(acquire(tissue(speaker, q, contours), coil, field, speaker.snr, rng))
