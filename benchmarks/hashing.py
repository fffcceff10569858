"""How much is hashed, and how long it takes, where jobs take shards as their input.

    python benchmarks/hashing.py --megabytes 500

Shards of random frames and sound are written, and one job after another has them as input: one that
reads all frames (as a training does), one that reads those of every twentieth recording (as a score
does), and one that reads all sound (as an encoder does). Two ways are compared:

* whole files: a job hashes every input before it begins, and again each dataset that it reads as a
  whole; the job that writes a shard hashes its datasets and then the file.
* by dataset: a shard is compared with the checksums in its index while it is read, see
  `s2r.core.shards`.
"""

import argparse
import hashlib
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from s2r.core.checksums import index_path, record, verify
from s2r.core.files import sha256_of
from s2r.core.hdf5 import open_hdf5
from s2r.core.shards import Shards, write_shard
from s2r.core.units import FRAME_SIZE, HOP

SHARDS, RECORDINGS, TESTED = 4, 40, 20

JOBS = {
    "all frames": ("frames", 1),
    f"frames of every {TESTED}th recording": ("frames", TESTED),
    "all sound": ("audio", 1),
}
"""What jobs read: a dataset, of every so many recordings."""


class Counter:
    """Stands for ``hashlib.sha256``, and counts the bytes that it is given."""

    def __init__(self) -> None:
        self.bytes = 0
        self._sha256 = hashlib.sha256

    def __call__(self, data=b"") -> "Digest":
        return Digest(self, self._sha256(), data)


class Digest:
    def __init__(self, counter: Counter, digest, data) -> None:
        self._counter, self._digest = counter, digest
        self.update(data)

    def update(self, data) -> None:
        self._counter.bytes += memoryview(data).nbytes
        self._digest.update(data)

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


def write(folder: Path, megabytes: int) -> list[Path]:
    """Shards of about so many megabytes together."""
    length = max(32, megabytes * 10**6 // (SHARDS * RECORDINGS * (FRAME_SIZE**2 + 4 * HOP)))
    rng = np.random.default_rng(0)
    paths = [folder / f"{shard:02d}.h5" for shard in range(SHARDS)]
    for shard, path in enumerate(paths):
        items = (
            (
                f"{shard:02d}_{number:03d}",
                {
                    "frames": rng.integers(0, 256, (length, FRAME_SIZE, FRAME_SIZE), np.uint8),
                    "audio": rng.standard_normal(length * HOP, np.float32),
                },
                {},
            )
            for number in range(RECORDINGS)
        )
        write_shard(path, items, {})
    return paths


def read_whole_files(paths: list[Path], name: str, every: int) -> int:
    """Read as before: files are hashed first, and datasets again; bytes that were hashed."""
    hashed = 0
    for path in paths:
        for file in (path, index_path(path)):
            sha256_of(file)
            hashed += file.stat().st_size
    for recording, path in recordings_read(paths, every):
        with open_hdf5(path) as file:
            rows = file[recording][name][:]
        hashlib.sha256(rows.data).hexdigest()
        hashed += rows.nbytes
    return hashed


def read_by_dataset(paths: list[Path], name: str, every: int) -> int:
    """Read as jobs do; bytes that were hashed."""
    counter, real = Counter(), hashlib.sha256
    hashlib.sha256 = counter
    try:
        verify(paths)
        shards = Shards(paths)
        for recording, _ in recordings_read(paths, every):
            shards.read(recording, name)
    finally:
        hashlib.sha256 = real
    return counter.bytes + sum(index_path(path).stat().st_size for path in paths)


def recordings_read(paths: list[Path], every: int) -> list[tuple[str, Path]]:
    """Every so many recordings of the shards, with their files."""
    recordings = [
        (recording, path)
        for path in paths
        for recording in json.loads(index_path(path).read_text())["recordings"]
    ]
    return recordings[::every]


def timed(function: Callable[..., int], *arguments) -> dict[str, float]:
    start, processor = time.perf_counter(), time.process_time()
    hashed = function(*arguments)
    return {
        "megabytes": hashed / 1e6,
        "seconds": time.perf_counter() - start,
        "processor seconds": time.process_time() - processor,
    }


def record_whole_files(paths: list[Path]) -> int:
    """After writing, as before: the file is hashed, whose datasets were."""
    for path in paths:
        sha256_of(path)
    return sum(2 * path.stat().st_size for path in paths)


def record_indices(paths: list[Path]) -> int:
    """After writing, as jobs do."""
    outputs = [file for path in paths for file in (path, index_path(path))]
    record(outputs)
    return sum(file.stat().st_size for file in outputs)


def compare(folder: Path, megabytes: int) -> dict[str, dict]:
    """For what jobs read: both ways, as `timed` describes them, and what the old way is times the
    new one."""
    paths = write(folder, megabytes)
    results = {"after writing": (record_whole_files, record_indices, (paths,))}
    results |= {
        job: (read_whole_files, read_by_dataset, (paths, name, every))
        for job, (name, every) in JOBS.items()
    }
    table = {}
    for job, (old, new, arguments) in results.items():
        before, after = timed(old, *arguments), timed(new, *arguments)
        ratio = {key: before[key] / max(after[key], 1e-9) for key in before}
        table[job] = {"whole files": before, "by dataset": after, "ratio": ratio}
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table = compare(Path(folder), arguments.megabytes)
    for job, ways in table.items():
        for way, numbers in ways.items():
            shown = ", ".join(f"{value:.2f} {key}" for key, value in numbers.items())
            print(f"{job:40} {way:12} {shown}")
    if arguments.json:
        arguments.json.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
