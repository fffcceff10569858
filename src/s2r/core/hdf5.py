"""HDF5 files: a full disk or a damaged file gives a clear error instead of a crash."""

import io
from pathlib import Path

import h5py

from s2r.core.errors import UserError


class NewFile(h5py.File):
    """A new HDF5 file to write, in a ``with`` block.

    HDF5 holds parts of a file in memory, and crashes the process where it cannot write them at the
    end. So every write is reported to HDF5 as successful; the first one that failed is raised as
    OSError by `check` and at the end of the block. The bytes are those of
    ``h5py.File(path, "w")``.
    """

    def __init__(self, path: str | Path):
        self._sink = _Sink(path)
        super().__init__(self._sink, "w")

    def check(self) -> None:
        """Raise the first write error; call it regularly, since no write raises it."""
        if self._sink.error:
            raise self._sink.error

    def __exit__(self, *failure) -> None:
        super().__exit__(*failure)
        self._sink.close()
        self.check()


class _Sink(io.FileIO):
    """A file that stores its first write error instead of raising it, and then writes no more."""

    def __init__(self, path: str | Path):
        super().__init__(path, "w+")
        self.error: OSError | None = None

    def write(self, data: memoryview) -> int:
        written = 0
        try:
            while not self.error and written < len(data):
                written += super().write(data[written:])
        except OSError as error:
            self.error = error
        return len(data)

    def truncate(self, size: int | None = None) -> int:
        return size if self.error else super().truncate(size)


def open_hdf5(path: str | Path) -> h5py.File:
    """Open a file of the workflow for reading.

    Raises:
        UserError: the file is missing, or is not a readable HDF5 file.
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
