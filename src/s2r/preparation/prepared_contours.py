"""Contours of users as the rule ``contours`` stores them, opened by later stages."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from s2r.core.damaged import reading
from s2r.core.hdf5 import open_hdf5

REMEDY = "delete it and call snakemake again"


@dataclass(frozen=True)
class PreparedContours:
    """``contours.h5``, see `s2r.preparation.contours`. Nothing is kept open."""

    path: Path
    field_mm: float
    """Side in mm of the square pictures that the contours lie on."""

    def of(self, recording: str) -> dict[str, np.ndarray]:
        """{articulator: (T, P, 2) mm}, NaN where not traced; {} where nothing is traced."""
        with open_hdf5(self.path) as file, reading(self.path, REMEDY):
            return {name: part[()] for name, part in file.get(recording, {}).items()}


def open_contours(path: str | Path) -> PreparedContours:
    """Open ``contours.h5``; UserError where it is missing or damaged."""
    with open_hdf5(path) as file, reading(path, REMEDY):
        return PreparedContours(Path(path), float(file.attrs["field_mm"]))
