"""Calls of snakemake in a copy of the project, beside the test, and what its trainings saw."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest


def start(
    project: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.Popen:
    """snakemake, running in ``project``; standard output and error are one stream."""
    return subprocess.Popen(
        [sys.executable, "-m", "snakemake", *arguments],
        cwd=project,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
    )


def finish(process: subprocess.Popen, status: int = 0, seconds: float | None = None) -> str:
    """What snakemake prints until it ends, which must be with this exit status, in so many s."""
    try:
        output = process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        pytest.fail(f"snakemake does not end: {process.communicate()[0][-5000:]}")
    assert process.returncode == status, output[-5000:]
    return output


def watched_training(held: int) -> str:
    """Code for the script ``train``: every attempt of a run lists the clips it has seen before
    each step. Where there is a file "hold", the first attempt of a run goes no further than
    ``held``."""
    return f"""\
import time
from pathlib import Path
import s2r.training.loop
folder = Path("attempts") / snakemake.wildcards.run
folder.mkdir(parents=True, exist_ok=True)
attempt = folder / str(len(list(folder.iterdir())))
rate = s2r.training.loop.learning_rate

def watched(training, seen):
    with attempt.open("a") as file:
        print(seen, file=file)
    while Path("hold").exists() and attempt.name == "0" and seen == {held}:
        time.sleep(0.1)
    return rate(training, seen)

s2r.training.loop.learning_rate = watched
"""


def clips_seen(project: Path, run: str) -> list[list[int]]:
    """Clips seen before each step of a watched training, a list for each attempt of the run."""
    attempts = sorted((project / "attempts" / run).glob("*"))
    return [[int(line) for line in path.read_text().split()] for path in attempts]
