"""The contact sheet: frames of one recording a set, one system a row."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from s2r.core.errors import UserError
from s2r.core.files import atomic_path
from s2r.core.shards import Shards
from s2r.generation.generated_file import read_generated
from s2r.report.strips import PAPER, strip_block, text_box


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


def _first_common(paths: list[str | Path]) -> str | None:
    common: set[str] | None = None
    for path in paths:
        with read_generated(path) as content:
            common = set(content.rollouts) & (set(content.rollouts) if common is None else common)
    return min(common) if common else None
