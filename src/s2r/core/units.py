"""Units and the one clock: frame t and embedding t describe the 20 ms bin centred at 20 t + 10 ms.

Frames are grey levels 0..255 (uint8) on disk and values in [-1, 1] in the networks.
"""

from math import ceil, floor

from s2r.core.errors import UserError

FRAME_RATE = 50
"""Video frames and embeddings per second."""

SAMPLE_RATE = 16_000
"""Audio samples per second, mono."""

HOP = SAMPLE_RATE // FRAME_RATE
"""Samples in the bin that one frame and one embedding describe."""

FRAME_SIZE = 64
"""Height and width of a frame in pixels."""

LARGEST_SEED = 2**32 - 1
"""Of all seeds: what every generator of random numbers takes, with what is added to a seed."""

HALF_RANGE = 127.5
"""Grey levels in one unit of [-1, 1]."""


def frames_in(samples: int, sample_rate: int = SAMPLE_RATE, frame_rate: int = FRAME_RATE) -> int:
    """Whole frames that ``samples`` audio samples fill."""
    return samples * frame_rate // sample_rate


def frames_of(start: float, end: float, length: int) -> tuple[int, int]:
    """First frame, and the frame after the last, of the time from ``start`` to ``end`` in s.

    Frames that lie in it in part count, within a video of ``length`` frames; at least one.
    """
    first = min(max(floor(round(start * FRAME_RATE, 6)), 0), length - 1)
    return first, max(min(ceil(round(end * FRAME_RATE, 6)), length), first + 1)


def to_unit_range(levels):
    """Grey levels 0..255, an array or tensor of any shape, as float values in [-1, 1].

    NumPy arrays and integer tensors become float32; other tensors keep their type.
    """
    if hasattr(levels, "astype"):
        levels = levels.astype("float32")
    return levels / HALF_RANGE - 1


def to_levels(values):
    """Values of a tensor, clipped to [-1, 1], as grey levels: a uint8 array on the CPU.

    Raises UserError for values that are not numbers, which would all be black.
    """
    if not values.isfinite().all():
        raise UserError(
            "The model gives pictures of values that are not numbers: its weights are damaged, or "
            "its sampler has settings that it was not made for."
        )
    return ((values.clamp(-1, 1) + 1) * HALF_RANGE).round().byte().cpu().numpy()
