"""The experiment of config/usc75.yaml on a phantom of the corpus's shape: plan, reruns, memory.

    python benchmarks/scale.py FOLDER [--subjects 75] [--cores 2]

FOLDER gets the phantom (profile paper: 75 subjects, 2,371 recordings of about a second; made once,
then used again) and what is measured on it:

* ``memory``: frames and log-mel embeddings of all recordings, shard after shard in one process;
  the resident memory after every quarter of the shards;
* ``plan``: the dry run of all rows;
* ``first run``: every job of it, with scripts that only make their output files, except for the
  index, which reads every recording;
* ``nothing to do``: the dry run after that;
* ``one option``: what is planned when one run's residual.clips changes;
* ``one recording``: which jobs of the stages up to the embeddings run when one recording is added.

Processor time counts child processes, and says more than wall time on a machine that is busy.
"""

import argparse
import gc
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import yaml

from s2r.config.data_blocks import Limits
from s2r.corpus.index import index_corpus, shard_of
from s2r.corpus.phantom.stimuli import PROFILES
from s2r.corpus.phantom.writer import write_corpus
from s2r.corpus.summary import summary
from s2r.preparation.embeddings import embed_shard
from s2r.preparation.frames import FramesConfig, prepare_shard
from s2r.speech.encoder import EncoderConfig
from s2r.speech.load import load_encoder

ROOT = Path(__file__).resolve().parents[1]
CORPUS = Path("data/usc75")

STUB = """from pathlib import Path
for path in map(Path, snakemake.output):
    if path.suffix:
        path.write_text(str(path))
    else:
        path.mkdir(parents=True)
"""


def processor_seconds() -> float:
    """Processor time of this process and of those it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def resident_mib() -> float:
    """Resident memory of this process (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def make_corpus(folder: Path, subjects: int, cores: int) -> None:
    """Write the phantom below ``folder`` unless it is there."""
    if not (folder / CORPUS).exists():
        started, used = time.monotonic(), processor_seconds()
        write_corpus(folder / CORPUS, "paper", seed=1, processes=cores, subjects=subjects)
        spent = processor_seconds() - used
        print(f"corpus: made in {time.monotonic() - started:.0f} s, {spent:.0f} s of processors")
    files = list((folder / CORPUS).rglob("*_video.mp4"))
    size = sum(path.stat().st_size for path in files) / 2**20
    print(f"corpus: {len(files)} mp4 files, {size:.0f} MiB")


def measure_memory(folder: Path, shards: int) -> None:
    """Frames and log-mel embeddings of every shard, one after the other in this process."""
    recordings = index_corpus("usc75", folder / CORPUS, shards=shards, limits=Limits(), workers=1)
    print(summary(recordings))
    encoder = load_encoder(EncoderConfig("logmel"))
    usable = recordings[recordings["status"] == "ok"]
    print(f"memory: before {resident_mib():.0f} MiB")
    started, used = time.monotonic(), processor_seconds()
    for number, (shard, rows) in enumerate(usable.groupby("shard"), start=1):
        frames = folder / "memory" / "frames" / f"{shard}.h5"
        prepare_shard(rows, frames, FramesConfig())
        embed_shard(frames, folder / "memory" / "logmel" / f"{shard}.h5", encoder)
        if number * 4 % shards < 4:
            gc.collect()
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"memory: after {number} shards {resident_mib():.0f} MiB, peak {peak:.0f} MiB")
    print(
        f"memory: {len(usable)} recordings, {usable['video_seconds'].sum() / 60:.1f} min of video, "
        f"in {time.monotonic() - started:.0f} s, {processor_seconds() - used:.0f} s of processors"
    )
    shutil.rmtree(folder / "memory")


class Workflow:
    """The workflow in a folder of its own, with scripts that only make their output files."""

    def __init__(self, folder: Path, cores: int):
        self.folder, self.cores = folder, cores
        for name in ("results", "state", ".snakemake", "workflow", "config", "weights"):
            shutil.rmtree(folder / name, ignore_errors=True)
        for name in ("workflow", "config"):
            shutil.copytree(ROOT / name, folder / name)
        shutil.copy(ROOT / "Snakefile", folder)
        for script in (folder / "workflow" / "scripts").glob("*.py"):
            if script.name != "index.py":
                script.write_text(STUB)

    def run(self, *arguments: str, changes: dict | None = None) -> tuple[str, float, float]:
        """What Snakemake printed, its wall time and its processor time, in s."""
        # The phantom's recordings are shorter than the scanner's transient.
        extra = {"recordings": {"onset_trim": 0}} | (changes or {})
        (self.folder / "extra.yaml").write_text(yaml.safe_dump(extra))
        command = [sys.executable, "-m", "snakemake", "--cores", str(self.cores), *arguments]
        command += ["--workflow-profile", "none", "--rerun-triggers", "mtime", "input", "params"]
        command += ["--configfile", "config/usc75.yaml", "extra.yaml"]
        started, used = time.monotonic(), processor_seconds()
        process = subprocess.run(
            command,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if process.returncode:
            sys.exit(process.stdout)
        return process.stdout, time.monotonic() - started, processor_seconds() - used


def planned(text: str) -> dict[str, int]:
    """Jobs by rule in the output of a dry run."""
    table = re.search(r"^job +count\n[- ]+\n(.*?)^total", text, re.S | re.M)
    rows = [line.split() for line in table[1].splitlines()] if table else []
    return {rule: int(count) for rule, count in rows}


def measure_plan(workflow: Workflow) -> None:
    """Plan, first run, nothing to do, one option."""
    text, wall, used = workflow.run("-n")
    jobs = planned(text)
    print(f"plan: {sum(jobs.values())} jobs in {wall:.1f} s, {used:.1f} s of processors; {jobs}")
    _, wall, used = workflow.run()
    print(f"first run: {wall:.0f} s, {used:.0f} s of processors")
    size = (workflow.folder / "results" / "usc75" / "index.csv").stat().st_size
    print(f"first run: index.csv has {size / 2**10:.0f} KiB")
    text, wall, used = workflow.run("-n")
    assert "Nothing to be done" in text, text
    print(f"nothing to do: {wall:.1f} s, {used:.1f} s of processors")
    longer = {"runs": {"hubert-base": {"residual": {"clips": 900_000}}}}
    print(f"one option: {planned(workflow.run('-n', changes=longer)[0])}")


def measure_new_recording(workflow: Workflow) -> None:
    """Add one recording, make everything up to the embeddings, and take it away again."""
    videos = workflow.folder / CORPUS / "sub001" / "2drt" / "video"
    name = "sub001_2drt_11_postures_r3"
    added = videos / f"{name}_video.mp4"
    shutil.copy(next(videos.glob("*_video.mp4")), added)
    text, *_ = workflow.run("--until", "embed")
    added.unlink()
    done = Counter(re.findall(r"^Finished jobid: \d+ \(Rule: (\w+)\)", text, re.M))
    print(f"one recording: in shard {shard_of(name, shards_of(workflow.folder))}; {dict(done)}")


def shards_of(folder: Path) -> int:
    """Shards of the experiment."""
    return yaml.safe_load((folder / "config/usc75.yaml").read_text())["recordings"]["shards"]


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="for the phantom (half a GB at full size)")
    parser.add_argument("--subjects", type=int, default=PROFILES["paper"].speakers)
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    make_corpus(folder, arguments.subjects, arguments.cores)
    measure_memory(folder, shards_of(ROOT))
    workflow = Workflow(folder, arguments.cores)
    measure_plan(workflow)
    measure_new_recording(workflow)


if __name__ == "__main__":
    main()
