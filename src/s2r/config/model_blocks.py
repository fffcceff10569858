"""Keys of encoders, models, trainings and sampling; code that uses a block takes its class."""

import math
from typing import Annotated, Literal

from pydantic import Field

from s2r.config.keys import NO_DEFAULT, block, inherited, key, overrides
from s2r.config.schedule import Schedule, Seeded, Seeds, SegmentSchedule
from s2r.config.window_blocks import DenoiserBlock, ModelBlock, TrainingBlock, WindowBlock

Sigma = Annotated[float, Field(ge=0, allow_inf_nan=True)]
LayerNumber = Annotated[int, Field(ge=0, le=1000)]
Layers = LayerNumber | Annotated[tuple[LayerNumber, ...], Field(min_length=1, max_length=16)]
Dilations = Annotated[
    tuple[Annotated[int, Field(ge=1, le=512)], ...], Field(min_length=1, max_length=16)
]


@block
class AutoencoderBlock:
    """Articulation codes of frames, once a corpus, shared by all runs of preset s2r."""

    codes: int = key(
        48,
        "Numbers that describe a frame: principal components of the change from the reference "
        "frame, at the places of a template.",
        ge=1,
        le=512,
    )


@block
class MeanNetwork:
    """Shape of the network that predicts the mean codes of an utterance."""

    hidden: int = key(192, "Channels.", ge=8, le=4096)
    dilations: Dilations = key(
        (1, 2, 4, 8, 16),
        "Distance between the three frames that a layer looks at; one layer an entry. Their sum is "
        "the number of frames on each side that a frame's codes depend on.",
        "frames of 20 ms",
    )
    dropout: float = key(
        0.25, "Share of each layer's outputs that are zeroed in training.", ge=0, lt=1
    )


@block
class MeanSchedule(SegmentSchedule):
    """How that network is trained, on random segments of recordings."""

    ema_length: float = key(
        0.05, "Relative length of the average over weights (Karras et al. 2024).", gt=0, le=0.28
    )
    speech_dimensions: int = key(192, "Directions of the embeddings that are kept.", ge=1, le=4096)
    speech_dropout: float = key(
        0.2, "Share of the embeddings' values that are zeroed in training.", ge=0, lt=1
    )
    sound_copies: int = key(
        0,
        "Copies of each training recording with changed sound (room, noise, microphone, level) to "
        "train on as well, so that other voices and recordings are understood better.",
        ge=0,
        le=20,
    )
    speaker_noise: float = key(
        0.3,
        "Noise on the code of the reference frame, relative to its deviation among speakers: more "
        "for fewer speakers, so that these are not learned by heart.",
        ge=0,
        le=10,
    )
    anatomy_change: float = key(
        0.0,
        "Size of random smooth displacements of the training subjects' anatomy (standard "
        "deviation, relative to the side of the picture), 0 for none. With 0.004 the mean errs "
        "less for unseen subjects and more for known ones, by a few per cent.",
        ge=0,
        le=0.03,
    )
    random_references: float = key(
        0.1,
        "Share of segments whose reference frame is any frame of the recording instead of one at "
        "rest.",
        ge=0,
        le=1,
    )
    folds: int = key(
        2,
        "Parts of the training set, by stimulus; what is left of each is measured with a network "
        "trained on the others.",
        ge=2,
        le=20,
    )
    fold_share: float = key(
        0.12, "Length of their training, relative to clips; longer leaves less.", gt=0, le=1
    )


@block
class MeanTraining(MeanSchedule, Seeded):
    """One training of that network."""


@block
class MeanBlock(MeanSchedule, MeanNetwork):
    """The network that predicts the mean codes of an utterance, for runs of preset s2r."""


@block
class ResidualNetwork:
    """Shape of the denoiser."""

    hidden: int = key(96, "Channels.", ge=8, le=4096)
    dilations: Dilations = key((1, 2, 4, 8), "As in block mean.", "frames of 20 ms")


@block
class ResidualSchedule(SegmentSchedule):
    """How the denoiser is trained."""

    clips: int = inherited(Schedule, "clips", 10_800)
    batch: int = inherited(Schedule, "batch", 8)
    learning_rate: float = inherited(Schedule, "learning_rate", 0.003)
    validate_clips: int = inherited(Schedule, "validate_clips", 2160)
    ema_length: float = key(
        0.1, "Relative length of the average over weights (Karras et al. 2024).", gt=0, le=0.28
    )
    sigma_mean: float = key(-0.2, "Mean of log(sigma) in training, natural logarithm.", ge=-5, le=5)
    sigma_spread: float = key(1.2, "Standard deviation of log(sigma) in training.", gt=0, le=3)
    speech_dropout: float = key(0.1, "Share of segments without speech, for guidance.", ge=0, le=1)


@block
class ResidualTraining(ResidualSchedule, Seeded):
    """One training of the denoiser."""


@block
class ResidualBlock(ResidualSchedule, ResidualNetwork):
    """Diffusion of what the mean codes leave of the true ones, for runs of preset s2r."""


@block
class SamplerConfig:
    """How videos are drawn from a model, shared by all runs.

    Noise levels are in units in which the data have a standard deviation of 0.5.
    """

    solver: Literal["dpm_solver", "heun", "stochastic_heun"] = key(
        "dpm_solver",
        "dpm_solver (DPM-Solver++(2M)), heun or stochastic_heun (the paper's).",
    )
    steps: int = key(4, "Noise levels above zero.", ge=1, le=1000)
    sigma_min: float = key(0.15, "Lowest noise level.", ge=1e-4, le=1000)
    sigma_max: float = key(8.0, "Highest noise level.", ge=1e-4, le=1000)
    spacing: Literal["log", "karras"] = key("log", "log (equal ratios) or karras (rho = 7).")
    churn: float = key(
        0, "Noise put back by stochastic_heun (S_churn of Karras et al. 2022).", ge=0, le=1000
    )
    guidance_scale: float = key(
        1,
        "Weight of the speech against no speech (classifier-free guidance); 1 is no guidance.",
        ge=0,
        le=100,
    )
    guidance_interval: tuple[Sigma, ...] = key(
        (0, math.inf),
        "Noise levels between which guidance acts (Kynkäänniemi et al. 2024).",
        min_length=2,
        max_length=2,
    )


@block
class EncoderLabel:
    """How an encoder is named in tables."""

    size: str = key("-", "Label for the column size of Table I, such as base or large.")


@block
class EncoderKeys:
    """Which frozen speech encoder: everything that decides its embeddings."""

    kind: str = key(
        NO_DEFAULT,
        "logmel (no network), whisper (Whisper's encoder), huggingface (wav2vec 2.0, HuBERT, "
        "WavLM), or a kind that an installed package adds.",
        min_length=1,
    )
    model: str | None = key(
        None,
        "Hub name or local folder of the checkpoint; kind whisper has tiny.en without one.",
        min_length=1,
    )
    revision: str | None = key(
        None, "Branch, tag or commit of the model on the hub; null for its main branch."
    )
    layer: Annotated[str, Field(pattern="^top$")] | Layers = key(
        "top", "Layer to take: top, a number from 0 (the input of the first), or a list to join."
    )


@block
class EncoderBlock(EncoderLabel, EncoderKeys):
    """Frozen speech encoders by name. null removes one that an earlier file defined."""


@block
class RunBlock:
    """Models to train, by name. null removes one that an earlier file defined."""

    encoder: str = key(NO_DEFAULT, "Name of one of the encoders.")
    pooling: bool = key(
        NO_DEFAULT,
        "Whether every frame of a window is given only the mean of the window's embeddings.",
    )
    preset: str = key(
        NO_DEFAULT,
        "s2r (articulation codes of whole utterances), paper (the published set-up), or a model "
        "that an installed package adds.",
        min_length=1,
    )
    seeds: Seeds | None = key(None, "Seeds of its trainings; null for the shared list seeds.")
    mean: overrides(MeanBlock) = key(dict, "Settings that differ from the shared block mean.")
    residual: overrides(ResidualBlock) = key(
        dict, "Settings that differ from the shared block residual."
    )
    window: overrides(WindowBlock) = key(dict, "Settings that differ from the shared block window.")
    model: overrides(ModelBlock) = key(dict, "Settings that differ from the shared block model.")
    denoiser: overrides(DenoiserBlock) = key(
        dict, "Settings that differ from the shared block denoiser."
    )
    training: overrides(TrainingBlock) = key(
        dict, "Settings that differ from the shared block training."
    )
    sampler: overrides(SamplerConfig) = key(
        dict, "Settings that differ from the shared block sampler."
    )
    settings: dict = key(dict, "Settings of a model that an installed package adds.")
