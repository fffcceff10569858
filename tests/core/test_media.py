"""Decoding and encoding: what is written comes back, from any container."""

import subprocess
import sys
import wave
from fractions import Fraction

import av
import numpy as np
import pytest

from helpers.films import clicks, encode, peak_time, ramp
from helpers.repository import RECORDINGS
from s2r.core.media import decode as media
from s2r.core.media.decode import probe, read_audio, read_video
from s2r.core.media.encode import write_video, write_wav

REAL = RECORDINGS / "real_rtmri"
USC_RATE = Fraction(1_000_000, 12_008)


@pytest.mark.parametrize("rate", [USC_RATE, Fraction(1159, 50), Fraction(25)])
def test_video_comes_back_with_its_rate_and_full_grey_range(tmp_path, rate):
    frames = ramp()
    write_video(tmp_path / "a.mp4", frames, rate, tags={"comment": "synthetic"})
    decoded, decoded_rate = read_video(tmp_path / "a.mp4")
    assert decoded.shape == frames.shape
    assert decoded.dtype == np.uint8
    assert decoded_rate == rate
    assert abs(decoded.astype(float) - frames).mean() < 3
    assert decoded.min() <= 3
    assert decoded.max() >= 252
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.metadata["comment"] == "synthetic"


def test_odd_sizes_get_one_more_pixel(tmp_path):
    write_video(tmp_path / "odd.mp4", ramp(5, 83, 85), 25)
    assert read_video(tmp_path / "odd.mp4")[0].shape == (5, 84, 86)


def test_equal_input_gives_equal_bytes_and_a_failure_leaves_the_old_file(tmp_path):
    sound = clicks(1.6, 20_000, [0.5])
    for name in ("a.mp4", "b.mp4"):
        write_video(tmp_path / name, ramp(), 25, sound, 20_000)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    with pytest.raises(ValueError, match=r"\w"):
        write_video(tmp_path / "a.mp4", ramp().astype(float), 25)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4"]


def test_a_transform_sees_blocks_and_its_results_are_joined(tmp_path):
    write_video(tmp_path / "a.mp4", ramp(300), 25)
    whole, _ = read_video(tmp_path / "a.mp4")
    sizes = []

    def means(block):
        sizes.append(len(block))
        return block.mean(axis=(1, 2))

    joined, _ = read_video(tmp_path / "a.mp4", means)
    np.testing.assert_allclose(joined, whole.mean(axis=(1, 2)))
    assert max(sizes) < 300


def test_wav_comes_back_and_loud_samples_are_clipped(tmp_path):
    audio = np.array([0, 0.25, -0.5, 1.5, -1.5], np.float32)
    write_wav(tmp_path / "a.wav", audio, 20_000)
    decoded, rate = read_audio(tmp_path / "a.wav")
    assert rate == 20_000
    np.testing.assert_allclose(decoded, [0, 0.25, -0.5, 1, -1], atol=1 / 32_768)


def test_channels_are_averaged(tmp_path):
    with wave.open(str(tmp_path / "stereo.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(np.tile(np.array([16_384, -8_192], "<i2"), 500).tobytes())
    audio, _ = read_audio(tmp_path / "stereo.wav")
    np.testing.assert_allclose(audio, np.full(500, 0.125))


@pytest.mark.parametrize(
    ("name", "codec", "sound"),
    [
        ("a.mkv", "libx264", "aac"),
        ("a.webm", "libvpx", "libopus"),
        ("a.mov", "mjpeg", "pcm_s16le"),
        ("a.mp4", "mpeg4", "aac"),
        ("a.avi", "mpeg4", None),
    ],
)
def test_other_containers(tmp_path, name, codec, sound):
    audio = clicks(2, 48_000, [0.5, 1.5])
    path = encode(tmp_path / name, codec, range(50), sound and (sound, audio))
    found = probe(path)
    frames, rate = read_video(path)
    assert (found.frames, found.width, found.height) == (50, 84, 84)
    assert len(frames) == 50
    assert found.frame_rate == rate == 25
    assert abs(frames.mean(axis=(1, 2)) - 2 * np.arange(50)).max() < 4
    if sound:
        assert abs(found.audio_seconds - 2) < 0.03
        decoded, sample_rate = read_audio(path)
        assert sample_rate == found.sample_rate == 48_000
        assert abs(peak_time(decoded, sample_rate, 1.5) - 1.5) < 0.002
    else:
        assert found.audio_seconds is None
        assert found.sample_rate is None


def test_torch_is_not_loaded_with_the_module():
    code = (
        "import sys, s2r.core.media.decode, s2r.preparation.frames; print('torch' in sys.modules)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert shown.strip() == "False"


@pytest.mark.skipif(not REAL.is_dir(), reason="shared/data/real_rtmri is not beside this checkout")
def test_real_recordings():
    for path in sorted(REAL.glob("*.mp4")):
        found = probe(path)
        frames, rate = read_video(path)
        audio, sample_rate = read_audio(path)
        assert rate == found.frame_rate == Fraction(1159, 50)
        assert frames.shape == (found.frames, 204, 204)
        assert abs(len(audio) / sample_rate - found.video_seconds) < 0.05


def test_large_pictures_come_in_small_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(media, "BLOCK_BYTES", 3 * 84 * 84)
    write_video(tmp_path / "a.mp4", ramp(10), 25)
    sizes = []
    read_video(tmp_path / "a.mp4", lambda block: sizes.append(len(block)) or block)
    assert sizes == [3, 3, 3, 1]
