"""Damaged packets are passed over and told; what a file is, its content decides."""

import numpy as np
import pytest

from helpers.films import (
    TIMES,
    beeps,
    beeps_heard,
    clicks,
    encode,
    flash_and_beep,
    flashes_seen,
    write_sound,
)
from s2r.core.media.decode import open_audio, probe, read_audio, read_video
from s2r.core.media.encode import write_video, write_wav
from s2r.core.media.open import MediaError


def with_zeros(path, places, count=100):
    """The file with ``count`` bytes of zeros at these shares of its length."""
    content = bytearray(path.read_bytes())
    for place in places:
        start = int(place * len(content))
        content[start : start + count] = bytes(count)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "codec"), [("a.m4a", "aac"), ("a.flac", "flac"), ("a.mp3", "libmp3lame")]
)
def test_a_damaged_packet_costs_its_own_time(tmp_path, name, codec):
    # Between the first two beeps.
    path = with_zeros(write_sound(tmp_path / name, codec, beeps(), 48_000), [0.42])
    told = []
    audio, rate = read_audio(path, told.append)
    (sentence,) = told
    assert sentence.startswith(f"{path}: 0.")
    assert sentence.endswith("s of its sound are missing or damaged: silent.")
    assert 0.02 <= float(sentence.split()[1]) < 0.2
    assert abs(len(audio) / rate - 2.4) < 0.03
    np.testing.assert_allclose(beeps_heard(audio, rate), TIMES, atol=0.004)


def test_a_damaged_picture_is_held_by_its_neighbours(tmp_path):
    path = flash_and_beep(tmp_path / "a.mp4", "mjpeg", "aac")
    content = path.read_bytes()
    starts = [at for at in range(len(content)) if content[at : at + 3] == b"\xff\xd8\xff"]
    assert len(starts) == 120
    damaged = bytearray(content)
    damaged[starts[50] : starts[51]] = bytes(starts[51] - starts[50])
    path.write_bytes(damaged)
    told = []
    frames, rate = read_video(path, tell=told.append)
    assert told == [f"{path}: 1 of its pictures cannot be decoded: their neighbours hold."]
    assert (len(frames), rate) == (120, 50)
    assert probe(path).frames == 120
    assert flashes_seen(frames, rate) == pytest.approx(TIMES)
    damaged[starts[60] : starts[75]] = bytes(starts[75] - starts[60])
    path.write_bytes(damaged)
    with pytest.raises(MediaError, match=r"13 % of its pictures cannot be decoded, .* 10 % may be"):
        read_video(path)
    damaged = bytearray(content)
    for start in starts:
        end = content.index(b"\xff\xd9", start)
        damaged[start:end] = bytes(end - start)
    path.write_bytes(damaged)
    with pytest.raises(MediaError, match="zero frames: no frame can be decoded"):
        probe(path)
    audio, sound_rate = read_audio(path)
    np.testing.assert_allclose(beeps_heard(audio, sound_rate), TIMES, atol=0.004)


def test_too_much_damage_is_refused_by_its_share(tmp_path):
    path = write_sound(tmp_path / "a.m4a", "aac", beeps(), 48_000)
    with_zeros(path, np.linspace(0.05, 0.9, 25), 40)
    share = r"damaged: \d\d % of its sound cannot be decoded, and at most 10 % may be damaged"
    with pytest.raises(MediaError, match=share):
        read_audio(path)
    with open_audio(path) as sound, pytest.raises(MediaError, match=share):
        list(sound.blocks)


def test_sound_that_was_cut_off_is_refused_by_its_share(tmp_path):
    path = write_sound(tmp_path / "a.m4a", "aac", beeps(), 48_000, movflags="faststart")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])
    with pytest.raises(MediaError, match=r"damaged: [34]\d % of its sound cannot be decoded"):
        read_audio(path)


def test_mp3_files_that_were_joined(tmp_path, capsys):
    content = write_sound(tmp_path / "one.mp3", "libmp3lame", beeps(), 48_000).read_bytes()
    assert content.startswith(b"ID3")
    (tmp_path / "two.mp3").write_bytes(2 * content)
    audio, rate = read_audio(tmp_path / "two.mp3")
    assert "0.02 s of its sound are missing or damaged" in capsys.readouterr().err
    assert abs(len(audio) / rate - 4.8) < 0.1
    heard = beeps_heard(audio, rate)
    np.testing.assert_allclose(heard, [*TIMES, *np.add(TIMES, 2.4)], atol=0.08)


def test_what_follows_a_lost_page_of_an_ogg_file_keeps_its_time(tmp_path):
    path = write_sound(tmp_path / "a.ogg", "libopus", beeps(), 48_000)
    told = []
    audio, rate = read_audio(with_zeros(path, [0.6], 20), told.append)
    assert len(told) == 1
    assert abs(len(audio) / rate - 2.4) < 0.03
    np.testing.assert_allclose(beeps_heard(audio, rate), [TIMES[0], TIMES[2]], atol=0.02)


def sphere(coding, samples, sample_bytes, order):
    """A file as LDC writes them; ``samples`` are bytes."""
    count = len(samples) // sample_bytes
    lines = [
        "NIST_1A\n   1024",
        f"sample_count -i {count}\nsample_n_bytes -i {sample_bytes}\nchannel_count -i 1",
        f"sample_byte_format -s{len(order)} {order}\nsample_rate -i 16000",
        f"sample_coding -s{len(coding)} {coding}\nend_head\n",
    ]
    return "\n".join(lines).encode().ljust(1024) + samples


def test_nist_sphere(tmp_path):
    numbers = np.arange(-3000, 3000, dtype="<i2")
    (tmp_path / "SA1.WAV").write_bytes(sphere("pcm", numbers.tobytes(), 2, "01"))
    (tmp_path / "big.wav").write_bytes(sphere("pcm", numbers.astype(">i2").tobytes(), 2, "10"))
    for name in ("SA1.WAV", "big.wav"):
        audio, rate = read_audio(tmp_path / name)
        assert rate == 16_000
        np.testing.assert_allclose(audio, numbers / 32_768)
    (tmp_path / "law.sph").write_bytes(sphere("ulaw", b"\x00\x80\xff\x0f" * 500, 1, "1"))
    audio, _ = read_audio(tmp_path / "law.sph")
    levels = np.array([-32_124, 32_124, 0, -16_764]) / 32_768
    np.testing.assert_allclose(audio.reshape(500, 4), np.tile(levels, (500, 1)))


@pytest.mark.parametrize("coding", ["pcm,embedded-shorten-v2.00", "pcm,embedded-wavpack-v1"])
def test_compressed_sphere_files_are_refused_by_name(tmp_path, coding):
    content = np.random.default_rng(0).bytes(5000)
    (tmp_path / "SA1.WAV").write_bytes(sphere(coding, content, 2, "01"))
    with pytest.raises(MediaError) as error:
        read_audio(tmp_path / "SA1.WAV")
    assert "NIST SPHERE" in str(error.value)
    assert coding in str(error.value)
    assert "sph2pipe" in str(error.value)


def test_the_suffix_decides_nothing(tmp_path):
    numbers = beeps()
    write_sound(tmp_path / "a.flac", "flac", numbers, 48_000).rename(tmp_path / "flac.wav")
    write_wav(tmp_path / "wave.mp3", numbers, 48_000)
    write_sound(tmp_path / "a.caf", "alac", numbers, 48_000).rename(tmp_path / "caf.txt")
    for name in ("flac.wav", "wave.mp3", "caf.txt"):
        audio, _ = read_audio(tmp_path / name)
        np.testing.assert_allclose(audio[: len(numbers)], numbers, atol=1e-4)
    write_video(tmp_path / "a.mp4", np.tile(np.arange(64, dtype=np.uint8), (10, 64, 1)), 25)
    (tmp_path / "a.mp4").rename(tmp_path / "film.wav")
    assert len(read_video(tmp_path / "film.wav")[0]) == 10


def test_pictures_that_a_camera_dropped_are_not_missing(tmp_path):
    """AVI announces a place for every picture, empty where one was dropped."""
    stamps = [*range(20), *range(30, 60)]
    path = encode(
        tmp_path / "dropped.avi", "mpeg4", stamps, ("pcm_s16le", clicks(2.4, 48_000, [1]))
    )
    frames, rate = read_video(path)
    assert rate == 25
    assert len(frames) == probe(path).frames == 60
    assert abs(frames[55].mean() - 110) < 4
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(MediaError, match=r"truncated"):
        probe(path)
