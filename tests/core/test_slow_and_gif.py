"""Video played slowly keeps sound and picture together; a GIF shows the same pictures."""

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from s2r.core.media.decode import probe, read_audio, read_video
from s2r.core.media.encode import VideoWriter
from s2r.core.media.gif import GifWriter
from s2r.core.media.slow import SlowSound
from s2r.core.outputs import is_sealed

RATE = 16_000
FRAMES = np.linspace(0, 255, 10, dtype=np.uint8)[:, None, None].repeat(16, 1).repeat(17, 2)


def tone(seconds: float) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * 220 * np.arange(int(seconds * RATE)) / RATE)


@pytest.mark.parametrize("factor", [Fraction(1), Fraction(3, 2), Fraction(4), Fraction(16)])
def test_slow_sound_is_longer_and_no_lower(factor):
    slow, given = SlowSound(RATE, factor), tone(1.0).astype(np.float32)
    pieces = [piece for part in np.split(given, 10) for piece in slow.pieces(part)]
    sound = np.concatenate([*pieces, *slow.rest()])
    assert len(sound) == len(given) * factor
    loudest = np.abs(np.fft.rfft(sound)).argmax() * RATE / len(sound)
    assert loudest == pytest.approx(220, abs=5)


def test_a_sound_comes_where_it_belongs_in_the_slow_video(tmp_path):
    """Half a second of silence, then a tone: two seconds of silence, and the tone."""
    sound = np.concatenate([np.zeros(RATE // 2), tone(0.5)])
    with VideoWriter(tmp_path / "a.mp4", (16, 17), 50, RATE, slow=Fraction(4)) as writer:
        writer.frames(np.concatenate([FRAMES] * 5))
        writer.audio(sound)
    found = probe(tmp_path / "a.mp4")
    heard, rate = read_audio(tmp_path / "a.mp4")
    assert (found.frames, found.frame_rate) == (50, 12.5)
    assert len(heard) / rate == pytest.approx(4, abs=0.1)
    # A window of 32 ms, four times slower.
    assert np.flatnonzero(np.abs(heard) > 0.1)[0] / rate == pytest.approx(2, abs=4 * 0.032)


def test_red_green_and_blue_pictures_have_an_even_size(tmp_path):
    coloured = np.zeros((4, 16, 17, 3), np.uint8)
    coloured[..., 1] = 200
    with VideoWriter(tmp_path / "a.mp4", (16, 17), 50) as writer:
        writer.frames(coloured)
    frames, _ = read_video(tmp_path / "a.mp4")
    assert frames.shape == (4, 16, 18)
    assert 90 < frames.mean() < 150  # how bright this green is


@pytest.mark.parametrize("length", [0, 20, 600])
def test_a_gif_holds_pictures_colours_and_comment(tmp_path, length):
    red, comment = (213, 94, 0), ("synthetic " * 60)[:length]
    pictures = FRAMES[..., None].repeat(3, -1)
    pictures[:, 3] = red
    options = {"colours": [red], "comment": comment, "seal": True}
    with GifWriter(tmp_path / "a.gif", (16, 17), Fraction(25, 2), **options) as writer:
        writer.frames(pictures[:4])
        writer.frames(pictures[4:])
    assert is_sealed(tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.n_frames == 10
        assert gif.info.get("comment", b"").decode() == comment
        assert gif.info["duration"] == 80
        for number, expected in enumerate(pictures):
            gif.seek(number)
            found = np.asarray(gif.convert("RGB")).astype(int)
            assert np.abs(found - expected).max() <= 1
            assert (found[3] == red).all()
    assert [path.name for path in tmp_path.iterdir()] == ["a.gif"]


def test_a_gif_that_failed_does_not_appear(tmp_path):
    with (
        pytest.raises(RuntimeError),
        GifWriter(tmp_path / "a.gif", (16, 17), Fraction(50)) as writer,
    ):
        writer.frames(FRAMES)
        raise RuntimeError
    assert not [*tmp_path.iterdir()]
