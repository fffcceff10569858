"""Sample videos to look at: truth beside generated with the sound, and the contact sheet."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from s2r.core.files import atomic_path
from s2r.core.media.encode import write_video
from s2r.core.progress import progress
from s2r.core.shards import Shards
from s2r.core.units import FRAME_RATE, HOP, SAMPLE_RATE
from s2r.generation.generated_file import read_generated
from s2r.report.captions import PHANTOM
from s2r.report.contact_sheet import contact_sheet
from s2r.report.scores_table import best_model, label, rank
from s2r.report.strips import PAPER, repeat_pixels, text_box


def write_samples(
    *,
    generated: Mapping[tuple[str, str], str | Path],
    scores: str | Path,
    frame_shards: Sequence[str | Path],
    folder: str | Path,
    videos: int = 1,
    synthetic: bool = False,
) -> None:
    """Write ``contact_sheet.png`` and ``{system}/{set}/{recording}.mp4`` into ``folder``.

    ``generated`` is {(system, set): generated file}; ``scores`` is the long table, which picks
    the model on the sheet: the one whose draws have the lowest error. ``videos`` recordings a
    set and model become videos. The folder appears whole or not at all. Raises UserError where
    a generated file or recording is missing, or where there is nothing to show.
    """
    frames = Shards(frame_shards)
    files: dict[str, dict[str, str | Path]] = {}
    for (system, set_name), path in generated.items():
        files.setdefault(system, {})[set_name] = path
    best = best_model(pd.read_csv(scores, keep_default_na=False))
    comment = "synthetic: a numerical phantom, not a person" if synthetic else None
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        sheet = temporary / "contact_sheet.png"
        contact_sheet(sheet, _sheet_rows(files, best), frames, note=PHANTOM if synthetic else "")
        for system in progress([s for s in files if rank(s) > rank("regression")], "looks"):
            for set_name, path in files[system].items():
                with read_generated(path) as content:
                    for recording in content.rollouts[:videos]:
                        target = temporary / system / set_name / f"{recording}.mp4"
                        video = content.rollout(recording).draws[0]
                        side_by_side(target, recording, frames, video, name=system, comment=comment)


def side_by_side(
    path: str | Path,
    recording: str,
    frames: Shards,
    video: np.ndarray,
    *,
    name: str,
    comment: str | None = None,
    scale: int = 4,
) -> None:
    """Write an mp4 with the truth on the left, ``video`` (T, H, W) uint8 right, and the sound."""
    truth = frames.read(recording, "frames")
    audio = frames.read(recording, "audio")
    length = min(len(truth), len(video))
    height, width = scale * truth.shape[1], scale * truth.shape[2]
    gap, top = 2 * scale, 26
    picture = np.full((length, top + height, 2 * width + gap), PAPER, dtype=np.uint8)
    picture[:, top:, :width] = repeat_pixels(truth[:length], scale)
    picture[:, top:, width + gap :] = repeat_pixels(video[:length], scale)
    picture[:, :top, :width] = text_box("truth", width, top)
    picture[:, :top, width + gap :] = text_box(f"generated: {name}", width, top)
    sound = audio[: length * HOP]
    options = {"crf": 20, "preset": "superfast", "comment": comment}
    write_video(path, picture, FRAME_RATE, sound, SAMPLE_RATE, **options)


def _sheet_rows(files: Mapping[str, Mapping], best: str | None) -> list[tuple]:
    """The best model (one draw, mean of draws), its regression, the copied frame: what exists."""
    rows = []
    if best in files:
        rows.append((f"{best}\none draw", files[best], False))
        rows.append((f"{best}\nmean of draws", files[best], True))
    regressions = [system for system in files if rank(system) == rank("regression")]
    own = [system for system in regressions if best and system == f"regression-{best}"]
    for system in [*(own or regressions)[:1], "copied_frame"]:
        if system in files:
            rows.append((label(system), files[system], False))
    return rows
