"""A truth file of the phantom, from contours and phones that a test makes up."""

from collections.abc import Iterable
from pathlib import Path

import h5py
import numpy as np


def write_truth_file(
    path: Path,
    times: np.ndarray,
    tongue: np.ndarray,
    wall: np.ndarray,
    phones: Iterable[tuple[str, float, float]],
) -> None:
    """Contours (T, 38, 2) at ``times`` (T,), in pixels of 2 mm; phones with start and end (s).

    The tongue is that of the articulators, the wall their palate.
    """
    with h5py.File(path, "w") as file:
        file["t"], file["tongue_px"], file["wall_px"] = times, tongue, wall
        file["contours_px/tongue"], file["contours_px/palate"] = tongue, wall
        file["q"], file["tv"] = np.zeros((len(times), 18)), np.zeros((len(times), 8))
        row = np.dtype([("label", h5py.string_dtype()), ("start", "f8"), ("end", "f8")])
        file["phones"] = np.array([tuple(phone) for phone in phones], row)
        file.attrs["pixel_mm"] = 2.0
