"""The configuration: what is refused and how it is said, and that its documents agree."""

import contextlib
import copy
import functools
from dataclasses import fields

import pytest
import yaml

from helpers.repository import ROOT
from s2r.config import parameters, systems
from s2r.config.check import PHANTOM_SUBJECTS, check_config
from s2r.config.schema import check_schema
from s2r.core.errors import UserError

SCHEMA_FILE = ROOT / "workflow" / "schemas" / "config.schema.yaml"
SCHEMA = yaml.safe_load(SCHEMA_FILE.read_text())
DEFAULT = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())


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


def check(config: dict) -> None:
    parameters.remove_nulls(config)
    check_schema(config, SCHEMA_FILE)
    check_config(config)


def test_embedded_default_is_valid(default_config):
    check(default_config)


def test_an_encoder_taken_away_takes_its_recurrent_regression_along(default_config):
    extra = {"encoders": {"whisper-tiny.en": None}}
    extra["runs"] = {"whisper-tiny.en": None, "whisper-tiny.en-pooled": None}
    merged = merge(default_config, extra)
    check(merged)
    assert merged["recurrent"]["encoders"] == []


def test_folder_example_is_valid(default_config):
    extra = yaml.safe_load((ROOT / "config" / "folder.yaml").read_text())
    merged = merge(default_config, extra)
    check(merged)
    assert list(merged["runs"]) == ["logmel"]
    assert systems.evaluation_sets(merged) == ["unseen_speech"]


def merge(first: dict, second: dict) -> dict:
    """As Snakemake merges configuration files."""
    for key, value in second.items():
        if isinstance(value, dict) and isinstance(first.get(key), dict):
            merge(first[key], value)
        else:
            first[key] = value
    return first


NEW_RUN = {"encoder": "logmel", "pooling": False, "preset": "s2r"}

FAULTS = {
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
    "not a multiple": ({"frames/size": 70}, "frames.size: ", "multiple of 16"),
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
    "all subjects held out": ({"split/unseen_subjects": 10}, "split.unseen_subjects: ", "10"),
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
    "model missing": (
        {"encoders/hubert": {"kind": "huggingface"}},
        "encoders.hubert.model: ",
        "hub name",
    ),
    "run to rate": ({"rating/run": "hubert"}, "rating.run: 'hubert'", "logmel, whisper-tiny.en"),
    "percentiles": ({"frames/percentiles": [99, 1]}, "frames.percentiles: ", "below"),
    "noise levels": ({"sampler/sigma_min": 90}, "sampler.sigma_min: ", "runs.logmel"),
    "guidance": ({"sampler/guidance_interval": [5, 1]}, "sampler.guidance_interval: ", "below"),
    "nothing given": (
        {"window/reference": False, "window/context": 0},
        "window.context: ",
        "must be given",
    ),
    "batch for several GPUs": ({"gpus": 3}, "gpus: ", "training.batch of runs.logmel"),
    "heads": ({"denoiser/channels": [64, 90]}, "denoiser.heads: ", "90 channels"),
    "switch without the preset": (
        {"paper_compat/raw_condition": True},
        "paper_compat.raw_condition: ",
        "preset paper",
    ),
    "switch without pooling": (
        {"runs/old": NEW_RUN | {"preset": "paper"}, "paper_compat/batch_pooling": True},
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
            "runs/old": NEW_RUN | {"preset": "paper", "window": {"context": 2}},
            "paper_compat/condition_frame": True,
        },
        "paper_compat.condition_frame: ",
        "runs.old",
    ),
    "too many resolutions": (
        {"frames/size": 16, "denoiser/channels": [64] * 4},
        "denoiser.channels: ",
        "multiple of 32",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_one_sentence_with_its_key(default_config, name):
    changes, start, part = FAULTS[name]
    config = change(default_config, changes)
    with pytest.raises(UserError) as error:
        check(config)
    text = str(error.value)
    assert text.startswith(start)
    assert part in text
    assert "\n" not in text
    assert text.endswith((".", "?"))


def test_unknown_key_is_told_before_what_it_caused(default_config):
    config = change(default_config, {"split/unseen_subject": 2})
    del config["split"]["unseen_subjects"]
    with pytest.raises(UserError, match=r"split\.unseen_subject: .*split\.unseen_subjects\?"):
        check(config)


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
    own = {"preset": "paper", "sampler": {"steps": 3}}
    config = change(default_config, {"runs/logmel": NEW_RUN | own})
    settings = parameters.run_settings(config, "logmel")
    assert settings["sampler"]["steps"] == 3
    assert settings["sampler"]["solver"] == "stochastic_heun"
    assert settings["sampler"]["guidance_scale"] == config["sampler"]["guidance_scale"]
    settings["training"]["ridge"].append(77)
    assert 77 not in config["training"]["ridge"]


def test_regressions_are_scored_where_the_preset_has_one(default_config):
    paper = NEW_RUN | {"preset": "paper"}
    config = change(default_config, {"runs/old": paper})
    assert "regression-logmel" in systems.systems(config)
    assert "old" in systems.systems(config)
    assert "regression-old" not in systems.systems(config)


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
    from s2r.config.build import build, build_part
    from s2r.model.recurrent import RecurrentConfig
    from s2r.model.sampler import SamplerConfig
    from s2r.model.tract_model import model_config
    from s2r.training.fitting import TrainingConfig
    from s2r.training.recurrent import RecurrentTraining

    config = change(default_config, {"runs/old": NEW_RUN | {"preset": "paper"}})
    for run in config["runs"]:
        settings = parameters.run_settings(config, run)
        assert model_config(settings).window.new == settings["window"]["new"]
        assert build(TrainingConfig, settings["training"]).clips == settings["training"]["clips"]
        assert build(SamplerConfig, settings["sampler"]).steps == settings["sampler"]["steps"]
    recurrent = parameters.recurrent_settings(config)
    network = build_part(RecurrentConfig, recurrent)
    training = build_part(RecurrentTraining, recurrent)
    assert network.hidden == config["recurrent"]["hidden"]
    assert training.segment == config["recurrent"]["segment"]
    assert not model_config(settings).denoiser.mean_channel


def test_every_option_of_the_code_has_a_key():
    """The blocks are the dataclasses of the code, but for what data and presets decide."""
    from s2r.generation.generate import GenerationConfig
    from s2r.model.denoiser import DenoiserConfig
    from s2r.model.recurrent import RecurrentConfig
    from s2r.model.sampler import SamplerConfig
    from s2r.model.tract_model import ModelConfig
    from s2r.model.window import Window
    from s2r.training.fitting import TrainingConfig
    from s2r.training.recurrent import RecurrentTraining

    elsewhere = {
        "window": {"repeats"},
        "model": {"window", "denoiser", "pooling", "frame_size", "raw_condition"},
        "denoiser": {"speech_dimension", "speech_by", "mean_channel"},
        "training": set(),
        "sampler": set(),
    }
    classes = (Window, ModelConfig, DenoiserConfig, TrainingConfig, SamplerConfig)
    for (block, without), kind in zip(elsewhere.items(), classes, strict=True):
        names = {field.name for field in fields(kind)} - without
        assert names == set(SCHEMA["$defs"][block]["properties"]), block
    recurrent = {field.name for field in (*fields(RecurrentConfig), *fields(RecurrentTraining))}
    assert recurrent | {"encoders"} == set(SCHEMA["properties"]["recurrent"]["properties"])
    amount = {field.name for field in fields(GenerationConfig)}
    assert amount <= set(SCHEMA["properties"]["evaluation"]["properties"])


def test_choices_agree_with_the_code():
    from s2r.corpus.folder import DEFAULT_PATTERN, SUFFIXES
    from s2r.corpus.phantom.stimuli import PROFILES
    from s2r.generation.baselines import BASELINES
    from s2r.report.table1 import SETS

    corpus = SCHEMA["properties"]["corpus"]["properties"]
    assert corpus["phantom"]["properties"]["profile"]["enum"] == list(PHANTOM_SUBJECTS)
    assert {name: p.speakers for name, p in PROFILES.items()} == PHANTOM_SUBJECTS
    assert DEFAULT["corpus"]["folder"] == {"pattern": DEFAULT_PATTERN, "suffixes": list(SUFFIXES)}
    assert list(BASELINES) == list(systems.BASELINES)
    assert SETS == systems.SETS


def schema_keys(schema: dict) -> dict[str, dict]:
    """Every leaf of the schema by its dotted key; ``<name>`` stands for a name to choose."""
    found = {}

    def walk(node: dict, path: list[str]) -> None:
        overrides = path[:1] == ["runs"] and "$ref" in node
        if "$ref" in node and not overrides:
            node = SCHEMA["$defs"][node["$ref"].rsplit("/", 1)[-1]] | node
        if "properties" in node:
            for name, child in node["properties"].items():
                walk(child, [*path, name])
        elif isinstance(node.get("additionalProperties"), dict):
            walk(node["additionalProperties"], [*path, "<name>"])
        else:
            found[".".join(path)] = node

    walk(schema, [])
    return found


def documented_row(key: str, node: dict) -> str:
    """The row of config/README.md for a key; its default is that of the embedded default."""
    value = node.get("default", "")
    with contextlib.suppress(KeyError):
        value = functools.reduce(lambda block, name: block[name], key.split("."), DEFAULT)
    text = yaml.safe_dump(value, default_flow_style=True, width=1000).split("\n")[0]
    return f"| `{key}` | {node['description']} | {f'`{text}`' if value != '' else ''} |"


def test_every_key_is_documented():
    text = (ROOT / "config" / "README.md").read_text()
    rows = [documented_row(key, node) for key, node in schema_keys(SCHEMA).items()]
    missing = [row for row in rows if row not in text]
    assert not missing, "config/README.md lacks:\n" + "\n".join(missing)
    tables = [line for line in text.splitlines() if line.startswith("| `")]
    assert sorted(tables) == sorted(rows), "config/README.md documents keys that do not exist"
