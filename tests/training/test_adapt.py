"""Adapting a model to one speaker: what is learned, and what stays."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from helpers.utterance_model import MEAN
from s2r.core.units import to_unit_range
from s2r.model.utterance_model import load_utterance_model
from s2r.model.utterance_sampling import mean_codes
from s2r.preparation.recordings import open_recordings
from s2r.preparation.resting import recording_at_rest
from s2r.training.adapt import FRAMES_PER_CODE, SCHEDULE, Film, _fit_noise, adapt

SHORT = replace(MEAN, segment=30)


@pytest.fixture(scope="module")
def model(utterance_folder):
    return load_utterance_model(utterance_folder / "run/model.safetensors")[0].eval()


@pytest.fixture(scope="module")
def films(utterance_folder):
    """Two films of the speaker that the model knows least."""
    recordings = open_recordings(
        {
            "frames": [utterance_folder / "frames/00.h5"],
            "embeddings": [utterance_folder / "embeddings/00.h5"],
            "split": utterance_folder / "split.csv",
        }
    )
    names = [name for name in recordings.split["recording"] if name.startswith("sub003")][:2]
    return [
        Film(
            recordings.video(name),
            recording_at_rest(recordings.frames, name),
            recordings.embedded(name),
        )
        for name in names
    ]


@torch.no_grad()
def error(model, film: Film) -> float:
    """Squared error of the mean video."""
    autoencoder = model.autoencoder
    speaker = autoencoder.speakers(torch.from_numpy(to_unit_range(film.reference))[None, None])
    speech = torch.from_numpy(model.project(film.embeddings))[None]
    video = autoencoder.decode(mean_codes(model, speech, speaker.code)[0], speaker)[:, 0]
    return float(np.square(video.numpy() - to_unit_range(film.frames)).mean())


def test_training_on_a_film_lowers_its_error(model, films):
    pictures_only = adapt(model, films, SHORT, steps=0)
    trained = adapt(model, films, SHORT, steps=60)
    assert trained.steps == 60
    for film in films:
        assert error(trained.model, film) < 0.8 * error(pictures_only.model, film)
        assert error(pictures_only.model, film) == pytest.approx(error(model, film), rel=1e-4)


def test_old_directions_stay_and_new_ones_describe_more(model, films):
    adapted = adapt(model, films, SHORT, steps=0)
    old = len(model.autoencoder.components)
    assert 0 < adapted.new_codes <= sum(len(film.frames) for film in films) // FRAMES_PER_CODE
    components = adapted.model.autoencoder.components
    assert torch.equal(components[:old], model.autoencoder.components)
    products = components @ components.T
    torch.testing.assert_close(products, torch.eye(len(components)), atol=1e-4, rtol=0)
    frames = torch.from_numpy(to_unit_range(films[0].frames))[:, None]
    reference = torch.from_numpy(to_unit_range(films[0].reference))[None, None]
    speaker = model.autoencoder.speakers(reference)
    before, after = (
        (one.autoencoder.decode(one.autoencoder.encode(frames, speaker), speaker) - frames)
        .square()
        .mean()
        for one in (model, adapted.model)
    )
    assert after < 0.9 * before


def test_a_silent_film_changes_the_pictures_only(model, films):
    silent = [replace(film, embeddings=None) for film in films]
    adapted = adapt(model, silent, SHORT)
    assert adapted.steps is None
    assert adapted.new_codes
    for name, parameter in model.mean.blocks.named_parameters():
        assert torch.equal(adapted.model.mean.blocks.get_parameter(name), parameter)
    assert error(adapted.model, films[0]) == pytest.approx(error(model, films[0]), rel=1e-4)
    assert not torch.equal(adapted.model.autoencoder.noise_level, model.autoencoder.noise_level)


def test_speech_that_tells_nothing_stops_the_training_early(model, films, monkeypatch):
    """Where nothing can be learned, the first weights are the best ones."""
    monkeypatch.setattr("s2r.training.adapt.STEPS", 12)
    monkeypatch.setitem(SCHEDULE, "learning_rate", 1.0)
    adapted = adapt(model, films, SHORT)
    assert adapted.steps == 0
    weights = adapted.model.mean.blocks.state_dict()
    assert all(torch.equal(weights[k], v) for k, v in model.mean.blocks.state_dict().items())


def test_the_same_seed_gives_the_same_model(model, films):
    one, same, other = (
        adapt(model, films[:1], replace(SHORT, seed=seed), steps=3).model for seed in (1, 1, 2)
    )
    assert all(torch.equal(same.state_dict()[k], v) for k, v in one.state_dict().items())
    assert not torch.equal(one.mean.output.weight, other.mean.output.weight)


def test_the_stop_looks_at_frames_that_were_not_learned_from(model, films, monkeypatch):
    """Until it is known how long to train, the last part of every film is only looked at."""
    parts = []

    def watched(model, data, training, steps, stop):
        parts.append((data, stop))
        return model.mean, 0

    monkeypatch.setattr("s2r.training.adapt._fine_tuned", watched)
    adapt(model, films, SHORT)
    (fit, stop), (everything, nothing) = parts
    assert nothing is None
    for number, film in enumerate(films):
        seen, last = fit.videos[number], stop.videos[number]
        assert len(last) == pytest.approx(0.2 * len(film.frames), abs=1)
        assert np.array_equal(np.concatenate([seen, last]), film.frames)
        assert np.array_equal(everything.videos[number], film.frames)


def test_slow_changes_of_light_are_not_taken_for_noise(model, films):
    """They move all places, more than the codes describe, and hardly between frames."""
    light = [
        replace(film, frames=(film.frames // 2 + slow[:, None, None]).astype(np.uint8))
        for film in films
        for slow in [60 * np.sin(np.linspace(0, 2 * np.pi, len(film.frames))) ** 2]
    ]
    autoencoder = deepcopy(model.autoencoder)
    references = np.stack([to_unit_range(film.reference) for film in light])
    speakers = autoencoder.speakers(torch.from_numpy(references)[:, None])
    _fit_noise(autoencoder, light, speakers)
    noise = autoencoder.noise
    changes = np.concatenate([np.diff(to_unit_range(film.frames), axis=0) for film in light])
    strongest = np.sqrt(np.square(changes).mean(0).max())
    assert noise.level.max() < strongest / np.sqrt(2 * (1 - noise.steadiness.item()))
