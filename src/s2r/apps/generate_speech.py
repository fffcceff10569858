"""The command ``generate``: the videos of one or several files of speech."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from s2r import __version__
from s2r.apps.models import checked_seed, chosen_probe, place_of
from s2r.apps.output_names import output_names
from s2r.apps.overlay import ContourOverlay
from s2r.core.device import find_device
from s2r.core.errors import UserError
from s2r.core.outputs import check_outputs
from s2r.core.progress import say
from s2r.generation.appearance import Appearance
from s2r.generation.folder_content import CONFIG, PROBE, read_content
from s2r.generation.model_folder import SpeechModel, load_model_folder
from s2r.generation.speaker import frames_config, reference_frame, sampled_as
from s2r.generation.speech_file import generate_file, warn
from s2r.preparation.frames import prepare_video


@dataclass(frozen=True)
class Files:
    """What is written for one file of speech."""

    speech: Path
    video: Path
    gif: Path | None
    frames: Path | None

    @property
    def outputs(self) -> list[Path]:
        return [path for path in (self.video, self.gif, self.frames) if path]


def generate(
    speech: Sequence[Path],
    output: Path | None = None,
    *,
    model: str | Path | None = None,
    device: str = "auto",
    speaker: str | None = None,
    reference: Sequence[Path] = (),
    force: bool = False,
    seed: int | None = None,
    preset: str | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    clean: bool = False,
    size: int = 256,
    side_by_side: Path | None = None,
    label: bool = False,
    overlay: bool = False,
    probe: Path | None = None,
    slow: Fraction = Fraction(1),
    gif: bool = False,
    save: Path | None = None,
    overwrite: bool = False,
) -> list[Path]:
    """Generate the video of each sound file; returns their paths.

    ``output`` and ``save`` are files, or folders that exist (`output_names`); all other options as
    of the command line. Without a ``seed`` it is 0. Nothing is generated where any output may not
    be written. Where one of several files cannot be generated this is said, and the others are.

    Raises UserError for a seed where the model draws nothing, where an output is an input or,
    without ``overwrite``, a file that was not written here, and for files without a video.
    """
    files = _files(speech, output, gif, save)
    if side_by_side and len(speech) > 1:
        raise UserError("--side-by-side shows one true video: give one file of speech.")
    folder = place_of(model).folder
    own = [folder / name for name in (CONFIG, *read_content(folder).files)]
    overlay = overlay or probe is not None
    probe = chosen_probe(probe, folder / PROBE if folder / PROBE in own else None)
    inputs = [*speech, *reference, *filter(None, [side_by_side, overlay and probe]), *own]
    check_outputs([path for each in files for path in each.outputs], inputs, overwrite)
    contours = ContourOverlay(probe) if overlay else None
    loaded = load_model_folder(folder, find_device(device))
    seed = checked_seed(loaded, seed)
    loaded = sampled_as(loaded, preset, steps, guidance, clean)
    reference_picture = reference_frame(loaded, speaker, reference, force, warn)
    appearance = Appearance(
        size=size,
        label=label_of(loaded, seed) if label else "",
        overlay=contours,
        slow=slow,
        truth=prepare_video(side_by_side, frames_config(loaded)) if side_by_side else None,
    )
    failed = []
    for each in files:
        try:
            _generate_one(each, loaded, reference_picture, seed, appearance)
        except UserError as error:
            if len(files) == 1:
                raise
            say(f"Error: {error}")
            failed.append(str(each.speech))
    if failed:
        raise UserError(
            f"{len(failed)} of {len(files)} files of speech have no video, see above: "
            f"{', '.join(failed)}."
        )
    return [each.video for each in files]


def label_of(model: SpeechModel, seed: int) -> str:
    """The text that ``--label`` puts into the picture: two lines."""
    drawn = f", seed {seed}" if model.model.draws else ""
    return f"synthetic (s2r {__version__})\n{model.name} {model.checksum[:8]}{drawn}"


def _files(
    speech: Sequence[Path], output: Path | None, gif: bool, save: Path | None
) -> list[Files]:
    """The files to read and to write. Raises UserError, see `output_names`."""
    for source in speech:
        if not source.is_file():
            raise UserError(f"{source}: there is no such file.")
    videos = output_names(speech, output, ".mp4")
    frames: list[Path | None] = [None] * len(speech)
    if save and (len(speech) > 1 or save.is_dir()):
        frames = [*output_names(speech, save, ".h5")]
    elif save:
        frames = [save]
    gifs = [video.with_suffix(".gif") if gif else None for video in videos]
    return [Files(*each) for each in zip(speech, videos, gifs, frames, strict=True)]


def _generate_one(
    files: Files, loaded: SpeechModel, reference, seed: int, appearance: Appearance
) -> None:
    """Generate one video, and say how long it is."""
    remarks: list[str] = []

    def on_remark(sentence: str) -> None:
        warn(sentence)
        remarks.append(sentence)

    frames = generate_file(
        files.speech,
        files.video,
        loaded,
        reference,
        seed=seed,
        appearance=appearance,
        frames_path=files.frames,
        gif_path=files.gif,
        on_remark=on_remark,
    )
    made = f"{files.video}: {frames / loaded.frame_rate:.2f} s by {loaded.name}"
    at_rest = any("is silent" in remark for remark in remarks)
    print(f"{made}{', at rest, since the sound is silent' * at_rest}", file=sys.stderr)
