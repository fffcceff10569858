"""Long sounds: the utterance model's stretches join without a trace; silence keeps the noise."""

from dataclasses import replace

import numpy as np
import pytest

from helpers.sounds import voice
from s2r.core.units import HOP, SAMPLE_RATE
from s2r.generation import stretches as module
from s2r.generation.model_folder import load_model_folder
from s2r.generation.stretches import generate_stretches, stretches
from s2r.speech.silence import rest_weights


@pytest.fixture(scope="module")
def model(utterance_folder):
    return load_model_folder(utterance_folder / "model")


def long_sound(seconds: float) -> np.ndarray:
    """Sound with silences, whose loudest moment, always the same, returns every three seconds.

    Log-mel values are relative to the loudest moment of a stretch. Where that differs between
    stretches, the encoder's values differ too, and with them the video, by a few grey levels.
    """
    sound = 0.5 * voice(seconds)
    sound[round(28.5 * SAMPLE_RATE) : round(30.7 * SAMPLE_RATE)] = 0
    burst = np.random.default_rng(1).normal(0, 0.5, 6 * HOP).astype(np.float32)
    for start in range(0, len(sound) - len(burst), 150 * HOP):
        sound[start : start + len(burst)] = burst
    return sound


def made(monkeypatch, model, sound: np.ndarray, seconds: float, seed: int = 0) -> np.ndarray:
    monkeypatch.setattr(module, "STRETCH", seconds)
    pieces = stretches([sound], *module._stretch_and_margin(model))
    reference = model.references["sub001"]
    frames = generate_stretches(pieces, model, reference, seed, lambda count: None)
    return np.concatenate(list(frames)).astype(int)


def test_seventy_seconds_in_stretches_are_those_in_one_piece(model, monkeypatch):
    sound = long_sound(70)
    whole = made(monkeypatch, model, sound, 100)
    assert len(whole) == 3500
    for seconds in (30, 20, 11.3, 5):
        difference = np.abs(made(monkeypatch, model, sound, seconds) - whole)
        assert difference.max() <= 1  # rounding
        assert (difference > 0).mean() < 1e-3
    assert np.abs(made(monkeypatch, model, sound, 30, seed=1) - whole).mean() > 1


@pytest.mark.parametrize("steps", [1, 8, 100])
def test_the_margin_holds_what_a_frame_depends_on(model, steps):
    """More noise levels look further: the margin grows with them."""
    sampled = replace(model, model=model.model.resampled(steps, None))
    length, margin = module._stretch_and_margin(sampled)
    window = sampled.model.window * HOP
    assert (length % window, margin % window) == (0, 0)
    assert margin / HOP >= max(sampled.model.reach + 10, 200)
    assert (margin / HOP > 200) == (steps == 100)


def test_silence_looks_like_the_rest_of_the_video(model, monkeypatch):
    """The tract is at rest, and the noise goes on with the same strength."""
    sound = voice(6)
    sound[2 * SAMPLE_RATE : 4 * SAMPLE_RATE] = 0
    frames = made(monkeypatch, model, sound, 30)
    clean_model = replace(model, model=model.model.clean())
    clean = made(monkeypatch, clean_model, sound, 30)
    at_rest = rest_weights(sound) == 1
    assert at_rest.sum() > 70
    reference = model.references["sub001"].astype(int)
    assert np.abs(clean[at_rest] - reference).max() == 0
    assert np.abs(frames[at_rest].mean(0) - reference).mean() < 1
    # where no pixel is clipped, the noise is the same in silence as in speech
    inside = (reference > 60) & (reference < 200)
    noise = (frames - clean)[:, inside]
    silent, spoken = noise[at_rest].std(), noise[~at_rest].std()
    assert silent > 1
    assert silent == pytest.approx(spoken, rel=0.1)
    assert np.abs(np.diff(frames[at_rest], axis=0)).mean() > 0.5  # it is not frozen
