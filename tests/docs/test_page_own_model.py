"""What docs/own-model.md says of presets, of settings of a run and of models of other packages."""

import copy
import re
from dataclasses import fields

import pytest

from helpers.repository import ROOT
from helpers.tiny_model import NETWORK
from s2r.config import systems
from s2r.config.check import complete
from s2r.config.model_blocks import AutoencoderBlock, MeanBlock, RunBlock
from s2r.config.parameters import run_settings, weight_settings
from s2r.config.presets import BLOCKS_OF_PRESET, PAPER_SAMPLER
from s2r.config.window_blocks import WindowBlock
from s2r.core.errors import UserError
from s2r.model.denoiser import Denoiser, DenoiserConfig, SpeechAttention
from s2r.model.family import TrainingJob, VideoModel

PAGE = " ".join((ROOT / "docs/own-model.md").read_text().split())
RULES = ROOT / "workflow/rules"
WORDS = {10: "ten"}


def rule(name: str) -> str:
    return (RULES / f"{name}.smk").read_text()


def config_with(default_config: dict, run: dict) -> dict:
    """The default with the settings ``run`` added to its run logmel."""
    changed = copy.deepcopy(default_config)
    changed["runs"]["logmel"] |= run
    return complete(changed)


def test_a_run_is_trained_with_each_seed_and_has_a_row_of_its_own(default_config):
    default_config["seeds"] = [0, 5]
    config = complete(default_config)
    found = systems.replicates(config)
    for run in config["runs"]:
        trained = [name for name, replicate in found.items() if replicate.system == run]
        assert len(trained) == 2
        assert systems.systems(config).count(run) == 1


def test_every_preset_is_in_the_table():
    assert all(f"| `{preset}` | " in PAGE for preset in BLOCKS_OF_PRESET)


def test_a_frame_is_as_many_codes_as_stated():
    assert f"a frame is {AutoencoderBlock().codes} articulation codes" in PAGE


def test_preset_paper_is_what_is_stated(default_config):
    window = WindowBlock()
    assert f"windows of {WORDS[window.context + window.new]} frames of which the first" in PAGE
    assert window.context == 1
    sampler = config_with(default_config, {"preset": "paper"})
    sampler = run_settings(sampler, "logmel")["sampler"]
    assert sampler["solver"] == PAPER_SAMPLER["solver"] == "stochastic_heun"
    assert f"{WORDS[sampler['steps']]} stochastic Heun steps" in PAGE
    network = Denoiser(DenoiserConfig(**NETWORK, speech_dimension=4))
    assert any(isinstance(part, SpeechAttention) for part in network.modules())


def test_articulation_codes_are_made_once_a_corpus():
    text = rule("autoencoder")
    outputs = re.findall(r'"(<results>[^"]+)"', text)
    assert "<results>/autoencoder/codes.png" in outputs
    assert not any("{" in path for path in outputs)
    assert "embeddings" not in text  # no speech is needed
    assert "`results/autoencoder/codes.png` shows what they stand for" in PAGE


def test_codes_are_shared_by_all_runs(default_config):
    with pytest.raises(UserError, match=r"runs\.logmel\.autoencoder: there is no such key"):
        config_with(default_config, {"autoencoder": {"codes": 8}})


def test_training_has_noise_on_the_speaker_and_other_reference_frames():
    mean = MeanBlock()
    assert mean.speaker_noise > 0
    assert 0 < mean.random_references < 0.5  # some segments
    assert mean.folds > 1


def test_shared_blocks_are_those_that_are_named(default_config):
    blocks = ("autoencoder", *BLOCKS_OF_PRESET["s2r"])
    assert f"the blocks {', '.join(f'`{name}`' for name in blocks[:-1])} and `{blocks[-1]}`" in PAGE
    assert all(name in default_config for name in blocks)
    for block, key in (("mean", "hidden"), ("residual", "hidden"), ("sampler", "steps")):
        config = config_with(default_config, {block: {key: 24}})
        assert run_settings(config, "logmel")[block][key] == 24
        assert run_settings(config, "whisper-tiny.en")[block][key] != 24


@pytest.mark.parametrize(
    ("key", "value", "trained"),
    [
        ("sampler", {"steps": 9}, False),
        ("seeds", [0, 1], False),
        ("encoder", "whisper-tiny.en", True),
        ("pooling", True, True),
        ("preset", "paper", True),
        ("mean", {"clips": 8}, True),
        ("residual", {"dilations": [1]}, True),
    ],
)
def test_any_key_but_those_of_sampler_trains_again(default_config, key, value, trained):
    before = complete(copy.deepcopy(default_config))
    after = copy.deepcopy(before)
    after["runs"]["logmel"][key] = value
    assert key in {field.name for field in fields(RunBlock)}
    changed = weight_settings(after, "logmel") != weight_settings(before, "logmel")
    assert changed == trained
    assert weight_settings(after, "whisper-tiny.en") == weight_settings(before, "whisper-tiny.en")


def test_what_a_model_must_have_and_what_is_optional():
    assert VideoModel.__abstractmethods__ == {"project", "videos"}

    class Least(VideoModel):
        def project(self, embeddings):
            return embeddings

        def videos(self, tasks, batch=32, label="generate", on_frames=None):
            return []

    model = Least()
    assert (model.window, model.context) == (1, 0)
    assert model.resampled(None, None) is model
    with pytest.raises(UserError, match="leave out --clean"):
        model.clean()
    with pytest.raises(UserError, match="has no sampler"):
        model.resampled(3, None)
    assert not hasattr(model, "mean")


def test_a_training_is_given_what_the_page_names():
    names = {field.name for field in fields(TrainingJob)}
    used = set(re.findall(r"\bjob\.(\w+)", PAGE)) | {"state_folder"}
    assert {"seed", "settings", "frames", "embeddings", "model_path", "curve_path"} <= used <= names


def test_a_curve_has_the_training_error_and_a_picture():
    assert '"<results>/runs/{run}/curve.png"' in rule("train")
    assert "(`results/runs/*/curve.png`)" in PAGE
