"""Sound of any kind and length becomes video of the same length, or one sentence."""

import json
import tracemalloc
import wave

import av
import h5py
import numpy as np
import pytest

from helpers.films import TIMES, beeps_heard, copied, flash_and_beep, flashes_seen
from helpers.sounds import voice
from helpers.tiny_model import SIZE, heads, write_tiny_model
from s2r import __version__
from s2r.core.errors import UserError
from s2r.core.media.decode import probe, read_audio, read_video
from s2r.core.media.encode import write_wav
from s2r.core.media.resample import to_clock
from s2r.generation import stretches as module
from s2r.generation.appearance import Appearance
from s2r.generation.model_folder import load_model_folder
from s2r.generation.speech_file import generate_file, generated_frames
from s2r.generation.stretches import stretches
from s2r.model.family import VideoTask
from s2r.preparation.frames import FramesConfig, prepare_video
from s2r.preparation.pictures import enlarge
from s2r.speech.silence import blend, rest_weights


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load_model_folder(write_tiny_model(tmp_path_factory.mktemp("model") / "tiny"))


def write_sound(path, audio, rate, codec, layout="mono", kind="fltp"):
    """A sound file of any codec and layout; every channel holds ``audio``."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        channels = stream.layout.nb_channels
        resampler = av.AudioResampler(format=stream.format or kind, layout=layout, rate=rate)
        samples = np.repeat(audio, channels)[None]  # interleaved
        frame = av.AudioFrame.from_ndarray(samples, "flt", layout)
        frame.sample_rate, frame.pts = rate, 0
        for one in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(one))
        container.mux(stream.encode())


def make(source, target, model, size=256, truth=None, **options):
    options["appearance"] = Appearance(size=size, truth=truth)
    reference = model.references["sub001"]
    return generate_file(source, target, model, reference, **options)


@pytest.mark.parametrize(
    ("name", "codec", "rate", "layout"),
    [
        ("a.wav", "pcm_s16le", 8_000, "mono"),
        ("b.wav", "pcm_f32le", 192_000, "7.1"),
        ("c.flac", "flac", 48_000, "stereo"),
        ("d.mp3", "libmp3lame", 44_100, "stereo"),
        ("e.m4a", "aac", 22_050, "mono"),
        ("f.ogg", "libopus", 48_000, "stereo"),
    ],
)
def test_any_sound_becomes_video_as_long_as_itself(tmp_path, model, name, codec, rate, layout):
    write_sound(tmp_path / name, voice(1.234, rate), rate, codec, layout)
    count = make(tmp_path / name, tmp_path / "out.mp4", model, size=40)
    found = probe(tmp_path / "out.mp4")
    sound, sound_rate = read_audio(tmp_path / "out.mp4")
    assert found.frames == count
    assert (found.height, found.width, found.frame_rate) == (40, 40, 50)
    assert abs(count / 50 - 1.234) < 0.1  # lossy codecs add a little silence
    assert abs(len(sound) / sound_rate - count / 50) < 0.05
    assert np.abs(sound).max() > 0.1


def test_shortest_sound_and_too_short_a_one(tmp_path, model):
    write_wav(tmp_path / "short.wav", voice(0.1), 16_000)
    assert make(tmp_path / "short.wav", tmp_path / "short.mp4", model) == 5
    write_wav(tmp_path / "tiny.wav", voice(0.01), 16_000)
    with pytest.raises(UserError, match=r"0\.1 s"):
        make(tmp_path / "tiny.wav", tmp_path / "tiny.mp4", model, frames_path=tmp_path / "t.h5")
    assert {path.name for path in tmp_path.iterdir()} == {"short.wav", "short.mp4", "tiny.wav"}


def test_no_numbers_and_no_sound_are_said_and_leave_nothing(tmp_path, model):
    broken = voice(0.5)
    broken[100] = np.nan
    write_sound(tmp_path / "nan.wav", broken, 16_000, "pcm_f32le")
    (tmp_path / "text.wav").write_text("not a sound")
    for name, words in (("nan.wav", "not numbers"), ("text.wav", "not a media file")):
        with pytest.raises(UserError, match=words):
            make(tmp_path / name, tmp_path / "out.mp4", model)
    assert {path.name for path in tmp_path.iterdir()} == {"nan.wav", "text.wav"}


def test_frames_are_kept_and_truth_stands_on_the_left(tmp_path, model):
    write_wav(tmp_path / "a.wav", voice(0.6), 16_000)
    truth = np.full((10, SIZE, SIZE), 250, np.uint8)
    make(
        tmp_path / "a.wav",
        tmp_path / "a.mp4",
        model,
        size=SIZE,
        truth=truth,
        frames_path=tmp_path / "a.h5",
    )
    with h5py.File(tmp_path / "a.h5") as file:
        frames = file["frames"][()]
        assert file.attrs["frame_rate"] == 50
    shown, _ = read_video(tmp_path / "a.mp4")
    assert frames.shape == (30, SIZE, SIZE)
    assert shown.shape == (30, SIZE, 2 * SIZE + 2)
    assert shown[:, :, :SIZE].mean() > 240  # the truth is shorter: its last frame holds
    assert np.abs(shown[:, :, SIZE + 2 :].astype(float) - frames).mean() < 6


def test_files_say_that_they_are_synthetic_and_by_which_model(tmp_path, model):
    write_wav(tmp_path / "a.wav", voice(0.2), 16_000)
    for name in ("a", "b"):
        frames_path = tmp_path / f"{name}.h5"
        make(tmp_path / "a.wav", tmp_path / f"{name}.mp4", model, seed=3, frames_path=frames_path)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    with av.open(str(tmp_path / "a.mp4")) as container:
        tags = container.metadata
    about = json.loads(tags["description"])
    assert (about["model"], about["model_sha256"]) == ("tiny", model.checksum)
    assert about["seed"] == 3
    assert about["version"] == __version__
    assert tags["title"].startswith("Synthetic")
    assert tags["comment"].startswith("Synthetic: generated by a model")
    with h5py.File(tmp_path / "a.h5") as file:
        assert {key: file.attrs[key] for key in about} == about


@pytest.mark.parametrize("later", ["audio", "video"])
def test_truth_is_in_time_with_the_sound_of_its_film(tmp_path, model, later):
    """One of the two begins 0.5 s after the other; nothing of the sound is lost."""

    def there(packet):
        return packet.stream.type != later or packet.pts * packet.time_base >= 0.5

    whole = flash_and_beep(tmp_path / "whole.mkv", "mjpeg", "ac3")
    film = copied(whole, tmp_path / "film.mkv", there)
    truth = prepare_video(film, FramesConfig(size=SIZE))
    count = make(film, tmp_path / "out.mp4", model, size=SIZE, truth=truth)
    shown, rate = read_video(tmp_path / "out.mp4")
    assert abs(count / 50 - 2.4) < 0.05
    np.testing.assert_allclose(flashes_seen(shown[:, :, :SIZE], rate), TIMES, atol=0.01)
    heard = beeps_heard(*read_audio(tmp_path / "out.mp4"))
    np.testing.assert_allclose(heard, TIMES, atol=0.01)


def test_in_stretches_as_in_one_go(tmp_path, model, monkeypatch):
    """The first stretch is what a rollout makes; the others go on from it; seeds matter."""
    audio = voice(3.0)
    write_wav(tmp_path / "a.wav", audio, 16_000)
    monkeypatch.setattr(module, "STRETCH", 0.96)
    monkeypatch.setattr(module, "MARGIN", 0.4)
    made = {}
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        make(tmp_path / "a.wav", tmp_path / "a.mp4", model, seed=seed, frames_path=tmp_path / name)
        with h5py.File(tmp_path / name) as file:
            made[name] = file["frames"][()]
    assert len(made["a"]) == 150
    assert np.array_equal(made["a"], made["b"])
    assert not np.array_equal(made["a"], made["c"])
    sound, _ = read_audio(tmp_path / "a.wav")
    first = sound[: round((0.96 + 0.4) * 16_000)]
    speech = model.model.project(model.encoder.encode(first))
    rest = model.references["sub001"].astype(np.float32) / 127.5 - 1
    (expected,) = model.model.videos([VideoTask(speech, rest, 0, 0, 48)])
    assert np.abs(made["a"][:48].astype(int) - expected).max() <= 1


def test_stretches_cover_every_sample_once_with_their_margins():
    sound = np.arange(1_000, dtype=np.float32)
    pieces = list(stretches(np.array_split(sound, 37), 200, 50))
    kept = [one.samples[one.before : one.before + one.count] for one in pieces]
    assert np.array_equal(np.concatenate(kept), sound)
    assert [one.before for one in pieces] == [0, 50, 50, 50, 50]
    assert all(len(one.samples) == one.before + one.count + 50 for one in pieces[:-1])
    assert list(stretches([], 200, 50)) == []


def test_to_clock_keeps_time():
    rate = 44_100
    sound = np.zeros(rate, np.float32)
    sound[rate // 2] = 1
    made = np.concatenate(list(to_clock(np.array_split(sound, 9), rate)))
    assert abs(len(made) - 16_000) <= 1
    assert abs(int(np.abs(made).argmax()) - 8_000) <= 1


def test_memory_does_not_grow_with_the_length(tmp_path, model, monkeypatch):
    """Python's own memory at its peak, for sound four times as long."""
    monkeypatch.setattr(module, "STRETCH", 2.0)
    monkeypatch.setattr(module, "MARGIN", 0.4)
    peaks = []
    for seconds in (10, 40):
        write_wav(tmp_path / "a.wav", voice(seconds), 16_000)
        tracemalloc.start()
        make(tmp_path / "a.wav", tmp_path / "a.mp4", model, size=SIZE)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_long_silence_is_at_rest_and_short_pauses_are_not(tmp_path, model):
    audio = voice(2.0)
    audio[8_000:20_000] = 0  # 0.5 to 1.25 s
    audio[25_600:27_200] = 0  # a closure of 0.1 s
    weights = rest_weights(audio)
    assert len(weights) == 100
    assert not weights[:25].any()
    assert not weights[63:].any()
    assert (weights[36:52] == 1).all()
    assert np.all(np.diff(weights[24:36]) >= 0)
    write_wav(tmp_path / "silence.wav", np.zeros(16_000, np.float32), 16_000)
    make(tmp_path / "silence.wav", tmp_path / "s.mp4", model, frames_path=tmp_path / "s.h5")
    with h5py.File(tmp_path / "s.h5") as file:
        assert (file["frames"][()] == model.references["sub001"]).all()


def test_soft_speech_gives_the_video_of_speech_and_a_remark(tmp_path, model):
    """Before, what is soft was silent: a still picture without a word."""
    audio = voice(1.0)
    remarks, videos = {}, {}
    for name, gain in (("usual", 1.0), ("soft", 0.004), ("silent", 0.0)):
        write_sound(tmp_path / f"{name}.wav", np.float32(gain) * audio, 16_000, "pcm_f32le")
        said, path = [], tmp_path / f"{name}.h5"
        make(
            tmp_path / f"{name}.wav",
            tmp_path / "a.mp4",
            model,
            frames_path=path,
            on_remark=said.append,
        )
        remarks[name] = " ".join(said)
        with h5py.File(path) as file:
            videos[name] = file["frames"][()].astype(int)
    assert remarks["usual"] == ""
    assert "soft.wav is soft (-6" in remarks["soft"]
    assert "silent.wav is silent: check the microphone" in remarks["silent"]
    assert np.abs(np.diff(videos["soft"], axis=0)).mean() > 0.5
    assert np.abs(videos["soft"] - videos["usual"]).mean() < 3


def test_stereo_of_opposite_phase_gives_the_video_of_one_channel(tmp_path, model):
    audio = voice(0.5)
    write_wav(tmp_path / "one.wav", audio, 16_000)
    samples = np.rint(np.stack([audio, -audio], 1) * 32768).clip(-32767, 32767)
    with wave.open(str(tmp_path / "opposed.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples.astype("<i2").tobytes())
    found = []
    for name in ("one", "opposed"):
        make(tmp_path / f"{name}.wav", tmp_path / "a.mp4", model, frames_path=tmp_path / name)
        with h5py.File(tmp_path / name) as file:
            found.append(file["frames"][()])
    np.testing.assert_array_equal(*found)


def test_blend_moves_frames_towards_rest():
    frames = np.full((3, 2, 2), 100, np.uint8)
    rest = np.full((2, 2), 200, np.uint8)
    moved = blend(frames, rest, np.array([0, 0.5, 1], np.float32))
    assert moved[:, 0, 0].tolist() == [100, 150, 200]


def test_enlarged_pictures_keep_their_content():
    frames = np.stack(list(heads().values()))
    larger = enlarge(frames, 4 * SIZE)
    assert larger.shape == (3, 4 * SIZE, 4 * SIZE)
    means = larger.reshape(3, SIZE, 4, SIZE, 4).mean((2, 4))
    assert np.abs(means - frames).mean() < 3
    assert enlarge(frames, SIZE) is frames


def test_sound_in_memory_becomes_the_frames_of_its_file(model, tmp_path):
    sound = np.round(0.002 * voice(1.0) * 32768) / 32768  # soft: brought to a usual level
    write_wav(tmp_path / "a.wav", sound, 16_000)
    told = []
    make(tmp_path / "a.wav", tmp_path / "a.mp4", model, frames_path=tmp_path / "a.h5", seed=3,
         on_remark=told.append)  # fmt: skip
    frames = generated_frames(sound.astype(np.float32), model, model.references["sub001"], seed=3)
    with h5py.File(tmp_path / "a.h5") as file:
        np.testing.assert_array_equal(frames, file["frames"][:])
    assert frames.shape == (50, SIZE, SIZE) and "soft" in told[0]
    with pytest.raises(UserError, match="too little to show"):
        generated_frames(voice(0.05), model, model.references["sub001"])
