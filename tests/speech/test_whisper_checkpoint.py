"""Whisper checkpoints by hub name or folder. All checkpoints here are tiny and random."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import (
    Wav2Vec2Config,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperModel,
)

from helpers.hub import COMMIT, hub_cache, write_smallest
from helpers.sounds import noise
from s2r.core.errors import UserError
from s2r.speech.encoder import EncoderConfig
from s2r.speech.load import from_folder, load_encoder, save_encoder
from s2r.speech.whisper import OVERLAP, WINDOW, windows

LAYERS = 2
POSITIONS = 400
TINY = {
    "d_model": 24,
    "encoder_layers": LAYERS,
    "decoder_layers": 1,
    "encoder_attention_heads": 3,
    "decoder_attention_heads": 3,
    "encoder_ffn_dim": 40,
    "decoder_ffn_dim": 40,
    "max_source_positions": POSITIONS,
    "max_target_positions": 10,
    "vocab_size": 100,
    **{"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1},
}
BANDS = [80, 128]


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """Tiny random checkpoints by number of mel bands, whole as the hub has them."""
    root = tmp_path_factory.mktemp("checkpoints")
    for bands in BANDS:
        torch.manual_seed(0)
        network = WhisperForConditionalGeneration(WhisperConfig(**TINY, num_mel_bins=bands))
        for parameter in network.parameters():
            if parameter.ndim == 1:
                parameter.data.uniform_(-0.5, 0.5)
        network.save_pretrained(root / f"bands{bands}")
        WhisperFeatureExtractor(feature_size=bands).save_pretrained(root / f"bands{bands}")
    return {bands: root / f"bands{bands}" for bands in BANDS}


@pytest.fixture
def copy_of(checkpoints, tmp_path):
    """``copy_of(bands, file={key: value})`` copies a checkpoint and changes its JSON files."""

    def copy(bands, **files):
        folder = shutil.copytree(checkpoints[bands], tmp_path / "copy")
        for name, changes in files.items():
            path = folder / f"{name}.json"
            path.write_text(json.dumps(json.loads(path.read_text()) | changes))
        return folder

    return copy


def load(folder, layer="top"):
    return load_encoder(EncoderConfig("whisper", str(folder), layer=layer))


def direct(folder, waveform):
    """What the encoder's layers give for the first window, computed without its forward pass.

    Its position codes end where the window does, which its forward pass does not allow.
    """
    network = WhisperModel.from_pretrained(folder, dtype=torch.float32).encoder.eval()
    extractor = WhisperFeatureExtractor.from_pretrained(folder)
    mel = extractor(
        waveform[160:], sampling_rate=16000, padding=False, truncation=False, return_tensors="pt"
    )["input_features"][..., : 2 * WINDOW]
    with torch.no_grad():
        states = torch.nn.functional.gelu(network.conv1(mel))
        states = torch.nn.functional.gelu(network.conv2(states)).permute(0, 2, 1)
        states = [states + network.embed_positions.weight[:WINDOW]]
        for layer in network.layers:
            states.append(layer(states[-1], None))
        return [*states, network.layer_norm(states[-1])]


@pytest.mark.parametrize("bands", BANDS)
def test_embeddings_equal_a_direct_computation(checkpoints, bands):
    waveform = noise(6 * 16000)
    kept = windows(300, WINDOW, OVERLAP)[0][2]
    assert kept == 150
    *layers, top = direct(checkpoints[bands], waveform)
    encoder = load(checkpoints[bands])
    assert encoder.dimension == 24
    found = encoder.encode(waveform)
    assert found.shape == (300, 24)
    np.testing.assert_allclose(found[:kept], top[0, :kept].numpy(), atol=1e-5)
    for layer in range(LAYERS + 1):
        found = load(checkpoints[bands], layer).encode(waveform)
        # transformers gives the last layer after the closing norm as well
        expected = top if layer == LAYERS else layers[layer]
        np.testing.assert_allclose(found[:kept], expected[0, :kept].numpy(), atol=1e-5)
    both = load(checkpoints[bands], (0, LAYERS)).encode(waveform)
    assert both.shape == (300, 2 * 24)
    np.testing.assert_array_equal(both[:, 24:], found)


@pytest.mark.parametrize("samples", [320, 639, 64000, 64320, 100000])
def test_one_embedding_per_whole_bin(checkpoints, samples):
    embeddings = load(checkpoints[128]).encode(noise(samples))
    assert embeddings.shape == (samples // 320, 24)
    assert embeddings.dtype == np.float32


def test_a_click_reaches_frames_symmetrically_around_its_bin(checkpoints):
    encoder, sound, frame = load(checkpoints[128], layer=0), noise(16000), 20
    clicked = sound.copy()
    clicked[320 * frame + 160] += 0.5
    change = np.abs(encoder.encode(clicked) - encoder.encode(sound)).max(axis=1)
    assert np.flatnonzero(change > 1e-5).tolist() == [frame - 1, frame, frame + 1]
    assert change.argmax() == frame


def test_the_description_says_what_was_computed(checkpoints):
    description = load(checkpoints[80], layer=1).describe()
    assert description["revision"].startswith("folder ")
    assert description["revision"] != load(checkpoints[128]).describe()["revision"]
    expected = {"kind": "whisper", "model": str(checkpoints[80]), "class": "WhisperEncoder"}
    expected |= {"layer": 1, "window": WINDOW, "overlap": OVERLAP, "dimension": 24}
    assert expected.items() <= description.items()


def test_weights_are_used_as_float32_and_saved_as_they_are(checkpoints, tmp_path):
    half = shutil.copytree(checkpoints[80], tmp_path / "half")
    network = WhisperForConditionalGeneration.from_pretrained(half, dtype=torch.float16)
    network.save_pretrained(half)
    waveform = noise(16000)
    whole, found = load(checkpoints[80]).encode(waveform), load(half).encode(waveform)
    assert 0 < np.abs(found - whole).max() < 0.05
    folder = tmp_path / "model"
    folder.mkdir()
    saved = save_encoder(EncoderConfig("whisper", str(half)), "weights", folder)
    weights = load_file(folder / "encoder" / "model.safetensors")
    assert {weight.dtype for weight in weights.values()} == {torch.float16}
    assert not any("decoder" in name for name in weights)
    np.testing.assert_array_equal(load_encoder(from_folder(saved, folder)).encode(waveform), found)


@pytest.mark.parametrize("bands", BANDS)
def test_a_saved_encoder_needs_no_hub(checkpoints, tmp_path, bands):
    config = EncoderConfig("whisper", str(checkpoints[bands]), layer=1)
    saved = save_encoder(config, "weights", tmp_path)
    assert saved == EncoderConfig("whisper", "encoder", layer=1)
    waveform = noise(100000)
    found = load_encoder(from_folder(saved, tmp_path)).encode(waveform)
    np.testing.assert_array_equal(found, load_encoder(config).encode(waveform))


def test_the_embedded_weights_are_copied_into_a_model_folder(whisper, tmp_path):
    config = EncoderConfig("whisper", layer=2)
    saved = save_encoder(config, whisper, tmp_path)
    assert saved == config
    waveform = noise(16000)
    found = load_encoder(from_folder(saved, tmp_path), tmp_path).encode(waveform)
    np.testing.assert_array_equal(found, load_encoder(config, whisper).encode(waveform))


def test_a_layer_that_does_not_exist_is_refused(checkpoints):
    with pytest.raises(UserError, match=f"from 0 to {LAYERS}"):
        load(checkpoints[80], LAYERS + 1)


DAMAGE = {
    "other bands in the spectra": (
        {"preprocessor_config": {"feature_size": 80}},
        "makes spectra of 80 bands, its config.json expects 128",
    ),
    "another hop": ({"preprocessor_config": {"hop_length": 200}}, "one embedding per 20 ms"),
    "another rate": ({"preprocessor_config": {"sampling_rate": 8000}}, "one embedding per 20 ms"),
    "no number": ({"preprocessor_config": {"feature_size": None}}, "could not be loaded"),
    "a layer less": ({"config": {"encoder_layers": 1}}, "15 would be dropped, such as layers.1"),
    "a layer more": ({"config": {"encoder_layers": 3}}, "15 weights are missing.*layers.2"),
    "another width": ({"config": {"d_model": 48}}, "35 have another shape"),
    "width as text": ({"config": {"d_model": "wide"}}, "could not be loaded .*'d_model'"),
    "another type": ({"config": {"model_type": "bert"}}, "not a Whisper checkpoint but bert"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_files_that_do_not_belong_together_give_one_sentence(copy_of, damage):
    files, sentence = DAMAGE[damage]
    folder = copy_of(128, **files)
    with pytest.raises(UserError, match=sentence) as error:
        load(folder)
    assert str(folder) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "model.safetensors"])
@pytest.mark.parametrize("absent", [True, False])
def test_a_damaged_folder_gives_one_sentence(copy_of, name, absent, tmp_path):
    folder = copy_of(80)
    path = folder / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    if absent:
        path.unlink()
    config = EncoderConfig("whisper", str(folder))
    for call in (
        lambda: load_encoder(config),
        lambda: save_encoder(config, "weights", tmp_path / "model"),
    ):
        with pytest.raises(UserError, match=r"could not be loaded.*give the path of its") as error:
            call()
        assert "\n" not in str(error.value)


def test_short_position_codes_are_refused(tmp_path):
    network = WhisperModel(WhisperConfig(**{**TINY, "max_source_positions": 150}))
    network.save_pretrained(tmp_path)
    WhisperFeatureExtractor().save_pretrained(tmp_path)
    with pytest.raises(UserError, match=r"at most 150 embeddings.*windows here have 200"):
        load(tmp_path)


def test_the_other_family_is_named(checkpoints, tmp_path):
    write_smallest(tmp_path, Wav2Vec2Config)
    with pytest.raises(UserError, match=r"not a Whisper checkpoint but wav2vec2: .*huggingface"):
        load(tmp_path)
    with pytest.raises(UserError, match=r"is a Whisper checkpoint, .*set kind: whisper"):
        load_encoder(EncoderConfig("huggingface", str(checkpoints[80])))


OFFLINE = """
import json, sys
from s2r.core.errors import UserError
from s2r.speech.encoder import EncoderConfig
from s2r.speech.load import load_encoder, save_encoder
config = EncoderConfig("whisper", "someone/tiny", revision="main")
description = load_encoder(config).describe()
save_encoder(config, "weights", sys.argv[1])
try:
    load_encoder(EncoderConfig("whisper", "someone/absent"))
except UserError as error:
    json.dump([description, str(error)], sys.stdout)
"""


def test_hub_names_come_from_the_cache_or_give_one_sentence(checkpoints, tmp_path):
    environment = hub_cache(tmp_path, checkpoints[128])
    folder = tmp_path / "model"
    folder.mkdir()
    command = [sys.executable, "-c", OFFLINE, str(folder)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    description, sentence = json.loads(result.stdout)
    assert (description["model"], description["revision"]) == ("someone/tiny", COMMIT)
    assert "'someone/absent' could not be loaded" in sentence
    assert "UNEXPECTED" not in result.stderr, "the decoder is left out on purpose"
    waveform = noise(16000)
    found = load(folder / "encoder").encode(waveform)
    np.testing.assert_array_equal(found, load(checkpoints[128]).encode(waveform))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_gpu_gives_what_the_cpu_gives(checkpoints):
    config = EncoderConfig("whisper", str(checkpoints[128]))
    cpu, gpu = (load_encoder(config, device=device) for device in ("cpu", "cuda"))
    np.testing.assert_allclose(cpu.encode(noise(80000)), gpu.encode(noise(80000)), atol=1e-3)
