"""Atomic writes and checksums."""

import contextlib
import glob
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def atomic_path(target: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``target``; rename it to ``target`` on success.

    The temporary name keeps the suffix of ``target`` (PyAV and h5py read it). If the block
    raises, the temporary file or folder is removed and ``target`` stays as it was.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    temporary = folder / target.name
    try:
        yield temporary
        if temporary.is_dir() and target.is_dir():
            shutil.rmtree(target)
        os.replace(temporary, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(target: str | Path) -> None:
    """Remove what a process that was killed left of writing ``target``; no other may write it."""
    target = Path(target)
    for folder in target.parent.glob(f".{glob.escape(target.name)}.*/"):
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
