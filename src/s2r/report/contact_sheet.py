"""The contact sheet: frames of one recording a set, one system a row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from s2r.core.errors import UserError
from s2r.generation.generated_file import read_generated
from s2r.preparation.recordings import RecordingSet
from s2r.report.cells import set_title
from s2r.report.strips import save_blocks, strip_block

COLUMNS = 10
"""Frames of a recording."""

SCALE = 2
"""Pixels of the sheet for one pixel of a frame."""


@dataclass(frozen=True)
class SheetRow:
    """What a row of the sheet shows."""

    label: str
    """Name at the left; may have several lines."""
    files: Mapping[str, str | Path]
    """{set: generated file}."""
    mean: bool = False
    """Show the mean of the draws instead of the first one."""


def contact_sheet(
    path: str | Path, rows: Sequence[SheetRow], recordings: RecordingSet, note: str = ""
) -> None:
    """Write frames of one recording a set, evenly spaced in time, one system a row.

    The truth is put above ``rows``. Sets without recordings are left out. ``note`` is a line at
    the top. Raises UserError where there is nothing to show.
    """
    sets = list(dict.fromkeys(set_name for row in rows for set_name in row.files))
    blocks = []
    for set_name in sets:
        recording = _first_common([row.files[set_name] for row in rows])
        if recording is None:
            continue
        truth = recordings.video(recording)
        times = np.linspace(0, len(truth) - 1, COLUMNS + 2).round().astype(int)[1:-1]
        strips = [("truth", truth[times])]
        for row in rows:
            with read_generated(row.files[set_name]) as content:
                draws = content.rollout(recording).draws[:, times]
            strip = draws.mean(axis=0).round().astype(np.uint8) if row.mean else draws[0]
            strips.append((row.label, strip))
        heading = f"{set_title(set_name)}: {recording}"
        blocks.append(strip_block(heading, strips, times, SCALE))
    if not blocks:
        raise UserError("There is no generated recording to show: no test set has recordings.")
    save_blocks(path, blocks, note, height=30)


def _first_common(paths: list[str | Path]) -> str | None:
    common: set[str] | None = None
    for path in paths:
        with read_generated(path) as content:
            common = set(content.rollouts) & (set(content.rollouts) if common is None else common)
    return min(common) if common else None
