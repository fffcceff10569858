"""The pages about the Python interface: what is written from docstrings, and code that runs."""

import ast
import json
from pathlib import Path

import pytest

from helpers.pages import fenced_blocks
from helpers.repository import ROOT
from helpers.sounds import voice
from helpers.untrained_probe import write_untrained_probe
from s2r.apps import reference
from s2r.core.media.encode import write_wav

NOTEBOOK = ROOT / "docs/notebooks/speech_to_tract.ipynb"


@pytest.fixture
def project(utterance_folder, tmp_path, monkeypatch) -> Path:
    """A working directory with a model, a probe and a sound."""
    monkeypatch.chdir(tmp_path)
    Path("results/instruments").mkdir(parents=True)
    Path("results/model").symlink_to(utterance_folder / "model")
    write_untrained_probe(Path("results/instruments/probe.safetensors"))
    write_wav("speech.wav", voice(0.6), 16_000)
    return tmp_path


def test_the_reference_is_up_to_date():
    text = (ROOT / reference.FILE).read_text()
    assert text == reference.reference(), "python -m s2r.apps.reference writes it again"


def test_a_docstring_becomes_markdown():
    text = "Do it, see ``x``.\n\nArgs:\n    a, b: of ``c``\n        and more.\n\n"
    text += "Returns:\n    (T,) s.\n"
    assert reference.markdown(text) == (
        "Do it, see `x`.\n\n**Args**\n\n- `a`, `b`: of `c` and more.\n\n**Returns**\n\n- (T,) s.\n"
    )


def test_functions_that_the_examples_import_are_in_the_reference():
    listed = {place.split(":")[1] for place in reference.STAGES}
    imported = {
        alias.name
        for block in fenced_blocks(ROOT / "docs/python.md", "python")
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.ImportFrom) and node.module.startswith("s2r.")
        for alias in node.names
    }
    functions = {name for name in imported if name.islower()}
    assert functions - {"plain", "recording_name", "recording_at_rest"} <= listed


def test_the_examples_run(project, capsys):
    names: dict = {}
    for block in fenced_blocks(ROOT / "docs/python.md", "python"):
        exec(block, names)
    assert Path("tract.mp4").exists() and Path("experiment/own.mp4").exists()
    assert "SSIM, dynamic region" in capsys.readouterr().out
    assert len(names["three"]) == 3
    assert names["codes"].shape == (100, 12)


def test_the_notebook_runs_and_is_small(project, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    assert NOTEBOOK.stat().st_size < 200_000
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    names: dict = {}
    for text in code:
        exec(compile(text, NOTEBOOK.name, "exec"), names)
    assert names["video"].frames.shape[1:] == (32, 32)
    assert len(names["table"]) == len(names["video"])
    # What is kept of its run: no error, and the pictures.
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    assert not any(output["output_type"] == "error" for output in outputs)
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    assert {"image/png", "text/html"} <= kinds
    assert str(ROOT.parent) not in NOTEBOOK.read_text()
