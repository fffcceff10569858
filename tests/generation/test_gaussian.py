"""Noise around the mean in place of diffusion: the same files, and no denoising network."""

import numpy as np
import pytest
import torch

from helpers.utterance_model import SAMPLER
from s2r.config.result_blocks import GenerationConfig
from s2r.config.systems import Kind
from s2r.generation.generate import generate_run
from s2r.generation.generated_file import read_generated
from s2r.generation.utterance import UtteranceVideos
from s2r.model.family import VideoTask
from s2r.model.utterance_model import load_utterance_model
from s2r.preparation.recordings import open_recordings
from s2r.preparation.resting import reference_frame


@pytest.fixture(scope="module")
def recordings(utterance_folder):
    return open_recordings(
        {
            "frames": [utterance_folder / "frames/00.h5"],
            "embeddings": [utterance_folder / "embeddings/00.h5"],
            "split": utterance_folder / "split.csv",
        }
    )


@pytest.fixture
def videos(utterance_folder):
    model, _ = load_utterance_model(utterance_folder / "run/model.safetensors")
    return UtteranceVideos(model, SAMPLER)


@pytest.fixture
def task(recordings, videos):
    name = recordings.members("unseen_speech")[0]
    speech = videos.project(recordings.embedded(name))
    return VideoTask(speech, reference_frame(recordings, name), seed=5)


def test_no_denoiser_is_used(videos, task):
    gaussian = videos.without_diffusion()
    (before,), (drawn,) = gaussian.videos([task]), videos.videos([task])
    assert not np.array_equal(before, drawn)
    with torch.no_grad():
        for weight in videos.model.denoiser.parameters():
            weight.add_(1.0)
    np.testing.assert_array_equal(gaussian.videos([task])[0], before)
    assert not np.array_equal(videos.videos([task])[0], drawn)


def test_draws_scatter_around_the_mean(videos, task):
    mean = videos.mean(task).astype(float)
    seeds = [VideoTask(task.speech, task.reference, seed) for seed in range(24)]
    draws = np.array(videos.without_diffusion().videos(seeds), float)
    scatter = np.square(draws - mean).mean()
    assert scatter > 1
    # the mean of n draws has a part 1 / n of their scatter left, and rounding
    assert np.square(draws.mean(0) - mean).mean() < 2 * scatter / len(draws)


def test_files_have_the_same_draws_and_clips_as_those_of_the_run(recordings, videos, tmp_path):
    models = {Kind.MODEL: videos, Kind.GAUSSIAN: videos.without_diffusion()}
    rollouts = {}
    for kind, model in models.items():
        path = tmp_path / f"{kind}.h5"
        generate_run(
            model,
            recordings,
            {"unseen_speech": path},
            {},
            GenerationConfig(draws=2, clips=2, recordings=1, batch=4),
            {"system": "x", "encoder": "e", "size": "-", "pooling": "no", "preset": "s2r"},
            kind,
        )
        with read_generated(path) as made:
            assert made.attributes["kind"] == kind
            assert made.attributes["estimate"] == "draw"
            assert len(made.clip_recordings) == 1
            rollouts[kind] = made.rollout(made.rollouts[0])
    model, noise = rollouts[Kind.MODEL], rollouts[Kind.GAUSSIAN]
    assert model.draws.shape == noise.draws.shape
    assert noise.wrong_speech.shape == model.wrong_speech.shape
    assert noise.speech_of == model.speech_of
    assert not np.array_equal(noise.draws, model.draws)
    assert not np.array_equal(*noise.draws)
