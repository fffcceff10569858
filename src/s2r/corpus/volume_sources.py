"""The arrays of numbers in a MATLAB or HDF5 file, of which a part is read at a time."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from s2r.core.damaged import UNREADABLE
from s2r.core.errors import UserError
from s2r.core.media.open import MediaError
from s2r.corpus import matlab

if TYPE_CHECKING:
    import h5py

LARGEST = 1 << 32
"""Bytes of an array in a MATLAB file before 7.3, which is read as a whole."""

CLASSES = ("double", "single", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64",
           "uint64")  # fmt: skip
"""MATLAB's classes of numbers."""


@dataclass(frozen=True)
class Source:
    """The arrays of a file, with their axes as the program shows them that wrote it."""

    shapes: dict[str, tuple[int, ...]]
    """Of all arrays of numbers."""
    time_axis: int
    """0 or -1: where time is, if lengths do not tell."""
    read: Callable[[str, int, slice], np.ndarray]
    """Part of an array along one of its axes."""
    number: Callable[[str, str], object]
    """What is called so beside an array, or None."""


def shown(item: tuple[str, Sequence[int]]) -> str:
    """Name and shape of an array, for messages."""
    return f"/{item[0]} {' x '.join(map(str, item[1]))}"


@contextmanager
def opened(path: str | Path) -> Iterator[Source]:
    """The arrays of a file; errors of the file become MediaError."""
    path = Path(path)
    if not path.is_file():
        raise MediaError("missing", path, "there is no such file")
    try:
        is_matlab = path.suffix.lower() == ".mat"
        if is_matlab and not matlab.is_hdf5(path):
            yield _matlab_source(path)
        else:
            with _hdf5_source(path, is_matlab) as source:
                yield source
    except MediaError:
        raise
    except UserError as error:  # its sentence names the file
        raise MediaError("unreadable", path, str(error).removeprefix(f"{path} ")) from error
    except UNREADABLE as error:
        reason = " ".join(str(error).split())[:200]
        if "filter" in reason:
            raise MediaError("unreadable", path, f"packed in an unusual way ({reason})") from error
        kind = "MATLAB" if path.suffix.lower() == ".mat" else "HDF5"
        raise MediaError("truncated", path, f"not a whole {kind} file ({reason})") from error


def _matlab_source(path: Path) -> Source:
    """A file before version 7.3: its array is read as a whole, when the first part is asked for."""
    about = matlab.variables(path)
    shapes = {name: tuple(shape) for name, shape, kind in about if kind in CLASSES}
    loaded: dict[str, np.ndarray] = {}

    def read(name: str, axis: int, part: slice) -> np.ndarray:
        if name not in loaded:
            if math.prod(shapes[name]) * 8 > LARGEST:
                detail = f"its array {shown((name, shapes[name]))} is too large for this version"
                raise MediaError("unreadable", path, f"{detail}: save it with -v7.3")
            loaded[name] = np.asarray(matlab.load(path, [name])[name]).reshape(shapes[name])
        return loaded[name][(slice(None),) * axis + (part,)]

    def number(name: str, called: str) -> object:
        single = math.prod(shapes.get(called, (0,))) == 1
        return matlab.load(path, [called])[called] if single else None

    return Source(shapes, -1, read, number)


@contextmanager
def _hdf5_source(path: Path, reverse: bool) -> Iterator[Source]:
    """An HDF5 file, of which ``reverse`` shows the axes in MATLAB's order. Links are not followed:
    they may lead to other files."""
    import h5py

    from s2r.core.hdf5 import read_hdf5

    with read_hdf5(path) as file:
        arrays: dict[str, h5py.Dataset] = {}

        def visit(name: str, part: object) -> None:
            if isinstance(part, h5py.Dataset) and _is_numeric(part) and not part.external:
                arrays[name] = part

        file.visititems(visit)

        def read(name: str, axis: int, part: slice) -> np.ndarray:
            stored = len(arrays[name].shape) - 1 - axis if reverse else axis
            block = arrays[name][(slice(None),) * stored + (part,)]
            return block.T if reverse else block

        def number(name: str, called: str) -> object:
            for level in range(name.count("/") + 1, -1, -1):
                above = "/".join(name.split("/")[:level])
                holder = file[above] if above else file
                if called in holder.attrs:
                    return holder.attrs[called]
                beside = f"{above}/{called}".strip("/")
                if beside in arrays and arrays[beside].size == 1:
                    return arrays[beside][()]
            return None

        shapes = {
            name: each.shape[::-1] if reverse else each.shape for name, each in arrays.items()
        }
        yield Source(shapes, -1 if reverse else 0, read, number)


def _is_numeric(dataset: "h5py.Dataset") -> bool:
    """Whether it holds numbers, complex ones or pairs (real, imag), in this file."""
    names = dataset.dtype.names
    pairs = bool(names) and {name.lower() for name in names} == {"real", "imag"}
    return not dataset.is_virtual and (pairs or dataset.dtype.kind in "iufc")
