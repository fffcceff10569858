"""One clock for picture and sound: flash and beep at the same time, whatever lies between."""

import av
import numpy as np
import pytest
from av.stream import Disposition

from helpers.films import (
    TIMES,
    beeps,
    beeps_heard,
    copied,
    encode_sound,
    flash_and_beep,
    flashes_seen,
    trimmed_in_place,
    write_sound,
)
from s2r.core.media.decode import open_audio, probe, read_audio, read_video
from s2r.core.media.open import MediaError
from s2r.core.media.sound_clock import LONGEST_GAPS, Piece, on_clock


def apart(path, marks=3):
    """Largest time between a flash and its beep, s; ``marks`` of both must be there."""
    seen, heard = flashes_seen(*read_video(path)), beeps_heard(*read_audio(path))
    assert len(seen) == len(heard) == marks
    return max(abs(np.subtract(seen, heard)))


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Pictures that need all those before them."""
    return flash_and_beep(tmp_path_factory.mktemp("film") / "film.mp4", gop=250)


@pytest.mark.parametrize(
    ("name", "video", "sound"),
    [
        ("a.mp4", "libx264", "aac"),
        ("a.mov", "mjpeg", "pcm_s16le"),
        ("a.mkv", "libx264", "ac3"),
        ("a.webm", "libvpx-vp9", "libopus"),
        ("a.avi", "mpeg4", "pcm_s16le"),
        ("a.ts", "libx264", "aac"),
        ("a.flv", "libx264", "aac"),
        ("a.mpg", "mpeg2video", "mp2"),
    ],
)
def test_flash_and_beep_in_every_container(tmp_path, name, video, sound):
    path = flash_and_beep(tmp_path / name, video, sound)
    assert apart(path) < 0.02
    found = probe(path)
    assert found.frames == len(read_video(path)[0]) == 120
    audio, rate = read_audio(path)
    assert abs(found.audio_seconds - len(audio) / rate) < 0.03


@pytest.mark.parametrize(
    ("name", "codec", "late"),
    [
        ("a.wav", "pcm_s16le", 0),
        ("a.ogg", "flac", 0),
        ("a.opus", "libopus", 0),
        ("a.flac", "flac", 0),
        ("a.mp3", "libmp3lame", 0),
        ("a.m4a", "aac", 0),
        ("a.aac", "aac", 1024 / 48_000),  # the encoder's start is written nowhere
    ],
)
def test_beeps_in_every_file_of_sound(tmp_path, name, codec, late):
    path = write_sound(tmp_path / name, codec, beeps(), 48_000)
    audio, rate = read_audio(path)
    np.testing.assert_allclose(beeps_heard(audio, rate), np.add(TIMES, late), atol=0.004)
    assert abs(len(audio) / rate - 2.4) < 0.04


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_a_gap_in_the_packets_is_silence(tmp_path, film, suffix, capsys):
    def there(packet):
        time = float(packet.pts * packet.time_base)
        return packet.stream.type == "video" or not 0.9 <= time < 1.3

    path = copied(film, tmp_path / f"gap{suffix}", there)
    audio, rate = read_audio(path)
    assert "0.38 s of its sound are missing or damaged" in capsys.readouterr().err
    assert abs(len(audio) / rate - 2.4) < 0.03
    assert not audio[round(0.95 * rate) : round(1.25 * rate)].any()
    assert apart(path) < 0.004


@pytest.mark.parametrize("share", [0.1, 0.25])
def test_a_recording_that_is_cut_between_key_frames(tmp_path, share):
    content = flash_and_beep(tmp_path / "whole.ts").read_bytes()
    first = 188 * int(share * len(content) / 188)
    (tmp_path / "cut.ts").write_bytes(content[:564] + content[first:])
    frames, rate = read_video(tmp_path / "cut.ts")
    seen, heard = flashes_seen(frames, rate), beeps_heard(*read_audio(tmp_path / "cut.ts"))
    assert probe(tmp_path / "cut.ts").frames == len(frames)
    assert 1 <= len(seen) <= len(heard)
    assert max(abs(np.subtract(seen[::-1], heard[::-1][: len(seen)]))) < 0.004


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_pictures_that_an_edit_list_hides_are_not_missing(tmp_path, film, suffix):
    path = copied(film, tmp_path / f"trimmed{suffix}", seconds=-1.0)
    found, (frames, _) = probe(path), read_video(path)
    assert found.frames == len(frames) == 70
    assert found.video_seconds == pytest.approx(1.4)
    assert len(read_audio(path)[0]) / 48_000 == pytest.approx(1.4, abs=0.03)
    assert apart(path, marks=2) < 0.004
    assert flashes_seen(frames, 50) == pytest.approx([0.4, 1.0])


@pytest.mark.parametrize("gop", [25, 250])
def test_a_film_that_a_phone_trimmed_holds_more_than_it_shows(tmp_path, gop):
    path = trimmed_in_place(flash_and_beep(tmp_path / "a.mp4", gop=gop), 1.0, 1.2)
    found, (frames, rate) = probe(path), read_video(path)
    assert found.frames == len(frames) == 60
    assert apart(path, marks=2) < 0.004
    assert flashes_seen(frames, rate) == pytest.approx([0.4, 1.0])
    assert len(read_audio(path)[0]) / 48_000 == pytest.approx(1.2, abs=0.01)


def test_sound_before_the_first_picture_is_left_out_or_told(tmp_path, film):
    def there(packet):
        return packet.stream.type == "audio" or packet.pts * packet.time_base >= 1.0

    path = copied(flash_and_beep(tmp_path / "all.mkv", "mjpeg"), tmp_path / "late.mkv", there)
    assert apart(path, marks=2) < 0.004
    assert flashes_seen(*read_video(path)) == pytest.approx([0.4, 1.0])
    with open_audio(path) as sound:
        assert sound.begins == pytest.approx(-1.0, abs=0.001)
        heard = beeps_heard(np.concatenate(list(sound.blocks)), sound.rate)
    np.testing.assert_allclose(heard, TIMES, atol=0.004)
    with open_audio(film) as sound:
        assert sound.begins == 0


def test_joined_streams_go_on(tmp_path):
    content = flash_and_beep(tmp_path / "one.ts").read_bytes()
    (tmp_path / "two.ts").write_bytes(2 * content)
    assert apart(tmp_path / "two.ts", marks=6) < 0.02
    seen = flashes_seen(*read_video(tmp_path / "two.ts"))
    np.testing.assert_allclose(seen[3:], np.add(seen[:3], 2.4), atol=0.08)


@pytest.mark.parametrize(("suffix", "codec"), [("ogg", "libopus"), ("flac", "flac")])
def test_joined_sounds_go_on(tmp_path, suffix, codec):
    content = write_sound(tmp_path / f"one.{suffix}", codec, beeps(), 48_000).read_bytes()
    (tmp_path / f"two.{suffix}").write_bytes(2 * content)
    heard = beeps_heard(*read_audio(tmp_path / f"two.{suffix}"))
    # FFmpeg loses the last frames before the second header of FLAC.
    np.testing.assert_allclose(heard[:3], TIMES, atol=0.004)
    np.testing.assert_allclose(np.diff(heard[3:]), np.diff(TIMES), atol=0.02)
    assert 2 < heard[3] - heard[0] < 2.42


def test_rate_and_channels_may_change_on_the_way(tmp_path):
    first = write_sound(tmp_path / "a.mp2", "mp2", beeps(), 48_000, "stereo")
    second = write_sound(tmp_path / "b.mp2", "mp2", beeps(32_000), 32_000)
    (tmp_path / "both.mp2").write_bytes(first.read_bytes() + second.read_bytes())
    audio, rate = read_audio(tmp_path / "both.mp2")
    assert rate == 48_000
    assert abs(len(audio) / rate - 4.8) < 0.1
    heard = beeps_heard(audio, rate)
    np.testing.assert_allclose(heard, [*TIMES, *np.add(TIMES, 2.4)], atol=0.04)
    # The tone is still one of 1 kHz.
    tone = audio[round((heard[4] + 0.05) * rate) :][:4800]
    assert np.argmax(np.abs(np.fft.rfft(tone))) == 100


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_the_track_that_players_take_is_read(tmp_path, film, suffix):
    """The first sound is silent and lasts longer, a cover comes before the film."""
    path = tmp_path / f"two{suffix}"
    with av.open(str(film)) as old, av.open(str(path), "w") as new:
        silent = new.add_stream("aac", rate=48_000, layout="mono")
        silent.disposition = Disposition(0)
        tracks = {track: new.add_stream_from_template(track) for track in old.streams}
        tracks[old.streams.audio[0]].disposition = Disposition.default
        cover = new.add_stream("mjpeg", rate=1)
        cover.width = cover.height = 64
        cover.pix_fmt, cover.disposition = "yuvj420p", Disposition.attached_pic
        picture = av.VideoFrame.from_ndarray(np.zeros((64, 64), np.uint8), format="gray")
        new.mux(cover.encode(picture) + cover.encode())
        for packet in old.demux():
            if packet.dts is not None:
                packet.stream = tracks[packet.stream]
                new.mux(packet)
        encode_sound(new, silent, np.zeros(48_000 * 4, np.float32), 48_000)
    assert np.abs(read_audio(path)[0]).max() > 0.3
    assert apart(path) < 0.004
    found = probe(path)
    assert (found.frames, found.width) == (120, 64)
    assert found.audio_seconds == pytest.approx(2.4, abs=0.03)


def pieces(*parts):
    return [
        Piece(time, np.full(count, value, np.float32), rate) for time, count, value, rate in parts
    ]


def laid(parts, zero=0.0, rate=1000):
    missing = []
    return np.concatenate(list(on_clock(pieces(*parts), rate, zero, missing))), missing


def test_pieces_are_laid_where_their_stamps_say():
    audio, missing = laid([(0.1, 100, 1, 1000), (0.2, 100, 2, 1000), (0.5, 50, 3, 1000)])
    expected = np.repeat([0, 1, 2, 0, 3], [100, 100, 100, 200, 50])
    np.testing.assert_array_equal(audio, expected)
    assert missing == pytest.approx([0.2])
    # Rounded stamps are no gaps; pieces without a stamp follow.
    audio, missing = laid([(0.0, 99, 1, 1000), (0.1, 100, 2, 1000), (None, 10, 3, 1000)])
    np.testing.assert_array_equal(audio, np.repeat([1, 2, 3], [99, 100, 10]))
    assert not missing
    # What overlaps, or comes before zero, is left out at its start.
    audio, _ = laid([(-0.05, 100, 1, 1000), (0.0, 100, 2, 1000)])
    np.testing.assert_array_equal(audio, np.repeat([1, 2], [50, 50]))


def test_pieces_of_another_rate_keep_their_time():
    audio, missing = laid(
        [(0.0, 8000, 0.25, 8000), (1.0, 32_000, 0.5, 16_000), (3.0, 8000, 0.75, 8000)], rate=8000
    )
    assert len(audio) == 32_000
    assert not missing
    for middle, level in ((4000, 0.25), (16_000, 0.5), (28_000, 0.75)):
        np.testing.assert_allclose(audio[middle - 3000 : middle + 3000], level, atol=0.01)


def test_stamps_cannot_ask_for_hours_of_silence():
    with pytest.raises(ValueError, match=r"its sound has gaps of 400 s"):
        laid([(0.0, 100, 1, 1000), (LONGEST_GAPS + 100.1, 100, 1, 1000)])


def test_all_sound_before_the_first_picture_is_no_sound(tmp_path):
    def there(packet):
        time = packet.pts * packet.time_base
        return time < 0.9 if packet.stream.type == "audio" else time >= 1.2

    path = copied(flash_and_beep(tmp_path / "all.mkv", "mjpeg"), tmp_path / "early.mkv", there)
    with pytest.raises(MediaError, match="no audio: its sound ends before its first picture"):
        read_audio(path)
