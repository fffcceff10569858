"""Decoding and encoding: what is written comes back, and broken files are named."""

import pickle
import subprocess
import sys
import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from helpers.repository import RECORDINGS
from s2r.core.errors import UserError
from s2r.core.media import decode as media
from s2r.core.media import open as media_file
from s2r.core.media.decode import open_audio, probe, read_audio, read_video
from s2r.core.media.encode import write_video, write_wav
from s2r.core.media.open import MediaError
from s2r.core.media.resample import resample
from s2r.core.media.timeline import even_timeline

REAL = RECORDINGS / "real_rtmri"
USC_RATE = Fraction(1_000_000, 12_008)


def ramp(count=40, height=84, width=84):
    """Frames whose columns run from black to white, with a white row that moves down."""
    frames = np.tile(np.linspace(0, 255, width).astype(np.uint8), (count, height, 1))
    frames[np.arange(count), np.arange(count) % height] = 255
    return frames


def clicks(seconds, rate, times):
    """Short bursts centred at ``times``."""
    t = np.arange(round(seconds * rate)) / rate
    return sum(0.8 * np.exp(-(((t - at) / 0.001) ** 2)) for at in times).astype(np.float32)


def peak_time(audio, rate, near, reach=0.05):
    """Centre of gravity of the energy within ``reach`` seconds of ``near``."""
    t = np.arange(len(audio)) / rate
    power = np.where(abs(t - near) < reach, audio.astype(float) ** 2, 0)
    return (t * power).sum() / power.sum()


def encode(path, codec, stamps, sound=None, start=0):
    """A file of another container: frames at ``stamps`` / 25 s, sound 48 kHz (codec, samples)."""
    with av.open(str(path), "w") as container:
        video = container.add_stream(codec, rate=25)
        video.width = video.height = 84
        video.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream = container.add_stream(sound[0], rate=48_000, layout="mono") if sound else None
        for stamp in stamps:
            picture = np.full((84, 84), 2 * stamp, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="gray")
            frame.pts, frame.time_base = stamp + start, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if stream:
            frame = av.AudioFrame.from_ndarray(sound[1][None], format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
            resampler = av.AudioResampler(format=stream.codec_context.format, rate=48_000)
            for piece in resampler.resample(frame) + resampler.resample(None):
                container.mux(stream.encode(piece))
            container.mux(stream.encode())
    return path


@pytest.mark.parametrize("rate", [USC_RATE, Fraction(1159, 50), Fraction(25)])
def test_video_comes_back_with_its_rate_and_full_grey_range(tmp_path, rate):
    frames = ramp()
    write_video(tmp_path / "a.mp4", frames, rate, comment="synthetic")
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


@pytest.mark.parametrize("rate", [20_000, 22_050, 44_100])
def test_sound_of_an_mp4_stays_in_place(tmp_path, rate):
    times = [0.2, 1.0, 2.9]
    write_video(tmp_path / "a.mp4", ramp(75), 25, clicks(3, rate, times), rate)
    audio, decoded_rate = read_audio(tmp_path / "a.mp4")
    assert decoded_rate == 44_100
    assert audio.dtype == np.float32
    assert abs(len(audio) / decoded_rate - 3) < 0.002
    for at in times:
        assert abs(peak_time(audio, decoded_rate, at) - at) < 0.001


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


def test_sound_is_counted_from_the_first_frame(tmp_path):
    audio = clicks(3, 48_000, [1.5])
    path = encode(tmp_path / "late.mkv", "libx264", range(50), ("aac", audio), start=10)
    decoded, rate = read_audio(path)
    assert abs(peak_time(decoded, rate, 1.1) - 1.1) < 0.002


def test_a_gap_in_time_is_filled_with_the_nearest_frame(tmp_path):
    stamps = [*range(20), *range(30, 60)]
    path = encode(tmp_path / "gap.mkv", "libx264", stamps)
    frames, rate = read_video(path)
    assert rate == 25
    assert len(frames) == probe(path).frames == 60
    levels = frames.mean(axis=(1, 2))
    np.testing.assert_allclose(levels[[5, 19, 22, 27, 30, 55]], [10, 38, 38, 60, 60, 110], atol=4)


def test_even_timeline():
    base = Fraction(1, 1000)
    slots, rate = even_timeline([0, 12, 24, 36, 48], base, Fraction(25))
    assert slots.tolist() == [0, 1, 2, 3, 4]
    assert rate == Fraction(1000, 12)
    # Stamps rounded to milliseconds do not change the rate: 83.2778 Hz to better than 1e-4.
    stamps = [round(i * 12.008) for i in range(2500)]
    slots, rate = even_timeline(stamps, base, Fraction(25))
    assert len(slots) == 2500
    assert abs(float(rate / USC_RATE) - 1) < 1e-4
    slots, rate = even_timeline([0, 40, 80, 240, 280], base, Fraction(25))
    assert slots.tolist() == [0, 1, 2, 2, 2, 3, 3, 4]
    assert rate == 25
    assert even_timeline([None, None], base, Fraction(30))[1] == 30


def test_truncated_files_are_named(tmp_path):
    write_video(tmp_path / "whole.mp4", ramp(200), 25, clicks(8, 44_100, [1]), 44_100)
    content = (tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "no_index.mp4").write_bytes(content[: len(content) // 2])
    # With the index in front, a cut file opens and only its packets are missing.
    with av.open(str(tmp_path / "whole.mp4")) as source:
        target = av.open(str(tmp_path / "front.mp4"), "w", options={"movflags": "faststart"})
        streams = {stream: target.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream]
                target.mux(packet)
        target.close()
    content = (tmp_path / "front.mp4").read_bytes()
    assert probe(tmp_path / "front.mp4").frames == 200
    (tmp_path / "fewer.mp4").write_bytes(content[: len(content) * 7 // 10])
    for name, sentence in {"no_index.mp4": "copy it again", "fewer.mp4": "of the 200"}.items():
        for read in (probe, read_video):
            with pytest.raises(MediaError, match=sentence) as error:
                read(tmp_path / name)
            assert error.value.reason == "truncated"
    path = encode(tmp_path / "whole.mkv", "libx264", range(100), ("aac", clicks(4, 48_000, [1])))
    (tmp_path / "cut.mkv").write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(MediaError, match=r"ends after .* of the 4\.\d+ s"):
        probe(tmp_path / "cut.mkv")


def test_other_faults_are_named(tmp_path):
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("not a video " * 100)
    write_wav(tmp_path / "sound.wav", np.zeros(100), 16_000)
    write_video(tmp_path / "mute.mp4", ramp(5), 25)
    cases = [
        (probe, "absent.mp4", "missing"),
        (probe, "empty.mp4", "zero frames"),
        (probe, "text.mp4", "unreadable"),
        (read_video, "sound.wav", "zero frames"),
        (read_audio, "mute.mp4", "no audio"),
        (read_audio, "empty.mp4", "no audio"),
    ]
    for read, name, reason in cases:
        with pytest.raises(UserError, match=name) as error:
            read(tmp_path / name)
        assert error.value.reason == reason
        copy = pickle.loads(pickle.dumps(error.value))  # as between processes
        assert (str(copy), copy.reason) == (str(error.value), reason)


def test_resample_keeps_a_tone_and_removes_what_does_not_fit():
    t = np.arange(44_100) / 44_100
    low = resample(np.sin(2 * np.pi * 1_000 * t), 44_100, 16_000)
    assert low.shape == (16_000,)
    expected = np.sin(2 * np.pi * 1_000 * np.arange(16_000) / 16_000)
    assert abs(low - expected)[100:-100].max() < 0.01
    high = resample(np.sin(2 * np.pi * 12_000 * t), 44_100, 16_000)
    assert abs(high[100:-100]).max() < 0.02


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


def test_streams_without_a_decoder_are_reported(tmp_path):
    sound = clicks(1.6, 20_000, [0.5])
    write_video(tmp_path / "a.mp4", ramp(), 25, sound, 20_000)
    content = (tmp_path / "a.mp4").read_bytes()
    other = content.replace(b"mp4a", b"zzzz").replace(b"esds", b"zzzz")
    (tmp_path / "sound.mp4").write_bytes(other)
    (tmp_path / "picture.mp4").write_bytes(content.replace(b"avc1", b"zzzz"))
    assert probe(tmp_path / "sound.mp4").sample_rate is None
    with pytest.raises(MediaError, match="no audio: the file has no audio stream that can be dec"):
        read_audio(tmp_path / "sound.mp4")
    for read in (probe, read_video):
        with pytest.raises(MediaError, match="unreadable: there is no decoder for its pictures"):
            read(tmp_path / "picture.mp4")


def test_numbers_that_cannot_be_right_take_no_memory(tmp_path, monkeypatch):
    for stamps in ([0, 1, 2, 10**12], [0, 2**62, 3]):
        with pytest.raises(ValueError, match=r"time stamps cannot|said to last .* with long gaps"):
            even_timeline(stamps, Fraction(1, 1000), Fraction(25))
    lingers = [*range(100), 1000]
    assert len(even_timeline(lingers, Fraction(1, 25), Fraction(25))[0]) == 1001
    write_wav(tmp_path / "a.wav", clicks(1.0, 20_000, [0.5]), 20_000)
    content = bytearray((tmp_path / "a.wav").read_bytes())
    for rate in (1, 999, 200_001, 2**31 - 1):
        content[24:28] = rate.to_bytes(4, "little")
        (tmp_path / "a.wav").write_bytes(content)
        with pytest.raises(MediaError, match=f"its sound has {rate} samples per second"):
            read_audio(tmp_path / "a.wav")
        with pytest.raises(MediaError, match="samples per second"), open_audio(tmp_path / "a.wav"):
            pass
    write_video(tmp_path / "a.mp4", ramp(5), 25)
    monkeypatch.setattr(media_file, "LARGEST_PICTURE", 84 * 84 - 1)
    for read in (probe, read_video):
        with pytest.raises(MediaError, match="its pictures have 84 x 84 pixels"):
            read(tmp_path / "a.mp4")


def test_sound_that_begins_hours_late_is_refused(tmp_path):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        video, sound = container.add_stream("mpeg4", rate=25), container.add_stream("aac", 48_000)
        video.width = video.height = 84
        video.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_ndarray(ramp(1)[0], format="gray")
        container.mux(video.encode(frame) + video.encode())
        for start in (4 * 3600 * 48_000, 4 * 3600 * 48_000 + 1024):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), "f4"), "fltp", "mono")
            frame.sample_rate, frame.pts, frame.time_base = 48_000, start, Fraction(1, 48_000)
            container.mux(sound.encode(frame))
        container.mux(sound.encode())
    with pytest.raises(MediaError, match=r"its sound begins 144.. s after its first frame"):
        read_audio(path)


def test_large_pictures_come_in_small_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(media, "BLOCK_BYTES", 3 * 84 * 84)
    write_video(tmp_path / "a.mp4", ramp(10), 25)
    sizes = []
    read_video(tmp_path / "a.mp4", lambda block: sizes.append(len(block)) or block)
    assert sizes == [3, 3, 3, 1]


def test_pictures_that_change_their_size_are_refused(tmp_path):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width = stream.height = 84
        stream.pix_fmt = "yuvj420p"
        for number, side in enumerate((84, 84, 64)):
            encoder = av.CodecContext.create("mjpeg", "w")
            encoder.width = encoder.height = side
            encoder.pix_fmt, encoder.time_base = "yuvj420p", Fraction(1, 25)
            frame = av.VideoFrame.from_ndarray(ramp(1, side, side)[0], format="gray")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            for packet in encoder.encode(frame.reformat(format="yuvj420p")):
                packet.stream, packet.time_base = stream, Fraction(1, 25)
                packet.pts = packet.dts = number
                container.mux(packet)
    with pytest.raises(MediaError, match="unreadable: its pictures change their size"):
        read_video(path)


def test_rates_without_a_common_factor_are_resampled_too():
    tone = np.sin(2 * np.pi * 440 * np.arange(16_001) / 16_001).astype(np.float32)
    made = resample(tone, 16_001, 16_000)
    assert made.dtype == np.float32
    expected = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    assert len(made) == 16_000
    assert np.abs(made - expected)[100:-100].max() < 0.01


def test_a_file_opens_no_other_file(tmp_path):
    write_video(tmp_path / "secret.mp4", ramp(5), 25, clicks(0.2, 20_000, [0.1]), 20_000)
    (tmp_path / "concat.mp4").write_text("ffconcat version 1.0\nfile secret.mp4\n")
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{tmp_path}/secret.mp4\n"
    (tmp_path / "hls.mp4").write_text(playlist + "#EXT-X-ENDLIST\n")
    (tmp_path / "http.mp4").write_text(playlist.replace(f"{tmp_path}/", "http://127.0.0.1:9/"))
    for name in ("concat.mp4", "hls.mp4", "http.mp4"):
        for read in (probe, read_video, read_audio):
            with pytest.raises(MediaError, match="unreadable: not a media file"):
                read(tmp_path / name)


def test_a_name_with_a_colon_is_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_video("plain.mp4", ramp(5), 25)
    Path("plain.mp4").rename("concat:plain.mp4")
    assert read_video("concat:plain.mp4")[0].shape == (5, 84, 84)
