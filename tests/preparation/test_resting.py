"""The frames at rest are found: at the start, later, in a quiet moment, among still pictures."""

import numpy as np
import pytest

from helpers.tiny_corpus import write_tiny_corpus
from s2r.core.shards import Shards, write_shard
from s2r.core.units import HOP, SAMPLE_RATE
from s2r.preparation.resting import RUN, mean_of_alike, recording_at_rest, resting_frame

SIZE, REST, HELD = 16, 60, 160
NOISE = 3.0


def film(*parts: tuple[str, int]) -> np.ndarray:
    """Noisy frames: ``rest`` and ``held`` (another posture) stay, ``speech`` is always another."""
    rng = np.random.default_rng(0)
    level = {"rest": lambda: REST, "held": lambda: HELD, "speech": lambda: rng.uniform(80, 240)}
    levels = [level[kind]() for kind, count in parts for _ in range(count)]
    moving = np.arange(SIZE) < SIZE // 2  # the left half moves
    still = 100 + 100 * (np.arange(SIZE)[:, None] % 2)
    frames = np.where(moving, np.array(levels)[:, None, None], still)
    return np.clip(frames + rng.normal(0, NOISE, frames.shape), 0, 255).astype(np.uint8)


def sound(*parts: tuple[float, int]) -> np.ndarray:
    """Noise of a deviation, for a number of frames each."""
    rng = np.random.default_rng(1)
    return np.concatenate([rng.normal(0, level, count * HOP) for level, count in parts])


def posture(frame: np.ndarray) -> float:
    return float(frame[:, : SIZE // 2].mean())


def test_a_start_at_rest_is_taken_although_a_later_pause_is_as_still():
    frames = film(("rest", RUN), ("speech", 20), ("held", 30), ("speech", 20))
    found = resting_frame(frames)
    assert posture(found) == pytest.approx(REST, abs=1)
    assert np.array_equal(found, resting_frame(frames[:RUN]))


def test_rest_is_found_where_a_film_begins_in_speech():
    frames = film(("speech", 25), ("rest", 14), ("speech", 25))
    found = resting_frame(frames)
    assert posture(found) == pytest.approx(REST, abs=1)
    noise = (found.astype(float) - np.where(np.arange(SIZE) < SIZE // 2, REST, 0))[:, : SIZE // 2]
    assert noise.std() < 0.5 * NOISE
    assert abs(posture(frames[0]) - REST) > 20


def test_a_quiet_moment_is_preferred_to_a_posture_that_is_held_in_speech():
    frames = film(("held", 20), ("speech", 20), ("rest", 20), ("speech", 20))
    loud_and_quiet = sound((0.1, 40), (0.001, 20), (0.1, 20))
    assert posture(resting_frame(frames)) == pytest.approx(HELD, abs=1)
    assert posture(resting_frame(frames, loud_and_quiet)) == pytest.approx(REST, abs=1)
    hum = 0.3 + 0.2 * np.sin(2 * np.pi * 50 * np.arange(len(loud_and_quiet)) / SAMPLE_RATE)
    assert posture(resting_frame(frames, loud_and_quiet + hum)) == pytest.approx(REST, abs=1)
    # sound that says nothing changes nothing
    without = resting_frame(frames)
    for steady in (sound((0.1, 80)), np.zeros(0, np.float32)):
        assert np.array_equal(resting_frame(frames, steady), without)


def test_films_shorter_than_a_run_are_one():
    for count in (1, 2, RUN):
        assert posture(resting_frame(film(("rest", count)))) == pytest.approx(REST, abs=2)


def test_pictures_unlike_the_others_are_left_out_of_the_mean():
    pictures = film(("rest", 4), ("held", 1))
    assert np.abs(mean_of_alike(pictures) - pictures[:4].mean(0)).max() <= 0.5
    assert np.array_equal(mean_of_alike(pictures[:1]), pictures[0])


def test_recordings_with_and_without_sound(tmp_path):
    corpus = write_tiny_corpus(tmp_path / "silent")
    assert np.array_equal(
        recording_at_rest(corpus.frames, "s1_a"), resting_frame(corpus.video("s1_a"))
    )
    frames = film(("held", 20), ("speech", 20), ("rest", 20))
    arrays = {"frames": frames, "audio": sound((0.1, 40), (0.001, 20))}
    write_shard(tmp_path / "0.h5", [("a", arrays, {})], {})
    assert posture(recording_at_rest(Shards([tmp_path / "0.h5"]), "a")) == pytest.approx(
        REST, abs=1
    )
