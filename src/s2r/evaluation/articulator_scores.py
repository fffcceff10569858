"""Scores of the articulators of one video: their contours, tract variables and gestures.

The contours are read off the video by the contour probe; the truth is true contours. So the scores
of a true video are the errors of the reading itself, below which nothing can be measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from s2r.corpus.articulators import ARTICULATORS
from s2r.evaluation.metrics.contours import contour_error_mm
from s2r.evaluation.metrics.gestures import CONSTRICTED_MM, LEAST_SIZE_MM, gestures, matched
from s2r.evaluation.metrics.tract_variables import TRACT_VARIABLES, tract_variables

CONTOUR = "contour_mm"
TRACT = ("tract_error_mm", "tract_correlation")
GESTURE = ("gesture_found", "gesture_ms", "gesture_delay_ms")

KEYS = frozenset(
    [(CONTOUR, name) for name in ARTICULATORS]
    + [(metric, name) for metric in TRACT for name in TRACT_VARIABLES]
    + [
        (metric, name)
        for metric in GESTURE
        for name, variable in TRACT_VARIABLES.items()
        if variable.gesture
    ]
)
"""(metric, region) of all values; the region is an articulator or a tract variable."""

MOVING_MM = 0.5
"""A correlation over time is computed where the true variable has at least this standard
deviation, mm."""

Scores = dict[tuple[str, str], tuple[float, float]]
"""(metric, region) -> value, and what it weighs beside other recordings: frames, or gestures."""


@dataclass(frozen=True)
class Articulation:
    """The contours of the articulators in a recording, true or read, and what follows of them."""

    contours: Mapping[str, np.ndarray]
    """{articulator: (T, P, 2)} mm (`s2r.corpus.articulators`)."""

    @cached_property
    def variables(self) -> Mapping[str, np.ndarray]:
        """{tract variable: (T,)} mm."""
        return tract_variables(self.contours)


def articulator_scores(
    true: Articulation, read: Articulation, given: int = 0, every: int = 1
) -> Scores:
    """Scores of the contours ``read`` off a video. What is not defined is left out.

    The first ``given`` frames do not count; contours are compared in ``every`` so many frames
    where all are known.
    """
    scores: Scores = {}
    for name in (name for name in true.contours if name in read.contours):
        truth = true.contours[name]
        known = given + np.flatnonzero(np.isfinite(truth[given:]).all((1, 2)))
        if len(known):
            # Thinned where all frames are known; of a few that are, each counts.
            chosen = known[:: max(1, round(every * len(known) / (len(truth) - given)))]
            error = contour_error_mm(read.contours[name][chosen], truth[chosen]).mean()
            scores[CONTOUR, name] = float(error), len(known)
    for name, variable in TRACT_VARIABLES.items():
        if name not in true.variables or name not in read.variables:
            continue
        truth, values = true.variables[name][given:], read.variables[name][given:]
        counted = np.isfinite(truth) & np.isfinite(values)
        if variable.degree:
            counted &= true.variables[variable.degree][given:] < CONSTRICTED_MM
        if counted.any():
            weight = int(counted.sum())
            error = np.abs(values - truth)[counted].mean(dtype=np.float64)
            scores["tract_error_mm", name] = float(error), weight
            if not variable.degree and truth[counted].std() > MOVING_MM:
                correlation = _correlation(truth[counted], values[counted])
                scores["tract_correlation", name] = correlation, weight
        if variable.gesture:
            scores |= _timing(name, truth, values, variable.gesture)
    return scores


def mean_scores(scores: Sequence[Scores]) -> Scores:
    """The scores of several draws in one: means over the draws in which they are defined.

    Weighted within, as between recordings; the weight is the mean of theirs.
    """
    found: Scores = {}
    for key in dict.fromkeys(key for draw in scores for key in draw):
        values, weights = np.array([draw[key] for draw in scores if key in draw], float).T
        found[key] = float(values @ weights / weights.sum()), float(weights.sum() / len(scores))
    return found


def _correlation(truth: np.ndarray, values: np.ndarray) -> float:
    """Pearson's correlation; 0 of values that stand still."""
    return float(np.corrcoef(truth, values)[0, 1]) if values.std() > 1e-3 else 0.0


def _timing(name: str, truth: np.ndarray, values: np.ndarray, direction: int) -> Scores:
    """Share of true gestures that are found, and their delays, each weighed by its gestures."""
    true = gestures(truth, direction, LEAST_SIZE_MM, CONSTRICTED_MM)
    if not len(true):
        return {}
    # a gesture that is half as large, and not as narrow, still is one
    found = gestures(values, direction, LEAST_SIZE_MM / 2)
    delays = 1000 * matched(true, found)
    hit = np.isfinite(delays)
    scores: Scores = {("gesture_found", name): (float(hit.mean()), len(true))}
    if hit.any():
        count = int(hit.sum())
        scores["gesture_ms", name] = float(np.abs(delays[hit]).mean()), count
        scores["gesture_delay_ms", name] = float(delays[hit].mean()), count
    return scores
