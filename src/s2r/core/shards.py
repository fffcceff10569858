"""Shards: HDF5 files of arrays by recording, with a JSON index and checksums beside them.

``<shard>.h5`` holds one group a recording; the datasets of a group are uncompressed, in chunks
of 32 frames. ``<shard>.json`` is written last, so a shard without it is not complete:

    {"attrs": {...},                          of the whole shard: how its content was made
     "recordings": {id: {"length": T,         length of the first dataset
                         "sha256": {dataset: hexadecimal digest of its bytes}}},
     "rest": {"sha256": hexadecimal digest,   of all bytes of the file that belong to no dataset
              "datasets": [[start, end]]},    the other bytes
     "failed": {id: sentence}}                recordings that were left out, and why

So every byte of a shard has one checksum, and is compared with it once by a process that reads it:
the rest (names, attributes, shapes) when the shard is opened, a dataset when it is first read.

Equal content gives equal bytes: no times are stored.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import h5py
import numpy as np

from s2r.core.checksums import index_path, set_aside
from s2r.core.damaged import reading
from s2r.core.errors import UserError
from s2r.core.files import atomic_path, write_json
from s2r.core.hdf5 import NewFile, open_hdf5

CHUNK_FRAMES = 32

AGAIN = "delete it and call snakemake again"

HASHED_BYTES = 2**24
"""What is read at once where a dataset is only compared with its checksum."""


def write_shard(
    path: str | Path,
    items: Iterable[tuple[str, Mapping[str, np.ndarray], Mapping[str, object]]],
    attrs: Mapping[str, object],
    failed: Mapping[str, str] | None = None,
) -> None:
    """Write ``(recording, {dataset: array}, attributes)`` items to ``path`` and its index.

    Items may be made one by one while they are written; ``failed`` is looked at after the last
    one, so whoever makes them may still add to it. Attributes are text, numbers or lists of
    numbers. The first dataset of an item gives its length.
    """
    path = Path(path)
    index: dict[str, dict] = {}
    with atomic_path(path) as temporary:
        with NewFile(temporary) as file:
            file.attrs.update(attrs)
            for recording, arrays, attributes in items:
                group = file.create_group(recording)
                group.attrs.update(attributes)
                index[recording] = {"length": 0, "sha256": {}}
                for name, array in arrays.items():
                    _write_array(group, name, array)
                    index[recording]["sha256"][name] = _sha256(array)
                index[recording]["length"] = len(next(iter(arrays.values())))
                file.check()
        places = _dataset_places(temporary)
        rest = {"sha256": _sha256_of_rest(temporary, places), "datasets": places}
        index_path(path).unlink(missing_ok=True)
    content = {"attrs": dict(attrs), "recordings": index, "rest": rest}
    write_json(index_path(path), content | {"failed": dict(failed or {})})


class Shards:
    """Read access to the recordings of several shards.

    Nothing is kept open, so one instance may be shared by processes. ``recordings`` is the sorted
    list of ids, ``failed`` the recordings left out, with the reason.

    Raises UserError for a missing or incomplete shard and for a recording in two shards. A shard
    that was changed or damaged is set aside (`s2r.core.checksums.set_aside`), here or where the
    damaged part is first read.
    """

    def __init__(self, paths: Iterable[str | Path]):
        self._shard_of: dict[str, Path] = {}
        self._index: dict[str, dict] = {}
        self._compared: set[tuple[str, str]] = set()
        self.failed: dict[str, str] = {}
        for path in map(Path, paths):
            content = _read_index(path)
            with reading(index_path(path), AGAIN):
                _check_index(content)
            rest = content["rest"]
            if _sha256_of_rest(path, rest["datasets"]) != rest["sha256"]:
                raise set_aside({path: path})
            self.failed |= content["failed"]
            for recording, entry in content["recordings"].items():
                if recording in self._index:
                    first = self._shard_of[recording]
                    raise UserError(f"{path}: the recording {recording} is also in {first}.")
                self._shard_of[recording] = path
                self._index[recording] = entry
        self.recordings = sorted(self._index)

    def length(self, recording: str) -> int:
        """Number of frames (or embeddings) of a recording."""
        self._require(recording)
        return self._index[recording]["length"]

    def read(
        self, recording: str, name: str, start: int = 0, stop: int | None = None
    ) -> np.ndarray:
        """Rows ``start`` to ``stop`` of a dataset, which is compared with its checksum once.

        Raises UserError if it does not hold them all, and where its checksum differs.
        """
        path = self._require(recording)
        with reading(path, AGAIN), open_hdf5(path) as file:
            group = file[recording]
            if name not in group:
                raise UserError(f"{file.filename}: {recording} has no dataset {name!r}.")
            data = group[name]
            stop = len(data) if stop is None else stop
            if not 0 <= start <= stop <= len(data):
                raise UserError(
                    f"{file.filename}: {recording}/{name} has {len(data)} rows; "
                    f"{start} to {stop} were asked for."
                )
            rows = data[start:stop]
            if (recording, name) not in self._compared:
                digest = _sha256(rows) if len(rows) == len(data) else _sha256_in_parts(data)
                if digest != self._index[recording]["sha256"][name]:
                    shard = self._shard_of[recording]
                    raise set_aside({shard: shard})
                self._compared.add((recording, name))
            return rows

    def holds(self, recording: str, name: str) -> bool:
        """Whether a recording has the dataset ``name``."""
        self._require(recording)
        return name in self._index[recording]["sha256"]

    def attributes(self, recording: str) -> dict:
        """Attributes of the recording, and of its shard where the recording has none."""
        path = self._require(recording)
        with reading(path, AGAIN), open_hdf5(path) as file:
            return dict(file.attrs) | dict(file[recording].attrs)

    def _require(self, recording: str) -> Path:
        if recording in self._shard_of:
            return self._shard_of[recording]
        shards = ", ".join(sorted({str(path) for path in self._shard_of.values()})) or "no shard"
        why = f" ({self.failed[recording]})" if recording in self.failed else ""
        raise UserError(f"The recording {recording} is not in {shards}{why}.")


def shard_attributes(path: str | Path) -> dict:
    """How the content of a shard was made; UserError where it is missing or incomplete."""
    return _read_index(Path(path))["attrs"]


def _write_array(group: h5py.Group, name: str, array: np.ndarray) -> None:
    chunks = None
    if array.ndim > 1 and len(array):
        chunks = (min(CHUNK_FRAMES, len(array)), *array.shape[1:])
    group.create_dataset(name, data=array, chunks=chunks, track_times=False)


def _sha256(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


def _sha256_in_parts(data: h5py.Dataset) -> str:
    """The same of a dataset, which need not fit into memory."""
    digest = hashlib.sha256()
    count = max(1, HASHED_BYTES * len(data) // max(1, data.nbytes))
    for start in range(0, len(data), count):
        digest.update(np.ascontiguousarray(data[start : start + count]).data)
    return digest.hexdigest()


def _dataset_places(path: Path) -> list[list[int]]:
    """Where the bytes of the datasets are in a file: [start, end], sorted, none adjacent."""
    places: list[list[int]] = []

    def add(start: int, size: int) -> None:
        places.append([start, start + size])

    def visit(_: str, item: h5py.Group | h5py.Dataset) -> None:
        if not isinstance(item, h5py.Dataset):
            return
        if item.chunks:
            item.id.chunk_iter(lambda chunk: add(chunk.byte_offset, chunk.size))
        elif item.nbytes:
            add(item.id.get_offset(), item.nbytes)

    with open_hdf5(path) as file:
        file.visititems(visit)
    joined: list[list[int]] = []
    for start, end in sorted(places):
        if joined and joined[-1][1] == start:
            joined[-1][1] = end
        else:
            joined.append([start, end])
    return joined


def _sha256_of_rest(path: Path, places: Iterable[Iterable[int]]) -> str:
    """Digest of the bytes of a file that are in none of these places, and of the file's size."""
    size = path.stat().st_size
    digest, position = hashlib.sha256(str(size).encode()), 0
    with open(path, "rb") as file:
        for start, end in [*places, [size, size]]:
            file.seek(position)
            digest.update(file.read(max(0, start - position)))
            position = end
    return digest.hexdigest()


def _check_index(content: Mapping) -> None:
    """Raise one of the errors of `s2r.core.damaged` for an index without its keys and types."""
    rest, failed = content["rest"], content["failed"]
    bytes.fromhex(rest["sha256"])
    for start, end in rest["datasets"]:
        range(start, end)
    failed.items()
    for entry in content["recordings"].values():
        range(entry["length"])
        entry["sha256"].items()


def _read_index(path: Path) -> dict:
    index = index_path(path)
    for file in (path, index):
        if not file.exists():
            raise UserError(f"{file}: there is no such file; the shard is missing or incomplete.")
    try:
        content = json.loads(index.read_text())
    except (ValueError, RecursionError):
        raise UserError(
            f"{index}: not a readable index; delete {path} and call snakemake again."
        ) from None
    if not isinstance(content, dict) or "rest" not in content:
        raise UserError(
            f"{path} was made by an earlier version of s2r: delete it and call snakemake again."
        )
    return content
