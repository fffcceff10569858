"""Fetch the USC 75-speaker corpus from its public record (figshare, CC BY 4.0).

The record lists name, size, MD5 and address of every file. A download that was interrupted
continues from ``<name>.part`` beside the target. A file gets its name only when its size and MD5
are those of the record.
"""

import hashlib
import http.client
import json
import shutil
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from s2r.core.errors import UserError
from s2r.core.files import sync
from s2r.core.progress import progress
from s2r.corpus import metafile
from s2r.corpus.unpack import unpack
from s2r.corpus.usc75 import ARCHIVE

RECORD = "https://api.figshare.com/v2/articles/13725546"
PAGE = "https://doi.org/10.6084/m9.figshare.13725546"
TERMS = (
    "USC 75-speaker Speech MRI corpus (Lim, Toutios et al. 2021, Scientific Data 8:187), licence "
    f"CC BY 4.0: name its authors wherever you use it. {PAGE}"
)

CHUNK = 1 << 20
"""Bytes that are read at a time."""

TIMEOUT = 60.0
"""Seconds without a byte after which a connection counts as interrupted."""

WAITS = (1.0, 5.0, 15.0, 60.0)
"""Seconds to wait before each new attempt, after attempts that received nothing."""


@dataclass(frozen=True)
class RemoteFile:
    """A file as the record lists it."""

    name: str
    size: int
    md5: str
    url: str


def download_corpus(folder: str | Path, record: str = RECORD) -> None:
    """Fetch metafile and videos into ``folder``; files that are there and complete are kept.

    The videos are unpacked to ``folder/dataset_2drt_video_only``; a folder of that name is left
    as it is. Raises UserError if the record or a file cannot be fetched, a file differs from
    the record, or the disk is too small.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    print(TERMS, file=sys.stderr)
    videos = folder / Path(ARCHIVE).stem
    wanted = [metafile.NAME] if videos.exists() else [metafile.NAME, ARCHIVE]
    files = read_record(record)
    for name in wanted:
        if name not in files:
            raise UserError(f"{record}: the record lists no file {name}; see {PAGE}.")
        fetch(files[name], folder / name)
    if videos.exists():
        print(f"{videos} exists and is kept; move it away to fetch it again.")
        return
    unpack(folder / ARCHIVE, videos)
    print(f"{videos} is complete; {folder / ARCHIVE} is not needed any more.")


def read_record(record: str = RECORD) -> dict[str, RemoteFile]:
    """The files of the record by name. UserError if it cannot be read."""
    try:
        with _open(record) as answer:
            entries = json.load(answer)["files"]
        return {
            entry["name"]: RemoteFile(
                entry["name"], int(entry["size"]), entry["computed_md5"], entry["download_url"]
            )
            for entry in entries
        }
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(
            f"{record}: this is not the record of a data set ({error!r}); see {PAGE}."
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(record, error) from error


def fetch(file: RemoteFile, target: str | Path, waits: tuple[float, ...] = WAITS) -> None:
    """Fetch ``file`` to ``target`` unless it is there; the module says how.

    After each attempt that received nothing the next of ``waits`` passes; after the last one a
    UserError is raised. What has arrived is kept, unless it is wrong.
    """
    target = Path(target)
    if target.exists():
        _check(file, target, f"move {target} away and start again")
        return
    partial = target.with_name(f"{target.name}.part")
    _require_space(file, partial)
    left = list(waits)
    with progress(
        total=file.size, label=file.name, initial=_size(partial), unit="B", unit_scale=True
    ) as bar:
        while (before := _size(partial)) < file.size:
            try:
                _receive(file, partial, bar)
                reason = f"it was interrupted after {_size(partial):,} of {file.size:,} bytes"
            except urllib.error.HTTPError as error:
                raise _unreachable(file.url, error) from error
            except (OSError, http.client.HTTPException) as error:
                reason = error
            if _size(partial) > before:
                left = list(waits)
            elif left:
                time.sleep(left.pop(0))
            else:
                raise _unreachable(file.url, reason)
    try:
        _check(file, partial, "start again, and it is fetched again")
    except UserError:
        partial.unlink()
        raise
    sync(partial)
    partial.replace(target)
    sync(target.parent)


def _receive(file: RemoteFile, partial: Path, bar) -> None:
    """Append to ``partial`` what one connection sends; without ranges start from the beginning."""
    have = _size(partial)
    with _open(file.url, {"Range": f"bytes={have}-"} if have else {}) as answer:
        if answer.status not in (200, 206):
            raise ConnectionError(f"the server answered {answer.status}")
        start = have if answer.status == 206 else 0
        offered = answer.headers.get("Content-Length")
        if offered is not None and start + int(offered) != file.size:
            raise _differs(file, file.url, f"{start + int(offered):,} bytes")
        bar.n = start
        bar.refresh()
        with open(partial, "ab" if start else "wb") as out:
            while chunk := answer.read(CHUNK):
                start += len(chunk)
                if start > file.size:
                    raise _differs(file, file.url, f"more than {file.size:,} bytes")
                out.write(chunk)
                bar.update(len(chunk))


def _open(url: str, headers: dict[str, str] | None = None):
    request = urllib.request.Request(url, headers={"User-Agent": "s2r", **(headers or {})})
    return urllib.request.urlopen(request, timeout=TIMEOUT)


def _check(file: RemoteFile, path: Path, remedy: str) -> None:
    """Raise UserError unless size and MD5 of ``path`` are those of the record."""
    if (size := path.stat().st_size) != file.size:
        raise _differs(file, path, f"{size:,} bytes", remedy)
    digest = hashlib.md5(usedforsecurity=False)
    with (
        open(path, "rb") as content,
        progress(total=size, label=f"check {file.name}", unit="B", unit_scale=True) as bar,
    ):
        while chunk := content.read(CHUNK):
            digest.update(chunk)
            bar.update(len(chunk))
    if digest.hexdigest() != file.md5:
        raise _differs(file, path, f"the MD5 {digest.hexdigest()}", remedy)


def _differs(file: RemoteFile, where: object, actual: str, remedy: str = "") -> UserError:
    remedy = remedy or f"compare with {PAGE}"
    return UserError(
        f"{where}: it has {actual}, but the record says {file.size:,} bytes and the MD5 "
        f"{file.md5}; {remedy}."
    )


def _unreachable(url: str, error: object) -> UserError:
    reason = getattr(error, "reason", error)
    if isinstance(error, urllib.error.HTTPError):
        reason = f"HTTP {error.code}"
    return UserError(
        f"{url}: it cannot be fetched ({reason}); start again when the network and the server "
        f"work, and it continues, or unpack {ARCHIVE} from {PAGE} yourself."
    )


def _require_space(file: RemoteFile, partial: Path) -> None:
    needed, free = file.size - _size(partial), shutil.disk_usage(partial.parent).free
    if needed > free:
        raise UserError(
            f"{partial.parent}: {needed:,} bytes are needed for {file.name} and {free:,} are free; "
            "make room, or set corpus.path to another disk."
        )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
