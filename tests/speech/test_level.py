"""Soft and loud speech is brought to the level that encoders expect; usual speech is left alone."""

import numpy as np
import pytest

from helpers.sounds import voice
from s2r.core.sound_level import bin_levels, speech_level
from s2r.speech.level import TARGET, levelled, measure


def test_speech_of_usual_level_is_not_touched():
    for gain in (0.2, 1.0, 2.0):
        speech = gain * voice(1.0)
        assert levelled(speech) is speech


@pytest.mark.parametrize("gain", [0.003, 0.02, 12.0])
def test_other_speech_gets_the_level_that_encoders_expect(gain):
    speech = gain * voice(1.0)
    assert speech_level(bin_levels(levelled(speech))) == pytest.approx(TARGET, abs=0.1)
    remark = measure([speech]).remark("a.wav")
    assert remark.startswith(f"the speech of a.wav is {'soft' if gain < 1 else 'loud'} (")


def test_silence_is_not_raised():
    for silence in (np.zeros(8000, np.float32), 1e-3 * np.random.default_rng(0).normal(size=8000)):
        assert levelled(silence) is silence
        assert (
            measure([silence]).remark("a.wav").startswith("a.wav is silent: check the microphone")
        )


def test_an_offset_is_taken_away():
    speech = voice(1.0)
    np.testing.assert_allclose(levelled(speech + np.float32(0.2)), speech, atol=1e-3)


def test_blocks_of_any_length_give_the_same_level():
    speech = 0.01 * voice(20.0)
    whole = measure([speech])
    for block in (777, 50_000):
        found = measure(np.array_split(speech, len(speech) // block))
        assert found.median == pytest.approx(whole.median, abs=0.2)
        assert found.offset == whole.offset
    assert measure([]).silent == measure([np.zeros(100, np.float32)]).silent == ""
