"""Fitting the contour probe on the recordings of a corpus, and how well it reads new speakers."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from s2r.core.errors import UserError
from s2r.core.files import write_csv
from s2r.core.progress import progress
from s2r.evaluation.metrics.contour_probe import Probe
from s2r.evaluation.metrics.contours import contour_error_mm
from s2r.evaluation.metrics.probe_training import join_contours, train_probe
from s2r.preparation.recordings import RecordingSet

MOST_GROUPS = 10
"""Groups of speakers that are left out in turn; with fewer speakers, each of them alone."""


MOST_FRAMES = 60_000
"""Traced frames that are held in memory (0.25 GB of pictures), whatever the size of the corpus."""


@dataclass(frozen=True)
class TracedFrames:
    """Frames of which the contour of at least one articulator is known."""

    frames: np.ndarray
    """(N, H, W) uint8."""
    contours: Mapping[str, np.ndarray]
    """{articulator: (N, P, 2)} mm, NaN where unknown."""
    subjects: np.ndarray
    """(N,) names."""

    def of(self, chosen: np.ndarray) -> "TracedFrames":
        """Those frames of which ``chosen`` (N,) bool is true, with what is known of them."""
        contours = {name: line[chosen] for name, line in self.contours.items()}
        known = {name: line for name, line in contours.items() if np.isfinite(line).any()}
        return TracedFrames(self.frames[chosen], known, self.subjects[chosen])


def traced_frames(
    recordings: RecordingSet, names: Sequence[str], most: int = MOST_FRAMES
) -> TracedFrames:
    """The traced frames of the recordings ``names``, at most about ``most`` of them.

    Of more, every second, third, ... of each recording. Raises UserError where there is none.
    """
    total = sum(int(_traced(recordings.true_contours(name)).sum()) for name in names)
    step = max(1, math.ceil(total / most))
    pictures, contours, subjects = [], [], []
    for name in names:
        known = recordings.true_contours(name)
        kept = np.flatnonzero(_traced(known))[::step]
        if len(kept):
            pictures.append(recordings.video(name)[kept])
            contours.append({articulator: line[kept] for articulator, line in known.items()})
            subjects += [recordings.about(name)["subject"]] * len(kept)
    if not pictures:
        raise UserError("No training recording has true contours: score without a contour probe.")
    return TracedFrames(np.concatenate(pictures), join_contours(contours), np.array(subjects))


def _traced(contours: Mapping[str, np.ndarray]) -> np.ndarray:
    """(T,) bool: frames in which at least one articulator is known."""
    known = [np.isfinite(line).any((1, 2)) for line in contours.values()]
    return np.any(known, 0) if known else np.zeros(0, bool)


def fit_probe(traced: TracedFrames, field_mm: float, seed: int = 0) -> Probe:
    """A probe of traced frames, whose pictures are ``field_mm`` wide."""
    return train_probe(
        traced.frames, traced.contours, traced.subjects, seed=seed, field_mm=field_mm
    )


def reading_errors(probe: Probe, traced: TracedFrames) -> dict[str, np.ndarray]:
    """{articulator: (N,) mm}: how far contours that the probe reads are from the traced ones.

    NaN in frames where an articulator is not traced; without those that the probe cannot read.
    """
    read = probe.predict(traced.frames)
    return {
        name: contour_error_mm(read[name], line)
        for name, line in traced.contours.items()
        if name in read
    }


def write_left_out(
    recordings: RecordingSet, path: str | Path, seed: int = 0, most: int = MOST_GROUPS
) -> None:
    """Write how well contours are read of speakers that the probe was not trained on.

    Each speaker with traced frames in training (with more than ``most`` of them, a group) is left
    out in turn, a probe is fitted on the others and reads the frames of who was left out. Columns:
    ``subject, articulator, frames, error_mm``; the rows of the subject ``all`` are the means over
    subjects, each counting once. With a single speaker there are no rows, and that is said.
    """
    traced = traced_frames(recordings, recordings.members("train"))
    names = np.unique(traced.subjects)
    if len(names) == 1:
        print(f"All traced frames are of {names[0]}: how others are read is not known.")
    groups = np.array_split(names, min(most, len(names))) if len(names) > 1 else []
    rows = []
    for group in progress(groups, "speakers left out"):
        left_out = np.isin(traced.subjects, group)
        probe = fit_probe(traced.of(~left_out), recordings.field_mm, seed)
        test = traced.of(left_out)
        for articulator, errors in reading_errors(probe, test).items():
            for subject in group:
                own = errors[(test.subjects == subject) & np.isfinite(errors)]
                if len(own):
                    rows.append((subject, articulator, len(own), own.mean()))
    columns = ["subject", "articulator", "frames", "error_mm"]
    table = pd.DataFrame(rows, columns=columns).sort_values(["articulator", "subject"])
    means = table.groupby("articulator").agg({"frames": "sum", "error_mm": "mean"}).reset_index()
    table = pd.concat([table, means.assign(subject="all")[columns]])
    for row in means.itertuples():
        print(f"{row.articulator}: {row.error_mm:.2f} mm off on speakers left out.")
    write_csv(table, path)


def tell_errors(probe: Probe, recordings: RecordingSet, names: Sequence[str]) -> None:
    """Print the mean reading error of each articulator on the recordings ``names``."""
    errors = defaultdict(list)
    for name in names:
        known = recordings.true_contours(name)
        if known:
            read = probe.predict(recordings.video(name))
            for articulator in known.keys() & read.keys():
                found = contour_error_mm(read[articulator], known[articulator])
                errors[articulator].append(found[np.isfinite(found)])
    for articulator, parts in errors.items():
        error = np.concatenate(parts)
        if len(error):
            print(
                f"Contour probe, {articulator}: {error.mean():.2f} mm off on {len(error)} frames."
            )
