"""An encoder of another package: the example of docs/own-encoder.md, installed, used and broken."""

import subprocess
import sys
import tomllib
from dataclasses import asdict

import numpy as np
import pytest

from helpers.package import install_package
from helpers.pages import fenced_blocks
from helpers.repository import ROOT
from helpers.sounds import noise
from s2r.core.errors import UserError
from s2r.core.registry import ENCODERS, extension_names, find_extension, load_extension
from s2r.core.shards import Shards, write_shard
from s2r.preparation.embeddings import embed_shard
from s2r.speech.encoder import EncoderConfig, EncoderFamily
from s2r.speech.load import from_folder, load_encoder, save_encoder

PAGE = ROOT / "docs" / "own-encoder.md"
PACKAGE = "loudness-encoder"

MODULE, TEST = fenced_blocks(PAGE, "python")
(PROJECT,) = fenced_blocks(PAGE, "toml")
ENTRIES = tomllib.loads(PROJECT)["project"]["entry-points"][ENCODERS]


@pytest.fixture
def install(tmp_path, monkeypatch):
    """``install(module)`` installs the example, with other code where it is given."""
    folder = tmp_path / "site-packages"

    def write(module=MODULE, name="loudness"):
        (target,) = ENTRIES.values()
        modules = {"loudness": module}
        install_package(monkeypatch, folder, PACKAGE, {ENCODERS: {name: target}}, modules)
        return folder

    return write


def changed(old, new):
    """The module of the page with one line changed."""
    assert MODULE.count(old) == 1
    return MODULE.replace(old, new)


def test_the_kinds_of_this_package_are_registered_like_any_other():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    entries = project["entry-points"][ENCODERS]
    assert sorted(entries) == ["huggingface", "logmel", "whisper"]
    for name, value in entries.items():
        assert find_extension(ENCODERS, name).value == value, "install the package again"
        assert isinstance(load_extension(ENCODERS, name, EncoderFamily), EncoderFamily)
        assert f"| `{name}` |" in PAGE.read_text()


def test_the_example_is_found_and_used(install, tmp_path):
    assert list(ENTRIES) == ["loudness"]
    assert "loudness" not in extension_names(ENCODERS)
    install()
    assert "loudness" in extension_names(ENCODERS)
    encoder = load_encoder(EncoderConfig("loudness"))
    sound = noise(16001)
    sound[8000:] *= 0.1
    embeddings = encoder.encode(sound)
    assert embeddings.shape == (50, 2)
    np.testing.assert_allclose(embeddings[0, 0], np.sqrt(np.mean(sound[:320] ** 2)), rtol=1e-5)
    assert embeddings[:25, 0].min() > embeddings[25:, 0].max()
    assert 0.3 < embeddings[:, 1].mean() < 0.6

    frames, path = tmp_path / "frames.h5", tmp_path / "embeddings.h5"
    item = {"frames": np.zeros((50, 64, 64), np.uint8), "audio": sound}
    write_shard(frames, [("sub001_a", item, {})], {})
    embed_shard(frames, path, encoder)
    attributes = Shards([path]).attributes("sub001_a")
    expected = {"kind": "loudness", "package": f"{PACKAGE} 1.5", "version": 1, "dimension": 2}
    assert expected.items() <= attributes.items()
    np.testing.assert_allclose(Shards([path]).read("sub001_a", "embeddings"), embeddings, atol=1e-3)


def test_the_test_of_the_example_passes(install):
    install()
    names: dict = {}
    exec(TEST, names)
    names["test_a_click_moves_the_vector_of_its_time"]()


def test_the_test_of_the_example_notices_an_encoder_that_is_late(install):
    install(
        changed(
            "return np.stack([level, crossings], axis=1)",
            "return np.stack([np.roll(level, 1), crossings], axis=1)",
        )
    )
    names: dict = {}
    exec(TEST, names)
    with pytest.raises(AssertionError):
        names["test_a_click_moves_the_vector_of_its_time"]()


RESULT = "return np.stack([level, crossings], axis=1).astype(np.float32)"
BREACHES = {
    "a frame less": f"{RESULT}[1:]",
    "a value more": f"{RESULT}.repeat(2, axis=1)",
    "float64": RESULT.removesuffix(".astype(np.float32)"),
    "a list": f"{RESULT}.tolist()",
}


@pytest.mark.parametrize("breach", BREACHES)
def test_embeddings_that_break_the_contract_name_the_package(install, breach):
    install(changed(RESULT, BREACHES[breach]))
    with pytest.raises(UserError) as error:
        load_encoder(EncoderConfig("loudness")).encode(noise(16000))
    sentence = str(error.value)
    assert f"'loudness' of the package {PACKAGE} 1.5 gave a" in sentence
    assert "a float32 array of shape (50, 2) is due" in sentence
    assert "\n" not in sentence


def test_a_load_that_gives_no_encoder_names_the_package(install):
    install(changed("return Encoder(", "return dict("))
    with pytest.raises(UserError, match=f"{PACKAGE} 1.5 loads a dict, which is no Encoder"):
        load_encoder(EncoderConfig("loudness"))


def test_an_entry_point_to_something_else_names_the_package(install):
    install(changed("FAMILY = EncoderFamily(load)", "FAMILY = load"))
    with pytest.raises(
        UserError, match=f"{PACKAGE} 1.5 is a function, but loudness:FAMILY must be"
    ):
        load_encoder(EncoderConfig("loudness"))


def test_keys_that_an_encoder_does_not_know_are_refused(install):
    install()
    with pytest.raises(UserError, match="encoder kind 'loudness' takes no model: remove the key"):
        load_encoder(EncoderConfig("loudness", model="a/b"))


def test_a_name_that_this_package_has_is_not_taken_over_in_silence(install):
    install(name="logmel")
    with pytest.raises(UserError, match=rf"'logmel' is provided more than once, by {PACKAGE} 1\.5"):
        load_encoder(EncoderConfig("logmel"))


SAVING = """
from dataclasses import replace
from s2r.core.errors import UserError

def load(config, weights_folder, device):
    scale = float((weights_folder / config.model).read_text())
    return Encoder(2, {}, lambda waveform: embed(waveform) * np.float32(scale))

def check(config):
    if not config.model:
        raise UserError("The encoder kind 'loudness' needs a model: name the file of its scale.")

def save(config, weights_folder, folder):
    (folder / "scale.txt").write_text((weights_folder / config.model).read_text())
    return replace(config, model="scale.txt")

FAMILY = EncoderFamily(load, check, save)
"""


def test_an_encoder_with_weights_is_saved_into_a_folder(install, tmp_path):
    install(MODULE + SAVING)
    weights, folder = tmp_path / "weights", tmp_path / "model"
    weights.mkdir()
    folder.mkdir()
    (weights / "three").write_text("3.0")
    with pytest.raises(UserError, match="needs a model"):
        save_encoder(EncoderConfig("loudness"), weights, folder)
    config = EncoderConfig("loudness", model="three")
    saved = save_encoder(config, weights, folder)
    expected = load_encoder(config, weights).encode(noise(3200))
    (weights / "three").unlink()
    found = load_encoder(from_folder(EncoderConfig(**asdict(saved)), folder), folder)
    np.testing.assert_array_equal(found.encode(noise(3200)), expected)


def test_an_encoder_without_weights_needs_no_save(install, tmp_path):
    install()
    config = EncoderConfig("loudness")
    assert save_encoder(config, "weights", tmp_path) == config
    assert not list(tmp_path.glob("*.txt"))


@pytest.mark.parametrize("model", ["three", "../site-packages/loudness.py"])
def test_weights_left_outside_the_folder_are_refused(install, tmp_path, model):
    install(changed("FAMILY = EncoderFamily(load)", "FAMILY = EncoderFamily(load, print)"))
    (tmp_path / "model").mkdir()
    with pytest.raises(UserError, match=f"{PACKAGE} 1.5 cannot be saved"):
        save_encoder(EncoderConfig("loudness", model=model), "weights", tmp_path / "model")


def test_a_foreign_encoder_is_used_by_a_process_of_its_own(install):
    """As a job of the workflow would: a fresh interpreter that only has it on its path."""
    folder = install()
    code = (
        f"import sys; sys.path.insert(0, {str(folder)!r})\n"
        "from s2r.core.registry import extension_names\n"
        "print(extension_names('s2r.encoders'), 'loudness' in sys.modules)\n"
        "from s2r.speech.encoder import EncoderConfig\n"
        "from s2r.speech.load import load_encoder\n"
        "print(load_encoder(EncoderConfig('loudness')).dimension, 'loudness' in sys.modules)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    listed, loaded = result.stdout.splitlines()
    assert listed.endswith(" False")
    assert "'loudness'" in listed
    assert loaded == "2 True"
