"""Atomic writes that a power cut does not undo, full disks and checksums."""

import contextlib
import errno
import glob
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from s2r.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd  # slow to load, and reads the number of threads then

FULL = (errno.ENOSPC, errno.EDQUOT)


PARTIAL = ".partial"
"""End of the hidden folders in which files are written before they get their name."""

NO_SYNC = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EBADF, errno.EACCES, errno.EISDIR)
"""What file systems answer that cannot write a file, or a folder, to the disk at once."""


@contextlib.contextmanager
def atomic_path(target: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``target``; rename it to ``target`` on success.

    The temporary name keeps the suffix of ``target`` (PyAV and h5py read it). If the block
    raises, the temporary file or folder is removed and ``target`` stays as it was. After a power
    cut there is the old or the new file, complete: it is on the disk before it gets its name.

    Raises:
        UserError: the disk is full, even where the block raised another error because of it; or
            ``target`` may not be written.
    """
    target = Path(target)
    place = target if target.name not in ("", "..") else target.resolve()
    with full_disk_named(target), _refusal_named(target):
        place.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(PARTIAL, f".{place.name}.", place.parent))
    temporary = folder / place.name
    try:
        # Within another temporary folder nothing has to survive: that one is written as a whole.
        inner = any(part[0] == "." and part.endswith(PARTIAL) for part in place.parent.parts)
        with full_disk_named(target):
            yield temporary
            if not inner:
                _sync_tree(temporary)
        with _refusal_named(target):
            _replace(temporary, place, folder / "before")
        if not inner:
            sync(place.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _replace(temporary: Path, place: Path, before: Path) -> None:
    """Rename ``temporary`` to ``place``; a folder that is there becomes ``before``."""
    if not (temporary.is_dir() and place.is_dir()):
        os.replace(temporary, place)
        return
    os.rename(place, before)
    try:
        os.rename(temporary, place)
    except BaseException:
        os.rename(before, place)
        raise


def _sync_tree(path: Path) -> None:
    """`sync` a file, or a folder with all that is in it."""
    if path.is_dir():
        for folder, _, names in os.walk(path):
            for name in names:
                sync(Path(folder, name))
            sync(Path(folder))
    else:
        sync(path)


def sync(path: Path) -> None:
    """Return when a file's content, or the names in a folder, are on the disk."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in NO_SYNC:
            raise


@contextlib.contextmanager
def _refusal_named(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{target} cannot be written ({error.strerror}): choose another place, or change the "
            "permissions of its folder."
        ) from error


@contextlib.contextmanager
def full_disk_named(target: str | Path) -> Iterator[None]:
    """Raise UserError where the block, which writes ``target``, fails because the disk is full."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if not _disk_is_full(error, Path(target).parent):
            raise
        raise UserError(
            f"{target}: the disk is full, or a quota is used up; make room and call again."
        ) from error


def _disk_is_full(error: Exception, folder: Path) -> bool:
    """Whether the disk of ``folder`` is full.

    Not every library passes on the error number, so a temporary file is written too.
    """
    if isinstance(error, OSError) and error.errno in FULL:
        return True
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            return file.write(bytes(2**16)) < 2**16
    except OSError as write_error:
        return write_error.errno in FULL


def remove_leftovers(target: str | Path) -> None:
    """Remove the temporary folders that a killed process left beside ``target``.

    No other process may write ``target`` at the same time.
    """
    target = Path(target)
    for folder in target.parent.glob(f".{glob.escape(target.name)}.????????{PARTIAL}/"):
        shutil.rmtree(folder)


def write_json(target: str | Path, content: object) -> None:
    """Write ``content`` as indented JSON, atomically."""
    with atomic_path(target) as temporary:
        temporary.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")


def sha256_of(path: str | Path) -> str:
    """Hexadecimal SHA-256 of a file's content."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(content: object, length: int = 16) -> str:
    """Short hexadecimal digest of anything JSON can hold; equal content, equal digest."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def write_csv(table: "pd.DataFrame", path: str | Path) -> None:
    """Write a table with six significant digits, atomically."""
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g")
