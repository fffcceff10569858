"""Broken and misleading files are named, and take no memory."""

import pickle
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from helpers.films import clicks, encode, ramp
from s2r.core.errors import UserError
from s2r.core.media import open as media_file
from s2r.core.media.decode import open_audio, probe, read_audio, read_video
from s2r.core.media.encode import write_video, write_wav
from s2r.core.media.open import MediaError
from s2r.core.media.timeline import even_timeline


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
