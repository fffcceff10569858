"""Whisper's encoder: file format, conversion, clock and windows on small random networks."""

import struct
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import WhisperConfig, WhisperFeatureExtractor
from transformers.models.whisper import modeling_whisper

from s2r.core.errors import UserError
from s2r.speech.encoder import EncoderConfig
from s2r.speech.load import load_encoder
from s2r.speech.whisper import OVERLAP, WHISPER_TINY_EN, encode_windows, windows
from s2r.speech.whisper_network import WhisperEncoder, WhisperShape, log_spectra
from s2r.speech.whisper_weights import MODULES, build_encoder, read_ctranslate2

WINDOW = 200


@pytest.fixture(scope="module")
def network():
    """A random two-layer Whisper encoder that reads 4 s at a time."""
    torch.manual_seed(0)
    shape = WhisperShape(bands=80, width=24, layers=2, heads=3, hidden=40, positions=WINDOW)
    network = WhisperEncoder(shape).eval().requires_grad_(False)
    for parameter in network.parameters():
        if parameter.ndim == 1:
            parameter.uniform_(-0.5, 0.5)
    return network


def encode(network, sound, layer="top"):
    shape = network.shape
    return encode_windows(
        lambda samples: log_spectra(samples, shape.bands),
        lambda spectra: network(spectra, layer),
        shape.positions,
        sound,
    )


def noise(seconds, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, int(seconds * 16000)).astype(np.float32)


def fused_variables(network):
    """The tensors of an encoder under CTranslate2's names, keys' zero bias included."""
    state = {key: value.numpy() for key, value in network.state_dict().items()}
    variables = {"num_heads": np.int16(network.shape.heads)}
    variables["position_encodings/encodings"] = state.pop("embed_positions.weight")
    for i in range(network.shape.layers):
        for tensor in ("weight", "bias"):
            names = [f"layers.{i}.self_attn.{projection}_proj.{tensor}" for projection in "qkv"]
            parts = [state.pop(name, None) for name in names]
            parts = [np.zeros_like(parts[0]) if part is None else part for part in parts]
            variables[f"layer_{i}/self_attention/linear_0/{tensor}"] = np.concatenate(parts)
        for theirs, ours in MODULES.items():
            gain, shift = ("gamma", "beta") if "norm" in theirs else ("weight", "bias")
            variables[f"layer_{i}/{theirs}/{gain}"] = state.pop(f"layers.{i}.{ours}.weight")
            variables[f"layer_{i}/{theirs}/{shift}"] = state.pop(f"layers.{i}.{ours}.bias")
    for name in ("conv1", "conv2"):
        variables[f"{name}/weight"] = state.pop(f"{name}.weight")
        variables[f"{name}/bias"] = state.pop(f"{name}.bias")
    variables["layer_norm/gamma"] = state.pop("layer_norm.weight")
    variables["layer_norm/beta"] = state.pop("layer_norm.bias")
    assert not state
    return variables


def write_ctranslate2(path, variables, version=6, specification="WhisperSpec"):
    codes = {np.dtype(np.float32): 0, np.dtype(np.int16): 2, np.dtype(np.float16): 4}

    def text(value):
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    content = (
        struct.pack("<I", version) + text(specification) + struct.pack("<II", 3, len(variables))
    )
    for name, array in variables.items():
        content += text(name) + struct.pack("<B", array.ndim)
        content += struct.pack(f"<{array.ndim}I", *array.shape)
        content += struct.pack("<BI", codes[array.dtype], array.nbytes) + array.tobytes()
    content += struct.pack("<I", 1) + text("decoder/projection") + text("decoder/embeddings")
    path.write_bytes(content)


@pytest.mark.parametrize("bands", [80, 128])
def test_spectra_are_those_of_transformers(bands):
    extractor = WhisperFeatureExtractor(feature_size=bands)
    for sound in (noise(4.03), np.zeros(64000, np.float32), 1e-4 * noise(5, seed=1)):
        expected = extractor(sound, sampling_rate=16000, padding=False, truncation=False)
        np.testing.assert_array_equal(log_spectra(sound, bands).numpy(), expected["input_features"])


def test_the_network_is_that_of_transformers(network):
    shape = network.shape
    config = WhisperConfig(
        num_mel_bins=shape.bands,
        d_model=shape.width,
        encoder_layers=shape.layers,
        encoder_attention_heads=shape.heads,
        encoder_ffn_dim=shape.hidden,
        max_source_positions=shape.positions,
    )
    other = modeling_whisper.WhisperEncoder(config).eval()
    other.load_state_dict(network.state_dict(), strict=True)
    spectra = log_spectra(noise(4), shape.bands)
    with torch.inference_mode():
        expected = other(spectra, output_hidden_states=True)
        assert torch.equal(network(spectra), expected.last_hidden_state)
        for layer in range(shape.layers + 1):
            assert torch.equal(network(spectra, layer), expected.hidden_states[layer])
        both = torch.cat([expected.hidden_states[layer] for layer in (2, 1)], dim=-1)
        assert torch.equal(network(spectra, (2, 1)), both)


def test_tiny_en_loads_without_transformers(whisper):
    """Importing it takes longer than the video of a short recording."""
    program = (
        "import sys; from s2r.speech.encoder import EncoderConfig; "
        "from s2r.speech.load import load_encoder; "
        f"load_encoder(EncoderConfig('whisper'), weights_folder={str(whisper)!r}); "
        "print('transformers' in sys.modules)"
    )
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.stdout == "False\n", result.stderr


def test_every_tensor_of_the_file_finds_its_place(network, tmp_path):
    variables = {f"encoder/{key}": value for key, value in fused_variables(network).items()}
    decoder = {"decoder/embeddings": np.ones((7, 3), np.float16)}
    write_ctranslate2(tmp_path / "model.bin", decoder | variables)
    rebuilt = build_encoder(read_ctranslate2(tmp_path / "model.bin"))
    sound = noise(1)
    np.testing.assert_array_equal(encode(rebuilt, sound), encode(network, sound))


def test_half_precision_weights_become_float32(network):
    variables = fused_variables(network)
    halves = {k: v.astype(np.float16) if v.ndim else v for k, v in variables.items()}
    rebuilt = build_encoder(halves)
    assert {parameter.dtype for parameter in rebuilt.parameters()} == {torch.float32}
    expected = variables["layer_1/ffn/linear_0/weight"]
    np.testing.assert_allclose(rebuilt.layers[1].fc1.weight.numpy(), expected, atol=1e-3)


def test_files_and_tensors_that_do_not_fit_are_refused(network, tmp_path):
    path = tmp_path / "model.bin"
    for wrong in ({"version": 5}, {"specification": "TransformerSpec"}):
        write_ctranslate2(path, {}, **wrong)
        with pytest.raises(UserError, match=r"model\.bin is not a Whisper model"):
            read_ctranslate2(path)
    variables = fused_variables(network)
    short = {key: value for key, value in variables.items() if key != "layer_norm/beta"}
    with pytest.raises(RuntimeError, match=r"layer_norm\.bias"):
        build_encoder(short)
    fused = variables["layer_0/self_attention/linear_0/bias"].copy()
    fused[24:48] = 1
    with pytest.raises(ValueError, match="bias for the keys"):
        build_encoder(variables | {"layer_0/self_attention/linear_0/bias": fused})


def test_a_click_reaches_frames_symmetrically_around_its_bin(network):
    """Layer 0 is local (spectrum and two convolutions), so it shows where a frame is centred."""
    sound, frame = noise(1), 20
    clicked = sound.copy()
    clicked[320 * frame + 160] += 0.5
    change = encode(network, clicked, layer=0)
    change = np.abs(change - encode(network, sound, layer=0)).max(axis=1)
    assert np.flatnonzero(change > 1e-5).tolist() == [frame - 1, frame, frame + 1]
    assert change.argmax() == frame


@pytest.mark.parametrize("samples", [320, 639, 640, 16001, 64319, 64320, 100000])
def test_one_embedding_per_whole_bin(network, samples):
    sound = noise(9)[:samples]
    for waveform in (sound, np.zeros_like(sound)):
        embeddings = encode(network, waveform)
        assert embeddings.shape == (samples // 320, 24)
        assert np.isfinite(embeddings).all()


@pytest.mark.parametrize("length", [1, 199, 200, 201, 349, 350, 351, 5000])
def test_windows_cover_everything_once_away_from_their_edges(length):
    parts = windows(length, WINDOW, OVERLAP)
    assert [first for _, first, _ in parts] == [0, *(last for *_, last in parts[:-1])]
    assert parts[-1][2] == length
    for start, first, last in parts:
        assert start <= first < last <= start + WINDOW
        if length > WINDOW:
            assert start + WINDOW <= length
            assert first == 0 or first - start >= OVERLAP // 2
            assert last == length or start + WINDOW - last >= OVERLAP // 2


def test_windows_leave_no_trace_before_positions_and_attention(network):
    """Layer 0 less its position codes is that of one window over the whole recording."""
    sound = noise(12)
    torch.manual_seed(0)
    wide = WhisperEncoder(replace(network.shape, positions=600))
    wide.load_state_dict(
        network.state_dict() | {"embed_positions.weight": torch.zeros(600, 24)}, strict=True
    )
    whole = encode(wide.eval(), sound, layer=0)
    pieces = encode(network, sound, layer=0)
    codes = network.embed_positions.weight.numpy()
    for start, first, last in windows(600, WINDOW, OVERLAP):
        pieces[first:last] -= codes[first - start : last - start]
    np.testing.assert_allclose(pieces, whole, atol=1e-5)


@pytest.mark.parametrize(
    ("seconds", "positions", "mean", "deviation", "frame", "values"),
    [
        (4, 200, 0.005645979, 1.1282364, 150, [0.34309343, 0.28241926, -1.1361105, -1.5929456]),
        (8, 1500, -0.007749318, 1.1497151, 250, [0.21126467, 0.50862867, -0.9912213, -1.0584881]),
    ],
)
def test_tiny_en_equals_an_independent_implementation(
    whisper, seconds, positions, mean, deviation, frame, values
):
    """A chirp in a 4-s and a 30-s window against ctranslate2 4.8.5 (float32, CPU).

    The numbers come from one run of that program on the same spectra; the two then agreed to
    4e-5 in all values, which reach 12.6.
    """
    network = build_encoder(read_ctranslate2(whisper / WHISPER_TINY_EN.file_name), positions)
    sweep = np.cumsum(np.linspace(100, 4000, seconds * 16000)) / 16000
    chirp = (0.5 * np.sin(2 * np.pi * sweep)).astype(np.float32)
    found = encode(network, np.pad(chirp, (160, 0)))
    assert found.shape == (50 * seconds, 384)
    np.testing.assert_allclose(found.mean(), mean, atol=1e-4)
    np.testing.assert_allclose(found.std(), deviation, atol=1e-4)
    np.testing.assert_allclose(found[frame, :4], values, atol=1e-3)


def test_tiny_en_is_loaded_by_name(whisper):
    encoder = load_encoder(EncoderConfig("whisper"), weights_folder=str(whisper))
    assert encoder.dimension == 384
    assert encoder.describe()["revision"] == WHISPER_TINY_EN.member_sha256
    assert encoder.encode(noise(1)).shape == (50, 384)
    with pytest.raises(UserError, match="from 0 to 4"):
        load_encoder(EncoderConfig("whisper", layer=5), weights_folder=str(whisper))
