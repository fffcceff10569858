"""Models on a hub: the client of the Hugging Face hub against a small server of one's own."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import s2r
from helpers.model_hub import model_hub
from helpers.signed_folder import sign
from helpers.sounds import voice
from helpers.tiny_model import write_tiny_model
from s2r.cli import main
from s2r.generation.hub import find_model

CALLS = """
import contextlib, io, json, sys
from s2r.cli import main
for words in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(words)
    lines = (out.getvalue() if status == 0 else err.getvalue()).strip()
    print(json.dumps([status, lines]))
assert "torch" not in sys.modules
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the model folder ``tiny``, whose repository is owner/voice."""
    folder = tmp_path_factory.mktemp("hub")
    write_tiny_model(folder / "tiny")
    return folder


@pytest.fixture(scope="module")
def hub(place):
    with model_hub() as hub:
        ((status, text),) = call(place, hub.address, ["push", "tiny", "owner/voice"])
        assert status == 0
        assert "--model owner/voice" in text
        yield hub


def call(folder: Path, address: str, *calls: list[str], **more: str) -> list[tuple[int, str]]:
    """Exit status, and output or error, of calls of s2r in one process that knows the hub."""
    environment = {**os.environ, "HF_ENDPOINT": address, "HF_HOME": str(folder / "home"), **more}
    for name in ("HF_HUB_CACHE", "HF_HUB_OFFLINE"):
        if name not in more:
            environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", CALLS, json.dumps(calls)],
        capture_output=True, text=True, check=False, cwd=folder, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def test_a_pushed_model_has_the_files_of_the_folder_and_no_others(place, hub):
    (place / "tiny" / "notes.txt").write_text("private")
    (place / "tiny" / "pickle.bin").write_bytes(b"private")
    ((status, _),) = call(place, hub.address, ["push", "tiny", "owner/second"])
    for name in ("notes.txt", "pickle.bin"):
        (place / "tiny" / name).unlink()
    assert status == 0
    (files,) = hub.repositories["owner/second"].values()
    folder = place / "tiny"
    here = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.*")}
    assert files == {name: path.read_bytes() for name, path in here.items()}


def test_a_model_of_the_hub_is_a_model_folder_with_a_revision(place, hub):
    commit = next(iter(hub.repositories["owner/voice"]))
    (status, shown), (_, table) = call(
        place, hub.address, ["info", "owner/voice"], ["models"], HF_TOKEN="x"
    )
    assert status == 0
    assert f"revision: owner/voice@{commit}" in shown
    assert f"tiny  owner/voice@{commit}" in table
    # From the cache, without any server.
    (again,) = call(place, "http://127.0.0.1:9", ["info", f"owner/voice@{commit}"])
    assert again == (0, shown)
    (offline,) = call(place, "http://127.0.0.1:9", ["info", "owner/voice"], HF_HUB_OFFLINE="1")
    assert offline == (0, shown)
    snapshot = place / f"home/hub/models--owner--voice/snapshots/{commit}"
    model = s2r.load(snapshot)
    assert model.source == find_model(snapshot).source == f"owner/voice@{commit}"
    assert model.checksum == s2r.load(place / "tiny").checksum
    video = model(voice(0.3), 16_000)
    assert video.marks["model_source"] == model.source
    assert model.source in video._repr_html_()


def test_what_is_no_model_or_not_there_is_one_sentence(place, hub):
    hub.commit("owner/bert", {"config.json": b"{}"})
    hub.commit("owner/other", {"config.yaml": b"a: 1\n"})
    folder = place / "with_code"
    write_tiny_model(folder)
    (folder / "model.py").write_text("print('code')")
    sign(folder, lambda content: content["files"].update({"model.py": "0" * 64}))
    listed = (folder / "config.yaml").read_bytes()
    hub.commit("owner/code", {"config.yaml": listed, "model.py": b"print('code')"})
    half = {"config.yaml": (place / "tiny/config.yaml").read_bytes()}
    hub.commit("owner/half", half)
    expected = {
        "owner/none": "no such repository on the hub",
        "owner/voice@v9": "has no revision v9",
        "owner/bert": "is no model of s2r.*has no config.yaml",
        "owner/other": "holds no model of s2r",
        "owner/code": "lists the file model.py",
        "owner/half": r"not complete \(it has no README.md\)",
        "results/none": "is not a model folder",
        "./owner/none": "is not a model folder",
    }
    hub.requests.clear()
    answers = call(place, hub.address, *(["info", name] for name in expected))
    for (status, text), (name, said) in zip(answers, expected.items(), strict=True):
        assert status == 1, name
        last = text.splitlines()[-1]
        assert last.startswith("Error: ") and name.split("@")[0].removeprefix("./") in last
        assert re.search(said, last), f"{name}: {last}"
    assert not any("model.py" in request or "results" in request for request in hub.requests)
    (absent,) = call(place, hub.address, ["info", "owner/new"], HF_HUB_OFFLINE="1")
    assert absent[0] == 1 and "the hub cannot be reached" in absent[1]


def test_a_push_that_cannot_be_is_one_sentence(place):
    folder = place / "pickled"
    write_tiny_model(folder)
    (folder / "encoder").mkdir()
    (folder / "encoder/pytorch_model.bin").write_bytes(b"x")
    sign(folder, lambda content: content["files"].update({"encoder/pytorch_model.bin": "0" * 64}))
    sign(folder)
    answers = call(
        place, "http://127.0.0.1:9",
        ["push", "tiny", "voice"], ["push", ".", "owner/a"], ["push", "pickled", "owner/a"],
        ["push", "tiny", "owner/a"],
    )  # fmt: skip
    said = ["give owner/name", "is not a model folder", "lists the file encoder/pytorch_model.bin",
            "did not take tiny as owner/a"]  # fmt: skip
    for (status, text), sentence in zip(answers, said, strict=True):
        assert status == 1
        assert text.splitlines()[-1].startswith("Error: ") and sentence in text


def test_models_lists_folders_and_passes_over_others(place, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "none"))
    assert main(["models"]) == 0
    assert "There is no model" in capsys.readouterr().out
    Path("models/none").mkdir(parents=True)
    (Path("results") / "model").parent.mkdir()
    Path("results/model").symlink_to(place / "tiny")
    Path("models/damaged").mkdir()
    Path("models/damaged/config.yaml").write_text("format: 3\n")
    assert main(["models"]) == 0
    heading, row, damaged = capsys.readouterr().out.splitlines()
    assert heading.split() == ["name", "where", "trained", "on", "size", "sha256", "version"]
    checksum = yaml.safe_load((place / "tiny/config.yaml").read_text())["checksum"]
    assert row.startswith("tiny  results/model  unknown, 3 subjects") and checksum[:12] in row
    assert damaged.startswith("models/damaged/config.yaml does not describe a model folder")
