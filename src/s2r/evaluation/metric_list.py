"""All metrics of a generated video against the true one: those of this package and installed ones.

An installed package adds its own under the entry-point group ``s2r.metrics`` (docs/own-metric.md).
What needs more than two videos (the Fréchet distance, the audio gap, window boundaries), the true
contours, the true phones or the sound is computed in `s2r.evaluation.recording_scores`,
`s2r.evaluation.articulator_scores`, `s2r.evaluation.phones`, `s2r.evaluation.agreement` and
`s2r.evaluation.clip_features`.
"""

from functools import cache

import numpy as np

from s2r.core.errors import UserError
from s2r.core.registry import METRICS as GROUP
from s2r.core.registry import extension_names, load_extension
from s2r.evaluation.agreement.names import ALL as AGREEMENT
from s2r.evaluation.articulator_scores import KEYS as ARTICULATOR_KEYS
from s2r.evaluation.instruments import Instruments
from s2r.evaluation.metric import Metric
from s2r.evaluation.metrics.articulation import (
    course_correlation,
    drift_ratio,
    lag,
    time_courses,
    velocity,
)
from s2r.evaluation.metrics.paired import SSIM_RADIUS, psnr_per_frame, squared_error, ssim_map
from s2r.evaluation.metrics.texture import high_frequency_ratio, motion_ratio

THINNED = 4
"""Every so many frames of a rollout enter slow metrics: frames 80 ms apart tell as much as all of
them, since neighbours are nearly equal."""


def _squared_error(truth: np.ndarray, generated: np.ndarray, instruments: Instruments):
    masks = (None, instruments.region)
    return tuple(squared_error(truth, generated, mask).mean() for mask in masks)


def _ssim(truth: np.ndarray, generated: np.ndarray, instruments: Instruments):
    similarity = ssim_map(truth, generated)
    inside = slice(SSIM_RADIUS, -SSIM_RADIUS)
    return similarity[:, inside, inside].mean(), similarity[:, instruments.region].mean()


def _psnr(truth: np.ndarray, generated: np.ndarray, instruments: Instruments) -> float:
    return psnr_per_frame(truth, generated).mean()


def _kinematics(truth: np.ndarray, generated: np.ndarray, instruments: Instruments) -> float:
    return course_correlation(*_courses(truth, generated, instruments))


def _velocity(truth: np.ndarray, generated: np.ndarray, instruments: Instruments) -> float:
    return course_correlation(*map(velocity, _courses(truth, generated, instruments)))


def _lag(truth: np.ndarray, generated: np.ndarray, instruments: Instruments) -> float:
    return lag(*map(velocity, _courses(truth, generated, instruments)))


def _courses(truth: np.ndarray, generated: np.ndarray, instruments: Instruments) -> list:
    return [time_courses(video, instruments.cells) for video in (truth, generated)]


def _high_frequency_power(truth: np.ndarray, generated: np.ndarray, _: Instruments) -> float:
    return high_frequency_ratio(truth, generated)


def _motion(truth: np.ndarray, generated: np.ndarray, instruments: Instruments) -> float:
    return motion_ratio(truth, generated, instruments.region)


def _drift(truth: np.ndarray, generated: np.ndarray, instruments: Instruments) -> float:
    return drift_ratio(squared_error(truth, generated, instruments.region))


METRICS = (
    Metric("squared_error", ("frame", "dynamic"), _squared_error, clips=True),
    Metric("ssim", ("frame", "dynamic"), _ssim, clips=True, every=THINNED),
    Metric("psnr", "frame", _psnr, clips=True),
    Metric("kinematics", "cells", _kinematics),
    Metric("kinematics_velocity", "cells", _velocity),
    Metric("lag", "cells", _lag),
    Metric("high_frequency_power", "frame", _high_frequency_power),
    Metric("motion", "dynamic", _motion),
    Metric("drift", "dynamic", _drift),
)
"""The metrics of this package, in the order of ``scores.csv``."""

ELSEWHERE = frozenset(
    {
        ("fvd", "frame"),
        ("kvd", "frame"),
        *((name, "frame") for name in AGREEMENT),
        ("seam_motion", "dynamic"),
        ("wrong_speech_error", "dynamic"),
        ("audio_gap", "dynamic"),
        *(
            (metric, "phones")
            for metric in (
                *("phone_accuracy", "place_accuracy", "manner_accuracy", "phone_error_rate"),
                *("word_identification", "vcv_identification", "listed_word_identification"),
            )
        ),
    }
    | ARTICULATOR_KEYS
)
"""(name, region) of values that are not computed from two videos alone."""


@cache
def installed_metrics() -> tuple[Metric, ...]:
    """The metrics of installed packages, ordered by the names of their entry points.

    Raises UserError where one cannot be imported, is not a ``Metric``, or has the name and region
    of another one.
    """
    found = [load_extension(GROUP, name, Metric) for name in extension_names(GROUP)]
    taken = {key for metric in METRICS for key in metric.keys} | ELSEWHERE
    for metric in found:
        for name, region in metric.keys:
            if (name, region) in taken:
                raise UserError(
                    f"The metric {name!r} in the region {region!r} is given twice: give the one "
                    "of your package another name."
                )
            taken.add((name, region))
    return tuple(found)


def all_metrics() -> tuple[Metric, ...]:
    """The metrics of this package, then those of installed ones (see ``installed_metrics``)."""
    return METRICS + installed_metrics()
