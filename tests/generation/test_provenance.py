"""A trained model is exported with what it was trained with, or not at all."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from s2r.core.errors import UserError
from s2r.core.shards import write_shard
from s2r.generation.provenance import check_made_from, made_from, read_made_from
from s2r.model.model_file import write_model_file
from s2r.speech.encoder import EncoderConfig
from s2r.speech.load import load_encoder

LOGMEL = EncoderConfig("logmel")


@dataclass
class Shape:
    width: int = 2


@pytest.fixture
def embeddings(tmp_path):
    """A shard as the stage writes it."""
    item = ("a", {"embeddings": np.zeros((3, 80), np.float16)}, {})
    write_shard(tmp_path / "00.h5", [item], load_encoder(LOGMEL).describe())
    return [tmp_path / "00.h5"]


@pytest.fixture
def check(default_config, embeddings, tmp_path):
    """``check(config)`` compares the weights of the run logmel, trained with the default."""
    record = made_from(default_config, "logmel", embeddings, seed=0, threads=2, device="cpu")
    path = tmp_path / "model.safetensors"
    write_model_file(torch.nn.Linear(2, 2), path, "kind", Shape(), {"made_from": record})

    def compare(config, encoder=LOGMEL, shards=(), model=path):
        check_made_from(config, "logmel", model, encoder, shards, "weights")

    return compare


def test_the_record_is_in_the_file(default_config, check, tmp_path):
    record = read_made_from(tmp_path / "model.safetensors")
    assert record["seed"] == 0
    assert (record["threads"], record["device"], record["corpus"]) == (2, "cpu", "phantom")
    assert record["settings"]["mean"]["hidden"] == default_config["mean"]["hidden"]
    assert record["embeddings"]["kind"] == "logmel"
    check(default_config)


def test_another_sampler_is_no_difference(default_config, check):
    default_config["sampler"]["steps"] = 7
    check(default_config)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"mean": {"hidden": 3}}, r"settings\.mean\.hidden \d+, and now it is 3; train logmel"),
        ({"corpus": {"kind": "folder"}}, 'corpus "phantom", and now it is "folder"; train logmel'),
    ],
)
def test_other_settings_are_named(default_config, check, change, sentence):
    for block, keys in change.items():
        default_config[block] |= keys
    with pytest.raises(UserError, match=sentence):
        check(default_config)


def test_another_first_seed_is_named(default_config, check):
    check(default_config | {"seeds": [0, 5]})
    with pytest.raises(
        UserError, match="it was trained with seed 0, and now it is 5; train logmel"
    ):
        check(default_config | {"seeds": [5, 0]})


def test_another_encoder_is_named(default_config, check, whisper, embeddings, tmp_path):
    other = EncoderConfig("whisper", layer=1)
    with pytest.raises(UserError, match=r"it was trained with the speech encoder's .*, and now it"):
        check_made_from(
            default_config, "logmel", tmp_path / "model.safetensors", other, (), whisper
        )
    # Weights of an earlier version have no record; the embeddings beside them say it as well.
    write_model_file(torch.nn.Linear(2, 2), tmp_path / "old.safetensors", "kind", Shape(), {})
    check(default_config, shards=embeddings, model=tmp_path / "old.safetensors")
    with pytest.raises(UserError, match="the speech encoder's "):
        check_made_from(
            default_config, "logmel", tmp_path / "old.safetensors", other, embeddings, whisper
        )


def test_files_without_a_record(default_config, check, tmp_path):
    for name in ("text.safetensors", "absent.safetensors"):
        (tmp_path / "text.safetensors").write_text("no weights")
        assert read_made_from(tmp_path / name) == {}
        check(default_config, model=tmp_path / name)
