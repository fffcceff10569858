"""Models trained anew for docs/reproduction.md, on a very small phantom."""

import pytest

from helpers.utterance_model import write_phantom
from s2r.config.parameters import run_settings
from s2r.core.files import sha256_of
from s2r.evaluation.instruments import Instruments
from s2r.evaluation.metrics.articulation import moving_cells
from s2r.model.family import find_family
from s2r.preparation.region import dynamic_region


@pytest.fixture
def small_models(benchmark_module, small_config, monkeypatch):
    """The benchmark, with networks and trainings that take seconds."""
    short = {"clips": 16, "batch": 4, "warmup_clips": 4, "validate_clips": 16}
    for block in ("mean", "residual", "training"):
        small_config[block] |= short
    module = benchmark_module("small_models")
    monkeypatch.setattr(module, "read_config", lambda: small_config)
    return module


@pytest.mark.parametrize("preset", ["s2r", "paper"])
def test_models_of_both_presets_are_trained(small_models, tmp_path, preset):
    config = small_models.read_config()
    config["runs"] = {"a": {"encoder": "logmel", "pooling": False, "preset": preset}}
    settings = run_settings(config, "a")
    recordings = write_phantom(tmp_path)
    small_models.train_here(settings, recordings, tmp_path, seed=0)
    model = find_family(preset).load(tmp_path / "model.safetensors", settings, "cpu")
    name = recordings.members("train")[0]
    assert model.project(recordings.embedded(name)).shape == (recordings.length(name), 4)


def test_errors_of_the_default_come_from_one_training(small_models, tmp_path):
    recordings = write_phantom(tmp_path)
    video = recordings.video(recordings.members("train")[0])
    region = dynamic_region([video])
    instruments = Instruments(region, moving_cells(region))
    made = tmp_path / "made"
    errors = small_models.errors_of_default(recordings, 1, made, instruments)
    assert errors.keys() == {"validation", "unseen_speech"}
    assert all(0 < error < 1 for error in errors.values())
    before = sha256_of(made / "model.safetensors")
    assert small_models.errors_of_default(recordings, 2, made, instruments) == errors
    assert sha256_of(made / "model.safetensors") == before
