"""What docs/python.md says of videos, probes, names on the hub and model folders."""

import re
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

import s2r
from helpers.repository import ROOT
from helpers.signed_folder import sign
from helpers.sounds import voice
from helpers.tiny_corpus import write_tiny_corpus
from helpers.tiny_model import SIZE, heads, write_tiny_model
from helpers.untrained_probe import write_untrained_probe
from s2r.apps import reference
from s2r.cli import main
from s2r.core.errors import UserError
from s2r.core.media.encode import write_video
from s2r.core.units import FRAME_RATE, FRAME_SIZE
from s2r.corpus.articulators import ARTICULATORS
from s2r.generation import hub
from s2r.generation.card_metadata import metadata
from s2r.generation.folder_content import CARD, check_files, read_content
from s2r.generation.hub import find_model, push_model
from s2r.generation.model_folder import load_model_folder

PAGE = " ".join((ROOT / "docs/python.md").read_text().split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture
def copy(folder, tmp_path, monkeypatch) -> Path:
    """A model folder to be changed, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    return shutil.copytree(folder, tmp_path / "copy")


def test_every_public_name_is_in_the_reference():
    assert set(reference.PUBLIC) == set(s2r._PUBLIC)
    text = (ROOT / reference.FILE).read_text()
    assert all(f"\n## s2r.{name}\n" in text for name in s2r._PUBLIC)


def test_draws_without_a_seed_are_those_of_seeds_0_1_2(folder):
    model = s2r.load(folder)
    three = model(voice(0.3), 16_000, draws=3)
    assert [made.marks["seed"] for made in three] == [0, 1, 2]
    np.testing.assert_array_equal(model(voice(0.3), 16_000).frames, three[0].frames)


def test_marks_name_model_checksum_and_seed(folder):
    model = s2r.load(folder)
    marks = model(voice(0.3), 16_000, seed=7).marks
    assert marks["model"] == "tiny" and marks["seed"] == 7
    assert marks["model_sha256"] == model.checksum
    assert marks["synthetic"]


def test_frames_are_grey_levels_at_times_that_are_their_centres(folder):
    video = s2r.load(folder)(voice(0.3), 16_000)
    assert video.rate == FRAME_RATE
    assert video.frames.dtype == np.uint8 and video.frames.shape == (15, SIZE, SIZE)
    np.testing.assert_allclose(video.times, 0.01 + 0.02 * np.arange(15))


def test_a_minute_of_frames_takes_12_megabytes(folder):
    video = s2r.load(folder)(voice(0.3), 16_000)
    a_pixel = video.frames.nbytes / video.frames.size
    minute = 60 * FRAME_RATE * FRAME_SIZE**2 * a_pixel
    assert f"the frames of 1 min are {minute / 1e6:.0f} MB at {FRAME_SIZE} x {FRAME_SIZE}" in PAGE


def test_a_film_may_show_another_speaker(folder, tmp_path):
    still = np.repeat(heads()["sub003"][None], 30, axis=0)
    film = write_film(tmp_path / "rest.mp4", still)
    model = s2r.load(folder)
    made = model(voice(0.3), 16_000, reference=film, force=True)
    own = model(voice(0.3), 16_000)
    assert made.frames.shape == own.frames.shape
    assert (made.frames != own.frames).any()


def write_film(path: Path, frames: np.ndarray) -> Path:
    moving = frames.copy()
    moving[1::2] ^= 1  # what never changes is no film
    write_video(path, moving.repeat(4, 1).repeat(4, 2), FRAME_RATE, crf=1)
    return path


def test_an_exported_model_has_the_probe_of_its_corpus(tmp_path, monkeypatch, default_config):
    monkeypatch.chdir(tmp_path)
    default_config["runs"]["logmel"] |= {"preset": "paper"}
    Path("config").mkdir()
    Path("config/config.yaml").write_text(yaml.safe_dump(default_config))
    write_tiny_corpus(Path("results")).split.to_csv("results/split.csv", index=False)
    weights = Path("results/runs/logmel/model.safetensors")
    weights.parent.mkdir(parents=True)
    shutil.copyfile(write_tiny_model(tmp_path / "made/tiny") / "model.safetensors", weights)
    assert main(["export", "logmel", "-o", "without"]) == 0
    assert load_model_folder("without").probe is None
    Path("results/instruments").mkdir()
    probe = write_untrained_probe(Path("results/instruments/probe.safetensors"))
    assert main(["export", "logmel", "-o", "with"]) == 0
    assert load_model_folder("with").probe.read_bytes() == probe.read_bytes()


def test_the_probe_of_the_folder_is_used_else_that_of_the_workflow_or_the_one_named(copy):
    samples = voice(0.3)
    with pytest.raises(UserError, match=r"results/instruments/probe\.safetensors does not exist"):
        s2r.load(copy)(samples, 16_000).tract_variables()
    write_untrained_probe(copy / "probe.safetensors")
    sign(copy, lambda content: content["files"].update({"probe.safetensors": "0" * 64}))
    sign(copy)
    video = s2r.load(copy)(samples, 16_000)
    assert set(video.contours()) == set(ARTICULATORS)
    assert all(points.shape[::2] == (15, 2) for points in video.contours().values())
    # One that cannot be read shows which is opened.
    Path("results/instruments").mkdir(parents=True)
    Path("results/instruments/probe.safetensors").write_text("no probe")
    assert len(video.tract_variables()) == 15
    with pytest.raises(UserError, match=r"other\.safetensors"):
        video.tract_variables(probe="other.safetensors")


@pytest.mark.parametrize("owner", ["results", "models", "here"])
def test_a_name_whose_first_part_is_a_folder_here_is_a_folder(owner, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("here").mkdir()
    monkeypatch.setattr(hub, "_fetched", lambda *_: pytest.fail("the hub was asked"))
    assert find_model(f"{owner}/voice").folder == Path(owner, "voice")
    assert f"`{owner}/...`" in PAGE or owner == "here"


def asked(name, revision):
    raise UserError(f"the hub was asked for {name}, {revision}.")


@pytest.mark.parametrize("revision", ["main", "v1.0", "0123abc", "refs/pr/1"])
def test_a_name_takes_a_branch_a_tag_or_a_commit(revision, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(hub, "_fetched", asked)
    with pytest.raises(UserError, match=f"asked for owner/name, {revision}"):
        s2r.load(f"owner/name@{revision}")
    with pytest.raises(UserError, match=f"asked for owner/name, {revision}"):
        s2r.load("owner/name", revision=revision)


@pytest.mark.parametrize(
    "call",
    [
        ["generate", "a.wav", "--model", "owner/name@v1"],
        ["adapt", "owner/name@v1", "--film", "own.mp4", "-o", "own"],
        ["studio", "--port", "0", "--model", "owner/name@v1"],
        ["info", "owner/name@v1"],
    ],
    ids=lambda call: call[0],
)
def test_commands_take_names_on_the_hub(call, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("a.wav").touch()
    monkeypatch.setattr(hub, "_fetched", asked)
    # Gradio takes seconds to load, and is not reached.
    no_page = SimpleNamespace(Actions=None, application=None)
    for name in ("actions", "page"):
        monkeypatch.setitem(sys.modules, f"s2r.apps.studio.{name}", no_page)
    assert main(call) == 1
    assert "the hub was asked for owner/name, v1." in capsys.readouterr().err


def test_the_card_alone_may_differ_from_its_checksum(copy):
    (copy / CARD).write_text("---\nlicense: cc-by-4.0\n---\n\n# mine\n")
    check_files(copy, read_content(copy))
    assert s2r.load(copy).card == "# mine\n"
    for name in read_content(copy).files:
        if name == CARD:
            continue
        before = (copy / name).read_bytes()
        (copy / name).write_bytes(before + b" ")
        with pytest.raises(UserError, match=f"{re.escape(name)} was changed or damaged"):
            push_model(copy, "owner/name")
        (copy / name).write_bytes(before)


def test_a_model_of_the_phantom_has_the_licence_of_this_package():
    licence = re.search(r'^license = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.M)[1]
    assert metadata("phantom").startswith(f"---\nlicense: {licence.lower()}\n")
    assert metadata("folder").startswith("---\nlicense: unknown\n")


def test_of_a_repository_only_files_of_data_are_read(copy):
    assert set(hub.DATA) == {".safetensors", ".json", ".yaml", ".png", ".md", ".txt"}
    assert "safetensors, JSON, YAML, PNG and text, never code or pickles" in PAGE
    for name in ("model.py", "weights.pkl", "weights.pt", "encoder.bin", "lib.so", "README"):
        (copy / name).touch()
        content = read_content(sign(copy, lambda c, n=name: c["files"].update({n: "0" * 64})))
        with pytest.raises(UserError, match=f"lists the file {re.escape(name)}, which"):
            hub._check_kinds("owner/name", content)
        sign(copy, lambda c, n=name: c["files"].pop(n))
    hub._check_kinds("owner/name", read_content(copy))
