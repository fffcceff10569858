"""Speech models of the wav2vec 2.0 family by hub name or local folder: wav2vec 2.0, HuBERT, WavLM.

The class comes from the checkpoint's own configuration and the waveform's normalisation from its
own feature extractor. Recordings go through whole and one at a time: the base models normalise
over time and were trained without attention mask, so padding a batch would change their output.
Attention is quadratic in length; cut recordings of many minutes before they are encoded.
"""

import math
import os
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from safetensors import SafetensorError
from transformers import AutoFeatureExtractor, AutoModel, Wav2Vec2Model
from transformers.utils import cached_file

from s2r.core.errors import UserError
from s2r.core.files import digest_of, sha256_of
from s2r.core.units import HOP, SAMPLE_RATE
from s2r.speech.encoder import Encoder, check_layer, take_layer

TRAINING_ONLY = {"masked_spec_embed"}
"""Parameters that only masking in training uses; many checkpoints leave them out."""

BODY = ("feature_extractor.", "feature_projection.", "encoder.")
"""Where the weights that shape an embedding live in every model of the family."""

NO_CODE = {"trust_remote_code": False}
"""Python files in a checkpoint are never run, and nobody is asked whether they should be."""

UNREADABLE = (OSError, ValueError, RuntimeError, SafetensorError, UnpicklingError)
"""What transformers raises for checkpoints that are absent, damaged or no mere weights."""


def load(
    model: str, revision: str | None, layer: str | int, device: str, as_wav2vec2: bool = False
) -> Encoder:
    """Encoder from the checkpoint ``model``; see EncoderConfig for the arguments.

    Raises UserError when the checkpoint cannot be reached or read, when any of its encoder
    weights would be left out or made up (unless ``as_wav2vec2`` asks for that), or when its
    frames are not 20 ms apart.
    """
    commit = _commit(model, revision)
    # transformers would otherwise ask the hub, from a thread, to convert checkpoints it holds.
    os.environ.setdefault("DISABLE_SAFETENSORS_CONVERSION", "1")
    try:
        extractor = AutoFeatureExtractor.from_pretrained(model, revision=commit, **NO_CODE)
        network, report = (Wav2Vec2Model if as_wav2vec2 else AutoModel).from_pretrained(
            model,
            revision=commit,
            dtype=torch.float32,
            output_loading_info=True,
            weights_only=True,
            **NO_CODE,
        )
    except UNREADABLE as error:
        raise _unreachable(model, error) from error
    _check_family(model, network, extractor)
    if not as_wav2vec2:
        _check_weights(model, network, report)
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
        "revision": commit or f"folder {_folder_digest(model)}",
        "layer": layer,
        "do_normalize": bool(extractor.do_normalize),
    }
    return Encoder(network.config.hidden_size, description, embed)


def save(model: str, revision: str | None, folder: Path) -> None:
    """Write the checkpoint ``model`` into ``folder``, from where ``load`` needs no hub."""
    commit = _commit(model, revision)
    try:
        AutoFeatureExtractor.from_pretrained(model, revision=commit, **NO_CODE).save_pretrained(
            folder
        )
        AutoModel.from_pretrained(
            model, revision=commit, weights_only=True, **NO_CODE
        ).save_pretrained(folder)
    except UNREADABLE as error:
        raise _unreachable(model, error) from error


def centring_padding(kernels: list[int], strides: list[int]) -> int:
    """Zeros to put on each side so that frame t of a convolution stack is centred on its bin.

    The published models see 400 samples per frame and step by 320: 40 zeros, after which
    N samples give N // 320 frames.
    """
    field = 1
    for kernel, stride in zip(reversed(kernels), reversed(strides), strict=True):
        field = (field - 1) * stride + kernel
    return (field - math.prod(strides)) // 2


def _commit(model: str, revision: str | None) -> str | None:
    """Commit of a hub checkpoint, found before anything is loaded; None for a local folder."""
    if Path(model).is_dir():
        return None
    try:
        config = cached_file(model, "config.json", revision=revision)
    except (OSError, ValueError) as error:
        raise _unreachable(model, error) from error
    return Path(config).parent.name


def _unreachable(model: str, error: Exception) -> UserError:
    reason = str(error).strip().splitlines()[0].rstrip(".")
    if isinstance(error, UnpicklingError):  # its own text advises to trust the file
        reason = "its weights file holds more than weights, or is damaged"
    return UserError(
        f"The speech model {model!r} could not be loaded ({reason}): check the name; without a "
        "network, download it elsewhere and give the path of its folder, or point HF_HOME to a "
        "cache that holds it."
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


def _check_weights(model: str, network: torch.nn.Module, report: dict) -> None:
    """Refuse a checkpoint of another architecture: its weights would be dropped in silence."""
    prefix = f"{network.base_model_prefix}."
    dropped = [
        key for key in report["unexpected_keys"] if key.removeprefix(prefix).startswith(BODY)
    ]
    made_up = set(report["missing_keys"]) - TRAINING_ONLY
    if dropped or made_up:
        raise UserError(
            f"{model} does not fit the {type(network).__name__} that its config.json names: "
            f"{len(made_up)} weights are missing and {len(dropped)} would be dropped, such as "
            f"{sorted([*made_up, *dropped])[0]}; use the checkpoint with its own config.json."
        )


def _folder_digest(folder: str) -> str:
    """Short digest of the weight files in a local folder, in place of a commit."""
    files = sorted(p for p in Path(folder).iterdir() if p.suffix in {".safetensors", ".bin"})
    return digest_of({path.name: sha256_of(path) for path in files})
