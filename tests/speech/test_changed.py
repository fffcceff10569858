"""Changed copies of speech: other sound, the same movements at the same times."""

import numpy as np
import pytest
from scipy.signal import correlate

from s2r.core.sound_level import bin_levels
from s2r.core.units import SAMPLE_RATE
from s2r.speech.changed import NOISE_DB, changed_copy, microphone, noisy, room
from s2r.speech.level import USUAL, measure

LENGTH = SAMPLE_RATE


@pytest.fixture
def syllables():
    """White noise that rises and falls five times a second."""
    loudness = np.sin(np.pi * 5 * np.arange(LENGTH) / SAMPLE_RATE) ** 2
    return (0.2 * loudness * np.random.default_rng(0).standard_normal(LENGTH)).astype(np.float32)


def test_copies_depend_on_recording_and_number_alone(syllables):
    copy = changed_copy(syllables, "a", 0)
    np.testing.assert_array_equal(copy, changed_copy(syllables, "a", 0))
    for other in (changed_copy(syllables, "b", 0), changed_copy(syllables, "a", 1)):
        assert not np.array_equal(copy, other)


def test_a_copy_is_sound_of_the_same_length_that_encoders_are_given_as_it_is(syllables):
    for number in range(8):
        copy = changed_copy(syllables, "a", number)
        assert copy.shape == syllables.shape
        assert copy.dtype == np.float32
        assert np.abs(copy).max() <= 1
        level = measure([copy])
        assert not level.silent
        assert USUAL[0] <= level.median <= USUAL[1]


def test_copies_rise_and_fall_when_the_sound_does(syllables):
    own = bin_levels(syllables) - bin_levels(syllables).mean()
    lags = []
    for number in range(8):
        levels = bin_levels(changed_copy(syllables, "a", number))
        lags.append(int(correlate(levels - levels.mean(), own).argmax()) - (len(own) - 1))
    assert set(lags) <= {0, 1}


def test_silence_stays_silence():
    assert not changed_copy(np.zeros(LENGTH, np.float32), "a", 0).any()


def test_a_microphone_changes_the_spectrum_and_no_times(syllables):
    changed = microphone(syllables.astype(float), np.random.default_rng(1))
    ratio = np.abs(np.fft.rfft(changed)) / np.abs(np.fft.rfft(syllables.astype(float)))
    assert ratio.max() / ratio.min() > 2
    assert int(correlate(changed, syllables).argmax()) == LENGTH - 1


def test_a_room_begins_with_the_sound_and_rings_after_it():
    click = np.zeros(LENGTH)
    click[100] = 1
    heard = room(click, np.random.default_rng(1))
    assert np.allclose(heard[:100], 0, atol=1e-9)
    assert heard[100] == pytest.approx(1)
    assert np.abs(heard[101:1000]).max() > 1e-3


def test_noise_is_there_in_pauses(syllables):
    syllables = syllables.astype(float)
    added = noisy(syllables, np.random.default_rng(1)) - syllables
    level = np.sqrt(np.mean(added**2) / np.mean(syllables**2))
    assert NOISE_DB[0] <= 20 * np.log10(level) <= NOISE_DB[1]
