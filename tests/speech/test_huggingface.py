"""Speech models by hub name or folder. All checkpoints here are tiny and random."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    HubertConfig,
    HubertModel,
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForCTC,
    Wav2Vec2Model,
    WavLMConfig,
    WavLMModel,
)

from helpers.hub import COMMIT, hub_cache
from helpers.sounds import noise
from s2r.core.errors import UserError
from s2r.speech.encoder import EncoderConfig
from s2r.speech.huggingface import centring_padding
from s2r.speech.load import load_encoder

LAYERS = 3
TINY = {
    "hidden_size": 32,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "conv_dim": (16,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
}
SIZES = {
    "base": {"feat_extract_norm": "group", "do_stable_layer_norm": False, "conv_bias": False},
    "large": {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True},
}
FAMILIES = {
    "hubert": (HubertModel, HubertConfig),
    "wavlm": (WavLMModel, WavLMConfig),
    "wav2vec2": (Wav2Vec2Model, Wav2Vec2Config),
}
VARIANTS = [(family, size) for family in FAMILIES for size in SIZES]


def save_extractor(folder, do_normalize):
    Wav2Vec2FeatureExtractor(
        feature_size=1,
        sampling_rate=16000,
        padding_value=0.0,
        do_normalize=do_normalize,
        return_attention_mask=do_normalize,
    ).save_pretrained(folder)


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory):
    """Tiny random checkpoints by (family, size), with the settings of the published ones."""
    root = tmp_path_factory.mktemp("checkpoints")
    folders = {}
    for family, size in VARIANTS:
        torch.manual_seed(0)
        model, config = FAMILIES[family]
        folder = root / f"{family}-{size}"
        model(config(**TINY, **SIZES[size])).save_pretrained(folder)
        save_extractor(folder, do_normalize=size == "large")
        folders[family, size] = folder
    return folders


def load(folder, layer="top"):
    return load_encoder(EncoderConfig("huggingface", str(folder), layer=layer))


def direct(model, folder, waveform, normalize):
    """What the model's own class gives for the waveform with half a window's excess of zeros."""
    if normalize:
        waveform = (waveform - waveform.mean()) / np.sqrt(waveform.var() + 1e-7)
    network = model.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.no_grad():
        return network(torch.from_numpy(np.pad(waveform, 40))[None], output_hidden_states=True)


@pytest.mark.parametrize(("family", "size"), VARIANTS)
def test_every_family_and_size_equals_a_direct_call(checkpoints, family, size):
    model, _ = FAMILIES[family]
    folder = checkpoints[family, size]
    waveform = noise(12345)
    expected = direct(model, folder, waveform, normalize=size == "large")

    top = load(folder)
    assert top.dimension == TINY["hidden_size"]
    assert top.describe()["class"] == model.__name__
    assert top.describe()["do_normalize"] is (size == "large")
    np.testing.assert_allclose(
        top.encode(waveform), expected.last_hidden_state[0].numpy(), atol=1e-5
    )
    for layer in (0, LAYERS):
        state = load(folder, layer).encode(waveform)
        np.testing.assert_allclose(state, expected.hidden_states[layer][0].numpy(), atol=1e-5)


def test_top_of_a_large_model_is_after_its_final_norm(checkpoints):
    folder = checkpoints["hubert", "large"]
    waveform = noise(8000)
    last, top = load(folder, LAYERS).encode(waveform), load(folder).encode(waveform)
    norm = HubertModel.from_pretrained(folder).encoder.layer_norm
    assert np.abs(last - top).max() > 0.01
    np.testing.assert_allclose(norm(torch.from_numpy(last)).detach().numpy(), top, atol=1e-5)


def test_embeddings_of_several_layers_are_joined(checkpoints):
    folder, waveform = checkpoints["hubert", "base"], noise(8000)
    both = load(folder, (0, LAYERS))
    assert both.dimension == 2 * TINY["hidden_size"]
    assert both.describe()["layer"] == f"0+{LAYERS}"
    parts = [load(folder, layer).encode(waveform) for layer in (0, LAYERS)]
    np.testing.assert_array_equal(both.encode(waveform), np.concatenate(parts, axis=1))


def test_a_layer_that_does_not_exist_is_refused(checkpoints):
    with pytest.raises(UserError, match=f"from 0 to {LAYERS}"):
        load(checkpoints["hubert", "base"], LAYERS + 1)


@pytest.mark.parametrize(("family", "size"), VARIANTS)
def test_one_embedding_per_whole_bin_at_any_length(checkpoints, family, size):
    encoder = load(checkpoints[family, size])
    for samples in (320, 399, 400, 639, 640, 641, 959, 16000, 16001, 16319, 16320):
        embeddings = encoder.encode(noise(samples))
        assert embeddings.shape == (samples // 320, encoder.dimension)
        assert embeddings.dtype == np.float32
    assert np.isfinite(encoder.encode(np.zeros(4000, np.float32))).all()


def test_normalisation_follows_the_checkpoint(checkpoints, tmp_path):
    folder = tmp_path / "plain"
    shutil.copytree(checkpoints["wav2vec2", "large"], folder)
    waveform = noise(8000)
    normalised = load(folder)
    np.testing.assert_allclose(
        normalised.encode(waveform), normalised.encode(waveform * 0.3 + 0.1), atol=1e-3
    )
    save_extractor(folder, do_normalize=False)
    plain = load(folder)
    assert plain.describe()["do_normalize"] is False
    assert np.abs(plain.encode(waveform) - plain.encode(waveform * 0.3 + 0.1)).max() > 0.01


def test_frames_of_the_convolutions_are_centred_on_their_bins(checkpoints):
    network = HubertModel.from_pretrained(checkpoints["hubert", "large"]).eval()
    padding = centring_padding(network.config.conv_kernel, network.config.conv_stride)
    samples, frame = 3200, 5
    silence = torch.zeros(1, samples, requires_grad=True)
    noisy = silence + torch.from_numpy(noise(samples))
    features = network.feature_extractor(torch.nn.functional.pad(noisy, (padding, padding)))
    assert features.shape[-1] == samples // 320
    features[0, :, frame].square().sum().backward()
    touched = silence.grad[0].nonzero().flatten()
    centre = (int(touched.min()) + int(touched.max()) + 1) / 2
    assert centre == 320 * frame + 160


def test_weights_of_another_class_are_never_dropped_in_silence(checkpoints, tmp_path):
    for weights, config in (("wavlm", "wav2vec2"), ("wavlm", "hubert"), ("wav2vec2", "wavlm")):
        folder = tmp_path / f"{weights}-as-{config}"
        shutil.copytree(checkpoints[weights, "base"], folder)
        shutil.copy(checkpoints[config, "base"] / "config.json", folder)
        with pytest.raises(UserError, match=r"does not fit the .*config\.json"):
            load(folder)


def test_released_code_runs_wavlm_as_wav2vec2_and_hubert_unharmed(checkpoints):
    waveform, loudest = noise(16000), {}
    for family in ("wavlm", "hubert"):
        folder = str(checkpoints[family, "base"])
        wrong = load_encoder(EncoderConfig("huggingface", folder, as_wav2vec2=True))
        assert wrong.describe()["class"] == "Wav2Vec2Model"
        right = load(folder).encode(waveform)
        loudest[family] = np.abs(wrong.encode(waveform) - right).max() / right.std()
    assert loudest["hubert"] == 0
    assert loudest["wavlm"] > 1e-4


def test_checkpoint_with_a_head_or_older_names_gives_the_same(checkpoints, tmp_path):
    plain = checkpoints["wav2vec2", "large"]
    waveform = noise(8000)
    expected = load(plain).encode(waveform)

    headed = tmp_path / "headed"
    network = Wav2Vec2ForCTC(Wav2Vec2Config(**TINY, **SIZES["large"]))
    network.wav2vec2.load_state_dict(Wav2Vec2Model.from_pretrained(plain).state_dict())
    network.save_pretrained(headed)
    save_extractor(headed, do_normalize=True)
    np.testing.assert_allclose(load(headed).encode(waveform), expected, atol=1e-6)

    older = tmp_path / "older"
    shutil.copytree(plain, older)
    names = {"parametrizations.weight.original0": "weight_g"}
    names["parametrizations.weight.original1"] = "weight_v"
    state = load_file(older / "model.safetensors")
    del state["masked_spec_embed"]
    for new, old in names.items():
        (key,) = [key for key in state if key.endswith(new)]
        state[key.replace(new, old)] = state.pop(key)
    save_file(state, older / "model.safetensors", {"format": "pt"})
    np.testing.assert_allclose(load(older).encode(waveform), expected, atol=1e-6)


def test_models_that_cannot_be_loaded_say_what_to_do(checkpoints, tmp_path):
    with pytest.raises(UserError, match=r"could not be loaded.*give the path of its folder"):
        load(tmp_path / "absent")
    broken = tmp_path / "broken"
    shutil.copytree(checkpoints["hubert", "base"], broken)
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(UserError, match="could not be loaded"):
        load(broken)
    faster = tmp_path / "faster"
    Wav2Vec2Model(Wav2Vec2Config(**{**TINY, "conv_stride": (5, 2, 2, 2, 2, 2, 1)})).save_pretrained(
        faster
    )
    save_extractor(faster, do_normalize=False)
    with pytest.raises(UserError, match="one embedding per 20 ms"):
        load(faster)


OFFLINE = """
import json, sys
from s2r.core.errors import UserError
from s2r.speech.encoder import EncoderConfig
from s2r.speech.load import load_encoder
found = load_encoder(EncoderConfig("huggingface", "someone/tiny", revision="main")).describe()
try:
    load_encoder(EncoderConfig("huggingface", "someone/absent"))
except UserError as error:
    json.dump([found, str(error)], sys.stdout)
"""


def test_hub_names_come_from_the_cache_or_give_one_sentence(checkpoints, tmp_path):
    environment = hub_cache(tmp_path, checkpoints["wavlm", "base"])
    result = subprocess.run(
        [sys.executable, "-c", OFFLINE], env=environment, capture_output=True, text=True, check=True
    )
    found, sentence = json.loads(result.stdout)
    assert (found["class"], found["revision"]) == ("WavLMModel", COMMIT)
    assert "someone/absent" in sentence
    assert "download it elsewhere and give the path of its folder" in sentence
    assert "\n" not in sentence


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_gpu_gives_what_the_cpu_gives(checkpoints):
    config = EncoderConfig("huggingface", str(checkpoints["wavlm", "large"]))
    cpu, gpu = (load_encoder(config, device=device) for device in ("cpu", "cuda"))
    np.testing.assert_allclose(cpu.encode(noise(8000)), gpu.encode(noise(8000)), atol=1e-3)
