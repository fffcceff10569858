"""Checksums of what the workflow makes: a job takes those of its outputs, and compares its inputs.

The SHA-256 of ``folder/name`` stands in ``folder/.sha256/name``, so that it goes where the folder
goes. A file without one (the user's own, a folder) is not compared, and neither is one whose
checksum is empty or cut short: that says nothing about the file.

A shard has none: its index, the JSON file beside it, holds the checksums of all its bytes, and
`s2r.core.shards` compares them with what a job reads of it. The index itself has one.
"""

import contextlib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from s2r.core.errors import UserError
from s2r.core.files import atomic_path, sha256_of, sync

CHECKSUM = re.compile(rb"[0-9a-f]{64}")


def index_path(shard: str | Path) -> Path:
    """The JSON file beside a shard."""
    return Path(shard).with_suffix(".json")


def record(paths: Iterable[str | Path]) -> None:
    """Take the checksums of the files of one job, which are complete.

    Folders and shards (HDF5 files whose index is among ``paths``) are passed over.
    """
    files = [path for path in map(Path, paths) if path.is_file()]
    for path in files:
        if path.suffix != ".h5" or index_path(path) not in files:
            with atomic_path(_checksum_path(path)) as temporary:
                temporary.write_text(sha256_of(path))


def forget(paths: Iterable[str | Path]) -> None:
    """Remove the checksums of files that are about to be made again."""
    for path in map(_checksum_path, map(Path, paths)):
        if path.exists():
            path.unlink()
            sync(path.parent)  # before the file itself is another one


def verify(paths: Iterable[str | Path]) -> None:
    """Compare files with their checksums; of a shard that is its index.

    Raises:
        UserError: files differ, see `set_aside`.
    """
    damaged = {}
    for path in dict.fromkeys(map(Path, paths)):
        if not path.is_dir():
            damaged |= {file: path for file in (path, index_path(path)) if _differs(file)}
    if damaged:
        raise set_aside(damaged)


def set_aside(damaged: Mapping[Path, Path]) -> UserError:
    """Rename damaged files to ``name.damaged``: snakemake finds them missing, and makes them again.

    What was set aside before stays (``name.damaged.2`` follows): somebody may have edited it.
    Not where another program has one open for writing, which changes its head for that time.

    Args:
        damaged: {file that differs: file to rename}. They are not the same for the index of a
            shard, since snakemake asks for the shard.

    Returns:
        the error to raise, which names all files that differ.
    """
    for path in damaged:
        if _is_open_for_writing(path):
            return UserError(
                f"{path} is open for writing in another program: close it there and call again. If "
                "that program was killed, delete the file, and it is made anew."
            )
    for path in set(damaged.values()):
        with contextlib.suppress(FileNotFoundError):  # another job was faster
            os.replace(path, _aside(path))
    differ = ", ".join(f"{file} was changed or damaged after it was made" for file in damaged)
    return UserError(
        f"{differ}. It is set aside as *.damaged: call snakemake again, and it is made anew."
    )


def _aside(path: Path) -> Path:
    place, number = path.with_name(f"{path.name}.damaged"), 1
    while place.exists():
        number += 1
        place = path.with_name(f"{path.name}.damaged.{number}")
    return place


def _checksum_path(path: Path) -> Path:
    return path.parent / ".sha256" / path.name


def _differs(path: Path) -> bool:
    recorded = _checksum_path(path)
    expected = recorded.read_bytes() if recorded.is_file() else b""
    if not CHECKSUM.fullmatch(expected):
        return False
    return not path.exists() or sha256_of(path) != expected.decode()


def _is_open_for_writing(path: Path) -> bool:
    """Whether an HDF5 file is marked as open in its head, the superblock."""
    try:
        with open(path, "rb") as file:
            head = file.read(21)
    except OSError:
        return False
    if len(head) < 21 or head[:8] != b"\x89HDF\r\n\x1a\n":
        return False
    return bool(head[20 if head[8] < 2 else 11] & 1)  # versions 0 and 1; 2 and 3
