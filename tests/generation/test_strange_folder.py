"""Model folders of a stranger, signed with right checksums: refused in one sentence, or used."""

import json
import math
import os
import shutil
import socket

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import HubertConfig

from helpers.hub import write_smallest
from helpers.signed_folder import sign
from helpers.tiny_model import write_tiny_model
from s2r.cli import main
from s2r.core.errors import UserError
from s2r.core.files import sha256_of
from s2r.generation.folder_content import read_card, read_content
from s2r.generation.model_folder import load_model_folder
from s2r.speech.huggingface import load as load_huggingface

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture
def folder(original, tmp_path):
    return shutil.copytree(original, tmp_path / "model")


@pytest.fixture(autouse=True)
def closed_network(monkeypatch):
    """Every connection, and pip, is a failure of the test."""

    def refuse(*arguments, **options):
        pytest.fail("something was fetched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr("s2r.core.weights._download", refuse)


def refused(folder, words: str) -> None:
    with pytest.raises(UserError, match=words) as error:
        load_model_folder(folder)
    sentence = str(error.value)
    assert sentence.isprintable()
    assert sentence.endswith((".", "?"))


def change_model(folder, change, **header) -> None:
    """Change weights {name: tensor}, or the configuration and other texts of the model file."""
    path = folder / "model.safetensors"
    with safe_open(path, "pt") as file:
        texts = file.metadata()
        tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
    changed = change(tensors)
    tensors = changed if isinstance(changed, dict) else tensors
    save_file(tensors, path, metadata=texts | header)
    sign(folder)


def put(*path_and_value):
    """A function that puts a value at a path of names."""
    *path, last, value = path_and_value

    def change(content: dict) -> None:
        for name in path:
            content = content[name]
        content[last] = value

    return change


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "aliases are not read"),
        ("[" * 100_000, "it is too deep"),
        ("a: " * 100_000, "not readable YAML"),
        ("a: " + "9" * 5_000_000, "more than 4194304 bytes"),
        ("a: " + "9" * 100_000, "values that are none"),
        ("format: 2024-99-99", "values that are none"),
        ("format: !!python/name:os.system", "tags are not read"),
        ("a: \x00", "not readable YAML"),
        ("format: s2r-model-folder-2\n1: 2\nx: 3", "the name 1 is not a text"),
    ],
)
def test_texts_that_are_no_configuration(folder, text, words):
    (folder / "config.yaml").write_text(text)
    refused(folder, words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (put("frame_rate", 25), "frame_rate: must be one of 50"),
        (put("percentiles", [1]), "percentiles: there must be at least 2"),
        (put("likeness", math.nan), "likeness: must be a number that is not infinite"),
        (put("name", "a\x1b[2J"), "name: .* cannot be used"),
        (put("more", 1), "more: there is no such key"),
        (lambda content: content.pop("encoder"), "encoder: this key is missing"),
        (put("encoder", 3), "encoder: must be a block of keys"),
        (put("encoder", "kind", "cookies"), "Unknown encoder kind 'cookies'"),
        (put("encoder", "layer", -1), "encoder.layer: "),
        (put("settings", []), "settings: must be a block of keys"),
        (put("settings", {}), "settings.preset: this key is missing"),
        (put("settings", "preset", "s2r3"), "Unknown model 's2r3'"),
        (put("settings", "preset", "s2r"), "not a model of this kind"),
        (put("settings", "sampler", None), "settings.sampler: must be a block"),
        (put("settings", "sampler", "steps", 10**9), "steps: must be at most 1000"),
        (put("settings", "sampler", "guidance_scale", math.inf), "guidance_scale: .*infinite"),
        (put("settings", "sampler", "sigma_min", 100), "sigma_min: 100.* must be below"),
        (put("files", "../secret", "0" * 64), "files: '../secret' cannot be used"),
        (put("files", "/etc/passwd", "0" * 64), "files: '/etc/passwd' cannot be used"),
        (put("files", ".hidden", "0" * 64), "files: '.hidden' cannot be used"),
        (put("files", "a/../../b", "0" * 64), "cannot be used"),
        (put("files", "README.md", "123"), "'123' cannot be used"),
        (put("files", "more.txt", "0" * 64), r"more\.txt is missing"),
        (put("files", {}), "model.safetensors is not among them"),
    ],
)
def test_contents_that_no_export_writes(folder, change, words):
    refused(sign(folder, change), words)


@pytest.mark.parametrize("model", ["facebook/hubert-base-ls960", "../other", "/tmp", "references"])
@pytest.mark.parametrize("kind", ["huggingface", "whisper"])
def test_encoders_from_elsewhere_are_not_fetched(folder, kind, model):
    sign(folder, put("encoder", {"kind": kind, "model": model, "revision": None, "layer": "top"}))
    refused(folder, "could not be loaded" if model == "references" else "is not among its files")


def test_whisper_is_not_fetched_either(folder):
    refused(sign(folder, put("encoder", {"kind": "whisper"})), "nothing is fetched")


def test_links_are_not_followed(folder, tmp_path):
    for name in ("references/sub001.png", "README.md", "references", "config.yaml"):
        path, aside = folder / name, tmp_path / "aside"
        path.rename(aside)
        path.symlink_to(aside)
        refused(folder, f"{name}.* is a link")
        if name in ("README.md", "config.yaml"):
            assert main(["info", str(folder)]) == 1
        path.unlink()
        aside.rename(path)
    load_model_folder(folder)


def test_a_pipe_is_not_waited_for(folder):
    (folder / "README.md").unlink()
    os.mkfifo(folder / "README.md")
    refused(folder, r"README\.md is missing")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: w["frame_scale"].fill_(math.nan), "frame_scale hold values that are not"),
        (lambda w: w["denoiser.out.weight"].fill_(math.inf), "out.weight hold values that are not"),
        (lambda w: w.pop("denoiser.out.weight"), "denoiser.out.weight is missing"),
        (lambda w: w.pop("speech_basis"), "do not fit"),
        (lambda w: w | {"more": torch.zeros(1)}, "more is unknown"),
        (lambda w: w | {"frame_mean": torch.zeros(3)}, r"frame_mean is torch.float32 \(3,\)"),
        (lambda w: w | {"frame_mean": torch.zeros((), dtype=torch.float64)}, "torch.float64"),
        (lambda w: w | {"speech_basis": torch.zeros(2, 2, 2)}, "do not fit"),
        (
            lambda w: w | {"speech_mean": torch.zeros(3), "speech_basis": torch.zeros(3, 4)},
            "does not take the 80 values",
        ),
    ],
)
def test_weights_that_are_not_those_of_the_model(folder, change, words):
    change_model(folder, change)
    refused(folder, words)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (put("denoiser", "blocks", 10**9), "denoiser.blocks: must be at most 16"),
        (put("denoiser", "blocks", 1e9), "denoiser.blocks: must be a whole number"),
        (put("denoiser", "speech_dimension", 2**62), "do not fit"),
        (put("denoiser", "channels", [2048] * 4), "do not fit"),
        (put("window", "new", 10**9), "window.new: must be at most 1000"),
        (put("more", 1), "more: there is no such key"),
    ],
)
def test_shapes_that_nobody_trains(folder, config, words):
    with safe_open(folder / "model.safetensors", "pt") as file:
        content = json.loads(file.metadata()["config"])
    config(content)
    change_model(folder, lambda weights: None, config=json.dumps(content))
    refused(folder, words)


@pytest.mark.parametrize("text", ["", "[" * 200_000, "{}x", "[]", "9" * 10_000, '"\ud800"'])
def test_texts_of_a_model_file_that_are_no_configuration(folder, text):
    change_model(folder, lambda weights: None, info=text.encode("utf8", "replace").decode())
    refused(folder, r"model\.safetensors")


@pytest.mark.parametrize("picture", ["black", "small", "wide", "deep"])
def test_references_that_are_none(folder, picture):
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    other = {"black": grey * 0, "small": grey[:6, :6], "wide": grey[:8], "deep": grey * 257.0}
    content = other[picture].astype(np.uint16) if picture == "deep" else other[picture]
    Image.fromarray(content).save(folder / "references/sub001.png")
    refused(sign(folder), r"references/sub001\.png")


def test_pictures_that_are_not_numbers_are_no_black_video(folder, tmp_path, capsys):
    """Weights are finite, but what they give is not."""
    from helpers.sounds import voice
    from s2r.core.media.encode import write_wav

    change_model(folder, lambda weights: weights["denoiser.out.weight"].fill_(3e38))
    write_wav(tmp_path / "a.wav", voice(0.3), 16_000)
    output = tmp_path / "a.mp4"
    command = ["generate", tmp_path / "a.wav", "-o", output, "--model", folder]
    assert main([*map(str, command)]) == 1
    assert "values that are not numbers" in capsys.readouterr().err
    assert not output.exists()


def test_a_card_tells_a_terminal_nothing(folder):
    (folder / "README.md").write_text("# tiny\x1b[2J\x07\nModel\n")
    assert read_card(sign(folder)) == "# tiny[2J\nModel\n"
    (folder / "README.md").write_text("x" * 100_001)
    with pytest.raises(UserError, match="more than 100000 bytes"):
        read_card(sign(folder))


@pytest.fixture
def with_encoder(folder):
    """The folder with a small HuBERT as its encoder, of other embeddings than the model takes."""
    write_smallest(folder / "encoder", HubertConfig)

    def change(content):
        encoder = {"kind": "huggingface", "model": "encoder", "revision": None, "layer": "top"}
        content["encoder"] = encoder
        for path in (folder / "encoder").iterdir():
            content["files"][f"encoder/{path.name}"] = sha256_of(path)

    return sign(folder, change)


def test_files_that_are_not_listed_are_not_read(with_encoder):
    refused(with_encoder, "does not take the .* values of an embedding")
    (with_encoder / "encoder/adapter_config.json").write_text("{}")
    refused(with_encoder, r"adapter_config\.json is not one of the files")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"num_hidden_layers": 10**9}, "num_hidden_layers 1000000000 cannot be right"),
        ({"conv_kernel": [3] * 2000}, "a list of 2000 entries cannot be right"),
        ({"hidden_size": 10**6, "num_attention_heads": 1}, "which its files do not hold"),
        ({"hidden_size": math.nan}, "nan cannot be right"),
    ],
)
def test_checkpoints_that_would_fill_the_memory(with_encoder, setting, words):
    path = with_encoder / "encoder/config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | setting))
    with pytest.raises(UserError, match=words):
        load_huggingface(str(with_encoder / "encoder"), None, "top", "cpu")


def test_the_original_is_read(original):
    assert read_content(original).name == load_model_folder(original).name == "tiny"
