"""The script of one job, run outside Snakemake."""

import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from helpers.repository import ROOT
from helpers.sounds import voice
from s2r.core.media.encode import write_video

DEBUG = ROOT / "workflow" / "debug.py"
SPLIT = ROOT / "workflow" / "scripts" / "split.py"
TARGET = "results/split.csv"
CONFIG = {
    "corpus": {"kind": "folder", "path": "videos"},
    "recordings": {"shards": 1},
    "split": {"unseen_subjects": 0, "unseen_stimuli": 1, "validation_stimuli": 1},
}


@pytest.fixture
def debug(snakemake, tmp_path):
    """Call ``workflow/debug.py`` where a folder of three videos is indexed and split."""
    pictures = np.random.default_rng(0).integers(0, 256, (60, 64, 64), dtype=np.uint8)
    for name in ("rest", "story", "vowels"):
        video = tmp_path / "videos" / "anna" / f"{name}.mp4"
        video.parent.mkdir(parents=True, exist_ok=True)
        write_video(video, np.roll(pictures, len(name), 0), 50, voice(1.2), 16_000)
    process = snakemake("--cores", "1", TARGET, config=CONFIG)
    assert process.returncode == 0, process.stdout

    def run(*arguments: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
        command = [sys.executable, *before, str(DEBUG), *arguments]
        return subprocess.run(
            [*command, "--configfile", "extra.yaml"],
            cwd=tmp_path,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )

    return run


def test_a_script_runs_outside_snakemake_and_stops_at_a_breakpoint(debug, snakemake, tmp_path):
    split, log = tmp_path / TARGET, tmp_path / "results/logs/split.log"
    before = split.read_bytes()
    split.unlink()
    log.unlink()
    ran = debug(TARGET)
    assert ran.returncode == 0, ran.stdout
    assert split.read_bytes() == before
    assert "unseen_speech" in ran.stdout
    assert not log.exists(), "messages stay on the terminal"
    # It counts as made, and its checksum is the one of the new file.
    assert "Nothing to be done" in snakemake("-n", TARGET, config=CONFIG).stdout

    lines = SPLIT.read_text().splitlines()
    (line,) = [number for number, text in enumerate(lines, 1) if "wanted = " in text]
    shown = "p 'of', snakemake.rule, snakemake.input.recordings, snakemake.params.split['seed']"
    commands = [f"break {SPLIT}:{line}", "continue", shown, "continue", "quit"]
    options = [word for command in commands for word in ("-c", command)]
    stopped = debug(TARGET, before=("-m", "pdb", *options))
    assert "('of', 'split', 'results/recordings.csv', 1)" in stopped.stdout

    # An exception goes to the debugger, with its traceback.
    index = tmp_path / "results" / "recordings.csv"
    pd.read_csv(index).drop(columns="subject").to_csv(index, index=False)
    (index.parent / ".sha256" / index.name).unlink()
    failed = debug(TARGET)
    assert failed.returncode == 1
    assert "Traceback" in failed.stdout
    assert str(SPLIT) in failed.stdout


def test_what_cannot_be_run_is_one_sentence(tmp_path):
    (tmp_path / "config").mkdir()
    shutil.copy(ROOT / "config" / "config.yaml", tmp_path / "config")

    def refused(target: str) -> str:
        command = [sys.executable, str(DEBUG), target]
        ran = subprocess.run(command, cwd=tmp_path, text=True, capture_output=True, check=False)
        assert ran.returncode == 1
        (line,) = ran.stderr.splitlines()
        return line

    assert refused("results/none.csv").startswith(
        "Error: Snakemake finds no job that makes results/none.csv: No rule to produce"
    )
    assert refused("all").startswith("Error: all is not a file that a rule makes")
    assert "inputs of results/offsets.csv are missing" in refused("results/offsets.csv")
