"""Whisper's encoder and its spectra in plain torch, for the weights of tiny.en.

Radford et al. 2022, arXiv:2212.04356, section 2.2: a log-mel spectrum, two convolutions, sinusoidal
position codes and pre-norm transformer blocks. Importing the same from transformers takes several
seconds, more than all the rest of a short video; tests hold the two equal bit by bit.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from s2r.core.units import HOP, SAMPLE_RATE
from s2r.speech.encoder import Layer, layer_numbers

FFT_SIZE = 400
"""Samples of a spectrum, 25 ms."""


@dataclass(frozen=True)
class WhisperShape:
    """Sizes of an encoder; tiny.en has 80 bands, width 384, 4 layers, 6 heads, hidden 1536."""

    bands: int
    width: int
    layers: int
    heads: int
    hidden: int
    positions: int
    """Embeddings that the encoder sees at a time."""


class WhisperLayer(nn.Module):
    """Self-attention and a two-layer network, each after a norm and added to its input."""

    def __init__(self, shape: WhisperShape):
        super().__init__()
        self.heads = shape.heads
        self.self_attn = nn.ModuleDict(
            {
                f"{name}_proj": nn.Linear(shape.width, shape.width, bias=name != "k")
                for name in ("q", "k", "v", "out")
            }
        )
        self.self_attn_layer_norm = nn.LayerNorm(shape.width)
        self.fc1 = nn.Linear(shape.width, shape.hidden)
        self.fc2 = nn.Linear(shape.hidden, shape.width)
        self.final_layer_norm = nn.LayerNorm(shape.width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) to (B, T, D)."""
        h = self.self_attn_layer_norm(x)
        q, k, v = (self.self_attn[f"{name}_proj"](h) for name in "qkv")
        # Scaled before the product, as published: the order decides the last bits.
        q = q * (q.shape[-1] // self.heads) ** -0.5
        q, k, v = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2).contiguous() for part in (q, k, v)
        )
        attended = F.scaled_dot_product_attention(q, k, v, scale=1.0)
        x = x + self.self_attn["out_proj"](attended.transpose(1, 2).flatten(2))
        return x + self.fc2(F.gelu(self.fc1(self.final_layer_norm(x))))


class WhisperEncoder(nn.Module):
    """The encoder; names of modules and weights are those of transformers' class of this name."""

    def __init__(self, shape: WhisperShape):
        super().__init__()
        self.shape = shape
        self.conv1 = nn.Conv1d(shape.bands, shape.width, kernel_size=3, padding=1)
        self.conv2 = nn.Conv1d(shape.width, shape.width, kernel_size=3, stride=2, padding=1)
        self.embed_positions = nn.Embedding(shape.positions, shape.width)
        self.layers = nn.ModuleList(WhisperLayer(shape) for _ in range(shape.layers))
        self.layer_norm = nn.LayerNorm(shape.width)

    def forward(self, spectra: Tensor, layer: Layer = "top") -> Tensor:
        """States (B, T, D) after ``layer`` blocks; after all of them, and for ``top``, normed.

        Those of several layers are joined, (B, T, n D). ``spectra`` (B, bands, 2 T) as from
        `log_spectra`, T = ``shape.positions``. Blocks above ``layer`` are not computed.
        """
        last = len(self.layers)
        counts = [last if number == "top" else number for number in layer_numbers(layer)]
        h = F.gelu(self.conv2(F.gelu(self.conv1(spectra)))).transpose(1, 2)
        states = [h + self.embed_positions.weight]
        for block in self.layers[: max(counts)]:
            states.append(block(states[-1]))
        taken = [self.layer_norm(states[n]) if n == last else states[n] for n in counts]
        return torch.cat(taken, dim=-1)


def log_spectra(waveform: np.ndarray, bands: int) -> Tensor:
    """Spectra (1, bands, N // 160) float32 of a waveform (N,) at 16 kHz, centred at 10 ms t.

    Mel powers in bels (log10), 8 bels of range below the loudest value, moved and scaled to about
    -1 to 1.
    """
    spectrum = torch.stft(
        torch.from_numpy(waveform)[None],
        FFT_SIZE,
        HOP // 2,
        window=torch.hann_window(FFT_SIZE),
        return_complex=True,
    )
    power = (spectrum[..., :-1].abs() ** 2).contiguous()
    bels = (mel_filters(bands) @ power).clamp(min=1e-10).log10()
    return (torch.maximum(bels, bels.max() - 8) + 4) / 4


def mel_filters(bands: int) -> Tensor:
    """(bands, 201) float32 triangles of equal area on Slaney's mel scale, 0 to 8 kHz.

    Computed in double precision: torchaudio's, in single precision, differ in the last bits.
    """
    # Slaney 1998, Auditory Toolbox: 200 / 3 Hz a mel up to 1 kHz, then 27 mel for a factor of 6.4
    step = np.log(6.4) / 27
    top = 15 + np.log(SAMPLE_RATE / 2 / 1000) / step
    mels = np.linspace(0, top, bands + 2)
    edges = np.where(mels < 15, 200 * mels / 3, 1000 * np.exp(step * (mels - 15)))
    distance = edges - np.linspace(0, SAMPLE_RATE // 2, FFT_SIZE // 2 + 1)[:, None]
    widths = np.diff(edges)
    triangles = np.minimum(-distance[:, :-2] / widths[:-1], distance[:, 2:] / widths[1:])
    filters = np.maximum(triangles, 0) * (2 / (edges[2:] - edges[:-2]))
    return torch.from_numpy(filters).float().T
