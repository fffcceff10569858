"""The configuration: what is refused and how it is said, and that its documents agree."""

import copy
from dataclasses import fields
from typing import get_args

import pytest
import yaml

from helpers.repository import ROOT
from s2r.config import documents, parameters, systems
from s2r.config.build import build, build_part
from s2r.config.check import PHANTOM_SUBJECTS, complete
from s2r.config.files import merge, read_files
from s2r.config.model_blocks import RecurrentConfig, RecurrentTraining, SamplerConfig
from s2r.config.result_blocks import GenerationConfig
from s2r.config.tree import Config, leaves, place_at
from s2r.config.window_blocks import TrainingConfig
from s2r.core.errors import UserError
from s2r.corpus.phantom.stimuli import PROFILES
from s2r.generation.baselines import BASELINES
from s2r.model.denoiser import DenoiserConfig
from s2r.model.window import Window
from s2r.model.window_model import ModelConfig, model_config
from s2r.preparation.frames import FramesConfig

AGAIN = "write it again: python -m s2r.config.documents"
CLASSES = {
    "window": Window, "model": ModelConfig, "denoiser": DenoiserConfig, "training": TrainingConfig,
    "sampler": SamplerConfig, "frames": FramesConfig,
}  # fmt: skip
PARTS = (
    ("recurrent", RecurrentConfig),
    ("recurrent", RecurrentTraining),
    ("evaluation", GenerationConfig),
)
"""Classes that hold some of the keys of a block."""


def change(config: dict, changes: dict) -> dict:
    """``config`` with ``changes`` {dotted key: value} put in; names of runs may hold dots."""
    config = copy.deepcopy(config)
    for key, value in changes.items():
        *path, last = key.split("/")
        block = config
        for name in path:
            block = block.setdefault(name, {})
        block[last] = value
    return config


def test_embedded_default_is_valid(default_config):
    assert complete(default_config) == complete({})


def test_an_encoder_taken_away_takes_its_recurrent_regression_along(default_config):
    extra = {"encoders": {"whisper-tiny.en": None}}
    extra["runs"] = {"whisper-tiny.en": None, "whisper-tiny.en-pooled": None}
    merge(default_config, extra)
    assert complete(default_config)["recurrent"]["encoders"] == []


def test_folder_example_is_valid():
    merged = read_files(ROOT / "config" / name for name in ("config.yaml", "folder.yaml"))
    assert list(merged["runs"]) == ["logmel"]
    assert systems.evaluation_sets(merged) == ["unseen_speech"]


NEW_RUN = {"encoder": "logmel", "pooling": False, "preset": "s2r"}
PAPER_RUN = NEW_RUN | {"preset": "paper"}

ERRORS = {
    "misspelt key": ({"split/unseen_subject": 2}, "split.unseen_subject: ", "unseen_subjects?"),
    "misspelt block": ({"trainning": {}}, "trainning: ", "did you mean training?"),
    "key in the wrong place": ({"batch": 8}, "batch: ", "top-level keys are device"),
    "misspelt key of a run": (
        {"runs/logmel/training": {"clip": 5}},
        "runs.logmel.training.clip: ",
        "did you mean runs.logmel.training.clips?",
    ),
    "wrong type": ({"training/batch": "eight"}, "training.batch: ", "a whole number, not 'eight'"),
    "number read as text": ({"training/learning_rate": "1e-3"}, "training.learning_rate", "1.0e-3"),
    "truth value for a number": ({"evaluation/draws": True}, "evaluation.draws: ", "whole number"),
    "block for a value": ({"device": {"cpu": 1}}, "device: ", "one of auto, cpu, cuda"),
    "value for a block": ({"frames": 64}, "frames: ", "a block of keys, not 64"),
    "too small": ({"recordings/shards": 0}, "recordings.shards: ", "at least 1, not 0"),
    "not above": ({"training/learning_rate": 0}, "training.learning_rate: ", "above 0, not 0"),
    "offset that is no number": (
        {"recordings/audio_offset": "estimated"},
        "recordings.audio_offset: ",
        "'estimated' cannot be used, Delay of the sound",
    ),
    "pattern that is none": (
        {"corpus/kind": "usc75", "corpus/path": "usc", "recordings/exclude_notes": ["("]},
        "recordings.exclude_notes: ",
        "'(' is not a regular expression",
    ),
    "notes without a metafile": (
        {"recordings/exclude_notes": ["artifact"]},
        "recordings.exclude_notes: ",
        "only corpus.kind usc75 has a metafile",
    ),
    "not a multiple": ({"frames/size": 70}, "frames.size: ", "multiple of 4, such as 68 or 72"),
    "unknown choice": ({"sampler/solver": "euler"}, "sampler.solver: ", "dpm_solver, heun"),
    "list too short": ({"frames/percentiles": [1]}, "frames.percentiles: ", "at least 2"),
    "same entry twice": ({"split/training_styles": ["scripted"] * 2}, "split.training_", "twice"),
    "missing key": ({"runs/mine": {"encoder": "logmel"}}, "runs.mine.pooling: ", "missing"),
    "bad name": ({"runs/my run": NEW_RUN}, "runs: 'my run'", "letters, digits"),
    "command for a name": ({"runs/a; touch x": NEW_RUN}, "runs: 'a; touch x'", "letters, digits"),
    "command in a name": ({"encoders/$(touch x)": {}}, "encoders: '$(touch x)'", "letters, digits"),
    "quote in a name": ({"runs/it's": NEW_RUN}, 'runs: "it\'s"', "letters, digits"),
    "line end in a name": ({"runs/mine\n": NEW_RUN}, "runs: 'mine\\n'", "letters, digits"),
    "braces in a path": ({"pathvars/results": "{x}"}, "pathvars.results: '{x}'", "without braces"),
    "path of nothing": ({"pathvars/logs": "<y>/logs"}, "pathvars.logs: '<y>/logs'", "<results>"),
    "path with line end": ({"pathvars/results": "a\n"}, "pathvars.results: 'a\\n'", "cannot be"),
    "layer": ({"encoders/logmel/layer": "last"}, "encoders.logmel.layer: ", "cannot be used"),
    "no runs": ({"runs": {"logmel": None}}, "runs: ", "at least 1"),
    "all subjects held out": ({"split/unseen_subjects": 24}, "split.unseen_subjects: ", "24"),
    "stimulus held out twice": (
        {"split/validation_stimuli": ["topic1"]},
        "split.validation_stimuli: topic1",
        "split.unseen_stimuli",
    ),
    "nothing held out": (
        {"split/unseen_subjects": 0, "split/unseen_stimuli": []},
        "split.unseen_stimuli: ",
        "nothing is held out",
    ),
    "unknown encoder": (
        {"runs/mine": NEW_RUN | {"encoder": "hubert"}},
        "runs.mine.encoder: 'hubert'",
        "logmel, whisper-tiny.en",
    ),
    "name of a baseline": ({"runs/mean_frame": NEW_RUN}, "runs.mean_frame: ", "baseline"),
    "name of a recurrent one": ({"runs/recurrent-x": NEW_RUN}, "runs.recurrent-x: ", "baseline"),
    "name of noise around a mean": (
        {"runs/gaussian-x": NEW_RUN},
        "runs.gaussian-x: ",
        "baseline",
    ),
    "recurrent regression as a run": (
        {"runs/x": NEW_RUN | {"preset": "recurrent"}},
        "runs.x.preset: ",
        "in recurrent.encoders",
    ),
    "recurrent from nothing": (
        {"recurrent/encoders": ["hubert"]},
        "recurrent.encoders: 'hubert'",
        "logmel, whisper-tiny.en",
    ),
    "path of the phantom": ({"corpus/path": "videos"}, "corpus.path: ", "data/phantom"),
    "no path": ({"corpus/kind": "folder"}, "corpus.path: ", "folder of your recordings"),
    "pattern without group": (
        {
            "corpus/kind": "folder",
            "corpus/path": "videos",
            "corpus/folder/pattern": "(?P<subject>.+)",
        },
        "corpus.folder.pattern: ",
        "stimulus",
    ),
    "pattern is no expression": (
        {"corpus/kind": "folder", "corpus/path": "videos", "corpus/folder/pattern": "("},
        "corpus.folder.pattern: ",
        "not a regular expression",
    ),
    "unknown kind of encoder": (
        {"encoders/mine": {"kind": "hubert"}},
        "encoders.mine.kind: 'hubert'",
        "huggingface, logmel, whisper",
    ),
    "unknown preset": (
        {"runs/mine": NEW_RUN | {"preset": "s2r2"}},
        "runs.mine.preset: 's2r2'",
        "s2r, paper",
    ),
    "settings of a preset": (
        {"runs/mine": NEW_RUN | {"settings": {"width": 3}}},
        "runs.mine.settings: ",
        "takes the blocks",
    ),
    "number that is whole but no integer": (
        {"training/batch": 4.0},
        "training.batch: ",
        "a whole number, not 4.0",
    ),
    "model without a network": (
        {"encoders/mine": {"kind": "logmel", "model": "x"}},
        "encoders.mine.model: ",
        "has none; remove it",
    ),
    "layer without a network": (
        {"encoders/mine": {"kind": "logmel", "layer": 2}},
        "encoders.mine.layer: ",
        "has no layers",
    ),
    "revision without a model": (
        {"encoders/mine": {"kind": "whisper", "revision": "main"}},
        "encoders.mine.revision: ",
        "without a model",
    ),
    "model missing": (
        {"encoders/hubert": {"kind": "huggingface"}},
        "encoders.hubert.model: ",
        "hub name",
    ),
    "run to rate": ({"rating/run": "hubert"}, "rating.run: 'hubert'", "logmel, whisper-tiny.en"),
    "percentiles": ({"frames/percentiles": [99, 1]}, "frames.percentiles: ", "below"),
    "noise levels": ({"sampler/sigma_min": 90}, "sampler.sigma_min: ", "runs.logmel"),
    "guidance": ({"sampler/guidance_interval": [5, 1]}, "sampler.guidance_interval: ", "below"),
    "nothing given": ({"window/context": 0}, "window.context: ", "at least 1, not 0"),
    "batch for several GPUs": (
        {"runs/logmel": PAPER_RUN, "gpus": 3},
        "gpus: ",
        "training.batch of runs.logmel",
    ),
    "heads": (
        {"runs/old": PAPER_RUN, "denoiser/channels": [64, 90]},
        "denoiser.heads: ",
        "90 channels",
    ),
    "silent recordings without preset s2r": (
        {
            "runs": {"old": NEW_RUN | {"preset": "paper"}},
            "encoders": {"logmel": {"kind": "logmel"}},
            "recurrent/encoders": [],
            "corpus/silent": "use",
        },
        "corpus.silent: ",
        "preset paper",
    ),
    "switch without the preset": (
        {"paper_compat/raw_condition": True},
        "paper_compat.raw_condition: ",
        "preset paper",
    ),
    "switch without pooling": (
        {"runs/old": PAPER_RUN, "paper_compat/batch_pooling": True},
        "paper_compat.batch_pooling: ",
        "pooling: true",
    ),
    "switch without encoder": (
        {"paper_compat/encoder_class": True},
        "paper_compat.encoder_class: ",
        "kind huggingface",
    ),
    "released split of a folder": (
        {"corpus/kind": "folder", "corpus/path": "videos", "paper_compat/split": True},
        "paper_compat.split: ",
        "usc75 or phantom",
    ),
    "condition frame and context": (
        {
            "runs/old": PAPER_RUN | {"window": {"context": 2}},
            "paper_compat/condition_frame": True,
        },
        "paper_compat.condition_frame: ",
        "runs.old",
    ),
    "too many resolutions": (
        {"runs/old": PAPER_RUN, "frames/size": 16, "denoiser/channels": [64] * 4},
        "denoiser.channels: ",
        "multiple of 32",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_error_is_one_sentence_with_its_key(default_config, name):
    changes, start, part = ERRORS[name]
    config = change(default_config, changes)
    with pytest.raises(UserError) as error:
        complete(config)
    text = str(error.value)
    assert text.startswith(start)
    assert part in text
    assert "\n" not in text
    assert text.endswith((".", "?"))


def test_unknown_key_is_reported_before_what_it_caused(default_config):
    config = change(default_config, {"split/unseen_subject": 2})
    del config["split"]["unseen_subjects"]
    with pytest.raises(UserError, match=r"split\.unseen_subject: .*split\.unseen_subjects\?"):
        complete(config)


@pytest.mark.parametrize(
    ("subjects", "stimuli", "sets"),
    [
        (2, ["a"], ["unseen_speech", "unseen_subject", "unseen_both"]),
        (2, [], ["unseen_subject"]),
        (0, 1, ["unseen_speech"]),
    ],
)
def test_sets_follow_from_what_is_held_out(default_config, subjects, stimuli, sets):
    split = {"split/unseen_subjects": subjects, "split/unseen_stimuli": stimuli}
    assert systems.evaluation_sets(change(default_config, split)) == sets


def test_run_settings_shared_then_preset_then_own(default_config):
    config = change(default_config, {"runs/logmel": PAPER_RUN | {"sampler": {"steps": 3}}})
    settings = parameters.run_settings(config, "logmel")
    assert settings["sampler"]["steps"] == 3
    assert settings["sampler"]["solver"] == "stochastic_heun"
    assert settings["sampler"]["guidance_scale"] == config["sampler"]["guidance_scale"]
    settings["denoiser"]["channels"].append(77)
    assert 77 not in config["denoiser"]["channels"]


def test_means_are_scored_where_the_preset_has_one(default_config):
    config = change(default_config, {"runs/old": PAPER_RUN})
    assert "mean-logmel" in systems.systems(config)
    assert "old" in systems.systems(config)
    assert "mean-old" not in systems.systems(config)


def test_noise_stands_beside_the_first_run_that_is_no_control(default_config):
    config = complete(default_config)
    assert systems.run_with_gaussian(config) == "whisper-tiny.en"
    kinds = systems.kinds_of_systems(config)
    assert kinds["gaussian-whisper-tiny.en"] == systems.Kind.GAUSSIAN
    assert list(kinds.values()).count(systems.Kind.GAUSSIAN) == 1
    controls = config | {"runs": {"a": config["runs"]["logmel"], "b": config["runs"]["logmel"]}}
    assert systems.run_with_gaussian(controls) == "a"
    published = {"a": config["runs"]["logmel"] | {"preset": "paper"}}
    assert systems.run_with_gaussian(config | {"runs": published}) is None


def test_a_recurrent_regression_can_be_rated(default_config):
    config = complete(change(default_config, {"rating/run": "recurrent-whisper-tiny.en"}))
    assert config["rating"]["run"] in systems.trained_systems(config)


def test_recurrent_regressions_are_scored_from_the_encoders_named(default_config):
    config = change(default_config, {"recurrent/encoders": ["logmel"]})
    assert "recurrent-logmel" in systems.systems(config)
    assert "recurrent-whisper-tiny.en" not in systems.systems(config)
    assert "encoders" not in parameters.recurrent_settings(config)


def test_any_of_matches_names_and_nothing_else():
    import re

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


def test_every_option_of_the_code_has_a_key():
    """The blocks are the classes of the code, but for what data and presets decide."""
    elsewhere = {
        "window": {"repeats"},
        "model": {"window", "denoiser", "pooling", "raw_condition"},
        "denoiser": {"speech_dimension"},
        "frames": {"onset_trim", "audio_offset"},  # keys of the block recordings
    }
    for block, cls in CLASSES.items():
        names = {field.name for field in fields(cls)} - elsewhere.get(block, set())
        assert names == schema_keys(block), block
    for block, cls in PARTS:
        assert {field.name for field in fields(cls)} <= schema_keys(block), cls
    recurrent = {
        field.name for cls in (RecurrentConfig, RecurrentTraining) for field in fields(cls)
    }
    assert recurrent | {"encoders"} == schema_keys("recurrent")


def schema_keys(block: str) -> set[str]:
    """The keys of a block in the schema that editors and Snakemake read."""
    schema = yaml.safe_load((ROOT / documents.SCHEMA_FILE).read_text())
    name = schema["properties"][block]["$ref"].rsplit("/", 1)[-1]
    return set(schema["$defs"][name]["properties"])


def test_choices_agree_with_the_code(default_config):
    profiles = place_at(["corpus", "phantom", "profile"]).annotation
    assert list(get_args(profiles)) == list(PHANTOM_SUBJECTS)
    assert {name: profile.speakers for name, profile in PROFILES.items()} == PHANTOM_SUBJECTS
    assert list(BASELINES) == list(systems.BASELINES)
    assert default_config["corpus"]["folder"] == {
        "pattern": "(?P<subject>[^/]+)/(?P<stimulus>[^/]+)",
        "suffixes": [".mp4", ".avi", ".mov", ".mkv", ".webm"],
    }


def test_every_document_follows_from_the_keys():
    assert (ROOT / documents.YAML_FILE).read_text() == documents.default_yaml(), AGAIN
    assert (ROOT / documents.SCHEMA_FILE).read_text() == documents.schema_yaml(), AGAIN
    readme = (ROOT / documents.README_FILE).read_text()
    assert readme == documents.readme_tables(readme), AGAIN


def test_a_table_that_is_missing_or_of_no_block_is_found():
    readme = (ROOT / documents.README_FILE).read_text()
    with pytest.raises(ValueError, match="0 tables of the block sampler"):
        documents.readme_tables(readme.replace("<!-- keys of sampler -->", ""))
    other = "<!-- keys of other -->\n<!-- end of keys -->\n"
    with pytest.raises(ValueError, match="tables of other"):
        documents.readme_tables(readme + other)


def test_defaults_of_the_code_are_those_of_the_yaml(default_config):
    assert complete({}) == complete(default_config)
    for block, cls in CLASSES.items():
        assert build(cls, default_config[block]) == cls()
    for block, cls in PARTS:
        own = {field.name: default_config[block][field.name] for field in fields(cls)}
        assert build(cls, own) == cls()


def test_what_a_file_leaves_out_has_its_default(default_config):
    config = complete({"training": {"clips": 5}, "runs": {"logmel": NEW_RUN}})
    assert config["training"] == default_config["training"] | {"clips": 5}
    assert list(config["runs"]) == ["logmel"]
    assert "pathvars" not in config


def test_every_key_has_a_text_and_blocks_have_one_too():
    for name, place in leaves():
        assert place.text.endswith("."), name
    for field in Config.__pydantic_fields__:
        assert len(documents.description(field)) > 10, field


def test_editors_can_take_away_what_an_earlier_file_defined():
    schema = yaml.safe_load(documents.schema_yaml())
    for name in ("encoders", "runs"):
        choices = schema["properties"][name]["additionalProperties"]["anyOf"]
        assert {"type": "null"} in choices


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read"), ("a: [", "not readable YAML"), ("- a", "holds no keys")],
)
def test_files_that_are_no_configuration_are_named(tmp_path, content, words):
    path = tmp_path / "mine.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=rf"mine\.yaml .*{words}"):
        read_files([ROOT / "config" / "config.yaml", path])


def test_configuration_files_are_merged_key_by_key():
    base = {"a": {"b": 1, "c": 2}, "d": [1, 2]}
    merge(base, {"a": {"c": 3}, "d": [4]})
    assert base == {"a": {"b": 1, "c": 3}, "d": [4]}
