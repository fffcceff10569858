"""docs/installing.md: optional parts, wheels, containers, the small run, weights, messages."""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from helpers.pages import fenced_blocks
from helpers.repository import ROOT
from s2r.corpus.phantom.stimuli import PROFILES
from s2r.evaluation.metrics.i3d import I3D_KINETICS400
from s2r.speech.whisper import WHISPER_TINY_EN

PAGE = ROOT / "docs" / "installing.md"
TEXT = " ".join(PAGE.read_text().split())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = {
    name: {Requirement(line).name for line in lines}
    for name, lines in PROJECT["optional-dependencies"].items()
}
MAKEFILE = (ROOT / "Makefile").read_text()
DOCKERFILE = (ROOT / "container" / "Dockerfile").read_text()
APPTAINER = (ROOT / "container" / "apptainer.def").read_text()


def importers(*packages: str) -> set[str]:
    """Modules below src/s2r that import one of the packages."""
    source, found = ROOT / "src" / "s2r", set()
    for path in source.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if {name.split(".")[0] for name in names} & set(packages):
                found.add(path.relative_to(source).as_posix())
    return found


def test_every_optional_part_is_listed_and_no_other():
    table = TEXT.split("The optional parts of the package:")[1].split("## ")[0]
    listed = re.findall(r"`(\w+)`", " ".join(re.findall(r"\| (`[^|]*`) \| [^|]* \|", table)))
    assert sorted(listed) == sorted(EXTRAS)
    assert set(re.findall(r"\.\[([\w,]+)\]", TEXT)) == {"workflow"}


def test_optional_parts_are_for_what_is_named():
    assert "snakemake" in EXTRAS["workflow"]
    assert importers("snakemake") == set()
    studio = importers(*EXTRAS["studio"])
    assert studio
    assert {name.rpartition("/")[0] for name in studio} == {"apps/studio"}
    assert "| `studio` | `s2r studio` |" in TEXT
    assert importers(*EXTRAS["align"]) == {"evaluation/words/alignment.py"}
    assert "hibari-tts" in EXTRAS["people"] >= EXTRAS["align"]
    assert any("executor-plugin-slurm" in name for name in EXTRAS["slurm"])


def test_make_oldest_takes_the_oldest_versions_that_are_allowed():
    recipe = re.search(r"^oldest:.*\n((?:\t.*\n)+)", MAKEFILE, re.M)[1]
    assert "--resolution lowest-direct" in recipe
    assert "-c constraints.txt -e" not in recipe
    assert recipe.rstrip().endswith("-m pytest")
    assert "The oldest versions that it allows pass all tests too (`make oldest`)." in TEXT
    lowest = [Requirement(line).specifier for line in PROJECT["dependencies"]]
    assert all(any(one.operator == ">=" for one in specifier) for specifier in lowest)


def test_the_wheel_without_cuda_has_the_pinned_version():
    pinned = re.search(r"^torch==(.*)$", (ROOT / "constraints.txt").read_text(), re.M)[1]
    assert f"The version is the same (`{pinned}+cpu`)" in TEXT
    # The variable reaches uv, as nothing of the recipe takes it away.
    assert "UV_TORCH_BACKEND" in MAKEFILE and "unexport UV_TORCH_BACKEND" not in MAKEFILE


def test_the_image_is_built_without_cuda_where_this_is_asked_for():
    assert "With `--build-arg UV_TORCH_BACKEND=cpu` the image has no CUDA libraries." in TEXT
    assert re.search(r"^ARG UV_TORCH_BACKEND=$", DOCKERFILE, re.M)
    assert "export UV_TORCH_BACKEND;" in DOCKERFILE


def test_calls_of_containers_are_those_of_the_recipes():
    (docker, apptainer) = [
        block for block in fenced_blocks(PAGE, "bash") if re.match("docker|apptainer", block)
    ]
    build, run = re.findall(r"^# (docker .*)$", DOCKERFILE, re.M)
    assert docker.splitlines()[:2] == [build, run]
    words = shlex.split(build)
    assert (ROOT / words[words.index("--file") + 1]).is_file()
    image = re.search(r'^container: "(.*)"$', (ROOT / "workflow/Snakefile").read_text(), re.M)[1]
    build, call = apptainer.splitlines()
    assert build == f"apptainer build {image} container/apptainer.def"
    assert re.search(r"^# (apptainer .*)$", APPTAINER, re.M)[1] == build
    assert call in APPTAINER


@pytest.mark.parametrize("recipe", [DOCKERFILE, APPTAINER], ids=["docker", "apptainer"])
def test_an_image_has_the_code_as_it_was_when_it_was_built(recipe):
    """The package is copied and installed, not linked to a folder of the host."""
    assert "'.[workflow,studio]'" in recipe
    assert not re.search(r"(-e|--editable) ", recipe)


def test_no_rule_leaves_the_image():
    """Every job starts in it: the image is that of the whole workflow."""
    rules = list((ROOT / "workflow" / "rules").glob("*.smk"))
    assert not [path.name for path in rules if re.search(r"^ +container:", path.read_text(), re.M)]


def test_the_small_run_has_the_speakers_that_are_named():
    config = yaml.safe_load((ROOT / ".test" / "config" / "config.yaml").read_text())
    speakers = PROFILES[config["corpus"]["phantom"]["profile"]].speakers
    number = {3: "three"}[speakers]
    assert f"makes a table of {number} synthetic speakers" in TEXT
    assert "in `.test/results`" in TEXT
    assert "results" not in config.get("pathvars", {})


def test_weights_have_the_names_that_are_listed():
    for weights, name in (
        (WHISPER_TINY_EN, WHISPER_TINY_EN.file_name),
        (I3D_KINETICS400, Path(I3D_KINETICS400.file_name).with_suffix(".safetensors").name),
    ):
        (row,) = [line for line in PAGE.read_text().splitlines() if weights.requirement[:7] in line]
        assert f"| `weights/{name}`" in row
        rules = (ROOT / "workflow/rules/fetch.smk").read_text()
        rules += (ROOT / "workflow/rules/common.smk").read_text()
        assert f'"weights/{name}"' in rules


@pytest.fixture
def fetched(tmp_path):
    (tmp_path / "weights").mkdir()
    for name in ("whisper-tiny.en.bin", "i3d-kinetics-400.safetensors"):
        (tmp_path / "weights" / name).touch()


@pytest.mark.usefixtures("fetched")
def test_with_a_copy_of_the_weights_nothing_is_fetched(snakemake):
    process = snakemake("-n", "results/table1.csv")
    assert process.returncode == 0
    assert "real_features" in process.stdout
    assert not re.search(r"^(local)?rule fetch_", process.stdout, re.M)


def test_the_hubs_whisper_takes_the_place_of_the_embedded_one(default_config):
    (block,) = fenced_blocks(PAGE, "yaml")
    ((name, encoder),) = yaml.safe_load(block)["encoders"].items()
    own = default_config["encoders"][name]
    assert encoder["kind"] == own["kind"] == "whisper"
    assert encoder["layer"] == own["layer"]
    assert "model" not in own


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_says_that_no_environment_can_be_made(tmp_path):
    python = tmp_path / "python3"
    python.write_text('#!/bin/sh\n[ "$1" = -m ] && exit 1\n[ "$1" = -c ] || echo Python 3.11.0\n')
    python.chmod(0o755)
    done = subprocess.run(
        ["make", f"{tmp_path}/venv/installed", f"VENV={tmp_path}/venv"],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    message, remedy = re.search(r"\| `(cannot make [^`]*)` \| [^:]*: `([^`]*)` \|", TEXT).groups()
    assert f"python3 {message}" in done.stderr
    assert remedy in done.stderr


def test_make_looks_for_the_names_of_python_that_are_listed():
    tried = re.search(r"for candidate in ([^;]*);", MAKEFILE)[1].split()
    first, second, *_, last = tried
    assert f"`make` tries `{first}` and `{second}` to `{last}`" in TEXT


def test_a_package_that_is_missing_is_named(snakemake, tmp_path):
    stub = tmp_path / "stubs" / "s2r" / "__init__.py"
    stub.parent.mkdir(parents=True)
    stub.write_text("raise ModuleNotFoundError('no', name='safetensors')\n")
    process = snakemake("-n", environment={"PYTHONPATH": str(tmp_path / "stubs")})
    assert process.returncode == 1
    assert (
        "The package safetensors is not installed: pip install -c constraints.txt" in process.stdout
    )
    assert "| `The package … is not installed` |" in TEXT


def test_an_executor_without_its_plugin_is_an_invalid_choice():
    command = [sys.executable, "-m", "snakemake", "--executor", "not-there", "-n"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT / "docs")
    assert done.returncode != 0
    assert "argument --executor/-e: invalid choice: 'not-there'" in done.stdout + done.stderr
    assert "`invalid choice: 'slurm'` | the part `slurm` is missing" in TEXT
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
    assert profile["executor"] == "slurm"
