"""Names from configurations and folders never become commands."""

import re

import numpy as np
import pandas as pd
import pytest

from helpers.repository import ROOT
from s2r.core.media.encode import write_video

NAME = 'a; touch x; $(touch x) `touch x` "b" it\'s $HOME & touch x | touch x #'


def test_paths_that_look_like_commands(snakemake, tmp_path):
    """A real job, which reads from and writes to such folders."""
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 255, (30, 16, 16), dtype=np.uint8)
    sound = (0.1 * rng.standard_normal(12_000)).astype(np.float32)
    write_video(tmp_path / NAME / "$(touch x)" / "`touch x`.mp4", frames, 50, sound, 20_000)
    config = {
        "corpus": {"kind": "folder", "path": NAME},
        "pathvars": {"results": f"results {NAME}"},
        "recordings": {"shards": 1},
        "split": {"unseen_subjects": 0},
    }
    process = snakemake("--cores", "1", "recordings", config=config)
    assert process.returncode == 0, process.stdout
    row = pd.read_csv(tmp_path / f"results {NAME}" / "recordings.csv").iloc[0]
    assert row["status"] == "ok"
    # What becomes a name of its own is made safe.
    assert re.fullmatch(r"[\w.-]+", row["recording"])
    assert re.fullmatch(r"[\w.-]+", row["subject"] + row["stimulus"])
    assert not [path for path in tmp_path.rglob("*") if path.name in ("x", "x;")]


@pytest.mark.parametrize("name", ["$(touch x)", "it's `touch x`", "-rf"])
def test_names_that_would_reach_a_command_line_are_no_targets(snakemake, tmp_path, name):
    (tmp_path / "speech").mkdir()
    (tmp_path / "speech" / f"{name}.wav").touch()
    process = snakemake("-n", "--", f"results/videos/{name}.mp4")
    assert process.returncode == 1
    assert "MissingRuleException" in process.stdout
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("name", ["my voice 2", "Ärger_1.b-c+d"])
def test_plain_names_are_targets(snakemake, tmp_path, name):
    (tmp_path / "speech").mkdir()
    (tmp_path / "speech" / f"{name}.wav").touch()
    process = snakemake("-n", f"results/videos/{name}.mp4")
    assert process.returncode == 0, process.stdout
    assert "speech_video" in process.stdout


def test_every_wildcard_is_one_that_was_checked():
    """A cluster gets the wildcards of a job in a command line. These are names of the
    configuration, numbers, and names of files in speech/."""
    rules = [path.read_text() for path in (ROOT / "workflow").rglob("*.smk")]
    lists = r"expand\((?:[^()]|\([^()]*\))*\)"
    paths = re.findall(r'"(<\w+>[^"]*)"', re.sub(lists, "", "\n".join(rules)))
    found = {name for path in paths for name in re.findall(r"\{(\w+)", path)}
    constrained = {"shard", "encoder", "judge", "run", "system", "baseline", "name"}
    assert {"shard", "run", "name"} <= found <= constrained


def test_no_rule_has_a_shell_command():
    for path in [ROOT / "Snakefile", *(ROOT / "workflow").rglob("*")]:
        if path.suffix == ".smk" or path.name == "Snakefile":
            assert not re.search(r"^\s*(shell|run)\s*:|\bshell\(", path.read_text(), re.M), path
