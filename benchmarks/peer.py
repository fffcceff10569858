"""The authors' stack and ours, side by side: seconds a training step and a generated clip.

    python benchmarks/peer.py --steps 3 --clips 3 --csv benchmarks/results/peer.csv

Theirs is imagen-pytorch with the settings of the paper's released code, in an environment of its
own that is made on the first call (5 GB; delete ``--folder`` to get rid of it). Every system is a
process that waits to be told; they take turns, one job each, so that whatever else the machine does
falls on all alike. Weights and data are random. A clip is 10 frames, 200 ms. Ours are preset paper
with a network of the authors' size, which is the comparison of equals, and the default of preset
s2r, whose line shows its cost: a training step of the network of the mean on segments of 2 s, and a
clip from as much speech.
"""

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd
from projection import read_config

from s2r.core.device import find_device
from s2r.core.errors import UserError
from s2r.core.files import atomic_path, sha256_of
from s2r.core.progress import progress

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "peer-requirements.txt"
AUTHORS = "imagen-pytorch"
RUN = {"encoder": "logmel", "pooling": False, "preset": "paper"}
COMPARABLE = {
    "window": {"context": 1, "new": 10},
    "denoiser": {
        "channels": [160, 320, 624],
        "patch": 2,
        "blocks": 2,
        "fine": 16,
        "heads": 8,
    },
}
"""Settings of preset paper with which the network is no smaller than the authors', and a window has
as many new frames as their clip."""
JOBS = {"train": "training step", "clip": "clip of 200 ms"}


def make_environment(folder: Path) -> Path:
    """The Python of the authors' stack; builds its environment where it is not complete.

    Raises UserError where packages cannot be installed.
    """
    python, mark = folder / "bin" / "python", folder / "installed"
    wanted = sha256_of(REQUIREMENTS)
    if mark.exists() and mark.read_text() == wanted:
        return python
    print(f"Building {folder}, once: about 5 GB and some minutes.", file=sys.stderr)
    install = [python, "-m", "pip", "install", "--quiet", "--no-compile", "-r", REQUIREMENTS]
    for command in ([sys.executable, "-m", "venv", "--clear", folder], install):
        if subprocess.run(command, check=False).returncode:
            raise UserError(f"{folder}: the authors' packages cannot be installed; see above.")
    with atomic_path(mark) as temporary:
        temporary.write_text(wanted)
    return python


class Worker:
    """A process that does one job at a time when told to; see `peer_worker`."""

    def __init__(self, name: str, command: Sequence[str | Path], environment: Mapping[str, str]):
        """Start it, and wait until it has said ``about`` itself."""
        self.name = name
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env=os.environ | environment,
        )
        self.about = self._answer()

    def do(self, job: str) -> dict:
        """What the process says when it has done ``job``. UserError where it ends instead."""
        self.process.stdin.write(job + "\n")
        self.process.stdin.flush()
        return self._answer()

    def in_float32(self, job: str) -> dict:
        """`do` in float32, as the authors' stack computes; the process must know how."""
        return self.do(f"{job}, float32")

    def close(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.communicate()
        self.log.close()

    def _answer(self) -> dict:
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        code = self.process.wait()
        self.log.seek(0)
        last = (self.log.read().strip().splitlines() or ["it said nothing"])[-1]
        raise UserError(f"{self.name}: its process ended with code {code}: {last}")


def alternate(
    systems: Mapping[str, Callable[[str], dict]], job: str, times: int, warm_up: int
) -> list[dict]:
    """Let the systems do ``job`` in turn, ``times`` each after ``warm_up`` that do not count.

    Returns rows of job, round, system and what it answered.
    """
    rows = []
    turns = [(turn, name) for turn in range(-warm_up, times) for name in systems]
    for turn, name in progress(turns, JOBS[job]):
        found = systems[name](job)
        if turn >= 0:
            rows.append({"job": job, "round": turn, "system": name} | found)
    return rows


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """A row for each job and system: median and range of wall time, processor time, wins.

    Columns: ``job, system, n, wall, least, most, processor, memory``, then ``wall_ratio`` and
    ``processor_ratio``: the authors' median over the system's.
    """
    found = rows.groupby(["job", "system"], sort=False, as_index=False).agg(
        n=("wall", "size"),
        wall=("wall", "median"),
        least=("wall", "min"),
        most=("wall", "max"),
        processor=("processor", "median"),
        memory=("memory", "max"),
    )
    theirs = found[found["system"] == AUTHORS].set_index("job")
    for clock in ("wall", "processor"):
        found[f"{clock}_ratio"] = found["job"].map(theirs[clock]) / found[clock]
    return found


def digits(number: float) -> str:
    """Three significant digits, without an exponent."""
    return f"{float(f'{number:.3g}'):g}"


def table(found: pd.DataFrame, parameters: Mapping[str, int]) -> str:
    """Markdown of `summary`. The memory is the largest that the system's process has had."""
    lines = [
        "| one | system | M parameters | wall s, median [range] | processor s | n "
        "| times faster: wall | processor | peak GB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in found.itertuples():
        lines.append(
            f"| {JOBS[row.job]} | {row.system} | {parameters[row.system] / 1e6:.1f} "
            f"| {digits(row.wall)} [{digits(row.least)}, {digits(row.most)}] "
            f"| {digits(row.processor)} | {row.n} "
            f"| {digits(row.wall_ratio)} | {digits(row.processor_ratio)} "
            f"| {row.memory / 1e9:.1f} |"
        )
    return "\n".join(lines)


def commands(python: Path, device: str, batch: int) -> dict[str, list[str | Path]]:
    """How the process of each side is started, by name."""
    comparable = read_config(None)
    comparable["runs"] = {"paper": RUN | COMPARABLE}
    worker, shared = HERE / "peer_worker.py", {"device": device, "batch": batch}
    started = {AUTHORS: [python, worker, "authors", json.dumps(shared)]}
    sides = {"preset paper, same size": comparable, "preset s2r, default": read_config(None)}
    for name, config in sides.items():
        started[name] = [sys.executable, worker, "s2r", json.dumps(shared | {"config": config})]
    return started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path(".peer"), help="their environment")
    parser.add_argument("--device", default="cpu", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of each process")
    parser.add_argument("--batch", type=int, default=2, help="clips of a training step (2)")
    parser.add_argument("--steps", type=int, default=3, help="training steps, after one more (3)")
    parser.add_argument("--clips", type=int, default=3, help="generated clips (3)")
    parser.add_argument("--csv", type=Path, help="write every single time to this file")
    given = parser.parse_args()
    environment = {"OMP_NUM_THREADS": str(given.threads), "PYTHONWARNINGS": "ignore"}
    environment["OMP_WAIT_POLICY"] = "PASSIVE"  # a thread without work must not take a core
    environment["HF_HUB_OFFLINE"] = "1"
    try:
        device = find_device(given.device)
        if device == "cpu":  # theirs takes a GPU wherever it finds one
            environment["CUDA_VISIBLE_DEVICES"] = ""
        python = make_environment(given.folder)
        with contextlib.ExitStack() as stack:
            workers = {
                name: stack.enter_context(contextlib.closing(Worker(name, command, environment)))
                for name, command in commands(python, device, given.batch).items()
            }
            systems, parameters = {}, {}
            for name, worker in workers.items():
                systems[name], parameters[name] = worker.do, worker.about["parameters"]
                if name != AUTHORS:
                    whole = f"{name}, float32"
                    systems[whole], parameters[whole] = worker.in_float32, parameters[name]
            before = os.getloadavg()[0]
            # A clip takes minutes there, so that all begin without one that does not count.
            rows = alternate(systems, "train", given.steps, warm_up=1)
            rows += alternate(systems, "clip", given.clips, warm_up=0)
    except UserError as error:
        raise SystemExit(str(error)) from error
    times = pd.DataFrame(rows)
    if given.csv:
        with atomic_path(given.csv) as temporary:
            times.to_csv(temporary, index=False)
    print(
        f"{platform.machine()}, {given.threads} threads, {device}, batch {given.batch}, load "
        f"{before:.1f} before and {os.getloadavg()[0]:.1f} after\n"
    )
    print(table(summary(times), parameters))


if __name__ == "__main__":
    main()
