"""Speech models of the wav2vec 2.0 family by hub name or local folder: wav2vec 2.0, HuBERT, WavLM.

The class comes from the checkpoint's own configuration and the waveform's normalisation from its
own feature extractor. Recordings go through whole and one at a time: the base models normalise
over time and were trained without attention mask, so padding a batch would change their output.
Attention is quadratic in length; cut recordings of many minutes before they are encoded.
"""

import math
from pathlib import Path

import numpy as np
import torch
from transformers import AutoFeatureExtractor, AutoModel, Wav2Vec2Model

from s2r.core.errors import UserError
from s2r.core.units import HOP, SAMPLE_RATE
from s2r.speech.checkpoint import (
    NO_CODE,
    check_plausible,
    check_weights,
    find_commit,
    misshapen_keys,
    model_type,
    origin,
    reading,
    take_layer,
)
from s2r.speech.encoder import Encoder, Layer, check_layer, layer_name, layer_numbers

TRAINING_ONLY = {"masked_spec_embed"}
"""Parameters that only masking in training uses; many checkpoints leave them out."""

BODY = ("feature_extractor.", "feature_projection.", "encoder.")
"""Where the weights that shape an embedding live in every model of the family."""


def load(
    model: str, revision: str | None, layer: Layer, device: str, as_wav2vec2: bool = False
) -> Encoder:
    """Encoder from the checkpoint ``model``; see EncoderConfig for the arguments.

    Raises UserError when the checkpoint cannot be reached or read, when any of its encoder
    weights would be left out or made up (unless ``as_wav2vec2`` asks for that), or when its
    frames are not 20 ms apart.
    """
    commit = find_commit(model, revision)
    check_plausible(model, AutoModel.from_config)
    _refuse_whisper(model, commit)
    with reading(model):
        extractor = AutoFeatureExtractor.from_pretrained(model, revision=commit, **NO_CODE)
        network, report = (Wav2Vec2Model if as_wav2vec2 else AutoModel).from_pretrained(
            model,
            revision=commit,
            dtype=torch.float32,
            output_loading_info=True,
            ignore_mismatched_sizes=True,
            weights_only=True,
            **NO_CODE,
        )
    _check_family(model, network, extractor)
    _check_weights(model, network, report, as_wav2vec2)
    check_layer(layer, network.config.num_hidden_layers, model)
    network = network.eval().to(device)
    padding = centring_padding(network.config.conv_kernel, network.config.conv_stride)

    def embed(waveform: np.ndarray) -> np.ndarray:
        values = extractor(waveform, sampling_rate=SAMPLE_RATE, return_attention_mask=False)
        padded = np.pad(values["input_values"][0], padding)
        with torch.inference_mode():
            output = network(
                torch.from_numpy(padded)[None].to(device), output_hidden_states=layer != "top"
            )
        return take_layer(output, layer)[0].float().cpu().numpy()

    description = {
        "kind": "huggingface",
        "model": model,
        "class": type(network).__name__,
        "revision": origin(model, commit),
        "layer": layer_name(layer),
        "do_normalize": bool(extractor.do_normalize),
    }
    dimension = network.config.hidden_size * len(layer_numbers(layer))
    return Encoder(dimension, description, embed)


def save(model: str, revision: str | None, folder: Path) -> None:
    """Write the checkpoint ``model`` into ``folder``, from where ``load`` needs no hub."""
    commit = find_commit(model, revision)
    with reading(model):
        extractor = AutoFeatureExtractor.from_pretrained(model, revision=commit, **NO_CODE)
        network = AutoModel.from_pretrained(model, revision=commit, weights_only=True, **NO_CODE)
    extractor.save_pretrained(folder)
    network.save_pretrained(folder)


def centring_padding(kernels: list[int], strides: list[int]) -> int:
    """Zeros to put on each side so that frame t of a convolution stack is centred on its bin.

    The published models see 400 samples per frame and step by 320: 40 zeros, after which
    N samples give N // 320 frames.
    """
    field = 1
    for kernel, stride in zip(reversed(kernels), reversed(strides), strict=True):
        field = (field - 1) * stride + kernel
    return (field - math.prod(strides)) // 2


def _refuse_whisper(model: str, commit: str | None) -> None:
    if model_type(model, commit) == "whisper":
        raise UserError(
            f"{model} is a Whisper checkpoint, which does not read waveforms: set kind: whisper "
            "for it, or give a wav2vec 2.0, HuBERT or WavLM checkpoint."
        )


def _check_family(model: str, network: torch.nn.Module, extractor) -> None:
    config = network.config
    strides = getattr(config, "conv_stride", None)
    if strides is None or not hasattr(extractor, "do_normalize"):
        raise UserError(
            f"{model} is a {type(network).__name__}, which does not read waveforms: "
            "give a wav2vec 2.0, HuBERT or WavLM checkpoint."
        )
    on_the_clock = extractor.sampling_rate == SAMPLE_RATE and math.prod(strides) == HOP
    if not on_the_clock or getattr(config, "add_adapter", False):
        raise UserError(
            f"{model} does not make one embedding per 20 ms of 16 kHz sound: "
            "give a checkpoint without adapter that does."
        )


def _check_weights(model: str, network: torch.nn.Module, report: dict, as_wav2vec2: bool) -> None:
    prefix = f"{network.base_model_prefix}."
    missing = set(report["missing_keys"]) - TRAINING_ONLY
    dropped = [
        key for key in report["unexpected_keys"] if key.removeprefix(prefix).startswith(BODY)
    ]
    if as_wav2vec2:  # which asks for exactly these two
        missing, dropped = set(), []
    check_weights(model, type(network).__name__, missing, misshapen_keys(report), dropped)
