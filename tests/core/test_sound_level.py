"""Channels, offsets, hum: what counts as sound, and how loud it is."""

import numpy as np
import pytest

from helpers.sounds import voice
from s2r.core.media.mix import mixed
from s2r.core.sound_level import bin_levels, mean_level, speech_level, why_silent
from s2r.speech.silence import silent_bins

RATE = 16_000
TIME = np.arange(2 * RATE) / RATE
SILENT = {
    "nothing": np.zeros(len(TIME)),
    "an offset": np.full(len(TIME), 0.5),
    "hum of 50 Hz": 0.3 * np.sin(2 * np.pi * 50 * TIME + 1),
    "hum of 60 Hz and its first harmonics": sum(
        0.1 * np.sin(2 * np.pi * frequency * TIME + frequency) for frequency in (60, 120, 180)
    ),
    "soft noise": np.random.default_rng(0).normal(0, 10 ** (-60 / 20), len(TIME)),
    "very soft speech": 1e-4 * voice(2.0),
}


@pytest.mark.parametrize("name", SILENT)
def test_what_is_no_speech(name):
    levels = bin_levels(SILENT[name])
    assert levels.shape == (100,)
    assert "dB of full scale in its loudest parts" in why_silent(levels)
    assert silent_bins(SILENT[name])[2:-2].all()


@pytest.mark.parametrize("gain", [1, 0.1, 0.01])
def test_speech_counts_however_soft_and_beside_offset_and_hum(gain):
    speech = gain * voice(2.0)
    assert why_silent(bin_levels(speech)) == ""
    beside = speech + SILENT["an offset"] + SILENT["hum of 50 Hz"]
    assert speech_level(bin_levels(beside)) == pytest.approx(
        speech_level(bin_levels(speech)), abs=0.5
    )


def test_a_level_is_that_of_the_sound_at_any_rate():
    for rate in (8_000, 16_000, 44_100):
        tone = 0.1 * np.sin(2 * np.pi * 1000 * np.arange(rate) / rate)
        assert mean_level(bin_levels(tone, rate)) == pytest.approx(-23.0, abs=0.1)


def test_a_word_in_a_long_silence_is_speech():
    long = np.zeros(120 * RATE)
    long[50 * RATE : 51 * RATE] = voice(1.0)
    assert why_silent(bin_levels(long)) == ""


def test_channels_of_opposite_phase_do_not_cancel():
    speech = voice(0.2)
    np.testing.assert_array_equal(mixed(np.stack([speech, -speech]), ["FL", "FR"]), speech)
    np.testing.assert_allclose(mixed(np.stack([speech, speech / 2]), ["FL", "FR"]), 0.75 * speech)
    np.testing.assert_allclose(mixed(np.stack([speech, 0 * speech]), ["FL", "FR"]), speech / 2)


def test_surround_sound_is_mixed_without_the_channel_of_low_effects():
    names = ["FL", "FR", "FC", "LFE", "BL", "BR"]
    channels = np.zeros((6, 320), np.float32)
    channels[names.index("LFE")] = 1
    assert not mixed(channels, names).any()
    speech = voice(0.02)
    channels[names.index("FC")] = speech
    np.testing.assert_allclose(mixed(channels, names), speech / 3.4, rtol=1e-5)
    everywhere = np.repeat(speech[None], 6, 0)
    np.testing.assert_allclose(mixed(everywhere, names), speech, rtol=1e-5)
    np.testing.assert_allclose(mixed(everywhere[:4], ["NONE"] * 4), speech, rtol=1e-5)
