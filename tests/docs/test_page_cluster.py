"""docs/cluster.md: what runs where, what each stage asks for, logs and states."""

import os
import re
import subprocess
import sys

import pytest
import yaml

from helpers.repository import ROOT
from s2r.training import windows

PAGE = ROOT / "docs" / "cluster.md"
TEXT = " ".join(PAGE.read_text().split())
PROFILE_TEXT = (ROOT / "profiles" / "slurm" / "config.yaml").read_text()
PROFILE = yaml.safe_load(PROFILE_TEXT)
HEAD = r"^(?:local)?(?:rule|checkpoint) (\w+):\n((?: .*\n)+)"


@pytest.fixture(scope="module")
def planned(tmp_path_factory) -> list[tuple[str, str]]:
    """Rule and description of every job of a bare call, as on a cluster: with ``device=cuda``."""
    folder = tmp_path_factory.mktemp("plan")
    (folder / "config").mkdir()
    (folder / "config" / "config.yaml").write_bytes((ROOT / "config/config.yaml").read_bytes())
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "-n"]
    command += ["--workflow-profile", "none", "--directory", str(folder), "--cores", "1"]
    command += ["--config", *PROFILE["config"]]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    return re.findall(HEAD, done.stdout + done.stderr, re.M)


def rows() -> list[tuple[set[str], str, str]]:
    """The stages of each row of the table, their jobs, and what they need."""
    table = PAGE.read_text().split("|---|---|---|\n")[1].split("\n\n")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return [(set(re.findall(r"`(\w+)`", stage)), jobs, needs) for stage, jobs, needs in cells]


def row_of(rule: str) -> tuple[str, str]:
    """The row of a rule; rules that begin with ``generate`` are in that of ``generate``."""
    for stages, jobs, needs in rows():
        if rule in stages or ("generate" in stages and rule.startswith("generate")):
            return jobs, needs
    return rows()[-1][1:]


def test_stages_with_a_gpu_are_those_of_the_table(planned):
    for rule, description in planned:
        asked = re.search(r"resources: .*gpu=(\d)", description)
        assert int(asked[1] if asked else 0) == ("one GPU" in row_of(rule)[1]), rule


def test_stages_have_the_number_of_jobs_of_the_table(planned, default_config):
    rules = [rule for rule, _ in planned]
    runs, encoders = len(default_config["runs"]), len(default_config["encoders"])
    shards = default_config["recordings"]["shards"]
    assert (rules.count("frames"), rules.count("embed")) == (shards, shards * encoders)
    assert (rules.count("train"), rules.count("generate")) == (runs, runs)
    for rule in set(rules):
        if "one for each" not in row_of(rule)[0]:
            assert rules.count(rule) == 1, rule
    assert rules.count("baseline") == 3
    assert rules.count("agreement") == rules.count("agreement_features") > 1


def test_stages_of_one_core_have_no_threads_in_the_profile():
    one_core = {rule for stages, _, needs in rows() if "one core" in needs for rule in stages}
    assert {"frames", "embed", "baseline", "agreement"} <= one_core
    assert not one_core & set(PROFILE["set-threads"])
    assert "The cores of a stage are `set-threads` in the profile; without a line" in TEXT


def test_a_training_asks_for_the_gpus_of_the_key(default_config):
    assert "`train` as many as `gpus` says" in TEXT
    assert default_config["gpus"] == 1
    rule = (ROOT / "workflow" / "rules" / "train.smk").read_text()
    assert 'gpu=GPU * config["gpus"],' in rule


def test_downloads_run_where_snakemake_runs():
    local = set()
    for path in (ROOT / "workflow" / "rules").glob("*.smk"):
        for block in re.findall(r"^localrules:\n((?: +\w+,\n)+)", path.read_text(), re.M):
            local |= set(re.findall(r"\w+", block))
    assert local == {"fetch_i3d", "fetch_whisper", "download"}
    assert "(they are local rules)" in TEXT


def test_the_site_sets_account_and_partitions_which_are_commented_out():
    for key in ("slurm_account", "slurm-partition-config: profiles/slurm/partitions.yaml"):
        assert re.search(rf"^ *# {key}", PROFILE_TEXT, re.M), key
    assert "slurm-partition-config" not in PROFILE
    assert not [name for name in PROFILE["default-resources"] if name.startswith("slurm")]
    partitions = yaml.safe_load((ROOT / "profiles/slurm/partitions.yaml").read_text())
    with_gpu = [name for name, limits in partitions["partitions"].items() if "max_gpu" in limits]
    assert with_gpu == ["gpu"]


def test_the_login_node_needs_no_gpu():
    assert PROFILE["config"] == ["device=cuda"]
    assert "The login node needs no GPU: the profile sets `device=cuda`." in TEXT


def test_memory_and_time_are_in_the_profile_and_not_in_the_configuration(default_config):
    assert {"mem_mb", "runtime"} <= set(PROFILE["default-resources"])
    assert not {"mem_mb", "runtime", "memory", "time"} & set(default_config)


def test_the_limit_on_gpus_is_for_one_machine():
    default = yaml.safe_load((ROOT / "profiles" / "default" / "config.yaml").read_text())
    assert default["resources"] == {"gpu": 1}
    assert "`resources: gpu=1` in `profiles/default` is for one machine" in TEXT
    scopes = re.search(
        r"^resource_scopes:\n((?: +.*\n)+)", (ROOT / "workflow/Snakefile").read_text(), re.M
    )
    assert scopes[1].split() == ['gpu="local",']


def test_a_job_that_fails_is_sent_again_and_others_go_on():
    default = yaml.safe_load((ROOT / "profiles" / "default" / "config.yaml").read_text())
    assert PROFILE["retries"] > 0
    assert default["keep-going"] is True


def test_frames_of_preset_paper_lie_in_the_state_above_the_limit(tmp_path, monkeypatch):
    limit = windows.MEMORY_LIMIT
    assert f"keeps its frames there too where they take more than {limit >> 30} GiB" in TEXT
    source = (ROOT / "src" / "s2r" / "training" / "window_model.py").read_text()
    assert 'state_folder / "clips"' in source
    users = [
        path.name
        for path in (ROOT / "src/s2r").rglob("*.py")
        if "load_windows(" in path.read_text()
    ]
    assert "utterance.py" not in users


def test_every_stage_has_a_log_and_those_that_take_long_their_time_and_memory():
    paths = (ROOT / "workflow" / "Snakefile").read_text()
    assert 'logs="<results>/logs"' in paths
    assert 'benchmarks="<results>/benchmarks"' in paths
    text = "\n".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    _, *parts = re.split(r"^ *(?:rule|checkpoint) (\w+):", text, flags=re.M)
    rules = dict(zip(parts[::2], parts[1::2], strict=True))
    assert all(re.search(r'^ +log:\n +"<logs>/', rule, re.M) for rule in rules.values())
    named = re.search(r"take long, such as (.*), are in `results/benchmarks/`", TEXT)[1]
    for name in re.findall(r"`(\w+)`", named):
        assert re.search(r'^ +benchmark:\n +"<benchmarks>/', rules[name], re.M), name
