"""Shards: HDF5 files of arrays by recording, with a JSON index and checksums beside them.

``<shard>.h5`` holds one group a recording; the datasets of a group are uncompressed, in chunks
of 32 frames. ``<shard>.json`` is written last, so a shard without it is not complete:

    {"attrs": {...},                          of the whole shard: how its content was made
     "recordings": {id: {"length": T,         length of the first dataset
                         "sha256": {dataset: hexadecimal digest of its bytes}}},
     "failed": {id: sentence}}                recordings that were left out, and why

Equal content gives equal bytes: no times are stored.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import h5py
import numpy as np

from s2r.core.errors import UserError
from s2r.core.files import atomic_path, write_json
from s2r.core.hdf5 import NewFile, open_hdf5

CHUNK_FRAMES = 32


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
        _index_path(path).unlink(missing_ok=True)
    content = {"attrs": dict(attrs), "recordings": index, "failed": dict(failed or {})}
    write_json(_index_path(path), content)


class Shards:
    """Read access to the recordings of several shards.

    Nothing is kept open, so one instance may be shared by processes. ``recordings`` is the sorted
    list of ids, ``failed`` the recordings left out, with the reason.

    Raises UserError for a missing or incomplete shard and for a recording in two shards.
    """

    def __init__(self, paths: Iterable[str | Path]):
        self._shard_of: dict[str, Path] = {}
        self._index: dict[str, dict] = {}
        self.failed: dict[str, str] = {}
        for path in map(Path, paths):
            content = _read_index(path)
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
        """Rows ``start`` to ``stop`` of a dataset.

        Raises UserError if it does not hold them all, and where all are read and their checksum
        differs.
        """
        with open_hdf5(self._require(recording)) as file:
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
            if len(rows) == len(data) and _sha256(rows) != self._index[recording]["sha256"][name]:
                raise UserError(
                    f"{self._shard_of[recording]}: {recording}/{name} is damaged, its checksum "
                    "differs; delete the file and call snakemake again."
                )
            return rows

    def attributes(self, recording: str) -> dict:
        """Attributes of the recording, and of its shard where the recording has none."""
        with open_hdf5(self._require(recording)) as file:
            return dict(file.attrs) | dict(file[recording].attrs)

    def _require(self, recording: str) -> Path:
        if recording in self._shard_of:
            return self._shard_of[recording]
        shards = ", ".join(sorted({str(path) for path in self._shard_of.values()})) or "no shard"
        why = f" ({self.failed[recording]})" if recording in self.failed else ""
        raise UserError(f"The recording {recording} is not in {shards}{why}.")


def _write_array(group: h5py.Group, name: str, array: np.ndarray) -> None:
    chunks = None
    if array.ndim > 1 and len(array):
        chunks = (min(CHUNK_FRAMES, len(array)), *array.shape[1:])
    group.create_dataset(name, data=array, chunks=chunks, track_times=False)


def _sha256(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


def _index_path(path: Path) -> Path:
    return path.with_suffix(".json")


def _read_index(path: Path) -> dict:
    index = _index_path(path)
    for file in (path, index):
        if not file.exists():
            raise UserError(f"{file}: there is no such file; the shard is missing or incomplete.")
    try:
        return json.loads(index.read_text())
    except ValueError:
        raise UserError(
            f"{index}: not a readable index; delete {path} and call snakemake again."
        ) from None
