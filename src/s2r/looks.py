"""Pictures and videos to look at: a contact sheet, and truth beside generated with the sound."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from s2r.aggregate import best_model, rank
from s2r.clock import FRAME_RATE, SAMPLE_RATE
from s2r.errors import UserError
from s2r.files import atomic_path
from s2r.generated import read_generated
from s2r.progress import progress
from s2r.store import Shards
from s2r.table_text import PHANTOM, label
from s2r.video_writer import write_video

INK, PAPER = 20, 255
"""Grey levels of text and background."""

MARGIN, STRIP_GAP = 190, 3
"""Pixels left of the pictures of a strip, for its name, and between them."""


def write_looks(
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


def contact_sheet(
    path: str | Path,
    rows: Sequence[tuple[str, Mapping[str, str | Path], bool]],
    frames: Shards,
    *,
    columns: int = 10,
    scale: int = 2,
    note: str = "",
) -> None:
    """Write frames of one recording a set, evenly spaced in time, one system a row.

    ``rows`` holds (label, {set: path of the generated file}, whether to show the mean of the
    draws instead of the first one); the truth is put above them. Sets without recordings are
    left out. ``note`` is a line at the top. Raises UserError where there is nothing to show.
    """
    sets = list(dict.fromkeys(set_name for _, paths, _ in rows for set_name in paths))
    blocks = []
    for set_name in sets:
        recording = _first_common([paths[set_name] for _, paths, _ in rows])
        if recording is None:
            continue
        truth = frames.read(recording, "frames")
        times = np.linspace(0, len(truth) - 1, columns + 2).round().astype(int)[1:-1]
        strips = [("truth", truth[times])]
        for name, paths, mean in rows:
            with read_generated(paths[set_name]) as content:
                draws = content.rollout(recording).draws[:, times]
            strip = draws.mean(axis=0).round().astype(np.uint8) if mean else draws[0]
            strips.append((name, strip))
        heading = f"{set_name.replace('_', ' ')}: {recording}"
        blocks.append(strip_block(heading, strips, times, scale))
    if not blocks:
        raise UserError("There is no generated recording to show: no test set has recordings.")
    width = max(block.shape[1] for block in blocks)
    if note:
        blocks.insert(0, text_box(note, width, 30))
    padded = [np.pad(b, ((0, 0), (0, width - b.shape[1])), constant_values=PAPER) for b in blocks]
    with atomic_path(path) as temporary:
        Image.fromarray(np.concatenate(padded)).save(temporary)


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
    picture[:, top:, :width] = _enlarge(truth[:length], scale)
    picture[:, top:, width + gap :] = _enlarge(video[:length], scale)
    picture[:, :top, :width] = text_box("truth", width, top)
    picture[:, :top, width + gap :] = text_box(f"generated: {name}", width, top)
    sound = audio[: length * SAMPLE_RATE // FRAME_RATE]
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


def _first_common(paths: list[str | Path]) -> str | None:
    common: set[str] | None = None
    for path in paths:
        with read_generated(path) as content:
            common = set(content.rollouts) & (set(content.rollouts) if common is None else common)
    return min(common) if common else None


def strip_block(heading: str, strips: list, times: np.ndarray, scale: int) -> np.ndarray:
    """(H, W) uint8: a heading with times, then rows of frames with their names at the left."""
    size = scale * strips[0][1].shape[1]
    margin, gap = MARGIN, STRIP_GAP
    width = margin + len(times) * (size + gap)
    above = text_box(heading, width, 30)
    clock = np.full((20, width), PAPER, dtype=np.uint8)
    for column, time in enumerate(times):
        left = margin + column * (size + gap)
        clock[:, left : left + size] = text_box(f"{time / FRAME_RATE:.2f} s", size, 20, small=True)
    lines = [above, clock]
    for name, strip in strips:
        line = np.full((size + gap, width), PAPER, dtype=np.uint8)
        line[:, :margin] = text_box(name, margin, size + gap, small=True)
        for column, frame in enumerate(_enlarge(strip, scale)):
            left = margin + column * (size + gap)
            line[:size, left : left + size] = frame
        lines.append(line)
    lines.append(np.full((14, width), PAPER, dtype=np.uint8))
    return np.concatenate(lines)


def _enlarge(video: np.ndarray, scale: int) -> np.ndarray:
    return video.repeat(scale, axis=-2).repeat(scale, axis=-1)


def text_box(text: str, width: int, height: int, small: bool = False) -> np.ndarray:
    """(height, width) uint8 with the text at the left, vertically centred, broken to fit."""
    font = ImageFont.load_default(13 if small else 15)
    image = Image.new("L", (width, height), PAPER)
    draw = ImageDraw.Draw(image)
    lines = []
    for line in text.split("\n"):
        lines.append("")
        for letter in line:
            if draw.textlength(lines[-1] + letter, font=font) > width - 12:
                lines.append("")
            lines[-1] += letter
    box = draw.multiline_textbbox((0, 0), "\n".join(lines), font=font)
    top = (height - (box[3] - box[1])) // 2 - box[1]
    draw.multiline_text((6, top), "\n".join(lines), fill=INK, font=font)
    return np.asarray(image)
