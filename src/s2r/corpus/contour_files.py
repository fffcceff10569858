"""Contours of articulators that users traced on frames of their recordings: CSV, MATLAB, HDF5.

Every format gives the same: {recording: {articulator: {frame: points (P, 2)}}}, with the names,
the numbers of frames and the coordinates of the file.

* CSV: a row for each point, in order along the contour, with the columns ``frame, articulator, x,
  y`` and, unless the file is named after the recording, ``recording``.
* MATLAB (.mat) and HDF5: an array of (frames, points, 2) named after the articulator; or a struct
  (a group) named after the recording that holds such arrays. NaN where a frame or a point is not
  traced. An array ``frames`` beside them numbers their frames; without it they are the first ones.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from s2r.core.damaged import reading
from s2r.core.errors import UserError
from s2r.core.hdf5 import read_hdf5
from s2r.corpus import matlab
from s2r.corpus.names import nfc, printable, safe_name
from s2r.corpus.walk import walk

Frames = dict[int, np.ndarray]
"""{frame: points (P, 2)}."""
Traced = dict[str, dict[str, Frames]]
"""{recording: {articulator: Frames}}."""

SUFFIXES = (".csv", ".mat", ".h5", ".hdf5")
LARGEST = 2**30
"""Bytes of a file: an hour of ten contours of 100 points each has a tenth in HDF5."""
DIMENSIONS = 3
NUMBERS = "frames"
"""Name of the array that numbers the frames of the others."""
REMEDY = "correct the file, or take it out of corpus.contours.path"


def read_contours(path: str | Path, known: Collection[str] = ()) -> Traced:
    """All contours in a file, or in the files of a folder at any level.

    A file that names no recording has the name of one: its path below the folder as the index
    writes names (``anna/rainbow.csv`` is ``anna_rainbow``) where that is among the ``known``
    recordings, else its stem. Raises UserError, with the file, where nothing is found, a file is
    damaged or has another shape, or two files hold the same contour.
    """
    path = Path(path)
    if not path.exists():
        raise UserError(f"{path}: there is no such file or folder: correct corpus.contours.path.")
    files = list(_files_in(path)) if path.is_dir() else [path]
    if not files:
        raise UserError(
            f"{path}: the folder holds no contours ({', '.join(SUFFIXES)}): correct "
            "corpus.contours.path."
        )
    traced: Traced = defaultdict(dict)
    for file in files:
        inner = name_of(file.relative_to(path).with_suffix("")) if path.is_dir() else ""
        own = inner if inner in known else name_of(file.stem)
        for recording, articulators in _read_file(file, own).items():
            for articulator, frames in articulators.items():
                if articulator in traced[recording]:
                    raise UserError(
                        f"{file}: another file has contours of {articulator} in {recording} too: "
                        "remove one of them."
                    )
                traced[recording][articulator] = frames
    return dict(traced)


def _files_in(folder: Path) -> Iterator[Path]:
    for path, problem in walk(folder):
        if problem:
            raise UserError(f"{problem}: the contours in {folder} cannot be read.")
        if path.suffix.lower() in SUFFIXES:
            yield path


def _read_file(path: Path, own: str) -> Traced:
    """The contours in a file, which is ``own`` where it names no recording."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(f"{path}: contours are read from {', '.join(SUFFIXES)} only: convert it.")
    if path.stat().st_size > LARGEST:
        raise UserError(f"{path} has more than {LARGEST} bytes: share it among several files.")
    if suffix == ".csv":
        return _from_table(path, own)
    with reading(path, REMEDY):
        tree = dict(_tree_of_matlab(path) if suffix == ".mat" else _tree_of_hdf5(path))
    return _from_tree(path, tree, own)


def _from_table(path: Path, own: str) -> Traced:
    """Contours from a CSV file; rows of one contour need not follow each other."""
    with reading(path, REMEDY):
        table = pd.read_csv(path, keep_default_na=False, dtype=str, skipinitialspace=True)
        table.columns = [str(name).strip().lower() for name in table.columns]
    if "recording" not in table:
        table["recording"] = own
    for column in ("frame", "articulator", "x", "y"):
        if column not in table:
            raise UserError(
                f"{path}: there is no column {column}; a row is a point and has the columns "
                "recording, frame, articulator, x, y."
            )
    for column in ("frame", "x", "y"):
        numbers = pd.to_numeric(table[column], errors="coerce").to_numpy(float)
        wrong = ~np.isfinite(numbers)
        if column == "frame":
            wrong[~wrong] = numbers[~wrong] % 1 != 0
        if wrong.any():
            row = int(wrong.argmax())
            raise UserError(
                f"{path}, line {row + 2}: {column} is {table[column].iloc[row]!r}, which is no "
                f"{'whole number' if column == 'frame' else 'number'}: correct it, or leave the "
                "row out."
            )
        table[column] = numbers
    traced: Traced = {}
    groups = table.groupby(["recording", "articulator", "frame"], sort=False)
    for (recording, articulator, frame), points in groups:
        frames = traced.setdefault(name_of(recording), {}).setdefault(articulator.strip(), {})
        frames[int(frame)] = points[["x", "y"]].to_numpy(float)
    return traced


def _from_tree(path: Path, tree: Mapping[str, object], own: str) -> Traced:
    """Contours from arrays by articulator, or from such by recording."""
    recordings = {name: part for name, part in tree.items() if isinstance(part, Mapping)}
    arrays = {name: part for name, part in tree.items() if not isinstance(part, Mapping)}
    if arrays:
        recordings[own] = arrays
    if not recordings:
        raise UserError(f"{path}: it holds no arrays: {REMEDY}.")
    return {
        name_of(recording): dict(_from_arrays(path, recording, dict(arrays)))
        for recording, arrays in recordings.items()
    }


def _from_arrays(
    path: Path, recording: str, arrays: dict[str, np.ndarray]
) -> Iterator[tuple[str, Frames]]:
    numbers = arrays.pop(NUMBERS, None)
    for articulator, array in arrays.items():
        where = f"{path}: {articulator} of {recording}"
        points = np.asarray(array)
        if points.dtype.kind not in "iuf" or points.ndim != DIMENSIONS or points.shape[2] != 2:
            raise UserError(
                f"{where} is {points.dtype} of shape {points.shape}, and must be numbers of shape "
                "(frames, points, 2)."
            )
        frames = np.arange(len(points)) if numbers is None else np.ravel(numbers)
        if len(frames) != len(points) or not np.all(np.mod(frames.astype(float), 1) == 0):
            raise UserError(
                f"{where} has {len(points)} frames and {NUMBERS} {len(frames)} numbers: one whole "
                "number is needed for each."
            )
        if len(np.unique(frames)) != len(frames):
            raise UserError(f"{path}: {NUMBERS} of {recording} names a frame twice: {REMEDY}.")
        traced = {}
        for frame, contour in zip(frames, points.astype(float), strict=True):
            known = contour[np.isfinite(contour).all(1)]
            if len(known):
                traced[int(frame)] = known
        yield articulator, traced


def _tree_of_hdf5(path: Path) -> Iterator[tuple[str, object]]:
    with read_hdf5(path) as file:
        yield from _hdf5_items(file)


def _hdf5_items(group: h5py.Group, depth: int = 0) -> Iterator[tuple[str, object]]:
    for name, part in group.items():
        if isinstance(part, h5py.Dataset):
            yield name, part[()]
        elif depth == 0:
            yield name, dict(_hdf5_items(part, 1))
        else:
            raise ValueError(f"{part.name} is a group in a group")


def _tree_of_matlab(path: Path) -> Iterator[tuple[str, object]]:
    """The variables of a MATLAB file of any version since 4."""
    if not matlab.is_hdf5(path):
        yield from matlab.load(path).items()
        return
    for name, part in _tree_of_hdf5(path):
        if name.startswith("#"):
            continue
        is_struct = isinstance(part, Mapping)
        yield name, {key: value.T for key, value in part.items()} if is_struct else part.T


def name_of(recording: object) -> str:
    """The name of a recording as the index has it, from a name or path in a file."""
    return safe_name(nfc(printable(str(recording)).strip()))
