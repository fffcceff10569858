"""Keys of the stages after the models: evaluation, words, rating, the released protocol."""

from s2r.config.keys import FilePath, Texts, UniqueTexts, block, key
from s2r.core.units import LARGEST_SEED


@block
class GenerationConfig:
    """How much is generated for evaluation."""

    draws: int = key(3, "Samples per video; their mean is scored too.", ge=1, le=1000)
    clips: int = key(20, "Clips of 10 frames per test set, for the Fréchet distance.", ge=2)
    recordings: int | None = key(
        14,
        "Recordings of a test set that are generated whole and scored, of all subjects and stimuli "
        "alike; null for all.",
        ge=1,
    )
    batch: int = key(16, "Videos generated side by side.", ge=1, le=4096)
    seed: int = key(0, "Seed of the samples and of the bootstrap.", ge=0, le=LARGEST_SEED)


@block
class ScoringBlock:
    """How it is scored."""

    resamples: int = key(
        2000, "Bootstrap resamples of the recordings behind every interval.", ge=100, le=1_000_000
    )
    agreement_steps: int | None = key(
        400,
        "Training steps of the instrument that says whether a video belongs to its sound; null "
        "leaves this measure out.",
        ge=1,
        le=1_000_000,
    )
    i3d: FilePath | None = key(
        None,
        "Your own weights of the Fréchet distance's network; null fetches those of Kinetics-400.",
    )


@block
class EvaluationBlock(ScoringBlock, GenerationConfig):
    """What is generated and scored."""


@block
class WordsBlock:
    """Single words and VCVs, cut out of recordings and scored."""

    stimuli: Texts = key(
        ("bvt", "vcv1", "vcv2", "vcv3"), "Stimuli whose recordings are cut into words."
    )
    transcripts: dict[str, str | None] = key(
        lambda: {"bvt": "bite bat beat bird bit boat bought butte"},
        "What is said in the stimulus, in order, as words; AA-T-AA spells one in phones.",
    )
    singles: int | None = key(
        0,
        "Words and VCVs of each test set that every run generates on their own too; null for all.",
        ge=0,
    )


@block
class SpeechBlock:
    """Speech of people whom nobody filmed, by which a model is judged (real_speech.csv)."""

    path: FilePath | None = key(
        None,
        "Folder with a folder of recordings for each voice, and beside each recording a TextGrid "
        "or a .txt with what is said; null for none.",
    )


@block
class RatingBlock:
    """The clips of the human rating study."""

    words: UniqueTexts = key(
        ("bite", "bat", "beat", "bird", "bit", "boat", "bought", "butte"),
        "Words to rate, each in equal numbers of real and generated clips.",
        min_length=1,
    )
    run: str | None = key(
        None,
        "Run or recurrent regression that generated the clips; null for the one with the lowest "
        "validation error.",
    )
    items: int | None = key(
        None,
        "Recorded instances of each word, of all speakers alike; null for all that were generated.",
        ge=1,
    )
    practice: int = key(4, "Labelled real examples at the start, of other recorded words.", ge=0)
    attention: int = key(
        2,
        "Attention checks among the clips: a spoiled video and a labelled example in turn, whose "
        "right answers are known.",
        ge=0,
    )
    texts: FilePath | None = key(
        None,
        "File with all texts of the page, consent and instructions among them, in your language; "
        "null for the English ones.",
    )
    margin: float = key(0.2, "Shown of the recording before and after the word.", "s", ge=0, le=10)
    seed: int = key(
        0,
        "Seed of the numbers of the clips, of the examples and of the raters' orders.",
        ge=0,
        le=LARGEST_SEED,
    )


@block
class PaperCompatBlock:
    """What the paper's released code does instead, to explain its numbers."""

    split: bool = key(
        False,
        "Training is the first 60 subjects and of each the first 28 files in name order; the test "
        "sets overlap.",
    )
    condition_frame: bool = key(
        False,
        "In runs of preset paper, the given frame is the first frame of the clip itself, so "
        "rollouts repeat a frame every 200 ms.",
    )
    raw_condition: bool = key(
        False, "In runs of preset paper, the given frame is not scaled like the other frames."
    )
    batch_pooling: bool = key(
        False,
        "In runs of preset paper, pooling is over the batch axis of one recording, that is none at "
        "all.",
    )
    encoder_class: bool = key(
        False,
        "Every encoder of kind huggingface is loaded as wav2vec 2.0, which drops weights of WavLM.",
    )
    last_weights: bool = key(
        False, "Runs of preset paper keep their last weights, not the average."
    )
