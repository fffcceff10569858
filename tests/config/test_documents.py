"""The keys against the documents written from them, and against the classes of the code."""

from dataclasses import fields
from typing import get_args

import pytest
import yaml

from helpers.repository import ROOT
from s2r.config import documents, systems
from s2r.config.build import build
from s2r.config.check import PHANTOM_SUBJECTS, complete
from s2r.config.model_blocks import SamplerConfig
from s2r.config.recurrent_blocks import RecurrentConfig, RecurrentSchedule
from s2r.config.result_blocks import GenerationConfig
from s2r.config.tree import Config, leaves, place_at
from s2r.config.window_blocks import TrainingBlock
from s2r.corpus.phantom.stimuli import PROFILES
from s2r.generation.baselines import BASELINES
from s2r.model.denoiser import DenoiserConfig
from s2r.model.window import Window
from s2r.model.window_model import ModelConfig
from s2r.preparation.frames import FramesConfig

AGAIN = "write it again: python -m s2r.config.documents"


CLASSES = {
    "window": Window, "model": ModelConfig, "denoiser": DenoiserConfig, "training": TrainingBlock,
    "sampler": SamplerConfig, "frames": FramesConfig,
}  # fmt: skip


PARTS = (
    ("recurrent", RecurrentConfig),
    ("recurrent", RecurrentSchedule),
    ("evaluation", GenerationConfig),
)
"""Classes that hold some of the keys of a block."""


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
        field.name for cls in (RecurrentConfig, RecurrentSchedule) for field in fields(cls)
    }
    assert recurrent | {"encoders", "seeds"} == schema_keys("recurrent")


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
        "volumes": {"dataset": None, "axes": None, "frame_rate": None},
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
