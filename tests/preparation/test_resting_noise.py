"""The reference frame of a recording: still frames are averaged, a moving one is left out."""

import numpy as np
import pytest

from helpers.phantom_pictures import recording_set
from s2r.preparation.resting import reference_frame, resting_frame

COUNT = 10
STILL = np.full((24, 24), 100.0)
STILL[6:18, 6:18] = 180


def noisy(count: int, deviation: float = 8.0) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, deviation, (count, *STILL.shape))
    return np.rint(STILL + noise).clip(0, 255).astype(np.uint8)


def test_noise_is_averaged_out():
    error = (resting_frame(noisy(COUNT)) - STILL).std()
    assert error == pytest.approx(8 / COUNT**0.5, rel=0.1)


def test_a_frame_in_which_the_speaker_moves_is_left_out():
    frames = noisy(COUNT)
    moved = frames.copy()
    moved[-1] = np.roll(frames[-1], 5, axis=1)
    assert np.array_equal(resting_frame(moved), resting_frame(frames[:-1]))


def test_speech_after_a_rest_does_not_count():
    frames = noisy(COUNT + 20)
    for number in range(COUNT, len(frames)):
        frames[number] = np.roll(frames[number], 2 + number % 5, axis=1)
    assert np.array_equal(resting_frame(frames), resting_frame(frames[:COUNT]))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_recording_of_few_frames_has_a_reference_frame(count):
    frames = noisy(count)
    resting = resting_frame(frames)
    assert resting.dtype == np.uint8
    expected = np.rint(frames.mean(0))
    assert np.abs(resting - STILL).mean() <= np.abs(frames[0] - STILL).mean()
    if count < 3:
        assert np.array_equal(resting, expected)


def test_equal_frames_give_that_frame():
    frames = np.repeat(noisy(1), 7, axis=0)
    assert np.array_equal(resting_frame(frames), frames[0])


def test_the_reference_frame_is_the_resting_frame_in_the_units_of_networks(tmp_path):
    frames = noisy(15)
    found = reference_frame(recording_set(tmp_path, {"s1_a": frames}), "s1_a")
    assert found.dtype == np.float32
    np.testing.assert_allclose((found + 1) * 127.5, resting_frame(frames), atol=1e-4)
