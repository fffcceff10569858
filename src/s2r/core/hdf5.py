"""HDF5 files that end in a sentence, not in a crash, where a disk is full or a file damaged."""

import io
from pathlib import Path

import h5py

from s2r.core.errors import UserError


class NewFile(h5py.File):
    """A new HDF5 file to write, in a ``with`` block.

    HDF5 holds parts of a file in memory, and crashes the process where it cannot write them at the
    end. So it gets the answer that every write has succeeded; one that has not is raised as
    OSError by `check` and at the end of the block. The bytes are those of
    ``h5py.File(path, "w")``.
    """

    def __init__(self, path: str | Path):
        self._sink = _Sink(path)
        super().__init__(self._sink, "w")

    def check(self) -> None:
        """Raise the first error of writing; to be called now and then, as no write raises it."""
        if self._sink.error:
            raise self._sink.error

    def __exit__(self, *failure) -> None:
        super().__exit__(*failure)
        self._sink.close()
        self.check()


class _Sink(io.FileIO):
    """A file that keeps its first error of writing to itself, and is not written to after it."""

    def __init__(self, path: str | Path):
        super().__init__(path, "w+")
        self.error: OSError | None = None

    def write(self, data: memoryview) -> int:
        done = 0
        try:
            while not self.error and done < len(data):
                done += super().write(data[done:])
        except OSError as error:
            self.error = error
        return len(data)

    def truncate(self, size: int | None = None) -> int:
        return size if self.error else super().truncate(size)


def open_hdf5(path: str | Path) -> h5py.File:
    """Open a file of the workflow for reading.

    Raises:
        UserError: it is missing, or not a readable HDF5 file.
    """
    if not Path(path).exists():
        raise UserError(f"{path}: there is no such file; call snakemake to make it.")
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise UserError(
            f"{path}: not a readable HDF5 file, it is damaged or was cut short; delete it and call "
            "snakemake again."
        ) from error
