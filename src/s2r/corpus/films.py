"""Films of any kind: videos (PyAV), and arrays of frames in MATLAB and HDF5 files."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np

from s2r.config.data_blocks import VolumesBlock
from s2r.core.media.decode import VideoProbe, probe, read_audio, read_video
from s2r.core.media.open import MediaError
from s2r.corpus.volume_files import is_volume, probe_volume, read_volume

AS_FOUND = VolumesBlock()
"""Array, axes and rate are those that a file says."""


def probe_film(path: str | Path, volumes: VolumesBlock = AS_FOUND) -> VideoProbe:
    """What a film says of itself; ``volumes`` says how arrays are read. Raises MediaError."""
    return probe_volume(path, volumes) if is_volume(path) else probe(path)


def read_film(
    path: str | Path,
    transform: Callable[[np.ndarray], np.ndarray] | None = None,
    volumes: VolumesBlock = AS_FOUND,
) -> tuple[np.ndarray, Fraction]:
    """Frames (T, H, W) of a film and their rate in Hz, as `s2r.core.media.decode.read_video`.

    The grey levels of arrays are those of the file, float32. Raises MediaError.
    """
    return read_volume(path, transform, volumes) if is_volume(path) else read_video(path, transform)


def film_sound(path: str | Path) -> tuple[np.ndarray, int] | None:
    """The sound (N,) of a film and its rate in Hz: its own, or that of a .wav of its name beside
    it; None where there is neither. Raises MediaError."""
    beside = next(filter(Path.is_file, map(Path(path).with_suffix, (".wav", ".WAV"))), None)
    if not is_volume(path):
        try:
            return read_audio(path)
        except MediaError as error:
            if error.reason != "no audio":
                raise
    return read_audio(beside) if beside else None
