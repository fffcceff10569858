"""The shapes behind a phantom recording, as stored beside it."""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from s2r.clock import FRAME_RATE
from s2r.errors import UserError
from s2r.files import atomic_path
from s2r.hdf5 import NewFile
from s2r.phantom.picture import PIXEL_MM, to_pixels
from s2r.phantom.speakers import Speaker
from s2r.phantom.speech import Segment, Utterance
from s2r.phantom.tract import (
    PARAMETERS,
    TRACT_VARIABLES,
    Contours,
    tract_variables,
)

SHAPE_PARAMETERS = PARAMETERS[:18]
"""Articulatory parameters that are stored: those that fix the shape."""

_COORDINATES = (
    "pixels of the 84 x 84 image: x right, y down, the centre of the upper left pixel is (0.5, 0.5)"
)
_PHONE_ROW = np.dtype([("label", h5py.string_dtype()), ("start", "f8"), ("end", "f8")])


@dataclass(frozen=True)
class Truth:
    """What a phantom recording shows, at the times of its video frames."""

    times: np.ndarray
    """(T,) s, centres of the frames."""
    tongue_px: np.ndarray
    """(T, 38, 2) front of the larynx tube and tongue, glottis to incisor, image coordinates."""
    wall_px: np.ndarray
    """(T, 38, 2) rear pharynx wall, velum and palate, image coordinates."""
    q: np.ndarray
    """(T, 18) SHAPE_PARAMETERS, mm where they are lengths."""
    tract_variables: np.ndarray
    """(T, 8) TRACT_VARIABLES."""
    phones: tuple[Segment, ...]
    pixel_mm: float
    """Size of a pixel, mm."""


def write_truth(
    path: str | Path,
    times: np.ndarray,
    speaker: Speaker,
    utterance: Utterance,
    q: np.ndarray,
    contours: Contours,
) -> None:
    """Store what the frames at ``times`` (T,) s show; ``q`` (T, len(PARAMETERS))."""
    phones = [(phone.label, phone.start, phone.end) for phone in utterance.phones]
    with atomic_path(path) as temporary, NewFile(temporary) as file:
        file["t"] = times
        for name, points in (("tongue_px", contours.inner), ("wall_px", contours.outer)):
            file[name] = to_pixels(speaker, points).astype(np.float32)
            file[name].attrs["coordinates"] = _COORDINATES
        file["q"] = q[:, : len(SHAPE_PARAMETERS)].astype(np.float32)
        file["q"].attrs["names"] = SHAPE_PARAMETERS
        file["tv"] = tract_variables(speaker, q, contours).astype(np.float32)
        file["tv"].attrs["names"] = TRACT_VARIABLES
        file["phones"] = np.array(phones, _PHONE_ROW)
        file.attrs["speaker"] = speaker.to_json()
        file.attrs["pixel_mm"] = PIXEL_MM


def read_truth(path: str | Path) -> Truth:
    """Read a ``_truth.h5`` file. Raises UserError where it is missing or holds something else."""
    if not Path(path).is_file():
        raise UserError(f"{path}: no such truth file; generate the phantom again.")
    try:
        with h5py.File(path) as file:
            phones = tuple(
                Segment(label.decode(), float(start), float(end))
                for label, start, end in file["phones"][()]
            )
            return Truth(
                times=file["t"][()],
                tongue_px=file["tongue_px"][()],
                wall_px=file["wall_px"][()],
                q=file["q"][()],
                tract_variables=file["tv"][()],
                phones=phones,
                pixel_mm=float(file.attrs["pixel_mm"]),
            )
    except (OSError, KeyError) as fault:
        raise UserError(
            f"{path}: not a phantom truth file ({fault}); generate it again."
        ) from fault


def truth_on_grid(
    truth: Truth, frames: int, rate: float = FRAME_RATE, line: str = "tongue"
) -> np.ndarray:
    """Contour (frames, 38, 2) in mm of the image, at the centres of ``frames`` bins.

    ``line`` is ``tongue`` or ``wall``. x to the right, y down from the upper left corner of the
    image; linear in time, the first and last shape beyond the ends.
    """
    centres = (np.arange(frames) + 0.5) / rate
    position = np.interp(centres, truth.times, np.arange(len(truth.times)))
    before = np.floor(position).astype(int)
    after = np.minimum(before + 1, len(truth.times) - 1)
    share = (position - before)[:, None, None]
    points = truth.tongue_px if line == "tongue" else truth.wall_px
    contour = (1 - share) * points[before] + share * points[after]
    return contour * truth.pixel_mm
