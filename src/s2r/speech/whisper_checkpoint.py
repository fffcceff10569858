"""Whisper checkpoints in the format of transformers, from the hub or a folder."""

import re
from pathlib import Path

import numpy as np
import torch
from transformers import WhisperFeatureExtractor
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from s2r.core.errors import UserError
from s2r.core.units import HOP, SAMPLE_RATE
from s2r.speech.checkpoint import (
    check_plausible,
    check_weights,
    find_commit,
    misshapen_keys,
    model_type,
    origin,
    reading,
    take_layer,
)
from s2r.speech.encoder import Encoder, Layer, check_layer, layer_numbers
from s2r.speech.whisper import WINDOW, describe, encode_windows

DECODER = re.compile(r"(model\.)?decoder\.|proj_out\.")
"""Weights of a checkpoint that its encoder does without."""


def load(model: str, revision: str | None, layer: Layer, device: str) -> Encoder:
    """Encoder of any Whisper checkpoint in the format of transformers; see EncoderConfig.

    Spectra are computed with the checkpoint's own settings (large-v3 has 128 mel bands, others
    80). Raises UserError when the checkpoint cannot be reached or read, is of another family or
    lacks weights of the encoder, and for a layer that it does not have.
    """
    commit = find_commit(model, revision)
    network, extractor = _read_checkpoint(model, commit, dtype=torch.float32)
    check_layer(layer, network.config.encoder_layers, model)
    network = _shorten(network).eval().requires_grad_(False).to(device)

    def spectra_of(sound: np.ndarray) -> torch.Tensor:
        given = {"padding": False, "truncation": False, "return_tensors": "pt"}
        return extractor(sound, sampling_rate=SAMPLE_RATE, **given)["input_features"].to(device)

    def encode(spectra: torch.Tensor) -> torch.Tensor:
        return take_layer(network(spectra, output_hidden_states=layer != "top"), layer)

    def embed(waveform: np.ndarray) -> np.ndarray:
        return encode_windows(spectra_of, encode, WINDOW, waveform)

    description = describe(network, model, origin(model, commit), layer)
    dimension = network.config.d_model * len(layer_numbers(layer))
    return Encoder(dimension, description, embed)


def save(model: str, revision: str | None, folder: Path) -> None:
    """Write the encoder of ``model`` into ``folder``, from where it loads without the hub."""
    network, extractor = _read_checkpoint(model, find_commit(model, revision), dtype="auto")
    extractor.save_pretrained(folder)
    # Under the names of WhisperEncoder, not those that the checkpoint has for it.
    network.save_pretrained(folder, save_original_format=False)


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
    check_plausible(model, WhisperEncoder)
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
