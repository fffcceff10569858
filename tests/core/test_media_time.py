"""When pictures are shown and sounds are heard: even grids, gaps, other rates."""

from fractions import Fraction

import numpy as np
import pytest

from helpers.films import clicks, encode, peak_time, ramp
from s2r.core.media.decode import probe, read_audio, read_video
from s2r.core.media.encode import write_video
from s2r.core.media.resample import resample
from s2r.core.media.timeline import even_timeline

USC_RATE = Fraction(1_000_000, 12_008)


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


def test_resample_keeps_a_tone_and_removes_what_does_not_fit():
    t = np.arange(44_100) / 44_100
    low = resample(np.sin(2 * np.pi * 1_000 * t), 44_100, 16_000)
    assert low.shape == (16_000,)
    expected = np.sin(2 * np.pi * 1_000 * np.arange(16_000) / 16_000)
    assert abs(low - expected)[100:-100].max() < 0.01
    high = resample(np.sin(2 * np.pi * 12_000 * t), 44_100, 16_000)
    assert abs(high[100:-100]).max() < 0.02


def test_rates_without_a_common_factor_are_resampled_too():
    tone = np.sin(2 * np.pi * 440 * np.arange(16_001) / 16_001).astype(np.float32)
    made = resample(tone, 16_001, 16_000)
    assert made.dtype == np.float32
    expected = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    assert len(made) == 16_000
    assert np.abs(made - expected)[100:-100].max() < 0.01
