"""A model of another package: the example of docs/own-model.md, installed, trained and used."""

import tomllib

import numpy as np
import pytest

from helpers.package import install_package
from helpers.pages import fenced_blocks
from helpers.quick_training import training_job
from helpers.quick_utterance import REST, write_corpus
from helpers.repository import ROOT
from helpers.tiny_corpus import SIZE
from s2r.config.check import complete
from s2r.config.parameters import run_settings
from s2r.config.result_blocks import GenerationConfig
from s2r.core.errors import UserError
from s2r.core.registry import MODELS
from s2r.generation.generate import generate_run
from s2r.generation.generated_file import read_generated
from s2r.model.family import UTTERANCE, WINDOWS, find_family

PAGE = ROOT / "docs" / "own-model.md"
(MODULE,) = fenced_blocks(PAGE, "python")
(PROJECT,) = fenced_blocks(PAGE, "toml")
ENTRIES = tomllib.loads(PROJECT)["project"]["entry-points"]
RUN = {"encoder": "logmel", "pooling": False, "preset": "linear", "settings": {"ridge": 3.0}}


@pytest.fixture
def installed(tmp_path, monkeypatch):
    install_package(monkeypatch, tmp_path / "site", "linear-model", ENTRIES, {"linear": MODULE})


def test_the_models_of_this_package_are_registered_like_any_other():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(project["entry-points"][MODELS]) == {"s2r", "paper"}
    assert find_family("s2r") is UTTERANCE
    assert find_family("paper") is WINDOWS


def test_the_example_is_trained_and_generates_what_speech_says(installed, tmp_path):
    settings = run_settings(complete({"runs": {"mine": RUN}}), "mine")
    assert settings["settings"] == {"ridge": 3.0}
    recordings = write_corpus(tmp_path)
    job = training_job(tmp_path, tmp_path, settings)
    family = find_family("linear")
    family.train(job)
    model = family.load(job.model_path, settings, "cpu")
    generate_run(
        model,
        recordings,
        {"unseen_speech": tmp_path / "mine.h5"},
        {},
        GenerationConfig(draws=2, clips=4, recordings=2, batch=4),
        {"system": "mine", "encoder": "logmel", "size": "-", "pooling": "no", "preset": "linear"},
    )
    with read_generated(tmp_path / "mine.h5") as content:
        (name, *_) = content.rollouts
        rollout = content.rollout(name)
        assert rollout.draws.shape == (2, REST + 60, SIZE, SIZE)
        assert not rollout.window_starts.any()
        truth = recordings.video(name).astype(float)
        still = np.square(truth - truth[0]).mean()
        # The tiny corpus moves a bar by what the embedding says, which is nearly linear.
        error = np.square(rollout.draws[0] - truth).mean()
        assert error < 0.5 * still
        assert np.square(rollout.wrong_speech[0] - truth).mean() > 2 * error


def test_blocks_of_the_in_house_models_are_refused_for_others(installed):
    with pytest.raises(UserError, match=r"^runs\.mine\.sampler: the model linear takes its"):
        complete({"runs": {"mine": RUN | {"sampler": {"steps": 2}}}})


def test_sampler_options_are_refused_by_a_model_without_a_sampler(installed, tmp_path):
    write_corpus(tmp_path)
    job = training_job(tmp_path, tmp_path, {"settings": {}})
    find_family("linear").train(job)
    model = find_family("linear").load(job.model_path, {}, "cpu")
    assert model.resampled(None, None) is model
    with pytest.raises(UserError, match="no sampler: leave out --preset"):
        model.resampled(8, None)
    with pytest.raises(UserError, match=r"absent\.npy does not exist: train the run first"):
        find_family("linear").load(tmp_path / "absent.npy", {}, "cpu")


def test_a_model_that_is_not_installed_is_named(tmp_path):
    with pytest.raises(UserError, match=r"^runs\.mine\.preset: 'linear' is not one of"):
        complete({"runs": {"mine": RUN}})
