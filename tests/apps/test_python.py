"""The Python interface: `s2r.load`, calls of a model, and the videos that they give."""

import json
import subprocess
import sys
from pathlib import Path

import av
import h5py
import numpy as np
import pytest

import s2r
from helpers.sounds import voice
from helpers.tiny_model import heads, write_tiny_model
from helpers.untrained_probe import write_untrained_probe
from s2r.cli import main
from s2r.core.media.decode import read_audio, read_video
from s2r.core.media.encode import write_wav
from s2r.evaluation.metrics.tract_variables import TRACT_VARIABLES


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="module")
def tiny(folder):
    return s2r.load(folder)


@pytest.fixture(scope="module")
def utterance(utterance_folder):
    return s2r.load(str(utterance_folder / "model"), device="cpu")


@pytest.fixture(scope="module")
def video(tiny):
    return tiny(voice(0.6), 16_000)


def test_importing_the_package_is_instant():
    code = "import s2r, sys; s2r.UserError; dir(s2r); print({'torch', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
    assert {"load", "Model", "Video", "UserError"} <= set(dir(s2r))
    with pytest.raises(AttributeError, match="no attribute 'lood'"):
        s2r.lood  # noqa: B018


def test_type_checkers_know_what_is_public():
    stub = Path(s2r.__file__).with_suffix(".pyi").read_text()
    assert {name for name in s2r._PUBLIC if f"import {name} as {name}\n" in stub} == {*s2r._PUBLIC}
    assert Path(s2r.__file__).with_name("py.typed").exists()


def test_a_model_and_the_command_make_the_same_video(folder, tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sound = voice(0.6, rate=22_050)
    write_wav("speech.wav", sound, 22_050)
    command = ["generate", "speech.wav", "--model", str(folder), "--seed", "3", "--gif"]
    assert main([*command, "--save", "a.h5", "--speaker", "sub002"]) == 0
    made = tiny("speech.wav", seed=3, speaker="sub002")
    with h5py.File("a.h5") as file:
        np.testing.assert_array_equal(made.frames, file["frames"][:])
        marks = dict(file.attrs)
    assert made.save("b.h5") == Path("b.h5")
    assert marks.items() >= made.marks.items() and made.marks["seed"] == 3
    with h5py.File("b.h5") as file:
        assert dict(file.attrs) == marks
        np.testing.assert_array_equal(made.frames, file["frames"][:])
    made.save("b.mp4")
    made.save("b.gif")
    assert Path("b.gif").read_bytes() == Path("speech.gif").read_bytes()
    np.testing.assert_array_equal(read_video("b.mp4")[0], read_video("speech.mp4")[0])
    np.testing.assert_array_equal(read_audio("b.mp4")[0], read_audio("speech.mp4")[0])
    with av.open("b.mp4") as container:
        assert json.loads(container.metadata["description"]) == made.marks


def test_samples_of_every_kind_are_the_same_speech(tiny, tmp_path):
    sound = np.round(voice(0.6) * 32768) / 32768
    write_wav(tmp_path / "a.wav", sound, 16_000)
    frames = tiny(tmp_path / "a.wav").frames
    whole = (sound * 32768).astype(np.int16)
    for samples in (sound, whole, whole.astype(np.int32) * 65536, np.stack([sound, sound])):
        np.testing.assert_array_equal(tiny(samples, 16_000).frames, frames)
    assert len(tiny(voice(0.6, rate=44_100), 44_100)) == len(frames) == 30
    assert tiny((whole // 256 + 128).astype(np.uint8), 16_000.0).frames.shape == frames.shape


@pytest.mark.parametrize(
    ("samples", "rate", "said"),
    [
        (voice(0.6), None, "need their rate"),
        (voice(0.6), 50, "from 1000 to 200000"),
        (voice(0.6), 8000.5, "whole number"),
        (voice(0.05), 16_000, "too little to show"),
        (np.zeros(0), 16_000, "too little to show"),
        (30_000 * voice(0.6), 16_000, "divide floats by their full scale"),
        (np.array([0.1, np.nan] * 2000), 16_000, "not numbers"),
        (np.arange(9600), 16_000, "int64 have no known full scale"),
        (np.stack([voice(0.6)] * 2, 1), 16_000, "samples.T"),
        ("none.wav", None, "no such file"),
        ("none.wav", 16_000, "has a rate of its own"),
    ],
)
def test_sound_that_cannot_be_used_is_one_sentence(tiny, samples, rate, said):
    with pytest.raises(s2r.UserError, match=said):
        tiny(samples, rate)


def test_draws_are_those_of_their_seeds(tiny):
    done = []
    three = tiny(
        voice(0.6),
        16_000,
        seed=4,
        draws=3,
        progress=lambda count, total: done.append((count, total)),
    )
    assert [made.marks["seed"] for made in three] == [4, 5, 6]
    np.testing.assert_array_equal(three[1].frames, tiny(voice(0.6), 16_000, seed=5).frames)
    assert (three[0].frames != three[1].frames).any()
    assert done == sorted(done) and done[-1] == (90, 90)
    with pytest.raises(s2r.UserError, match="0 draws"):
        tiny(voice(0.6), 16_000, draws=0)


def test_another_speaker_is_a_subject_or_a_picture(tiny, folder):
    picture = folder / "references/sub003.png"
    by_name = tiny(voice(0.6), 16_000, speaker="sub003").frames
    for reference in (picture, str(picture), [picture]):
        made = tiny(voice(0.6), 16_000, reference=reference)
        assert made.frames.shape == by_name.shape
    np.testing.assert_array_equal(tiny.speakers["sub003"], heads()["sub003"])
    for options, said in (
        ({"speaker": "x"}, "not a subject"),
        ({"speaker": "sub001", "reference": picture}, "not both"),
        ({"clean": True}, "cannot leave out the scanner's noise"),
    ):
        with pytest.raises(s2r.UserError, match=said):
            tiny(voice(0.6), 16_000, **options)


def test_silence_is_warned_of(tiny):
    with pytest.warns(UserWarning, match="the sound is silent"):
        made = tiny(np.zeros(8000), 16_000)
    assert "silent" in made.remarks[0]


def test_codes_are_those_that_the_frames_are_decoded_from(utterance):
    sound = voice(0.8)
    codes = utterance.codes(sound, 16_000)
    assert codes.shape == (40, 12) and codes.dtype == np.float32
    model, loaded = utterance._loaded.model, utterance._loaded
    reference = loaded.references["sub001"]
    speaker = model._register([_task(reference)])[0]
    decoded = model.model.autoencoder.decode(_tensor(codes), speaker)[:, 0].numpy()
    clean = utterance(sound, 16_000, clean=True, seed=2)
    drawn = model.model.autoencoder.decode(
        _tensor(utterance.codes(sound, 16_000, seed=2)), speaker
    )[:, 0].numpy()
    levels = np.rint((drawn.clip(-1, 1) + 1) * 127.5)
    assert np.abs(levels - clean.frames).max() <= 1
    assert np.abs(decoded - drawn).max() > 0.01
    with pytest.warns(UserWarning, match="silent"):
        assert not utterance.codes(np.zeros(32_000), 16_000)[40:60].any()


def _tensor(array):
    import torch

    return torch.from_numpy(array)


def _task(reference):
    from s2r.core.units import to_unit_range
    from s2r.model.family import VideoTask

    return VideoTask(np.zeros((1, 1), np.float32), to_unit_range(reference), 0)


def test_a_model_without_codes_says_so(tiny):
    with pytest.raises(s2r.UserError, match="no articulation codes"):
        tiny.codes(voice(0.6), 16_000)


def test_tract_variables_are_a_table_over_time(video, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(s2r.UserError, match=r"probe\.safetensors does not exist"):
        video.tract_variables()
    table = video.tract_variables(write_untrained_probe(tmp_path / "probe.safetensors"))
    assert list(table.columns) == list(TRACT_VARIABLES)
    assert table.index.name == "time"
    np.testing.assert_allclose(table.index, 0.01 + 0.02 * np.arange(30))
    assert table.lip_aperture.between(5, 15).all()
    Path("results/instruments").mkdir(parents=True)
    Path("probe.safetensors").rename("results/instruments/probe.safetensors")
    assert video.tract_variables().equals(table)
    assert video.contours()["tongue"].shape == (30, 8, 2)
    plain, drawn = video.save("a.mp4", size=64), video.save("b.mp4", size=64, overlay=True)
    assert plain.read_bytes() != drawn.read_bytes()


def test_a_video_replaces_nothing_that_is_not_its_own(video, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.mp4").write_text("years of work")
    with pytest.raises(s2r.UserError, match="was not written by s2r"):
        video.save("a.mp4")
    for name, options, said in (
        ("a.avi", {}, "ends in .mp4, .gif or .h5"),
        ("no/a.mp4", {}, "there is no folder"),
        ("b.mp4", {"size": 3}, "from 16 to 4096"),
        ("b.mp4", {"slow": 0.5}, "from 1 to 16"),
    ):
        with pytest.raises(s2r.UserError, match=said):
            video.save(name, **options)
    assert Path("a.mp4").read_text() == "years of work"
    video.save("a.mp4", overwrite=True, slow=2)
    assert len(read_video("a.mp4")[0]) == 30 and read_video("a.mp4")[1] == 25
    assert [path.name for path in Path().iterdir()] == ["a.mp4"]


def test_a_notebook_shows_the_video_and_that_it_is_synthetic(tiny, video):
    shown = video._repr_html_()
    assert shown.count("data:video/mp4;base64,") == 1
    assert "Synthetic: generated by a model, not measured" in shown
    assert "first 20 s" not in shown
    assert len(shown) < 60_000
    assert "synthetic" in repr(video) and "0.60 s" in repr(video)
    assert "tiny" in repr(tiny) and tiny.card == "# tiny\n"
