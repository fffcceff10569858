"""Sample videos: truth beside generated with the sound, and the contact sheet."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from s2r.config.systems import Kind, mean_system
from s2r.core.files import atomic_path
from s2r.core.media.encode import write_video
from s2r.core.origin import GENERATED, marks, video_tags
from s2r.core.progress import progress
from s2r.core.units import FRAME_RATE, HOP, SAMPLE_RATE
from s2r.generation.generated_file import kind_of, read_generated
from s2r.preparation.recordings import RecordingSet
from s2r.report.captions import PHANTOM
from s2r.report.contact_sheet import SheetRow, contact_sheet
from s2r.report.scores_table import reader_name
from s2r.report.strips import PAPER, repeat_pixels, text_box

SCALE = 4
"""Pixels of a video for one pixel of a frame."""


def write_samples(
    recordings: RecordingSet,
    *,
    generated: Mapping[tuple[str, str], str | Path],
    best: str,
    folder: str | Path,
    videos: int = 1,
    synthetic: bool = False,
) -> None:
    """Write ``contact_sheet.png`` and ``{system}/{set}/{recording}.mp4`` into ``folder``.

    ``generated`` is {(system, set): generated file}; ``best`` is the trained system on the sheet
    (`s2r.report.best`). ``videos`` recordings a set and trained system become videos. The folder
    appears whole or not at all. Raises UserError where a generated file or recording is missing,
    or where there is nothing to show.
    """
    files: dict[str, dict[str, str | Path]] = {}
    for (system, set_name), path in generated.items():
        files.setdefault(system, {})[set_name] = path
    kinds = {system: kind_of(next(iter(by_set.values()))) for system, by_set in files.items()}
    trained = [system for system, kind in kinds.items() if kind in (Kind.MODEL, Kind.RECURRENT)]
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        sheet = temporary / "contact_sheet.png"
        rows = _sheet_rows(files, kinds, best)
        contact_sheet(sheet, rows, recordings, PHANTOM if synthetic else "")
        for system in progress(trained, "samples"):
            for set_name, path in files[system].items():
                with read_generated(path) as content:
                    tags = video_tags(_marks(system, content.attributes, synthetic))
                    for recording in content.rollouts[:videos]:
                        target = temporary / system / set_name / f"{recording}.mp4"
                        video = content.rollout(recording).draws[0]
                        side_by_side(target, recording, recordings, video, name=system, tags=tags)


def side_by_side(
    path: str | Path,
    recording: str,
    recordings: RecordingSet,
    video: np.ndarray,
    *,
    name: str,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Write an mp4 with the truth on the left, ``video`` (T, H, W) uint8 right, and the sound.

    ``tags``: metadata of the file, see `VideoWriter`.
    """
    truth, audio = recordings.video(recording), recordings.audio(recording)
    length = min(len(truth), len(video))
    height, width = SCALE * truth.shape[1], SCALE * truth.shape[2]
    gap, top = 2 * SCALE, 26
    picture = np.full((length, top + height, 2 * width + gap), PAPER, dtype=np.uint8)
    picture[:, top:, :width] = repeat_pixels(truth[:length], SCALE)
    picture[:, top:, width + gap :] = repeat_pixels(video[:length], SCALE)
    picture[:, :top, :width] = text_box("truth", width, top)
    picture[:, :top, width + gap :] = text_box(f"generated: {name}", width, top)
    sound = audio[: length * HOP]
    options = {"crf": 20, "preset": "superfast", "tags": tags}
    write_video(path, picture, FRAME_RATE, sound, SAMPLE_RATE, **options)


def _marks(system: str, attributes: Mapping[str, object], synthetic: bool) -> dict:
    """The marks of a sample video of ``system``, from those of its generated file."""
    left = "a numerical phantom, not a person" if synthetic else "a recording"
    about = marks(f"right: {GENERATED}; left: {left}", system)
    kept = ("model_sha256", "seed", "version", "commit")
    # The version and the commit that generated it, which may be earlier ones.
    return about | {key: attributes[key] for key in kept if key in attributes}


def _sheet_rows(
    files: Mapping[str, Mapping], kinds: Mapping[str, Kind], best: str
) -> list[SheetRow]:
    """The best model (one draw, mean of draws), its own mean, the copied frame: what exists.

    Where the best model has none, the first mean or regression is shown. A regression that is the
    best has one video, which is its mean.
    """
    rows = []
    if kinds.get(best) == Kind.MODEL:
        rows.append(SheetRow(f"{best}\none draw", files[best]))
        rows.append(SheetRow(f"{best}\nmean of draws", files[best], mean=True))
    means = [s for s, kind in kinds.items() if kind in (Kind.MEAN, Kind.RECURRENT)]
    for own in (best, mean_system(best)):
        if own in means:
            means = [own]
    copied = [system for system, kind in kinds.items() if kind == Kind.COPIED_FRAME]
    for system in [*means[:1], *copied]:
        rows.append(SheetRow(reader_name(system), files[system]))
    return rows
