"""Where and when generated videos err: over the time of a rollout, and pixel by pixel."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from s2r.core.units import FRAME_RATE, HALF_RANGE
from s2r.evaluation.metrics.statistics import bootstrap_interval
from s2r.evaluation.recording_scores import GIVEN
from s2r.generation.generated_file import read_generated
from s2r.preparation.recordings import RecordingSet

BIN = 0.5
"""Seconds of a rollout whose errors are averaged."""


@dataclass(frozen=True)
class RolloutErrors:
    """Squared errors of one system's rollouts of a set, in values from -1 to 1."""

    estimate: str
    """``draw`` or ``mean``."""
    courses: dict[str, np.ndarray]
    """{recording: (T,)} mean over the dynamic region and the draws; T without the first frame."""
    picture: np.ndarray
    """(H, W), mean over all frames and draws."""


def rollout_errors(path: str | Path, recordings: RecordingSet, region: np.ndarray) -> RolloutErrors:
    """The errors of every rollout in a generated file; ``region`` (H, W) bool is the dynamic one.

    Raises UserError where a recording has no frames.
    """
    total, count, courses = np.zeros(region.shape), 0, {}
    with read_generated(path) as content:
        for recording in content.rollouts:
            truth = recordings.video(recording)[GIVEN:].astype(np.float32)
            draws = content.rollout(recording).draws[:, GIVEN:]
            course = np.zeros(len(truth))
            for draw in draws:
                square = ((draw - truth) / HALF_RANGE) ** 2
                total += square.sum(0, dtype=np.float64)
                course += square[:, region].mean(1, dtype=np.float64) / len(draws)
            courses[recording] = course
            count += len(draws) * len(truth)
        return RolloutErrors(content.attributes["estimate"], courses, total / max(count, 1))


def drift(courses: Mapping[str, np.ndarray], resamples: int, seed: int) -> np.ndarray:
    """Error over the time of rollouts, (B, 5): time in s, value, low, high, n.

    Errors are averaged over ``BIN``; the value is the mean over the recordings that fill the bin,
    with a 95 % bootstrap interval over them. It ends where fewer than half of the recordings do.
    """
    width = round(BIN * FRAME_RATE)
    bins = {name: _binned(course, width) for name, course in courses.items()}
    rows = []
    for place in range(max(map(len, bins.values()), default=0)):
        values = {
            name: float(errors[place]) for name, errors in bins.items() if len(errors) > place
        }
        if 2 * len(values) < len(bins):
            break
        rows.append([(place + 0.5) * BIN, *bootstrap_interval(values, None, resamples, seed=seed)])
    return np.array(rows).reshape(-1, 5)


def _binned(course: np.ndarray, width: int) -> np.ndarray:
    whole = len(course) // width * width
    return course[:whole].reshape(-1, width).mean(1)
