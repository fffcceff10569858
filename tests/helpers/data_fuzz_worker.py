"""Read mutants of the files that hold data and settings; lines of JSON on standard output.

    python data_fuzz_worker.py FILES FIRST END

Mutant ``i`` is drawn from the files in the folder FILES in turn, with seed ``i``, and lies in a
copy of FILES. Checksums that a file has elsewhere are made right again, but for those of whole
files of the workflow, which jobs compare before they read. A line goes before each mutant and
another after it, with what was wrong where it was refused.
"""

import contextlib
import json
import resource
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from mutants import mutate, mutate_text
from signed_folder import sign

from s2r.apps.rating.manifest import read_manifest
from s2r.config.data_blocks import VolumesBlock
from s2r.core import checksums
from s2r.core.errors import UserError
from s2r.core.shards import Shards, _sha256_of_rest
from s2r.corpus.index import read_corpus
from s2r.corpus.metafile import read_metafile
from s2r.corpus.split import read_split
from s2r.corpus.textgrid import read_textgrid
from s2r.corpus.truth import read_truth
from s2r.corpus.usc75 import RECON
from s2r.corpus.volume_files import read_volume
from s2r.evaluation.clip_features import read_real_features
from s2r.evaluation.instruments import read_instruments
from s2r.evaluation.phones.recogniser import load_recogniser
from s2r.evaluation.phones.times import read_phone_times
from s2r.evaluation.words.segments import read_segments
from s2r.generation.generated_file import read_generated
from s2r.generation.model_folder import load_model_folder
from s2r.report.scores_table import aggregate

TEXTS = (".json", ".csv", ".yaml", ".TextGrid")

MEMORY = 4 << 30
"""Bytes of data that this process may ask for: the machine must not suffer from an error."""


def read_shard(path: Path) -> None:
    """All of a shard, whose index has the right checksum of what no dataset holds."""
    index = path.with_suffix(".json")
    if path.suffix == ".h5":
        content = json.loads(index.read_text())
        content["rest"] = {"sha256": _sha256_of_rest(path, []), "datasets": []}
        index.write_text(json.dumps(content))
    shards = Shards([path.with_suffix(".h5")])
    for recording in shards.recordings:
        shards.attributes(recording)
        shards.read(recording, "frames")


def read_videos(path: Path) -> None:
    """All of a generated file, whose checksum a job compares first: the library may loop."""
    checksums.verify([path])
    with read_generated(path) as content:
        for recording in content.rollouts:
            content.rollout(recording)
        content.first_draws()


def read_folder(path: Path) -> None:
    """A model folder, signed again; ``path`` is one of its files."""
    folder = next(parent for parent in path.parents if parent.name == "model")
    if path.name != "README.md":
        with contextlib.suppress(Exception):  # what cannot be signed is refused as it is
            sign(folder)
    load_model_folder(folder)


READERS: dict[str, Callable[[Path], object]] = {
    "recon.h5": lambda path: read_volume(path, None, RECON),
    "volume.mat": lambda path: read_volume(path, None, VolumesBlock()),
    "truth.h5": read_truth,
    "generated.h5": read_videos,
    "shard.h5": read_shard,
    "shard.json": read_shard,
    "metafile.json": read_metafile,
    "scores.json": lambda path: aggregate([path], 100, 0),
    "split.csv": read_split,
    "recordings.csv": read_corpus,
    "segments.csv": read_segments,
    "phone_times.csv": read_phone_times,
    "recording.TextGrid": read_textgrid,
    "phones.safetensors": load_recogniser,
    "manifest.csv": lambda path: read_manifest(path.parent),
    "region.npz": lambda path: read_instruments(path, None),
    "features.npz": read_real_features,
    "config.yaml": read_folder,
    "model.safetensors": read_folder,
    "sub001.png": read_folder,
}
"""What reads a file, by its name; other files are left as they are."""


def main(files: Path, first: int, end: int) -> None:
    names = sorted(
        p.relative_to(files)
        for p in files.rglob("*")
        if p.name in READERS and ".sha256" not in p.parts
    )
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        # What the libraries themselves need is there before anything is measured.
        for name in names:
            said = examine(files, copy, name, (files / name).read_bytes())
            assert said["status"] == "ok", (name, said)
        for number in range(first, end):
            print(json.dumps({"mutant": number}), flush=True)
            name = names[number % len(names)]
            change = mutate_text if name.suffix in TEXTS else mutate
            content = change((files / name).read_bytes(), np.random.default_rng(number))
            before = _peak()
            said = examine(files, copy, name, content)
            said |= {"mutant": number, "file": name.name, "megabytes": _peak() - before}
            print(json.dumps(said), flush=True)


def examine(files: Path, copy: Path, name: Path, content: bytes) -> dict:
    """What reading the file ``name`` gives, with this ``content``, beside the other files."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(files, copy)
    (copy / name).write_bytes(content)
    try:
        READERS[name.name](copy / name)
    except UserError as error:
        return {"status": "refused", "reason": str(error)}
    except Exception as error:
        return {"status": "error", "reason": f"{type(error).__name__}: {error}"}
    return {"status": "ok", "reason": ""}


def _peak() -> int:
    """Most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
