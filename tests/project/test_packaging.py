"""What is installed and how it is documented: the files that must stay in step."""

import ast
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import s2r
from helpers.repository import ROOT
from s2r.evaluation.metrics.i3d import I3D_KINETICS400
from s2r.speech.whisper import WHISPER_TINY_EN

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()

MODULES = {"PIL": "pillow", "skimage": "scikit-image", "yaml": "pyyaml"}
"""Modules whose package has another name."""


def requirements() -> list[Requirement]:
    lines = [*PROJECT["dependencies"], *(line for extra in EXTRAS.values() for line in extra)]
    return [Requirement(line) for line in lines]


@pytest.fixture(scope="module")
def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pinned}


def test_pins_satisfy_the_requirements(pins):
    for requirement in requirements():
        version = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} but {version} is pinned"


def test_everything_that_gets_installed_is_pinned(pins):
    """Every package in the dependency tree, as far as it is installed here."""
    unpinned, seen, waiting = set(), set(), requirements()
    while waiting:
        requirement = waiting.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        if key[0] not in pins and key[0] != "setuptools":
            unpinned.add(requirement.name)
        try:
            further = importlib.metadata.requires(requirement.name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        for line in further:
            found = Requirement(line)
            extras = requirement.extras or {""}
            if not found.marker or any(found.marker.evaluate({"extra": e}) for e in extras):
                waiting.append(found)
    assert len(seen) > 50
    assert not unpinned


def test_torch_is_the_pinned_pair(pins):
    assert pins["torch"] == pins["torchaudio"] == "2.11.0"


def conda_file(path: str) -> tuple[list[str], list[str], list[str]]:
    """Channels, conda packages and lines for pip."""
    content = yaml.safe_load((ROOT / path).read_text())
    packages = [entry for entry in content["dependencies"] if isinstance(entry, str)]
    pip = [entry["pip"] for entry in content["dependencies"] if isinstance(entry, dict)]
    return content["channels"], packages, [line for lines in pip for line in lines]


@pytest.mark.parametrize("path", ["environment.yml", "workflow/envs/s2r.yaml"])
def test_conda_brings_python_and_pip_only(path):
    channels, packages, _ = conda_file(path)
    assert channels == ["conda-forge"]
    (python,) = [name for name in packages if name.startswith("python=")]
    assert set(packages) == {python, "pip"}
    assert SpecifierSet(PROJECT["requires-python"]).contains(python.removeprefix("python="))


def test_conda_environment_installs_what_make_installs():
    _, _, pip = conda_file("environment.yml")
    assert "-c constraints.txt" in pip
    (package,) = [line for line in pip if line.startswith("-e ")]
    assert f"'{package.removeprefix('-e ')}'" in MAKEFILE
    extras = Requirement(package.replace("-e .", "s2r")).extras
    assert extras <= set(EXTRAS)


def imported(folder: str) -> set[str]:
    found = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.split(".")[0])
    names = found - set(sys.stdlib_module_names) - {"s2r"}
    return {canonicalize_name(MODULES.get(name, name)) for name in names}


def test_imports_and_dependencies_agree():
    core = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]}
    optional = EXTRAS["workflow"] + EXTRAS["align"] + EXTRAS["studio"]
    extra = {canonicalize_name(Requirement(line).name) for line in optional}
    used = imported("src")
    assert used <= core | extra, "imported but not declared"
    assert core <= used, "declared but never imported"


def test_containers_install_what_conda_installs():
    for name in ("Dockerfile", "apptainer.def"):
        recipe = (ROOT / "container" / name).read_text()
        python, extras = (
            re.search(r"python:([\d.]+)-slim", recipe),
            re.search(r"'\.\[(.*)\]'", recipe),
        )
        assert f"python={python[1]}" in conda_file("environment.yml")[1]
        assert "-c constraints.txt" in recipe
        assert {"workflow", "studio"} == set(extras[1].split(","))
        copied = re.findall(r"^COPY (.*)$|^ +(\S+) /opt/s2r/", recipe, re.M)
        files = {file for words, one in copied for file in [*words.split()[:-1], one] if file}
        assert files == {"pyproject.toml", "constraints.txt", "README.md", "LICENSE", "src"}
        assert all((ROOT / file).exists() for file in files)


def test_weights_are_named_with_package_and_checksum():
    page = (ROOT / "docs" / "installing.md").read_text()
    for weights in (I3D_KINETICS400, WHISPER_TINY_EN):
        name, version = weights.requirement.split("==")
        (row,) = [line for line in page.splitlines() if f"| `{name}` {version}" in line]
        assert f"{weights.member_sha256[:12]}…" in row


def test_every_dependency_is_named_with_its_use_and_licence():
    page = (ROOT / "docs" / "dependencies.md").read_text().split("## Looked at")[0]
    rows = [line.split("|")[1:-1] for line in page.splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`([\w-]+)`", row[0])]
    assert sorted(map(canonicalize_name, named)) == sorted(
        {canonicalize_name(requirement.name) for requirement in requirements()}
    )
    assert all(row[1].strip() and row[2].strip() for row in rows)


def test_one_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert PROJECT["version"] == s2r.__version__ == citation["version"]
    assert citation["license"] == PROJECT["license"]


def test_commands_of_the_readme_exist():
    targets = set(re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.M)[0].split())
    blocks = "\n".join(re.findall(r"```bash\n(.*?)```", README, re.S))
    made = re.findall(r"^make (\w+)", blocks, re.M)
    assert {"table1", "test"} <= set(made) <= targets
    for name in re.findall(r"(?:--configfile|--profile|-f|-c) ([\w./]+)", blocks):
        assert (ROOT / name).exists(), name


def test_links_of_the_documents_lead_somewhere():
    for document in [ROOT / "README.md", *ROOT.glob("*/README.md")]:
        for target in re.findall(r"\]\((?!http)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_says_what_is_missing(tmp_path):
    for version in ("", ".11", ".12", ".13", ".14"):
        python = tmp_path / f"python3{version}"
        python.write_text("#!/bin/sh\nexit 1\n")
        python.chmod(0o755)
    process = subprocess.run(
        ["make", "table1", f"VENV={tmp_path / 'venv'}"],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode != 0
    assert "s2r needs Python 3.11 or newer" in process.stderr
    assert not (tmp_path / "venv").exists()


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_installs_no_other_wheels_than_those_asked_for(tmp_path):
    """The stand-ins for pip and uv write down what they are asked for; uv reaches no index."""
    python = tmp_path / "python3"
    python.write_text(
        'if [ "$1" = -c ]; then exit 0; fi\n'
        'if [ "$1" = --version ]; then echo Python 3.11.0; exit 0; fi\n'
        f'mkdir -p "$3/bin"; cp {tmp_path}/pip {tmp_path}/uv "$3/bin"\n'
    )
    (tmp_path / "pip").write_text(f'echo pip "$@" >> {tmp_path}/asked\n')
    (tmp_path / "uv").write_text(f'echo uv "$@" >> {tmp_path}/asked; exit 1\n')
    for name in ("python3", "pip", "uv"):
        (tmp_path / name).write_text("#!/bin/sh\n" + (tmp_path / name).read_text())
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "UV_TORCH_BACKEND": "cpu"}
    process = subprocess.run(
        ["make", f"{tmp_path}/venv/installed", f"VENV={tmp_path / 'venv'}"],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode != 0
    assert "UV_TORCH_BACKEND=cpu could not be installed" in process.stderr
    asked = (tmp_path / "asked").read_text()
    assert "uv pip install" in asked
    assert "torch" not in asked and "pip install --quiet --no-compile" not in asked
