"""The command line: what it writes, and one sentence for what it cannot do."""

import errno
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE

import h5py
import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from helpers.sounds import voice
from helpers.tiny_corpus import SIZE, write_tiny_corpus
from helpers.tiny_model import heads, write_tiny_model
from s2r.cli import main
from s2r.core.causes import cause_of
from s2r.core.ends import run_command
from s2r.core.errors import UserError
from s2r.core.media.decode import probe
from s2r.core.media.encode import write_video, write_wav
from s2r.generation.model_folder import check_replaceable, load_model_folder
from s2r.generation.speaker import sampled_as
from s2r.preparation.reference import correlation, least_correlation
from s2r.preparation.resting import recording_at_rest


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture
def speech(tmp_path, monkeypatch):
    """A sound of 0.6 s in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    write_wav(tmp_path / "speech.wav", voice(0.6), 16_000)
    return tmp_path / "speech.wav"


def fails(capsys, *arguments) -> str:
    """The sentence on standard error of a command that must fail."""
    assert main([str(argument) for argument in arguments]) == 1
    written = capsys.readouterr().err.strip().splitlines()[-1]
    assert written.startswith("Error: ")
    assert "Traceback" not in written
    return written


def test_the_command_is_installed():
    command = Path(sys.executable).with_name("s2r")
    done = subprocess.run([command, "--help"], capture_output=True, text=True, check=True)
    assert "generate" in done.stdout


def test_generate_writes_the_video_beside_nothing_else(speech, folder, capsys):
    assert main(["generate", "speech.wav", "--model", str(folder), "--size", "32"]) == 0
    assert probe("speech.mp4").frames == 30
    assert "0.60 s by tiny" in capsys.readouterr().err
    assert sorted(p.name for p in speech.parent.iterdir()) == ["speech.mp4", "speech.wav"]


def test_own_reference_as_picture_or_by_name(speech, folder):
    Image.fromarray(heads()["sub002"]).resize((64, 64)).save("head.png")
    Image.fromarray(heads()["sub002"]).save("small.png")
    several = ["--reference", "head.png", "--reference", "small.png"]
    for options in (["--reference", "head.png"], several, ["--speaker", "sub003"]):
        assert main(["generate", "speech.wav", "--model", str(folder), *options]) == 0


def test_clean_leaves_out_the_noise_where_the_model_can(speech, folder, utterance_folder, capsys):
    command = ["generate", "speech.wav", "--clean"]
    assert "cannot leave out the scanner's noise" in fails(capsys, *command, "--model", folder)
    assert not (speech.parent / "speech.mp4").exists()
    trembling = {}
    for name, options in (("noisy", []), ("clean", ["--clean"])):
        model = ["--model", str(utterance_folder / "model"), "--save", f"{name}.h5"]
        assert main(["generate", "speech.wav", *model, *options]) == 0
        with h5py.File(f"{name}.h5") as file:
            trembling[name] = np.abs(np.diff(file["frames"][()].astype(int), axis=0)).mean()
    assert trembling["clean"] < 0.7 * trembling["noisy"]


def test_a_picture_of_something_else_needs_force(speech, folder, capsys):
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (40, 50), np.uint8)).save("cat.png")
    command = ["generate", "speech.wav", "--model", folder, "--reference", "cat.png"]
    assert "does not look like a midsagittal rtMRI frame" in fails(capsys, *command)
    assert not (speech.parent / "speech.mp4").exists()
    assert main([str(one) for one in [*command, "--force"]]) == 0


def test_likeness_lies_between_subjects_and_other_pictures():
    pictures = list(heads().values())
    least = least_correlation(pictures)
    assert all(correlation(one, np.mean(pictures, axis=0)) > least for one in pictures)
    noise = np.random.default_rng(1).integers(0, 256, pictures[0].shape)
    assert correlation(noise, np.mean(pictures, axis=0)) < least
    assert correlation(np.full((4, 4), 7), np.eye(4)) == 0


def test_each_error_is_one_sentence_and_leaves_nothing(speech, folder, capsys):
    (speech.parent / "text.wav").write_text("hello")
    even = Image.fromarray(np.full((20, 20), 9, np.uint8))
    even.save("even.png")
    before = sorted(speech.parent.iterdir())
    model = ["--model", folder]
    assert "no such file" in fails(capsys, "generate", "none.wav", *model)
    assert "not a media file" in fails(capsys, "generate", "text.wav", *model)
    assert "ends in .mp4" in fails(capsys, "generate", "speech.wav", "-o", "a.avi", *model)
    assert "not a subject" in fails(capsys, "generate", "speech.wav", "--speaker", "x", *model)
    assert "not a model folder" in fails(capsys, "generate", "speech.wav", "--model", ".")
    assert "make table1" in fails(capsys, "generate", "speech.wav")
    reference = ["--reference", "text.wav"]
    assert "not a media file" in fails(capsys, "generate", "speech.wav", *reference, *model)
    reference = ["--reference", "even.png"]
    assert "never changes" in fails(capsys, "generate", "speech.wav", *reference, *model)
    assert sorted(speech.parent.iterdir()) == before


def test_what_was_not_generated_here_is_not_replaced(speech, folder, capsys):
    model = ["--model", folder, "--size", "32"]
    film = Path("speech.mp4")
    film.write_text("years of work")
    for options in ([], ["--side-by-side", film], ["-o", "./speech.mp4"], ["--save", film]):
        sentence = fails(capsys, "generate", "speech.wav", *options, *model)
        expected = "is the input" if "--side-by-side" in options else "was not written by s2r"
        assert expected in sentence or "are one file" in sentence
    Path("d.mp4").mkdir()
    assert "is a folder" in fails(capsys, "generate", "speech.wav", "-o", "d.mp4", *model)
    weights = folder / "model.safetensors"
    for name in ("speech.wav", weights):
        for more in ([], ["--overwrite"]):
            options = ["-o", "y.mp4", "--save", name, *more]
            assert "is the input" in fails(capsys, "generate", "speech.wav", *options, *model)
    assert film.read_text() == "years of work"
    # What was generated here may be generated again, and anything where that is asked for.
    for options in (["--overwrite"], ["--seed", "1"], ["--save", "a.h5"], ["--save", "a.h5"]):
        assert main(["generate", "speech.wav", *options, *map(str, model)]) == 0
    assert probe(film).frames == 30


def test_an_exported_model_replaces_only_one_that_is_as_it_was_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = write_tiny_model(tmp_path / "models" / "tiny")
    write_tiny_model(model)  # as the workflow does
    (tmp_path / "empty").mkdir()
    write_tiny_model(tmp_path / "empty")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "one.tex").write_text("years of work")
    (tmp_path / "link").symlink_to(model)
    notes = model / "references" / "notes"
    before = sorted(tmp_path.rglob("*"))
    refusals = {
        **dict.fromkeys(("thesis", ".", "..", "models"), "is not a model folder that s2r wrote"),
        **{"link": "is a link", "thesis/one.tex": "is a file"},
    }
    for overwrite in (False, True):
        for name, sentence in refusals.items():
            with pytest.raises(UserError, match=sentence):
                check_replaceable(Path(name), overwrite)
    notes.mkdir()
    for overwrite in (False, True):
        with pytest.raises(UserError, match="notes was not written by s2r and would be lost"):
            check_replaceable(model, overwrite)
    notes.rmdir()
    with (model / "README.md").open("a") as card:
        card.write("My own remarks.")
    with pytest.raises(UserError, match=r"README\.md was changed since .*--overwrite"):
        write_tiny_model(model)
    check_replaceable(model, overwrite=True)
    assert sorted(tmp_path.rglob("*")) == before


def test_what_may_not_be_read_is_not_called_unwritable(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.R_OK)
    (tmp_path / "secret").touch()
    for path, said in ((tmp_path / "secret", "may not be read"), (tmp_path / "new", "be written")):
        refused = PermissionError(errno.EACCES, "Permission denied", str(path))
        assert f"{path} " in cause_of(refused)
        assert said in cause_of(refused)
    (tmp_path / "film.mp4").write_bytes(b"film")
    assert "may not be read" in fails(capsys, "score", tmp_path / "film.mp4", "x.mp4")


def test_causes_outside_of_this_program_are_one_sentence():
    broken = torch.AcceleratorError("CUDA error: no kernel image is available\nmore lines")
    assert "--device cpu" in cause_of(broken)
    assert "not enough memory" in cause_of(torch.OutOfMemoryError("CUDA out of memory. Tried"))
    assert "not enough memory" in cause_of(MemoryError("Unable to allocate 9 TiB"))
    assert "no space left" in cause_of(OSError(errno.EDQUOT, "Disk quota exceeded"))
    assert (
        cause_of(FileNotFoundError(errno.ENOENT, "No such file", "a.csv")) == "a.csv: No such file."
    )
    for own in (RuntimeError("expected all tensors on cuda:0"), ValueError("x"), OSError("x")):
        assert cause_of(own) is None


def test_a_full_disk_is_said(speech, folder, capsys, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("s2r.apps.generate_speech.generate_file", full)
    assert "no space left" in fails(capsys, "generate", "speech.wav", "--model", folder)


@pytest.mark.parametrize("name", ["model.safetensors", "references/sub002.png"])
def test_missing_and_tampered_files_of_a_model_are_named(tmp_path, name):
    folder = write_tiny_model(tmp_path / "tiny")
    load_model_folder(folder)
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content + b"x")
    with pytest.raises(UserError, match="was changed or damaged"):
        load_model_folder(folder)
    (folder / name).unlink()
    with pytest.raises(UserError, match=f"{name} is missing"):
        load_model_folder(folder)


def test_a_tampered_config_is_named(tmp_path):
    path = write_tiny_model(tmp_path / "tiny") / "config.yaml"
    content = yaml.safe_load(path.read_text())
    content["files"].pop("model.safetensors")
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(UserError, match=r"config\.yaml was changed"):
        load_model_folder(path.parent)
    path.write_text("[not, a, model")
    with pytest.raises(UserError, match="not readable YAML"):
        load_model_folder(path.parent)


def test_options_take_the_place_of_the_models_sampler(folder):
    loaded = load_model_folder(folder)
    own = loaded.model.sampler
    assert sampled_as(loaded, None, None, None).model.sampler == own
    assert sampled_as(loaded, "best", None, None).model.sampler == replace(own, steps=8)
    changed = sampled_as(loaded, "best", 5, 0.0).model.sampler
    assert changed == replace(own, steps=5, guidance_scale=0.0)


def test_info_shows_the_card(folder, capsys):
    assert main(["info", str(folder)]) == 0
    assert "# tiny" in capsys.readouterr().out


def test_silence_and_soft_speech_are_said(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    hum = 0.3 * np.sin(2 * np.pi * 50 * np.arange(16_000) / 16_000)
    write_wav("hum.wav", 0.2 + hum, 16_000)
    write_wav("soft.wav", 0.01 * voice(1.0), 16_000)
    for name, words in (("hum", "is silent: check the microphone"), ("soft", "is soft (-5")):
        assert main(["generate", f"{name}.wav", "--model", str(folder), "--size", "64"]) == 0
        lines = capsys.readouterr().err.strip().splitlines()
        assert lines[0] == "Loading the model ..."
        assert lines[1].startswith("Warning: ")
        assert words in lines[1]
        assert lines[-1].endswith("at rest, since the sound is silent") == (name == "hum")


def test_score_of_a_pale_copy(tmp_path, capsys):
    """It is equal up to brightness and contrast; the rows of grey levels as stored say so."""
    rng = np.random.default_rng(0)
    steps = rng.normal(0, 12, (30, 8, 8)).repeat(8, 1).repeat(8, 2)
    frames = np.clip(128 + np.cumsum(steps, 0), 0, 255).astype(np.uint8)
    write_video(tmp_path / "a.mp4", frames, 50, crf=1)
    write_video(tmp_path / "pale.mp4", 180 + frames // 4, 50, crf=1)
    assert main(["score", str(tmp_path / "a.mp4"), str(tmp_path / "pale.mp4")]) == 0
    found = capsys.readouterr().out
    rows = dict(re.split(r"  +", line, maxsplit=1) for line in found.split("\n\n")[0].splitlines())
    assert float(rows["SSIM, whole frame (1: equal)"]) > 0.95
    assert float(rows["SSIM, whole frame, as stored"]) < 0.7
    mean = [
        float(value) for value in rows["mean grey level as stored, true / generated"].split("/")
    ]
    assert mean == pytest.approx([frames.mean(), (180 + frames // 4).mean()], abs=1)
    true, pale = rows["contrast as stored (std), true / generated"].split("/")
    assert float(pale) / float(true) == pytest.approx(0.25, abs=0.01)
    assert "a pale copy is equal" in found


def test_a_reader_that_stops_early_ends_a_command_quietly():
    """`s2r info | head -1`."""
    code = "import sys; from s2r.core.ends import run_command; sys.stdin.read()\n"
    code += "sys.exit(run_command(lambda: print('card')))"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True
    )
    process.stdout.close()
    _, written = process.communicate("")
    assert (process.returncode, written) == (141, "")


@pytest.mark.usefixtures("terminal_signals")
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_nothing_behind(number, speech, folder, capsys, monkeypatch):
    def ended(*_, **__):
        hidden = [path for path in speech.parent.iterdir() if path.name.startswith(".")]
        assert len(hidden) == 1
        signal.raise_signal(number)
        raise AssertionError("it must not go on")

    monkeypatch.setattr("s2r.generation.stretches.generate_stretches", ended)
    before = {each: signal.getsignal(each) for each in (signal.SIGHUP, signal.SIGTERM)}
    # A closed terminal is like the system's wish.
    status = 128 + (signal.SIGTERM if number == signal.SIGHUP else number)
    assert main(["generate", "speech.wav", "--model", str(folder)]) == status
    assert "Stopped; nothing was written." in capsys.readouterr().err
    assert [path.name for path in speech.parent.iterdir()] == ["speech.wav"]
    assert before == {each: signal.getsignal(each) for each in before}


@pytest.mark.usefixtures("terminal_signals")
def test_a_second_signal_does_not_interrupt_the_cleaning_up():
    def command():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.raise_signal(number)
            cleaned.append(True)

    cleaned = []
    assert run_command(command) == 128 + signal.SIGTERM
    assert cleaned


def test_nohup_is_heeded():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert run_command(lambda: signal.raise_signal(signal.SIGHUP)) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_score_of_a_video_with_itself_and_with_a_shorter_one(speech, folder, capsys):
    for seed, name in ((0, "a.mp4"), (1, "b.mp4")):
        command = ["generate", "speech.wav", "-o", name, "--size", "64", "--seed", str(seed)]
        assert main([*command, "--model", str(folder)]) == 0
    assert main(["score", "a.mp4", "a.mp4"]) == 0
    assert "1.000" in capsys.readouterr().out
    assert main(["score", "a.mp4", "b.mp4"]) == 0
    write_wav("short.wav", voice(0.3), 16_000)
    main(["generate", "short.wav", "--model", str(folder)])
    assert "must show the same speech" in fails(capsys, "score", "a.mp4", "short.mp4")


def test_export_of_a_run_that_was_not_trained(tmp_path, monkeypatch, default_config, capsys):
    monkeypatch.chdir(tmp_path)
    assert "run this in the project's folder" in fails(capsys, "export", "logmel")
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text(yaml.safe_dump(default_config))
    write_tiny_corpus(tmp_path / "results")
    assert "train the run first" in fails(capsys, "export", "logmel")
    assert "not one of the runs" in fails(capsys, "export", "other")


def test_export_takes_weights_and_resting_frames(tmp_path, monkeypatch, default_config):
    monkeypatch.chdir(tmp_path)
    default_config["runs"]["logmel"] |= {"preset": "paper", "sampler": {"steps": 7}}
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text(yaml.safe_dump(default_config))
    corpus = write_tiny_corpus(tmp_path / "results")
    corpus.split.to_csv(tmp_path / "results/split.csv", index=False)
    write_tiny_model(tmp_path / "made/tiny")
    weights = tmp_path / "results/runs/logmel/model.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes((tmp_path / "made/tiny/model.safetensors").read_bytes())
    assert main(["export", "logmel", "-o", "model"]) == 0
    loaded = load_model_folder(tmp_path / "model")
    assert sorted(loaded.references) == ["s1", "s2", "s3"]
    assert loaded.references["s1"].shape == (SIZE, SIZE)
    assert np.array_equal(loaded.references["s2"], recording_at_rest(corpus.frames, "s2_a"))
    assert "synthetic" in (tmp_path / "model/README.md").read_text()
    assert loaded.model.sampler.steps == 7
