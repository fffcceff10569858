"""How long, how fast and how often a network is trained: the keys that all trainings share."""

from typing import Annotated

from pydantic import Field

from s2r.config.keys import Unique, block, key
from s2r.core.units import LARGEST_SEED

LONGEST = 10**12
"""Clips: counts that 64 bits hold, with whatever is added to them."""


@block
class Schedule:
    """Lengths are counted in clips: segments of recordings, or windows of preset paper."""

    clips: int = key(
        8800,
        "Length of the training; a clip is a segment of a recording, in preset paper a window.",
        "clips",
        ge=1,
        le=LONGEST,
    )
    batch: int = key(16, "Clips per step.", ge=1, le=4096)
    learning_rate: float = key(0.004, "Largest learning rate.", gt=0, le=1)
    warmup_clips: int = key(
        800, "Rise of the learning rate before it falls along a cosine.", "clips", ge=0, le=LONGEST
    )
    weight_decay: float = key(0.01, "Decay of the weights (AdamW).", ge=0, le=1)
    validate_clips: int = key(
        1760, "Distance of validations and checkpoints.", "clips", ge=1, le=LONGEST
    )


@block
class SegmentSchedule(Schedule):
    """How a network is trained on random segments of recordings."""

    segment: int = key(
        60,
        "Length of a segment; a shorter recording goes on with its last frame.",
        "frames of 20 ms",
        ge=1,
        le=3000,
    )


@block
class Seeded:
    """What one of several trainings with the same keys has of its own; see ``Seeds``."""

    seed: int = key(0, "Seed of weights, clips, noise and dropout.", ge=0, le=LARGEST_SEED)


Seeds = Annotated[
    tuple[Annotated[int, Field(ge=0, le=LARGEST_SEED)], ...], Unique, Field(min_length=1)
]
"""Seeds of the trainings of a row: it is trained once with each of them."""
