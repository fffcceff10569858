"""Every configuration that is accepted can be trained and gives pictures.

Configurations are drawn from the keys, five of each kind; more are drawn with
S2R_EXAMPLES=400 pytest tests/training/test_accepted_settings.py
"""

import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

from helpers.quick_training import training_job
from helpers.quick_utterance import write_corpus
from helpers.settings import PAPER_RUN, change
from helpers.settings_strategies import denoisers, samplers, settings_of
from helpers.tiny_corpus import SIZE
from s2r.config.build import build_part
from s2r.config.check import complete
from s2r.config.model_blocks import MeanBlock, ResidualBlock
from s2r.config.parameters import recurrent_settings, run_settings
from s2r.config.recurrent_blocks import RecurrentConfig, RecurrentTraining
from s2r.config.window_blocks import ModelBlock, TrainingConfig, WindowBlock
from s2r.core.errors import UserError
from s2r.core.units import to_unit_range
from s2r.generation.model_folder import load_video_model
from s2r.model.family import VideoTask
from s2r.training.launch import train_from_files
from s2r.training.recurrent import train_recurrent

FRAMES = 12

drawn = settings(
    max_examples=int(os.environ.get("S2R_EXAMPLES", "5")),
    derandomize=True,  # the same ones in every run
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Frames, embeddings, split and articulation codes in a folder; the recordings."""
    folder = tmp_path_factory.mktemp("corpus")
    return folder, write_corpus(folder)


def accepted(blocks: dict) -> dict:
    """The configuration with ``blocks`` and a run of each preset; others are drawn if refused."""
    base = {
        "frames": {"size": SIZE},
        "runs": {"new": PAPER_RUN | {"preset": "s2r"}, "old": PAPER_RUN},
        "autoencoder": {"codes": 4},
    }
    try:
        return complete(change(base, blocks))
    except UserError as error:
        assert "\n" not in str(error)
        assume(False)


def check_run(corpus, folder, config: dict, run: str) -> None:
    """Train a run in ``folder`` and generate a video with its weights."""
    source, recordings = corpus
    chosen = run_settings(config, run)
    job = training_job(source, folder, chosen)
    train_from_files(replace(job, autoencoder=str(source / "autoencoder.safetensors")))
    check_video(load_video_model(job.model_path, chosen, "cpu"), recordings)


def check_video(model, recordings) -> None:
    """Generate twelve frames; one that is not of numbers raises an error."""
    name = recordings.members("validation")[0]
    speech = model.project(recordings.embedded(name))
    task = VideoTask(speech, to_unit_range(recordings.video(name)[0]), seed=1, count=FRAMES)
    (video,) = model.videos([task], on_frames=lambda frames: None)
    assert video.shape == (FRAMES, SIZE, SIZE)
    assert video.dtype == np.uint8


@drawn
@given(settings_of(MeanBlock), settings_of(ResidualBlock), samplers())
def test_runs_of_preset_s2r(corpus, tmp_path_factory, mean, residual, sampler):
    # The corpus was embedded without changed copies of its sound.
    mean = mean | {"sound_copies": 0}
    config = accepted({"mean": mean, "residual": residual, "sampler": sampler})
    check_run(corpus, tmp_path_factory.mktemp("run"), config, "new")


@drawn
@given(
    settings_of(WindowBlock),
    settings_of(ModelBlock),
    denoisers(),
    settings_of(TrainingConfig),
    samplers(),
)
def test_runs_of_preset_paper(corpus, tmp_path_factory, window, model, denoiser, training, sampler):
    blocks = {
        "window": window, "model": model, "denoiser": denoiser, "training": training,
        "sampler": sampler,
    }  # fmt: skip
    config = accepted({f"runs/old/{name}": block for name, block in blocks.items()})
    check_run(corpus, tmp_path_factory.mktemp("run"), config, "old")


@drawn
@given(settings_of(RecurrentConfig), settings_of(RecurrentTraining))
def test_recurrent_regressions(corpus, tmp_path_factory, network, training):
    config = accepted({"recurrent": network | training})
    folder, chosen = tmp_path_factory.mktemp("run"), recurrent_settings(config)
    path = folder / "model.safetensors"
    train_recurrent(
        build_part(RecurrentConfig, chosen), build_part(RecurrentTraining, chosen), corpus[1],
        folder / "state", path, folder / "curve.csv",
    )  # fmt: skip
    check_video(load_video_model(path, {"preset": "recurrent"}, "cpu"), corpus[1])
