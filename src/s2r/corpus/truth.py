"""The true shapes of the vocal tract in a recording, where they are known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from s2r.core.damaged import reading
from s2r.core.errors import UserError
from s2r.core.files import atomic_path
from s2r.core.hdf5 import NewFile, read_hdf5
from s2r.core.phonetics import Segment
from s2r.core.units import FRAME_RATE
from s2r.corpus.articulators import ARTICULATORS

_COORDINATES = (
    "pixels of the 84 x 84 image: x right, y down, the centre of the upper left pixel is (0.5, 0.5)"
)
_PHONE_ROW = np.dtype([("label", h5py.string_dtype()), ("start", "f8"), ("end", "f8")])


@dataclass(frozen=True)
class Truth:
    """The true shapes in a recording, at the times of its video frames."""

    times: np.ndarray
    """(T,) s, centres of the frames."""
    tongue_px: np.ndarray
    """(T, 38, 2) front of the larynx tube and tongue, glottis to incisor, image coordinates."""
    wall_px: np.ndarray
    """(T, 38, 2) rear pharynx wall, velum and palate, image coordinates."""
    contours_px: Mapping[str, np.ndarray]
    """{articulator: (T, P, 2)} image coordinates; see `s2r.corpus.articulators`."""
    q: np.ndarray
    """(T, P) articulatory parameters, mm where they are lengths; the phantom has 18."""
    tract_variables: np.ndarray
    """(T, V) tract variables; the phantom has 8."""
    phones: tuple[Segment, ...]
    pixel_mm: float
    """Size of a pixel, mm."""


def write_truth(
    path: str | Path,
    truth: Truth,
    *,
    parameters: Sequence[str],
    variables: Sequence[str],
    speaker: str,
) -> None:
    """Store a truth with the names of its parameters and variables and the speaker as JSON."""
    phones = [(phone.label, phone.start, phone.end) for phone in truth.phones]
    with atomic_path(path) as temporary, NewFile(temporary) as file:
        file["t"] = truth.times
        lines = {"tongue_px": truth.tongue_px, "wall_px": truth.wall_px}
        lines |= {f"contours_px/{name}": points for name, points in truth.contours_px.items()}
        for name, points in lines.items():
            file[name] = points.astype(np.float32)
            file[name].attrs["coordinates"] = _COORDINATES
        file["q"] = truth.q.astype(np.float32)
        file["q"].attrs["names"] = list(parameters)
        file["tv"] = truth.tract_variables.astype(np.float32)
        file["tv"].attrs["names"] = list(variables)
        file["phones"] = np.array(phones, _PHONE_ROW)
        file.attrs["speaker"] = speaker
        file.attrs["pixel_mm"] = truth.pixel_mm


def read_truth(path: str | Path) -> Truth:
    """Read a ``_truth.h5`` file. Raises UserError where it is missing or holds something else."""
    if not Path(path).is_file():
        raise UserError(f"{path}: no such truth file; generate the phantom again.")
    with reading(path, "generate the phantom again"), read_hdf5(path) as file:
        phones = tuple(
            Segment(label.decode(), float(start), float(end))
            for label, start, end in file["phones"][()]
        )
        return Truth(
            times=file["t"][()],
            tongue_px=file["tongue_px"][()],
            wall_px=file["wall_px"][()],
            contours_px={
                name: file["contours_px"][name][()]
                for name in ARTICULATORS
                if name in file["contours_px"]
            },
            q=file["q"][()],
            tract_variables=file["tv"][()],
            phones=phones,
            pixel_mm=float(file.attrs["pixel_mm"]),
        )


def truth_on_grid(truth: Truth, frames: int, rate: float = FRAME_RATE) -> dict[str, np.ndarray]:
    """Contours {articulator: (frames, P, 2)} in mm of the image, at the centres of ``frames`` bins.

    x to the right, y down from the upper left corner of the image; linear in time, the first and
    last shape beyond the ends.
    """
    centres = (np.arange(frames) + 0.5) / rate
    position = np.interp(centres, truth.times, np.arange(len(truth.times)))
    before = np.floor(position).astype(int)
    after = np.minimum(before + 1, len(truth.times) - 1)
    share = (position - before)[:, None, None]
    return {
        name: ((1 - share) * points[before] + share * points[after]) * truth.pixel_mm
        for name, points in truth.contours_px.items()
    }
