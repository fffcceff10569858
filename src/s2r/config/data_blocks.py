"""Keys of the stages before the models: folders, corpus, recordings, frames, split."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from s2r.config.keys import (
    FilePath,
    NonEmptyText,
    Unique,
    UniqueTexts,
    block,
    key,
)
from s2r.core.units import LARGEST_SEED

PathText = Annotated[
    str,
    Field(pattern=r"^(<results>)?[^{}<>~\x00-\x1f]+\Z"),
]
Percent = Annotated[float, Field(ge=0, le=100)]
Suffix = Annotated[
    str,
    Field(pattern=r"^\.[A-Za-z0-9]+\Z", description="a suffix is a dot and letters or digits"),
    AfterValidator(str.lower),
]
Offset = Annotated[float, Field(ge=-10, le=10)]
Articulator = Literal[
    "tongue", "upper_lip", "lower_lip", "jaw", "velum", "palate", "pharynx", "larynx"
]
VOLUME_SUFFIXES = (".mat", ".h5", ".hdf5", ".mrd")
"""Of files that hold arrays of frames."""
StimulusCount = Annotated[int, Field(ge=0)]


@block
class PathVars:
    """Folders of the outputs (Snakemake's path variables).

    logs and benchmarks are in results unless named here.
    """

    results: str = key(
        "results",
        "Folder of all results, without braces, angle brackets and ~; give each experiment its own "
        "to keep them side by side.",
        pattern=r"^[^{}<>~\x00-\x1f]+\Z",
    )
    logs: PathText = key(
        "<results>/logs", "Folder of the logs, with <results> for the folder of all results."
    )
    benchmarks: PathText = key(
        "<results>/benchmarks", "Folder of each job's time and memory, with <results> as above."
    )


@block
class PhantomBlock:
    """Read for kind phantom only."""

    profile: Literal["default", "tiny", "paper"] = key(
        "default",
        "default (24 speakers, 13 recordings each), tiny (3 speakers, about 36 s of speech, for "
        "tests) or paper (75 speakers, all stimuli, about a second each, with missing, truncated "
        "and empty ones).",
    )
    seed: int = key(1, "Seed of speakers and recordings.", ge=0, le=LARGEST_SEED)
    voices: str | None = key(
        None,
        "Folder with a folder for each of others' voices: recordings with TextGrids, whose phones "
        "drive the tract in six further recordings of each subject, for training only; null: none "
        "(docs/real-speech.md).",
        min_length=1,
    )


@block
class VolumesBlock:
    """Arrays of frames in MATLAB and HDF5 files; docs/own-corpus.md says how they are read."""

    dataset: str | None = key(
        None,
        "Name of the array in the file (HDF5: its path); null finds it.",
        min_length=1,
    )
    axes: Literal["thw", "twh", "htw", "wth", "hwt", "wht"] | None = key(
        None,
        "Its axes in their order: t time, h height, w width. null: the two axes of equal length "
        "are height and width, else time is the last axis in MATLAB files and the first in others.",
    )
    frame_rate: float | None = key(
        None, "Frames per second; null reads it from each file.", "Hz", gt=0, le=10_000
    )


@block
class FolderBlock:
    """Read for kind folder only."""

    pattern: str = key(
        "(?P<subject>[^/]+)/(?P<stimulus>[^/]+)",
        "Regular expression that matches the whole path of a file below corpus.path, without "
        "suffix; groups subject and stimulus, optionally repetition and style.",
    )
    suffixes: Annotated[tuple[Suffix, ...], Unique] = key(
        (".mp4", ".avi", ".mov", ".mkv", ".webm"),
        "Suffixes of the video files; .mat, .h5, .hdf5 and .mrd are read as arrays of frames.",
        min_length=1,
    )
    volumes: VolumesBlock = key(VolumesBlock, "Arrays of frames in .mat, .h5, .hdf5 and .mrd.")


@block
class ContoursBlock:
    """Contours of articulators on frames of your own recordings, traced by hand or by a program."""

    path: FilePath | None = key(
        None,
        "File, or folder of files, with contours (.csv, .mat, .h5 or .hdf5); null for none. "
        "docs/own-corpus.md says what a file holds.",
    )
    unit: Literal["pixels", "mm"] = key(
        "pixels", "Unit of the points; x to the right, y down, from the upper left corner."
    )
    pixel_mm: float | None = key(
        None,
        "Width of a pixel of the recordings as they are stored; needed with path.",
        "mm",
        gt=0,
        le=20,
    )
    first_frame: int = key(0, "Number of the first frame of a recording in the files.", ge=0, le=1)
    first_pixel: Literal[0, 0.5, 1] = key(
        0.5,
        "Coordinate of the centre of the upper left pixel, for points in pixels: 0.5 where the "
        "corner of the picture is (0, 0), 0 in most programs, 1 in MATLAB.",
    )
    articulators: dict[str, Articulator] = key(
        dict,
        "Names of articulators in the files, and which they are: tongue, upper_lip, lower_lip, "
        "jaw, velum, palate, pharynx or larynx. Files that use these names need none.",
    )


@block
class CorpusBlock:
    """Which recordings."""

    kind: Literal["phantom", "usc75", "folder"] = key(
        "phantom",
        "phantom (synthetic, written to data/phantom or, with voices, data/phantom_voices), "
        "usc75 (layout of the USC 75-speaker corpus) "
        "or folder (any folder of videos).",
    )
    path: FilePath | None = key(
        None,
        "Folder of the recordings, from where snakemake is called; null for the phantom.",
    )
    metafile: FilePath | None = key(
        None,
        "File with notes on the recordings of usc75; null looks for metafile_public_20210129.json "
        "in corpus.path and one folder above.",
    )
    expected_subjects: int | None = key(
        None,
        "Fewest subjects in corpus.path; with fewer the job stops, since the corpus was not "
        "unpacked completely. null takes any number.",
        ge=1,
    )
    silent: Literal["defect", "use"] = key(
        "defect",
        "Recordings without sound, or whose sound is below recordings.silence_threshold: defect "
        "leaves them out, use fits the articulation codes of preset s2r to their pictures too.",
    )
    contours: ContoursBlock = key(
        ContoursBlock, "Your own contours of articulators, by which videos are scored in mm."
    )
    phantom: PhantomBlock = key(PhantomBlock, "Read for kind phantom only.")
    folder: FolderBlock = key(FolderBlock, "Read for kind folder only.")


@block
class ShardsBlock:
    """How recordings are shared among jobs."""

    shards: int = key(
        2, "Number of files that frames and embeddings are written to; one job each.", ge=1, le=1000
    )


@block
class Limits:
    """What a usable recording must keep to.

    A sound recording of the USC corpus is known to run 0.66 s longer than its 29.9 s of video, in
    step from the start: a tolerance of 1 s lets such files through (both are cut to the shorter)
    and stops wrong pairs.
    """

    length_tolerance: float = key(
        1.0,
        "Largest difference between the lengths of sound and video; beyond it a recording is a "
        "defect.",
        "s",
        ge=0,
    )
    silence_threshold: float = key(
        -60,
        "Root mean square, without what lies below 200 Hz (offset, hum), below which the sound "
        "counts as silent.",
        "dB re full scale",
        ge=-200,
        le=-20,
    )
    minimum_frames: int = key(
        20,
        "Fewest frames that sound and video of a usable recording share; an evaluation clip has 20 "
        "with those before it.",
        "frames of 20 ms",
        ge=1,
    )


@block
class NotesBlock:
    """Which recordings are left out by their notes."""

    exclude_notes: Annotated[tuple[NonEmptyText, ...], Unique] = key(
        (),
        "Regular expressions; recordings of usc75 whose note in the metafile matches one are left "
        "out.",
    )


@block
class TimingBlock:
    """Where picture and sound of a recording begin."""

    onset_trim: float = key(
        0,
        "Cut from the start of every recording (the scanner's steady state takes about 1.5 s on "
        "USC data).",
        "s",
        ge=0,
        le=60,
    )
    audio_offset: Offset | Annotated[str, Field(pattern="^estimate$")] = key(
        0,
        "Delay of the sound against the video; positive where the sound comes late in the file. "
        "estimate takes each recording's own (results/offsets.csv) where it is sure and at least "
        "0.02 s.",
        "s",
    )


@block
class RecordingsBlock(TimingBlock, NotesBlock, Limits, ShardsBlock):
    """Which recordings are usable, and how they are shared among jobs."""


@block
class FramesBlock:
    """The pictures that the networks see."""

    size: int = key(64, "Height and width.", "pixels", ge=16, le=512, multiple_of=4)
    rate: Literal[50] = key(
        50,
        "Frames per second. Embeddings come at 50 per second, so other rates are not supported.",
        "Hz",
    )
    percentiles: tuple[Percent, ...] = key(
        (0.5, 99.5),
        "Percentiles of a recording's grey values that become black and white.",
        "%",
        min_length=2,
        max_length=2,
    )
    interpolation: Literal["linear", "nearest"] = key(
        "linear", "Between source frames in time, linear or nearest."
    )


@block
class SplitBlock:
    """What is held out. Subjects and stimuli never cross between training and test."""

    seed: int = key(1, "Seed of the draw.", ge=0, le=LARGEST_SEED)
    unseen_subjects: int = key(
        6, "Number of held-out subjects; 0 for a single-speaker corpus.", ge=0
    )
    unseen_stimuli: UniqueTexts | StimulusCount = key(
        ("topic1", "topic2"), "Held-out stimuli, as a list of names, or as a number to draw."
    )
    validation_stimuli: UniqueTexts | StimulusCount = key(
        ("picture1",),
        "Stimuli that follow the training, as a list of names, or as a number to draw.",
    )
    training_styles: Annotated[tuple[Literal["scripted", "spontaneous"], ...], Unique] = key(
        ("scripted",), "Speaking styles to train on.", min_length=1
    )
