"""`s2r adapt`: the folder that it writes, what it learns from, and what it refuses."""

import re

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import s2r
import s2r.apps.adapt as command
from helpers.sounds import voice
from helpers.tiny_model import write_tiny_model
from helpers.utterance_model import film_of
from s2r.cli import main
from s2r.core.errors import UserError
from s2r.core.media.decode import probe, read_video
from s2r.core.media.encode import write_video
from s2r.generation.folder_content import read_content
from s2r.generation.model_folder import load_model_folder

STEPS = ("--steps", "2", "--device", "cpu")


@pytest.fixture(scope="module")
def film(utterance_folder, tmp_path_factory):
    """Film of one speaker, 11 s: a short one again and again, with another voice."""
    frames, rate = read_video(film_of(utterance_folder, 3))
    frames = np.concatenate([frames] * 8)[: round(11 * rate)]
    path = tmp_path_factory.mktemp("film") / "own film.mp4"
    write_video(path, frames, rate, voice(11.0), 16_000)
    return path


@pytest.fixture
def films(film, tmp_path, monkeypatch) -> list[str]:
    """Arguments that name the film, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    return ["--film", str(film)]


@pytest.fixture
def model(utterance_folder) -> str:
    return str(utterance_folder / "model")


def fails(capsys, *arguments) -> str:
    assert main(["adapt", *map(str, arguments)]) == 1
    written = capsys.readouterr().err.strip().splitlines()[-1]
    assert written.startswith("Error: ")
    return written


def test_an_adapted_folder_is_a_model_folder(films, model, tmp_path, capsys):
    assert main(["adapt", model, *films, "-o", "own", *STEPS]) == 0
    table = capsys.readouterr().out
    assert re.search(r"squared error x 1000, draw +\| +[\d.]+ \| +[\d.]+ \| +[\d.]+ \|", table)
    adapted = load_model_folder(tmp_path / "own")
    assert list(adapted.references) == ["speaker"]
    assert main(["info", "own"]) == 0
    card = capsys.readouterr().out
    assert read_content(model).checksum[:16] in card
    assert "own film.mp4" in card
    assert "(2 steps)" in card
    shown = probe(tmp_path / "own.mp4")
    assert (shown.height, shown.width) == (256, 768)
    assert shown.audio_seconds == pytest.approx(shown.video_seconds, abs=0.1)
    command_line = ["generate", films[1], "--model", "own", "-o", "tract.mp4", "--size", "64"]
    assert main(command_line) == 0
    assert main(["export", "own"]) == 1
    assert "own is a model folder already" in capsys.readouterr().err
    shown = s2r.load("own")(voice(0.6), 16_000)
    assert shown.marks["model"] == "utterance-adapted"
    head = (tmp_path / "own/README.md").read_text()
    assert head.startswith("---\nlicense: unknown\n") and "adapted_from: utterance\n" in head
    assert "license" not in card
    assert main(["adapt", model, *films, "-o", "models/again", *STEPS]) == 0
    first, again = (
        load_file(tmp_path / name / "model.safetensors") for name in ("own", "models/again")
    )
    assert all(torch.equal(again[name], value) for name, value in first.items())


def test_held_out_frames_never_enter(films, model, tmp_path, monkeypatch):
    """Films that differ after the cut only are learned from alike."""
    seen = []

    def spy(network, learned, *arguments):
        seen.append([(film.frames, film.reference, film.embeddings) for film in learned])
        raise UserError("enough")

    monkeypatch.setattr(command, "adapt", spy)
    frames, rate = read_video(films[1])
    sound = voice(11.0)
    cut = round(0.7 * len(frames))
    for name, end in (("a", frames[cut:]), ("b", 255 - frames[cut:] // 2)):
        # lossless, so that the pictures before the cut are the same
        video = np.concatenate([frames[:cut], end])
        write_video(tmp_path / f"film_{name}.mp4", video, rate, sound, 16_000, crf=0)
        arguments = [
            "--film",
            f"film_{name}.mp4",
            "--hold-out",
            "0.4",
            "-o",
            name,
            "--force",
            *STEPS,
        ]
        assert main(["adapt", model, *arguments]) == 1
    for one, other in zip(*(film for (film,) in seen), strict=True):
        assert np.array_equal(one, other)


def test_a_silent_film_is_said_to_be_silent(films, model, tmp_path, capsys):
    frames, rate = read_video(films[1])
    write_video(tmp_path / "silent.mp4", frames, rate)
    assert main(["adapt", model, "--film", "silent.mp4", "-o", "own", *STEPS]) == 0
    written = capsys.readouterr()
    assert "silent.mp4 is silent: only pictures are learned from it." in written.err
    assert "true pictures by their codes" in written.out
    assert "kinematics" not in written.out


def test_an_interrupted_call_leaves_no_folder(films, model, tmp_path, monkeypatch, capsys):
    reached = []

    def interrupted(*arguments, **options):
        reached.append(True)
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "export_model", interrupted)
    assert main(["adapt", model, *films, "-o", "own", *STEPS]) != 0
    capsys.readouterr()
    assert reached
    assert not (tmp_path / "own").exists()


def test_what_cannot_be_adapted_is_said_in_a_sentence(
    films, model, utterance_folder, tmp_path, capsys
):
    other = write_tiny_model(tmp_path / "tiny")
    assert "preset paper, which cannot be adapted" in fails(capsys, other, *films, "-o", "own")
    short = film_of(utterance_folder, 3)
    assert "give at least 10 s" in fails(capsys, model, "--film", short, "-o", "own")
    assert "no such file" in fails(capsys, model, "--film", "none.mp4", "-o", "own")
    assert "the model itself" in fails(capsys, model, *films, "-o", model)
    noise = np.random.default_rng(0).integers(0, 255, (520, 32, 32), dtype=np.uint8)
    write_video(tmp_path / "noise.mp4", noise, 50)
    said = fails(capsys, model, "--film", "noise.mp4", "-o", "own")
    assert "does not look like a midsagittal rtMRI frame" in said
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("precious")
    assert "is not a model folder that s2r wrote" in fails(capsys, model, *films, "-o", "mine")
    assert (tmp_path / "mine/thesis.txt").read_text() == "precious"
    (tmp_path / "own.mp4").write_text("precious")
    assert "was not written by s2r" in fails(capsys, model, *films, "-o", "own")
    assert not (tmp_path / "own").exists()
