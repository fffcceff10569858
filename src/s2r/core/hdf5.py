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
    """Open a file of the workflow for reading, see `read_hdf5`.

    Raises:
        UserError: the file is missing, or is not a readable HDF5 file.
    """
    if not Path(path).exists():
        raise UserError(f"{path}: there is no such file; call snakemake to make it.")
    try:
        return read_hdf5(path)
    except OSError as error:
        raise UserError(
            f"{path}: not a readable HDF5 file, it is damaged or was cut short; delete it and call "
            "snakemake again."
        ) from error


def read_hdf5(path: str | Path) -> h5py.File:
    """Open any HDF5 file for reading, without a lock.

    What is only read needs no lock: some file systems have none, and other programs may hold one.

    Raises:
        UserError: the file may not be read, or another program has it open for writing.
        OSError: it is not a readable HDF5 file.
    """
    try:
        return h5py.File(path, "r", locking=False)
    except OSError as error:
        if isinstance(error, PermissionError):
            raise UserError(f"{path} may not be read: change its permissions.") from error
        if "lock file" in str(error):
            raise UserError(
                f"{path} cannot be locked, and does not have to be: unset the environment variable "
                "HDF5_USE_FILE_LOCKING and call again."
            ) from error
        if "already open for write" in str(error):
            raise UserError(
                f"{path} is open for writing in another program, or that program was killed: "
                "close it there (or run `h5clear --status` on the file) and call again."
            ) from error
        raise
