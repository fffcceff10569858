"""Arrays of frames in MATLAB and HDF5 files, and images of ISMRMRD: read as videos, in blocks.

Of a file one array is read, of three axes longer than 1: time, height and width. Its grey levels
may have any range; of complex values the magnitude counts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from s2r.config.data_blocks import VOLUME_SUFFIXES, VolumesBlock
from s2r.core.media.decode import BLOCK, BLOCK_BYTES, VideoProbe
from s2r.core.media.open import LARGEST_PICTURE, MediaError
from s2r.corpus.volume_sources import Source, opened, shown

NAMES = ("recon", "video", "images", "image", "frames", "volume", "data")
"""Names of arrays, in order of preference where a file has several that fit."""

RATES = ("frame_rate", "frameRate", "FrameRate", "framerate", "frames_per_second", "fps")
"""Names of the number of frames per second: an attribute of the array, or of what holds it, or a
single number beside it."""

LEAST_SIDE = 4
"""Pixels of a picture's side, at least: contours are arrays of three axes too."""

STORE_RATE = (
    "it does not say how many frames it has per second: store that in the file as frame_rate, or "
    "set corpus.folder.volumes.frame_rate"
)


@dataclass(frozen=True)
class _Axes:
    """Which axes of an array are time, height and width."""

    time: int
    height: int
    width: int


def is_volume(path: str | Path) -> bool:
    """Whether a file holds an array of frames, by its suffix."""
    return Path(path).suffix.lower() in VOLUME_SUFFIXES


def probe_volume(path: str | Path, settings: VolumesBlock) -> VideoProbe:
    """Number and size of the frames of a file. Raises MediaError, as `read_volume` does."""
    with opened(path) as source:
        name, axes = _array(path, source, settings)
        shape = source.shapes[name]
        frames, rate = shape[axes.time], _rate(path, source, name, settings)
        return VideoProbe(
            frames=frames,
            frame_rate=rate,
            width=shape[axes.width],
            height=shape[axes.height],
            video_seconds=float(frames / rate),
            audio_seconds=None,
            sample_rate=None,
        )


def read_volume(
    path: str | Path, transform: Callable[[np.ndarray], np.ndarray] | None, settings: VolumesBlock
) -> tuple[np.ndarray, Fraction]:
    """Frames (T, H, W) float32 of a file, and their rate in Hz.

    ``transform`` is applied to blocks (n, H, W) as they are read; then what it returns is joined.
    Values that are not numbers are 0. Raises MediaError where the file is damaged, holds no array
    of frames or several, does not say its rate, or has a frame without any number.
    """
    with opened(path) as source:
        name, axes = _array(path, source, settings)
        shape, rate = source.shapes[name], _rate(path, source, name, settings)
        pixels = shape[axes.height] * shape[axes.width]
        count = max(1, min(BLOCK, BLOCK_BYTES // (8 * pixels)))
        blocks = []
        for start in range(0, shape[axes.time], count):
            block = source.read(name, axes.time, slice(start, start + count))
            block = block.transpose(axes.time, axes.height, axes.width, *_others(axes, shape))
            pictures = _finite(path, _magnitude(block).reshape(block.shape[:3]), start)
            blocks.append(transform(pictures) if transform else pictures)
    return np.concatenate(blocks), rate


def _others(axes: _Axes, shape: Sequence[int]) -> list[int]:
    """The axes of length 1."""
    return [k for k in range(len(shape)) if k not in (axes.time, axes.height, axes.width)]


def _magnitude(block: np.ndarray) -> np.ndarray:
    """Numbers, complex ones and pairs of real and imaginary part as float32."""
    if block.dtype.names:
        real, imaginary = (block[name].astype(np.float32) for name in block.dtype.names)
        return np.hypot(real, imaginary)
    if block.dtype.kind == "c":
        block = np.abs(block)
    with np.errstate(over="ignore"):
        return block.astype(np.float32)


def _finite(path: str | Path, pictures: np.ndarray, first: int) -> np.ndarray:
    finite = np.isfinite(pictures)
    if finite.all():
        return pictures
    empty = ~finite.any((1, 2))
    if empty.any():
        detail = f"frame {first + int(empty.argmax())} (counted from 0) holds no numbers"
        raise MediaError("unreadable", path, f"its {detail}: leave it out")
    return np.where(finite, pictures, np.float32(0))


def _array(path: str | Path, source: Source, settings: VolumesBlock) -> tuple[str, _Axes]:
    """The array that holds the frames, and its axes."""
    name = settings.dataset.strip("/") if settings.dataset else _found(path, source)
    if name not in source.shapes:
        held = ", ".join(map(shown, source.shapes.items())) or "none"
        detail = f"it holds no array /{name} of numbers (its arrays: {held})"
        raise MediaError("unreadable", path, f"{detail}: correct corpus.folder.volumes.dataset")
    shape = source.shapes[name]
    if 0 in shape:
        raise MediaError("zero frames", path, f"its array {shown((name, shape))} is empty")
    long = [k for k, length in enumerate(shape) if length > 1 or len(shape) == 3]
    if len(long) != 3:
        detail = f"its array {shown((name, shape))} has {len(long)} axes longer than 1"
        remedy = "save time, height and width of one slice, of one channel"
        raise MediaError("unreadable", path, f"{detail}: {remedy}")
    axes = _axes([shape[k] for k in long], settings.axes, source.time_axis)
    axes = _Axes(*(long[k] for k in axes))
    height, width = shape[axes.height], shape[axes.width]
    if min(height, width) < LEAST_SIDE or height * width > LARGEST_PICTURE:
        detail = f"its array {shown((name, shape))} would be pictures of {width} x {height} pixels"
        raise MediaError("unreadable", path, f"{detail}: set corpus.folder.volumes.axes")
    return name, axes


def _found(path: str | Path, source: Source) -> str:
    """The one array of three axes, or the first of several that has one of `NAMES`."""
    long = {k: [n for n in shape if n > 1] for k, shape in source.shapes.items()}
    fitting = [k for k, sides in long.items() if len(sides) == 3 and min(sides) >= LEAST_SIDE]
    if len(fitting) == 1:
        return fitting[0]
    for wanted in NAMES:
        named = [name for name in fitting if name.rpartition("/")[2].lower() == wanted]
        if len(named) == 1:
            return named[0]
    if fitting:
        held = ", ".join(shown((name, source.shapes[name])) for name in fitting[:8])
        detail = f"it holds several arrays that may be the frames ({held})"
        raise MediaError("unreadable", path, f"{detail}: set corpus.folder.volumes.dataset")
    held = ", ".join(map(shown, list(source.shapes.items())[:8])) or "none"
    detail = f"it holds no array of time, height and width (its arrays of numbers: {held})"
    raise MediaError("unreadable", path, detail)


def _axes(lengths: Sequence[int], given: str | None, time_axis: int) -> tuple[int, int, int]:
    """Which of three axes are time, height and width."""
    if given:
        return given.index("t"), given.index("h"), given.index("w")
    unequal = [k for k in range(3) if lengths.count(lengths[k]) == 1]
    time = unequal[0] if len(unequal) == 1 else time_axis % 3
    height, width = (k for k in range(3) if k != time)
    return time, height, width


def _rate(path: str | Path, source: Source, name: str, settings: VolumesBlock) -> Fraction:
    if settings.frame_rate:
        return Fraction(settings.frame_rate).limit_denominator(10_000)
    for called in RATES:
        found = source.number(name, called)
        if found is None:
            continue
        number = np.asarray(found).ravel()
        if number.size == 1 and number.dtype.kind in "iuf" and 0 < number[0] <= 10_000:
            return Fraction(float(number[0])).limit_denominator(10_000)
        raise MediaError("unreadable", path, f"its {called} is no number of frames per second")
    raise MediaError("unreadable", path, STORE_RATE)
