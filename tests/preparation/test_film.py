"""A film cut in time: its end decides nothing about what is learned from."""

import numpy as np
import pytest

from helpers.sounds import voice
from s2r.core.units import HOP
from s2r.preparation import film as module
from s2r.preparation.film import cut_film
from s2r.preparation.frames import FramesConfig

FRAMES = 60


@pytest.fixture
def read(monkeypatch):
    """Cut a film of these pictures and this sound."""

    def cut(frames, sound, held_out=0.25):
        monkeypatch.setattr(module, "video_on_clock", lambda path, config: frames)
        monkeypatch.setattr(module, "sound_of", lambda path: sound)
        return cut_film("a.mp4", FramesConfig(size=16), held_out)

    return cut


@pytest.fixture
def frames():
    return np.random.default_rng(0).integers(20, 200, (FRAMES, 16, 16)).astype(np.uint8)


def test_the_end_decides_nothing(read, frames):
    sound = voice(FRAMES * HOP / 16_000)
    others, louder = frames.copy(), sound.copy()
    others[45:] = 255 - others[45:] // 4
    louder[45 * HOP :] *= 3
    first, second = read(frames, sound), read(others, louder)
    assert np.array_equal(first.learned.frames, second.learned.frames)
    assert np.array_equal(first.learned.sound, second.learned.sound)
    assert np.array_equal(first.reference, second.reference)
    assert not np.array_equal(first.held_out.frames, second.held_out.frames)


def test_parts_are_as_long_as_told_and_so_is_their_sound(read, frames):
    cut = read(frames, voice((FRAMES - 10) * HOP / 16_000), 0.2)
    assert (len(cut.learned.frames), len(cut.held_out.frames)) == (40, 10)
    for part in (cut.learned, cut.held_out):
        assert len(part.sound) == HOP * len(part.frames)


def test_no_sound_and_a_sound_of_zeros_are_silent(read, frames):
    without, zeros = read(frames, None), read(frames, np.zeros(FRAMES * HOP, np.float32))
    assert without.learned.sound is without.held_out.sound is None
    assert zeros.learned.sound is zeros.held_out.sound is None
    assert not without.silence
    assert zeros.silence
