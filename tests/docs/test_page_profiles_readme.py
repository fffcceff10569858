"""profiles/README.md: what the profiles set, which one takes precedence, and what grows."""

import re
import shutil

import pytest
import yaml

from helpers.pages import fenced_blocks
from helpers.repository import ROOT

PAGE = ROOT / "profiles" / "README.md"
TEXT = " ".join(PAGE.read_text().split())
DEFAULT = yaml.safe_load((ROOT / "profiles" / "default" / "config.yaml").read_text())
SLURM_TEXT = (ROOT / "profiles" / "slurm" / "config.yaml").read_text()
SLURM = yaml.safe_load(SLURM_TEXT)


@pytest.fixture
def options(tmp_path, monkeypatch):
    """``options("--profile", "x")``: what snakemake reads in a project of default and slurm.

    Without what the plugin for SLURM defines, which need not be installed.
    """
    parse_args = pytest.importorskip("snakemake.cli").parse_args
    shutil.copytree(ROOT / "profiles" / "default", tmp_path / "profiles" / "default")
    slurm = {
        key: value for key, value in SLURM.items() if not key.startswith(("slurm", "executor"))
    }
    for name, content in {"slurm": slurm, "own": slurm | {"resources": {"gpu": 5}}}.items():
        (tmp_path / "profiles" / name).mkdir()
        (tmp_path / "profiles" / name / "config.yaml").write_text(yaml.safe_dump(content))
    (tmp_path / "Snakefile").touch()
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: parse_args(list(arguments))[1]


def gpus(found) -> int:
    """The limit on GPUs of a call."""
    (value,) = (value for name, value in dict(found.resources).items() if name == "gpu")
    return int(getattr(value, "value", value))


def test_every_call_reads_the_default_profile(options):
    found = options("--cores", "2")
    assert gpus(found) == 1
    assert found.keep_going and found.nolock
    assert {str(one).lower() for one in found.rerun_triggers} == {"mtime", "input", "params"}


def test_options_on_the_command_line_take_precedence(options):
    assert "(`--resources gpu=2` where there are two)" in TEXT
    assert gpus(options("--cores", "2", "--resources", "gpu=2")) == 2
    assert options("--profile", "profiles/slurm", "--jobs", "7").jobs == 7


def test_a_second_profile_adds_to_the_default_which_takes_precedence(options):
    assert "`--profile` adds to `default/`; where both set an option, `default/` takes" in TEXT
    found = options("--profile", "profiles/own")
    assert gpus(found) == DEFAULT["resources"]["gpu"] == 1
    assert found.nolock
    assert (found.jobs, found.retries) == (SLURM["jobs"], SLURM["retries"])


def test_the_profile_for_clusters_is_read_by_snakemake(options):
    found = options("--profile", "profiles/slurm")
    assert found.latency_wait == SLURM["latency-wait"]
    assert found.config == SLURM["config"]
    assert set(found.set_threads) == set(SLURM["set-threads"])


def test_neither_profile_starts_a_stage_again_for_its_code():
    assert "not when a comment in a script does" in TEXT
    assert "code" not in DEFAULT["rerun-triggers"]
    assert "rerun-triggers" not in SLURM


def test_every_key_of_the_profile_has_a_comment():
    lines = SLURM_TEXT.splitlines()
    for key in SLURM:
        place = next(number for number, line in enumerate(lines) if line.startswith(f"{key}:"))
        assert lines[place - 1].startswith("#"), key


def test_the_keys_of_the_questions_are_in_the_profile():
    table = TEXT.split("| question | key |")[1].split("All nodes")[0]
    named = set(re.findall(r"`(slurm[\w-]+|jobs|gpu_model|gres)", table))
    assert {"slurm-partition-config", "slurm_account", "slurm-no-account", "jobs"} <= named
    for key in named:
        assert re.search(rf"\b{key}\b", SLURM_TEXT), key
    assert "`slurm-status-command: squeue`" in table
    assert SLURM["slurm-status-command"] == "sacct"


@pytest.mark.parametrize("rule", [None, *SLURM["set-resources"]])
def test_a_job_that_is_sent_again_gets_more_memory_and_time(rule):
    """The expressions are those that snakemake evaluates, with the number of the attempt."""
    asked = SLURM["default-resources"] | (SLURM["set-resources"][rule] if rule else {})
    for name in ("mem_mb", "runtime"):
        amounts = [eval(asked[name], {"attempt": attempt}) for attempt in (1, 2, 3)]
        assert amounts == sorted(set(amounts)), name
    assert SLURM["retries"] > 0
    assert "up to `retries` times, each time with more memory and time" in TEXT


def test_a_job_that_is_preempted_goes_back_into_the_queue():
    assert SLURM["slurm-requeue"] is True
    assert "SLURM puts it back into the queue" in TEXT


def test_what_runs_on_nodes_with_a_gpu_is_what_is_listed():
    """By the stage of each rule that asks for one; what is made by name is not listed."""
    stages = {
        "embeddings": {"embed"},
        "articulation codes": {"autoencoder"},
        "trainings": {"train", "train_recurrent"},
        "generation": {
            *("generate", "generate_gaussian", "generate_recurrent", "generate_words"),
        },
        "Fréchet features": {"real_features"},
        "scores": {"score"},
    }
    by_name = {"real_speech", "released", "speech_video"}
    assert f"On nodes with a GPU, one GPU each: {', '.join(stages)}." in TEXT
    asks = {
        path.stem
        for path in (ROOT / "workflow" / "rules").glob("*.smk")
        if re.search(r"^ +gpu=GPU", path.read_text(), re.M)
    }
    assert asks == set().union(*stages.values()) | by_name


def test_the_cluster_tests_start_a_slurm_as_root_where_debian_has_it():
    makefile = (ROOT / "Makefile").read_text()
    recipe = re.search(r"^slurm:.*\n((?:\t.*\n)+)", makefile, re.M)[1]
    assert "tests/slurm/install.sh" in recipe and "-m slurm tests/slurm" in recipe
    script = (ROOT / "tests" / "slurm" / "install.sh").read_text()
    assert "apt-get" in script and "only root can install it" in script


def test_both_pages_install_the_plugin_in_the_same_way():
    (call,) = [line for block in fenced_blocks(PAGE, "bash") for line in block.splitlines()][:1]
    assert call in (ROOT / "docs" / "cluster.md").read_text()
    assert call in SLURM_TEXT.replace("# Needs ", "")
