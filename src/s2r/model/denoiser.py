"""The video U-Net: 2-D convolutions within frames, attention over time between them.

Each frame has its own noise level, and a given frame is one of a small sigma. Speech enters by
cross-attention.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from s2r.config.keys import block
from s2r.config.window_blocks import DenoiserBlock

POSITION_WIDTH = 32
"""Width of the encoding of a frame's place in its window."""


@block
class DenoiserConfig(DenoiserBlock):
    """Shape of the network: its keys, and what the data decide."""

    speech_dimension: int = 0
    """Width E of the speech input."""


class ChannelNorm(nn.LayerNorm):
    """Layer normalisation over the channels of each position of ``x`` (N, C, h, w).

    Nothing is averaged over space or time, and on channels-last memory no copy is made (native
    group normalisation took 40 % of a forward pass on the CPU).
    """

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def shift_in_time(x: Tensor, frames: int) -> Tensor:
    """Take an eighth of the channels from the frame before and an eighth from the one after.

    The next convolution then covers both neighbouring frames at no cost (Lin et al. 2019,
    "TSM"). ``x`` (B*T, C, h, w); at the ends of a window zeros are taken.
    """
    part = x.shape[1] // 8
    video = x.unflatten(0, (-1, frames))
    shifted = video.clone()
    shifted[:, 0, :part] = 0
    shifted[:, 1:, :part] = video[:, :-1, :part]
    shifted[:, -1, part : 2 * part] = 0
    shifted[:, :-1, part : 2 * part] = video[:, 1:, part : 2 * part]
    return shifted.flatten(0, 1).contiguous(memory_format=torch.channels_last)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions; the noise level modulates the second normalised activation (FiLM)."""

    def __init__(self, inputs: int, outputs: int, condition: int):
        super().__init__()
        self.norm1 = ChannelNorm(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.film = nn.Linear(condition, 2 * outputs)
        self.norm2 = ChannelNorm(outputs, elementwise_affine=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)

    def forward(self, x: Tensor, condition: Tensor, frames: int) -> Tensor:
        """``x`` (B*T, C, h, w), ``condition`` (B*T, K), T frames -> (B*T, C', h, w)."""
        h = self.conv1(shift_in_time(F.silu(self.norm1(x)), frames))
        scale, shift = self.film(condition)[:, :, None, None].chunk(2, dim=1)
        h = F.silu(torch.addcmul(shift, self.norm2(h), 1 + scale))
        return self.skip(x) + self.conv2(h)


class TimeAttention(nn.Module):
    """Every position attends to the same position in all frames of its window."""

    def __init__(self, channels: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(channels)
        self.position = nn.Linear(POSITION_WIDTH, channels)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor, frames: int) -> Tensor:
        """``x`` (B*T, C, h, w) -> the same shape."""
        height, width = x.shape[2:]
        h = x.permute(0, 2, 3, 1).unflatten(0, (-1, frames)).flatten(2, 3).transpose(1, 2)
        h = self.norm(h) + self.position(time_positions(frames, x.device))  # B, h*w, T, C
        q, k, v = self.qkv(h).flatten(0, 1).unflatten(-1, (3, self.heads, -1)).unbind(2)
        q, k, v = (tensor.transpose(1, 2) for tensor in (q, k, v))
        # Written out: windows are so short that fused attention is slower (its backward pass took
        # 30 % of a training step on the CPU), and on GPUs it fails beyond 65,535 sequences.
        weights = (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(-1)
        h = self.out((weights @ v).transpose(1, 2).flatten(-2))
        h = h.unflatten(0, (-1, height, width)).permute(0, 3, 4, 1, 2)
        return x + h.flatten(0, 1)


class SpeechAttention(nn.Module):
    """Every position of every frame attends to all speech vectors of its window."""

    def __init__(self, channels: int, heads: int, condition: int):
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(channels)
        self.position = nn.Linear(POSITION_WIDTH, channels)
        self.q = nn.Linear(channels, channels)
        self.token_position = nn.Linear(POSITION_WIDTH, condition)
        self.kv = nn.Linear(condition, 2 * channels)
        self.out = nn.Linear(channels, channels)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor, tokens: Tensor) -> Tensor:
        """``x`` (B*T, C, h, w), ``tokens`` (B, T, K) -> the same shape as ``x``."""
        windows, frames = tokens.shape[:2]
        times = time_positions(frames, x.device)
        h = (
            self.norm(x.permute(0, 2, 3, 1))
            + self.position(times).repeat(windows, 1)[:, None, None]
        )
        q = self.q(h.reshape(windows, -1, h.shape[-1])).unflatten(-1, (self.heads, -1))
        k, v = self.kv(tokens + self.token_position(times)).chunk(2, dim=-1)
        k, v = k.unflatten(-1, (self.heads, -1)), v.unflatten(-1, (self.heads, -1))
        attended = F.scaled_dot_product_attention(*(tensor.transpose(1, 2) for tensor in (q, k, v)))
        h = self.out(attended.transpose(1, 2).flatten(-2)).view_as(h)
        return x + h.permute(0, 3, 1, 2)


class Stage(nn.Module):
    """A residual block, attention over time from the configured resolution, and to speech."""

    def __init__(self, inputs: int, outputs: int, level: int, config: DenoiserConfig):
        super().__init__()
        self.block = ResidualBlock(inputs, outputs, config.condition)
        self.time = TimeAttention(outputs, config.heads) if level >= config.attention_from else None
        self.speech = SpeechAttention(outputs, config.heads, config.condition)

    def forward(self, x: Tensor, condition: Tensor, tokens: Tensor) -> Tensor:
        """``x`` (B*T, C, h, w), ``condition`` (B*T, K), ``tokens`` (B, T, K)."""
        x = self.block(x, condition, tokens.shape[1])
        if self.time is not None:
            x = self.time(x, tokens.shape[1])
        return self.speech(x, tokens)


class Denoiser(nn.Module):
    """The raw network F of the preconditioned denoiser (Karras et al. 2022, eq. 7)."""

    def __init__(self, config: DenoiserConfig):
        super().__init__()
        self.config = config
        widths = config.channels
        self.sigma_embedding = nn.Linear(32, config.condition)
        self.speech_embedding = nn.Linear(config.speech_dimension, config.condition)
        self.no_speech = nn.Parameter(torch.zeros(config.condition))
        self.condition = nn.Sequential(
            nn.SiLU(), nn.Linear(config.condition, config.condition), nn.SiLU()
        )
        # Patches overlap by half, so the first layer covers their edges.
        self.stem = nn.Conv2d(
            1, widths[0], 2 * config.patch, stride=config.patch, padding=config.patch // 2
        )
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        inputs = widths[0]
        for level, width in enumerate(widths):
            stages = nn.ModuleList()
            for _ in range(config.blocks):
                stages.append(Stage(inputs, width, level, config))
                inputs = width
            last = level == len(widths) - 1
            shrink = nn.Identity() if last else nn.Conv2d(width, widths[level + 1], 2, stride=2)
            inputs = width if last else widths[level + 1]
            self.down.append(nn.ModuleList([stages, shrink]))
        for level in reversed(range(len(widths))):
            width = widths[level]
            grow = nn.Conv2d(inputs, width, 1) if inputs != width else nn.Identity()
            stages = [Stage(width, width, level, config) for _ in range(config.blocks)]
            self.up.append(nn.ModuleList([grow, nn.ModuleList(stages)]))
            inputs = width
        self.head_norm = ChannelNorm(inputs)
        # Narrow layers at full resolution: noise is separated from edges by averaging neighbouring
        # pixels, which patches cannot do.
        self.head = nn.Conv2d(inputs, config.fine * config.patch**2, 1)
        self.fine = nn.Conv2d(config.fine + 1, 2 * config.fine, 3, padding=1)
        self.out = nn.Conv2d(2 * config.fine, 1, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, video: Tensor, noise: Tensor, speech: Tensor, keep: Tensor) -> Tensor:
        """Estimate F for every frame of every window.

        Args:
            video: (B, T, 1, H, W), scaled to unit variance.
            noise: (B, T), the noise level as ``log(sigma) / 4``.
            speech: (B, T, E) speech of each frame.
            keep: (B, 1) bool; where False the speech is withheld.

        Returns:
            (B, T, 1, H, W).
        """
        frames, size = video.shape[1], video.shape[-1]
        images = video.flatten(0, 1)
        condition = self.condition(self.sigma_embedding(fourier(noise))).flatten(0, 1)
        tokens = torch.where(keep[..., None], self.speech_embedding(speech), self.no_speech)
        x = self.stem(images.contiguous(memory_format=torch.channels_last))
        skips = []
        for stages, shrink in self.down:
            for stage in stages:
                x = stage(x, condition, tokens)
            skips.append(x)
            x = shrink(x)
        for level, (grow, stages) in enumerate(self.up):
            x = grow(x)
            if level:
                x = F.interpolate(x, scale_factor=2, mode="nearest")
            x = x + skips.pop()
            for stage in stages:
                x = stage(x, condition, tokens)
        x = F.pixel_shuffle(self.head(F.silu(self.head_norm(x))), self.config.patch)
        x = self.out(F.silu(self.fine(torch.cat([x, images], dim=1))))
        return x.view(-1, frames, 1, size, size)


def fourier(values: Tensor, width: int = 32, highest: float = 32.0) -> Tensor:
    """Sines and cosines of ``values`` (...,) at ``width / 2`` frequencies -> (..., width)."""
    rates = torch.exp(torch.linspace(0.0, math.log(highest), width // 2, device=values.device))
    angles = values[..., None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def time_positions(frames: int, device: torch.device) -> Tensor:
    """Encoding of the place of each frame in its window, (T, POSITION_WIDTH)."""
    return fourier(torch.arange(frames, device=device) / 16.0, POSITION_WIDTH, 48.0)
