"""Dilated convolutions over time: the network of both parts of the utterance model.

Gated residual blocks (van den Oord et al. 2016, arXiv:1609.03499) without causality. Every output
depends on a fixed number of frames around it, so a long recording can be worked on in stretches
that overlap by that number, with the same result.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

NOISE_FEATURES = 32


class DilatedNetwork(nn.Module):
    """Features of frames in, features of frames out."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        hidden: int,
        dilations: tuple[int, ...],
        noise_level: bool = False,
    ):
        """``noise_level``: whether ``forward`` is given the noise level of its input.

        The untrained network gives zero.
        """
        super().__init__()
        self.hidden = hidden
        self.input = nn.Linear(inputs, hidden)
        self.blocks = nn.ModuleList(
            _Block(hidden, dilation, NOISE_FEATURES if noise_level else 0) for dilation in dilations
        )
        self.output = nn.Linear(hidden, outputs)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)
        self.radius = sum(dilations)
        """Frames on each side that an output depends on."""

    def forward(
        self, features: Tensor, noise: Tensor | None = None, kept: Sequence[Tensor] | None = None
    ) -> Tensor:
        """(B, T, inputs) -> (B, T, outputs).

        ``noise`` (B,) is the logarithm of the noise level; ``kept`` has a tensor (B, T, hidden) for
        each layer, what dropout leaves of its outputs, see `dropout_masks`.
        """
        embedded = None if noise is None else _waves(noise)
        hidden = self.input(features)
        for number, block in enumerate(self.blocks):
            added = block(hidden, embedded)
            hidden = hidden + (added if kept is None else added * kept[number])
        return self.output(nn.functional.silu(hidden))

    def dropout_masks(
        self, batch: int, length: int, share: float, generator: torch.Generator
    ) -> Tensor:
        """Random masks (layers, B, T, hidden) for ``forward``, see `dropout_mask`.

        They are drawn outside of the network for a whole batch, so that processes that share the
        batch train as one.
        """
        shape = (len(self.blocks), batch, length, self.hidden)
        return dropout_mask(shape, share, generator)


def dropout_mask(shape: tuple[int, ...], share: float, generator: torch.Generator) -> Tensor:
    """Random factors: 0 for ``share`` of them, to 1 / 256, and for the others what keeps the mean.

    A random byte decides each of them: a number each takes four times as long, at every step.
    """
    count, dropped = math.prod(shape), min(round(256 * share), 255)
    numbers = torch.empty(-(-count // 8), dtype=torch.int64, device=generator.device)
    drawn = numbers.random_(-(2**63), None, generator=generator).view(torch.uint8)[:count]
    return drawn.view(shape).ge(dropped).float().mul_(256 / (256 - dropped))


class _Block(nn.Module):
    def __init__(self, hidden: int, dilation: int, noise_features: int):
        super().__init__()
        self.dilation = dilation
        self.around = nn.Linear(3 * hidden, 2 * hidden)
        self.mix = nn.Linear(hidden, hidden)
        self.film = nn.Linear(noise_features, 2 * hidden) if noise_features else None
        if self.film is not None:
            nn.init.zeros_(self.film.weight)
            nn.init.zeros_(self.film.bias)

    def forward(self, hidden: Tensor, noise: Tensor | None) -> Tensor:
        """(B, T, hidden) -> the same shape."""
        # A convolution as one matrix product, which is faster than PyTorch's own on a CPU.
        padded = nn.functional.pad(hidden, (0, 0, self.dilation, self.dilation))
        length = hidden.shape[1]
        three = [padded[:, place * self.dilation :][:, :length] for place in range(3)]
        value, gate = self.around(torch.cat(three, -1)).chunk(2, dim=-1)
        if self.film is not None:
            scale, shift = self.film(noise)[:, None].chunk(2, dim=-1)
            value = value * (1 + scale) + shift
        return self.mix(torch.tanh(value) * torch.sigmoid(gate))


def _waves(noise: Tensor) -> Tensor:
    """Sines and cosines (B, NOISE_FEATURES) of the logarithm of the noise level (B,)."""
    speeds = torch.linspace(0, 4, NOISE_FEATURES // 2, device=noise.device).exp()
    angles = noise[:, None] / 4 * speeds
    return torch.cat([angles.sin(), angles.cos()], dim=1)
