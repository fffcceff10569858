"""The settings of runs and rules: defaults, files laid over each other, typed blocks."""

import re

import pytest

from helpers.repository import ROOT
from helpers.settings import NEW_RUN, PAPER_RUN, change
from s2r.config import parameters, systems
from s2r.config.build import build, build_part
from s2r.config.check import complete
from s2r.config.files import merge, read_files
from s2r.config.model_blocks import SamplerConfig
from s2r.config.recurrent_blocks import RecurrentConfig, RecurrentTraining
from s2r.config.window_blocks import TrainingConfig
from s2r.model.window_model import model_config


def test_embedded_default_is_valid(default_config):
    assert complete(default_config) == complete({})


CONFIG = ROOT / "config"
LAID_OVER = {"usc75_native.yaml": ["usc75.yaml"]}
"""Files that are laid over another than config.yaml."""


@pytest.mark.parametrize("path", sorted(CONFIG.glob("*.yaml")), ids=lambda path: path.name)
def test_every_configuration_that_comes_along_is_valid(path):
    files = ["config.yaml", *LAID_OVER.get(path.name, []), path.name]
    config = complete(read_files(CONFIG / name for name in dict.fromkeys(files)))
    others = path.name != "config.yaml"
    assert (config != complete({})) == others


def test_an_encoder_taken_away_takes_its_recurrent_regression_along(default_config):
    extra = {"encoders": {"whisper-tiny.en": None}}
    extra["runs"] = {"whisper-tiny.en": None, "whisper-tiny.en-pooled": None}
    merge(default_config, extra)
    assert complete(default_config)["recurrent"]["encoders"] == []


def test_folder_example_is_valid():
    merged = read_files(ROOT / "config" / name for name in ("config.yaml", "folder.yaml"))
    assert list(merged["runs"]) == ["logmel"]
    assert systems.evaluation_sets(merged) == ["unseen_speech"]


def test_run_settings_shared_then_preset_then_own(default_config):
    config = change(default_config, {"runs/logmel": PAPER_RUN | {"sampler": {"steps": 3}}})
    settings = parameters.run_settings(config, "logmel")
    assert settings["sampler"]["steps"] == 3
    assert settings["sampler"]["solver"] == "stochastic_heun"
    assert settings["sampler"]["guidance_scale"] == config["sampler"]["guidance_scale"]
    settings["denoiser"]["channels"].append(77)
    assert 77 not in config["denoiser"]["channels"]


def test_any_of_matches_names_and_nothing_else():
    assert re.fullmatch(parameters.any_of(["tiny.en", "b"]), "tiny.en")
    assert not re.fullmatch(parameters.any_of(["tiny.en", "b"]), "tinyXen")
    assert not re.fullmatch(parameters.any_of([]), "")


def test_settings_become_typed_configurations(default_config):
    config = change(default_config, {"runs/old": PAPER_RUN})
    settings = parameters.run_settings(config, "old")
    assert model_config(settings).window.new == settings["window"]["new"]
    assert build(TrainingConfig, settings["training"]).clips == settings["training"]["clips"]
    assert build(SamplerConfig, settings["sampler"]).steps == settings["sampler"]["steps"]
    recurrent = parameters.recurrent_settings(config)
    network = build_part(RecurrentConfig, recurrent)
    training = build_part(RecurrentTraining, recurrent)
    assert network.hidden == config["recurrent"]["hidden"]
    assert training.segment == config["recurrent"]["segment"]


def test_what_a_file_leaves_out_has_its_default(default_config):
    config = complete({"training": {"clips": 5}, "runs": {"logmel": NEW_RUN}})
    assert config["training"] == default_config["training"] | {"clips": 5}
    assert list(config["runs"]) == ["logmel"]
    assert "pathvars" not in config


def test_configuration_files_are_merged_key_by_key():
    base = {"a": {"b": 1, "c": 2}, "d": [1, 2]}
    merge(base, {"a": {"c": 3}, "d": [4]})
    assert base == {"a": {"b": 1, "c": 3}, "d": [4]}
