"""What docs/own-encoder.md says of kinds, checkpoints, layers and encoders of other packages."""

import re
import shutil
import tomllib
from dataclasses import fields
from inspect import signature
from pathlib import Path

import numpy as np
import pytest
import yaml
from transformers import HubertConfig, Wav2Vec2Config, WavLMConfig

from helpers.hub import write_smallest
from helpers.package import install_package
from helpers.pages import fenced_blocks
from helpers.repository import ROOT
from helpers.sounds import noise
from s2r.config.check import complete
from s2r.config.files import merge
from s2r.config.parameters import encoder_settings, labels, run_settings, size_label
from s2r.core.errors import UserError
from s2r.core.units import HOP, SAMPLE_RATE
from s2r.speech import logmel
from s2r.speech.encoder import Encoder, EncoderConfig, EncoderFamily
from s2r.speech.families import HUGGINGFACE, LOGMEL, WHISPER
from s2r.speech.load import from_folder, load_encoder, save_encoder
from s2r.speech.whisper import WHISPER_TINY_EN

FILE = ROOT / "docs/own-encoder.md"
PAGE = " ".join(FILE.read_text().split())


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    """A small HuBERT with random weights."""
    return write_smallest(tmp_path_factory.mktemp("hub") / "hubert", HubertConfig)


def row(kind: str) -> list[str]:
    """The cells of a kind in the table: what it is, model, layer."""
    (line,) = re.findall(rf"^\| `{kind}` \|(.*)\|$", FILE.read_text(), re.M)
    return [cell.strip() for cell in line.split("|")]


def test_an_encoder_gives_one_vector_per_20_ms_of_16_khz():
    milliseconds = 1000 * HOP / SAMPLE_RATE
    sentence = f"at {SAMPLE_RATE / 1000:g} kHz into one vector per {milliseconds:g} ms"
    assert sentence in PAGE
    encoder = load_encoder(EncoderConfig("logmel"))
    assert encoder.encode(noise(SAMPLE_RATE)).shape[0] == 1000 / milliseconds
    assert (
        f"vector *t* describes the {milliseconds:g} ms around {milliseconds:g} *t* + 10 ms" in PAGE
    )


def test_log_mel_has_the_bands_that_are_stated_and_no_model_or_layer():
    what, model, layer = row("logmel")
    assert what == f"log-mel spectrum, {logmel.BANDS} bands; no network"
    assert (model, layer) == ("none", "none")
    for keys in ({"model": "a/b"}, {"layer": 1}):
        with pytest.raises(UserError, match="takes no"):
            LOGMEL.check(EncoderConfig("logmel", **keys))


def test_whisper_without_a_model_is_tiny_en():
    assert row("whisper")[1] == "none for the embedded tiny.en, or any Whisper checkpoint"
    WHISPER.check(EncoderConfig("whisper"))
    WHISPER.check(EncoderConfig("whisper", model="openai/whisper-small", layer=3))
    assert "tiny.en" in WHISPER_TINY_EN.file_name


@pytest.mark.parametrize(
    ("name", "config"),
    [("wav2vec 2.0", Wav2Vec2Config), ("HuBERT", HubertConfig), ("WavLM", WavLMConfig)],
)
def test_families_of_kind_huggingface_are_those_that_are_named(name, config, tmp_path):
    what, _, layer = row("huggingface")
    assert name in what and layer == "yes"
    folder = write_smallest(tmp_path / "small", config)
    encoder = load_encoder(EncoderConfig("huggingface", str(folder), layer=1))
    assert encoder.encode(noise(3200)).shape == (10, 16)
    with pytest.raises(UserError, match="needs a model"):
        HUGGINGFACE.check(EncoderConfig("huggingface"))


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_a_folder_needs_its_three_files(checkpoint, tmp_path, name):
    folder = shutil.copytree(checkpoint, tmp_path / "copy")
    (folder / name).unlink()
    with pytest.raises(UserError) as error:
        load_encoder(EncoderConfig("huggingface", str(folder)))
    assert "\n" not in str(error.value)


def test_of_a_folder_a_digest_of_its_weights_is_recorded(checkpoint, tmp_path):
    def recorded(folder) -> str:
        return str(load_encoder(EncoderConfig("huggingface", str(folder))).describe()["revision"])

    folder = shutil.copytree(checkpoint, tmp_path / "copy")
    assert recorded(folder) == recorded(checkpoint)
    write_smallest(folder, HubertConfig)  # other random weights
    assert recorded(folder) != recorded(checkpoint)


def test_layers_are_top_a_number_or_a_list(default_config):
    for layer in ("top", 0, 3, [2, 4]):
        default_config["encoders"]["whisper-tiny.en"]["layer"] = layer
        assert encoder_settings(complete(default_config), "whisper-tiny.en")["layer"] == layer
    for layer in ("last", -1, [], [2, "top"]):
        default_config["encoders"]["whisper-tiny.en"]["layer"] = layer
        with pytest.raises(UserError, match=r"encoders\.whisper-tiny\.en\.layer"):
            complete(default_config)


def test_the_size_is_the_label_in_table_1(default_config):
    (block,) = fenced_blocks(FILE, "yaml")
    merge(default_config, yaml.safe_load(block))
    config = complete(default_config)
    size = size_label(config, "hubert-base")
    assert size == "base"
    assert labels("hubert-base", run_settings(config, "hubert-base"), size)["size"] == "base"
    # it decides no embeddings
    assert "size" not in encoder_settings(config, "hubert-base")


def test_an_exported_encoder_needs_no_hub(checkpoint, tmp_path):
    config = EncoderConfig("huggingface", str(checkpoint))
    saved = save_encoder(config, "weights", tmp_path)
    found = load_encoder(from_folder(saved, tmp_path), tmp_path)
    assert (tmp_path / saved.model / "config.json").is_file()
    assert not Path(saved.model).is_absolute() and saved.revision is None
    np.testing.assert_allclose(found.encode(noise(3200)), load_encoder(config).encode(noise(3200)))


def test_a_kind_of_another_package_is_used_like_the_others(tmp_path, monkeypatch, default_config):
    module, _ = fenced_blocks(FILE, "python")
    (project,) = fenced_blocks(FILE, "toml")
    entries = tomllib.loads(project)["project"]["entry-points"]
    own = yaml.safe_load(re.search(r"`(encoders: \{loudness: .*?\}\})`", PAGE)[1])
    run = {"encoder": "loudness", "pooling": False, "preset": "s2r"}
    merge(default_config, own | {"runs": {"loud": run}})
    with pytest.raises(UserError, match="loudness"):
        complete(default_config)
    install_package(monkeypatch, tmp_path / "site", "loud", entries, {"loudness": module})
    assert run_settings(complete(default_config), "loud")["encoder"] == "loudness"


def test_a_family_has_three_functions_of_which_two_can_be_left_out():
    assert [field.name for field in fields(EncoderFamily)] == ["load", "check", "save"]
    family = EncoderFamily(lambda config, weights_folder, device: None)
    assert callable(family.check) and callable(family.save)


def test_load_is_given_keys_folder_and_device(tmp_path, monkeypatch):
    seen = []

    def load(config, weights_folder, device):
        seen.append((config, weights_folder, device))
        return Encoder(2, {}, lambda sound: np.zeros((len(sound) // HOP, 2), np.float32))

    module, _ = fenced_blocks(FILE, "python")
    named = re.search(r"def load\((.*)\):", module)[1].split(", ")
    assert named == [*signature(load).parameters]
    monkeypatch.setattr("s2r.speech.load.load_extension", lambda *_: EncoderFamily(load))
    load_encoder(EncoderConfig("logmel"), tmp_path, device="cpu")
    ((config, folder, device),) = seen
    assert isinstance(config, EncoderConfig) and folder == tmp_path and str(device) == "cpu"


def test_embeddings_are_made_again_by_the_rule_that_is_named():
    assert "`snakemake --forcerun embed`" in PAGE
    assert re.search(r"^rule embed:", (ROOT / "workflow/rules/embed.smk").read_text(), re.M)
