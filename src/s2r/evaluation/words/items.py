"""The words and VCVs of the test sets with their frames, read one at a time."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from s2r.core.phonetics import Item
from s2r.core.units import FRAME_RATE, frames_of
from s2r.evaluation.data import check_length
from s2r.evaluation.words.item_scores import Reference
from s2r.evaluation.words.segments import items_of, read_segments
from s2r.generation.generated_file import Generated
from s2r.preparation.recordings import RecordingSet


@dataclass(frozen=True)
class SpokenItems:
    """What is said in the recordings of the test sets, and when."""

    recordings: RecordingSet
    segments: pd.DataFrame
    """Rows of words and VCVs only, by item (see `s2r.evaluation.words.segments`)."""
    items: dict[str, Item]
    """By name; times in s from the first frame of the recording."""

    def span(self, item: str, margin: float = 0.0) -> tuple[str, int, int]:
        """Recording, first frame and the frame after the last of an item.

        ``margin`` s before and after come with it, as far as the recording goes.
        """
        row = self.segments.loc[item]
        length = self.recordings.length(row["recording"])
        return row["recording"], *frames_of(row["start"] - margin, row["end"] + margin, length)

    def reference(self, item: str) -> Reference:
        """The true item."""
        recording, first, stop = self.span(item)
        contours = self.recordings.true_contours(recording)
        return Reference(
            self.items[item].moved(-first / FRAME_RATE),
            self.recordings.video(recording, first, stop),
            {name: points[first:stop] for name, points in contours.items()},
        )

    def draws(self, content: Generated, mode: str, item: str, margin: float = 0.0) -> np.ndarray:
        """The generated frames of an item, (k, n, H, W) uint8; of rollouts with a margin in s.

        ``mode`` is ``rollout`` or ``single`` (see `s2r.evaluation.words.scores`). Raises UserError
        where the generated video does not have the length of the true one.
        """
        recording, first, stop = self.span(item, margin)
        single = mode == "single"
        name = item if single else recording
        draws = content.rollout(name).draws
        length = stop - first if single else self.recordings.length(recording)
        check_length(content, name, draws.shape[1], length)
        return draws if single else draws[:, first:stop]


def read_items(recordings: RecordingSet, segments: str | Path) -> SpokenItems:
    """The items of the file ``segments``; UserError where it is missing.

    ``recordings`` with the index where true contours are asked for.
    """
    table = read_segments(segments)
    rows = table[table["kind"] != "phone"].set_index("item")
    return SpokenItems(recordings, rows, items_of(table))
