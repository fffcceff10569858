"""Keys of the recurrent regression, a field baseline; code that uses a block takes its class."""

from s2r.config.keys import UniqueTexts, block, inherited, key
from s2r.config.schedule import Schedule, Seeded, Seeds, SegmentSchedule


@block
class RecurrentRows:
    """Which recurrent regressions are scored."""

    encoders: UniqueTexts = key(
        ("whisper-tiny.en",),
        "Encoders that get a row, as a list of names; [] for no such row.",
    )
    seeds: Seeds | None = key(None, "Seeds of their trainings; null for the shared list seeds.")


@block
class RecurrentConfig:
    """Shape of the recurrent network."""

    hidden: int = key(128, "Units of each layer, in each direction.", ge=1, le=4096)
    layers: int = key(2, "Layers, one on the other.", ge=1, le=16)
    dropout: float = key(
        0.3, "Share of each layer's outputs that are zeroed in training.", ge=0, lt=1
    )


@block
class RecurrentSchedule(SegmentSchedule):
    """How a recurrent regression is trained; the weights of the best validation are kept."""

    clips: int = inherited(Schedule, "clips", 3200)
    batch: int = inherited(Schedule, "batch", 8)
    segment: int = inherited(SegmentSchedule, "segment", 100)
    learning_rate: float = inherited(Schedule, "learning_rate", 0.003)
    warmup_clips: int = inherited(Schedule, "warmup_clips", 200)
    validate_clips: int = inherited(Schedule, "validate_clips", 400)
    speech_dimensions: int = key(192, "Directions of the embeddings that are kept.", ge=1, le=4096)
    components: int = key(
        96,
        "Principal components of the change from the first frame that are predicted.",
        ge=1,
        le=1024,
    )


@block
class RecurrentTraining(RecurrentSchedule, Seeded):
    """One training of a recurrent regression."""


@block
class RecurrentBlock(RecurrentSchedule, RecurrentConfig, RecurrentRows):
    """A recurrent regression (bidirectional LSTM) from embeddings to frames, a field baseline."""
