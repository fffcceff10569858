"""Two recordings in step: the alignment, and the video of both."""

import numpy as np
import pytest

from helpers.sounds import voice
from helpers.tiny_model import heads, write_tiny_model
from helpers.untrained_probe import write_untrained_probe
from s2r.apps.overlay import open_probe
from s2r.apps.studio.in_step import aligned, warping_path
from s2r.apps.studio.learner import compare
from s2r.core.errors import UserError
from s2r.core.media.decode import probe as probe_media
from s2r.core.media.encode import write_wav
from s2r.generation.model_folder import load_model_folder


def least_cost(cost: np.ndarray) -> float:
    """Of all paths, each tried."""
    rows, columns = cost.shape

    def rest(row: int, column: int) -> float:
        if (row, column) == (rows - 1, columns - 1):
            return cost[row, column]
        steps = [(row + 1, column + 1), (row + 1, column), (row, column + 1)]
        return cost[row, column] + min(
            rest(*step) for step in steps if step[0] < rows and step[1] < columns
        )

    return rest(0, 0)


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (5, 1), (4, 6), (6, 4), (5, 5)])
def test_the_path_is_the_cheapest(shape):
    cost = np.random.default_rng(sum(shape)).random(shape)
    path = warping_path(cost)
    assert path[0].tolist() == [0, 0]
    assert path[-1].tolist() == [shape[0] - 1, shape[1] - 1]
    steps = np.diff(path, axis=0)
    assert np.isin(steps, (0, 1)).all()
    assert (steps.sum(1) > 0).all()
    assert cost[tuple(path.T)].sum() == pytest.approx(least_cost(cost))


def tones(*seconds: float) -> np.ndarray:
    """Tones of 300, 900, 2000 Hz of these lengths, one after the other."""
    parts = [
        0.3 * np.sin(2 * np.pi * pitch * np.arange(round(length * 16_000)) / 16_000)
        for pitch, length in zip((300, 900, 2000), seconds, strict=True)
    ]
    return np.concatenate(parts).astype(np.float32)


def test_equal_sounds_are_in_step_whatever_their_speed():
    places = aligned(tones(0.4, 0.4, 0.4), tones(0.8, 0.2, 0.4))
    assert len(places) == 60
    assert (np.diff(places) >= 0).all()
    part = np.digitize(places, [40, 50])  # which tone of the other sound
    assert (part == np.repeat([0, 1, 2], 20)).mean() > 0.9
    same = aligned(tones(0.4, 0.4, 0.4), tones(0.4, 0.4, 0.4))
    assert same.tolist() == list(range(60))


@pytest.mark.parametrize("contours", [False, True])
def test_both_recordings_and_their_difference(tmp_path, contours):
    model = load_model_folder(write_tiny_model(tmp_path / "m" / "tiny"))
    write_wav(tmp_path / "target.wav", tones(0.2, 0.2, 0.2), 16_000)
    write_wav(tmp_path / "own.wav", tones(0.3, 0.1, 0.4), 16_000)
    probe = open_probe(write_untrained_probe(tmp_path / "p.safetensors")) if contours else None
    found = compare(
        tmp_path / "own.wav",
        tmp_path / "target.wav",
        model,
        heads()["sub001"],
        tmp_path,
        size=64,
        probe=probe,
    )
    assert found.seconds == pytest.approx(0.6)
    assert 0 < found.most < 0.6
    video = probe_media(tmp_path / "video.mp4")
    assert (video.frames, video.width) == (30, 3 * 64 + 4)
    assert video.audio_seconds == pytest.approx(0.6, abs=0.06)


def test_recordings_that_cannot_be_compared(tmp_path):
    model = load_model_folder(write_tiny_model(tmp_path / "m" / "tiny"))
    write_wav(tmp_path / "good.wav", voice(0.5), 16_000)
    write_wav(tmp_path / "long.wav", voice(16), 16_000)
    write_wav(tmp_path / "short.wav", voice(0.05), 16_000)
    for name, words in (("long.wav", "longer than 15 s"), ("short.wav", "shorter than 0.1 s")):
        with pytest.raises(UserError, match=rf"{name} is {words}"):
            compare(
                tmp_path / name, tmp_path / "good.wav", model, heads()["sub001"], tmp_path / "o"
            )
