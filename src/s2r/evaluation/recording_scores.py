"""All paired measures of one recording: a rollout, or clips, against the true video."""

from collections.abc import Iterator

import numpy as np

from s2r.evaluation.instruments import Instruments
from s2r.evaluation.metrics.articulation import drift_ratio, kinematics
from s2r.evaluation.metrics.paired import SSIM_RADIUS, psnr_per_frame, squared_error, ssim_map
from s2r.evaluation.metrics.texture import high_frequency_ratio, motion_ratio, seam_ratio
from s2r.generation.generated_file import Rollout

GIVEN = 1
"""Frames at the start of a rollout that are not scored: the first is the reference frame."""

STRIDE = 4
"""Every so many frames of a rollout enter the slow measures, SSIM and contour error: frames
80 ms apart tell as much as all of them, since neighbours are nearly equal."""

Scores = dict[tuple[str, str], float]
"""(measure, region) -> value."""


def rollout_rows(
    truth: np.ndarray,
    rollout: Rollout,
    estimate: str,
    measures: Instruments,
    contour: np.ndarray | None,
) -> Iterator[dict]:
    """Values of a rollout, each with its ``mode``, ``estimate``, ``metric`` and ``region``.

    ``truth`` (T, H, W) uint8; ``contour`` (T, P, 2) mm, the true tongue, or None. ``estimate``
    says what the system makes: of draws, the mean of several is scored too.
    """
    draws = [rollout_scores(truth, draw, measures, contour) for draw in rollout.draws]
    own = _average(draws)
    own["seam_motion", "dynamic"] = seam_ratio(
        rollout.draws, rollout.window_starts, measures.region
    )
    if rollout.wrong_speech is not None:
        region = ("squared_error", "dynamic")
        wrong = [
            squared_error(truth, one, measures.region)[GIVEN:].mean()
            for one in rollout.wrong_speech
        ]
        own["wrong_speech_error", "dynamic"] = float(np.mean(wrong))
        own["audio_gap", "dynamic"] = own["wrong_speech_error", "dynamic"] - own[region]
    yield from _rows("rollout", estimate, own)
    if estimate == "draw" and len(rollout.draws) > 1:
        mean = rollout.draws.mean(axis=0, dtype=np.float32)
        scores = rollout_scores(truth, mean, measures, contour)
        yield from _rows("rollout", "mean", scores)


def clip_rows(
    truth: np.ndarray, draws: np.ndarray, estimate: str, measures: Instruments
) -> Iterator[dict]:
    """Values of the clips of a recording: truth (n, clip, H, W), draws (n, k, clip, H, W) uint8."""
    true_frames = truth.reshape(-1, *truth.shape[2:])
    videos = [draws[:, k].reshape(true_frames.shape) for k in range(draws.shape[1])]
    yield from _rows(
        "clip", estimate, _average([frame_scores(true_frames, v, measures) for v in videos])
    )
    if estimate == "draw" and len(videos) > 1:
        mean = draws.mean(axis=1, dtype=np.float32).reshape(true_frames.shape)
        yield from _rows("clip", "mean", frame_scores(true_frames, mean, measures))


def rollout_scores(
    truth: np.ndarray,
    video: np.ndarray,
    measures: Instruments,
    contour: np.ndarray | None,
) -> Scores:
    """Every measure of one video (T, H, W), uint8 or float in 0..255."""
    true, made = truth[GIVEN:], video[GIVEN:]
    scores = frame_scores(true, made, measures, STRIDE)
    moving = kinematics(true, made, measures.cells)
    scores["kinematics", "cells"] = moving["position"]
    scores["kinematics_velocity", "cells"] = moving["velocity"]
    scores["lag", "cells"] = moving["lag"]
    scores["high_frequency_power", "frame"] = high_frequency_ratio(true, made)
    scores["motion", "dynamic"] = motion_ratio(true, made, measures.region)
    scores["drift", "dynamic"] = drift_ratio(squared_error(true, made, measures.region))
    if contour is not None:
        scores["contour_mm", "tongue"] = contour_score(video, contour, measures)
    return scores


def contour_score(video: np.ndarray, contour: np.ndarray, measures: Instruments) -> float:
    """Mean error in mm of the contours read off a rollout (T, H, W); contour (T, P, 2) mm."""
    chosen = slice(GIVEN, None, STRIDE)
    return float(measures.contour_error(video[chosen], contour[chosen]).mean())


def frame_scores(
    truth: np.ndarray, video: np.ndarray, measures: Instruments, stride: int = 1
) -> Scores:
    """Error, SSIM and PSNR of frames (T, H, W), means over them; ``stride`` thins out the SSIM."""
    similarity = ssim_map(truth[::stride], video[::stride])
    inside = slice(SSIM_RADIUS, -SSIM_RADIUS)
    return {
        ("squared_error", "frame"): float(squared_error(truth, video).mean()),
        ("squared_error", "dynamic"): float(squared_error(truth, video, measures.region).mean()),
        ("ssim", "frame"): float(similarity[:, inside, inside].mean()),
        ("ssim", "dynamic"): float(similarity[:, measures.region].mean()),
        ("psnr", "frame"): float(psnr_per_frame(truth, video).mean()),
    }


def _average(scores: list[Scores]) -> Scores:
    return {key: float(np.mean([one[key] for one in scores])) for key in scores[0]}


def _rows(mode: str, estimate: str, scores: Scores) -> Iterator[dict]:
    for (metric, region), value in scores.items():
        if np.isfinite(value):
            yield {
                "mode": mode,
                "estimate": estimate,
                "metric": metric,
                "region": region,
                "value": value,
            }
