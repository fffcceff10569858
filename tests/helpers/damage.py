"""Damage that a file may take after it was written."""

import os
from pathlib import Path


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    before = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)
