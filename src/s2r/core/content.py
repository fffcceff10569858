"""Digests of what files hold, for the parameters of rules: dates do not tell what a job would read.

A copy has other dates and the same content; a file that is exchanged may keep the date of the one
before. A file is read once, and again only after its size, its dates or its place on the disk have
changed: ``CACHE`` keeps its digest with these.
"""

import contextlib
import json
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from s2r.core.errors import UserError
from s2r.core.files import digest_of, sha256_of, write_json
from s2r.core.progress import progress

CACHE = Path(".snakemake/s2r_content.json")
"""{path: [size, times of change, inode, SHA-256]}, in the folder from where snakemake is called."""

READERS = 4
"""Files that are read at once."""

LARGE = 1 << 30
"""Bytes to read above which a progress bar is shown."""


def contents(paths: Iterable[str | Path], cache: Path = CACHE) -> dict[str, str]:
    """SHA-256 of each file by its path, "" where there is none or it cannot be read."""
    known = _read(cache)
    states = {os.fsdecode(path): _state(path) for path in paths}
    new = [path for path, state in states.items() if state and known.get(path, [])[:-1] != state]
    size = sum(states[path][0] for path in new)
    with ThreadPoolExecutor(READERS) as pool:
        digests = pool.map(_sha256, new)
        if size > LARGE:
            digests = progress(digests, "read new files", total=len(new))
        known |= {path: [*states[path], digest] for path, digest in zip(new, digests, strict=True)}
    if new:
        # Without the cache all files are read again, which costs time only.
        with contextlib.suppress(UserError):
            write_json(cache, {path: kept for path, kept in known.items() if os.path.exists(path)})
    return {path: known[path][-1] if state else "" for path, state in states.items()}


def content_digest(*places: str | Path, cache: Path = CACHE) -> str:
    """Digest of the content of files, and of all files in folders; of nothing, where none exist."""
    found = []
    for place in map(Path, places):
        inside = sorted(path for path in place.rglob("*") if path.is_file())
        found += [(path, path.relative_to(place).as_posix()) for path in inside or [place]]
    digests = contents([path for path, _ in found], cache)
    return digest_of([[name, digests[os.fsdecode(path)]] for path, name in found])


def _state(path: str | Path) -> list[int] | None:
    """What changes when a file is written or exchanged; None where it is not there."""
    try:
        about = os.stat(path)
    except OSError:
        return None
    return [about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino]


def _sha256(path: str) -> str:
    try:
        return sha256_of(path)
    except OSError:  # no right to read it: the job that needs it says so
        return ""


def _read(cache: Path) -> dict[str, list]:
    try:
        return json.loads(cache.read_text())
    except (OSError, ValueError):
        return {}
