"""Keys of the window model, for runs of preset paper; code that uses a block takes its class."""

from typing import Annotated, Literal

from pydantic import Field

from s2r.config.keys import block, inherited, key
from s2r.config.schedule import LONGEST, Schedule, Seeded

Width = Annotated[int, Field(ge=8, le=2048)]


@block
class WindowBlock:
    """The frames that the network sees at once, for runs of preset paper."""

    context: int = key(
        1,
        "Given frames directly before the new ones; an evaluation clip has ten before it.",
        "frames of 20 ms",
        ge=1,
        le=10,
    )
    new: int = key(
        9,
        "Frames generated at once, at most recordings.minimum_frames.",
        "frames of 20 ms",
        ge=1,
        le=1000,
    )


@block
class ModelBlock:
    """How the network is given speech, for runs of preset paper."""

    speech_radius: int = key(
        3,
        "Neighbouring embeddings given on each side of a frame; none when pooling.",
        "frames of 20 ms",
        ge=0,
        le=50,
    )


@block
class DenoiserBlock:
    """The network, for runs of preset paper."""

    channels: tuple[Width, ...] = key(
        (48, 96),
        "Channels at each resolution; every further entry halves height and width.",
        min_length=1,
        max_length=4,
    )
    patch: Literal[2, 4, 8] = key(4, "Side of the patches that are folded into channels.", "pixels")
    blocks: int = key(
        1, "Residual blocks per resolution, on the way down and on the way up.", ge=1, le=16
    )
    fine: int = key(8, "Channels at full resolution, before the last layers.", ge=1, le=256)
    attention_from: int = key(
        1, "First resolution with attention over time; 0 is the highest.", ge=0
    )
    heads: int = key(
        4, "Attention heads; must divide the channels at every resolution.", ge=1, le=64
    )
    condition: int = key(
        128, "Width of the vectors that carry noise level and speech to every block.", ge=8, le=2048
    )


@block
class TrainingBlock(Schedule):
    """The training, for runs of preset paper."""

    clips: int = inherited(Schedule, "clips", 2200)
    batch: int = inherited(Schedule, "batch", 4)
    learning_rate: float = inherited(Schedule, "learning_rate", 0.002)
    warmup_clips: int = inherited(Schedule, "warmup_clips", 200)
    validate_clips: int = key(1100, "Distance of validations.", "clips", ge=1, le=LONGEST)
    checkpoint_clips: int = key(
        500,
        "Distance of checkpoints: what is lost at most when a job is killed.",
        "clips",
        ge=1,
        le=LONGEST,
    )
    sigma_mean: float = key(-1.2, "Mean of log(sigma) in training, natural logarithm.", ge=-5, le=5)
    sigma_spread: float = key(1.2, "Standard deviation of log(sigma) in training.", gt=0, le=3)
    speech_dropout: float = key(
        0.1, "Share of clips trained without speech, for guidance.", ge=0, le=1
    )
    ema_length: float = key(
        0.1, "Relative length of the average over weights (Karras et al. 2024).", gt=0, le=0.28
    )
    speech_dimensions: int = key(192, "Directions of the embeddings that are kept.", ge=1, le=4096)


@block
class TrainingConfig(TrainingBlock, Seeded):
    """One training of that kind."""
