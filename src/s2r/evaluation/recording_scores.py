"""All scores of one recording: a rollout, or clips, against the true video."""

from collections.abc import Iterator, Sequence

import numpy as np

from s2r.evaluation.instruments import Instruments
from s2r.evaluation.metric import Metric
from s2r.evaluation.metric_list import METRICS, THINNED, all_metrics
from s2r.evaluation.metrics.paired import squared_error
from s2r.evaluation.metrics.texture import seam_ratio
from s2r.generation.generated_file import Rollout

GIVEN = 1
"""Frames at the start of a rollout that are not scored: the first is the reference frame."""

Scores = dict[tuple[str, str], float]
"""(metric, region) -> value."""


def rollout_rows(
    truth: np.ndarray,
    rollout: Rollout,
    estimate: str,
    instruments: Instruments,
    contour: np.ndarray | None,
) -> Iterator[dict]:
    """Values of a rollout, each with its ``mode``, ``estimate``, ``metric`` and ``region``.

    ``truth`` (T, H, W) uint8; ``contour`` (T, P, 2) mm, the true tongue, or None. ``estimate``
    says what the system generates: of draws, the mean of several is scored too.
    """
    draws = [rollout_scores(truth, draw, instruments, contour) for draw in rollout.draws]
    scores = _average(draws)
    scores["seam_motion", "dynamic"] = seam_ratio(
        rollout.draws, rollout.window_starts, instruments.region
    )
    if rollout.wrong_speech is not None:
        wrong = [
            squared_error(truth, video, instruments.region)[GIVEN:].mean()
            for video in rollout.wrong_speech
        ]
        error = float(np.mean(wrong))
        scores["wrong_speech_error", "dynamic"] = error
        scores["audio_gap", "dynamic"] = error - scores["squared_error", "dynamic"]
    yield from _rows("rollout", estimate, scores)
    if estimate == "draw" and len(rollout.draws) > 1:
        mean = rollout.draws.mean(axis=0, dtype=np.float32)
        yield from _rows("rollout", "mean", rollout_scores(truth, mean, instruments, contour))


def clip_rows(
    truth: np.ndarray, draws: np.ndarray, estimate: str, instruments: Instruments
) -> Iterator[dict]:
    """Values of the clips of a recording: truth (n, clip, H, W), draws (n, k, clip, H, W) uint8."""
    metrics = [metric for metric in all_metrics() if metric.clips]
    true_frames = truth.reshape(-1, *truth.shape[2:])
    videos = [draws[:, k].reshape(true_frames.shape) for k in range(draws.shape[1])]
    scores = [_scores(metrics, true_frames, video, instruments) for video in videos]
    yield from _rows("clip", estimate, _average(scores))
    if estimate == "draw" and len(videos) > 1:
        mean = draws.mean(axis=1, dtype=np.float32).reshape(true_frames.shape)
        yield from _rows("clip", "mean", _scores(metrics, true_frames, mean, instruments))


def rollout_scores(
    truth: np.ndarray,
    video: np.ndarray,
    instruments: Instruments,
    contour: np.ndarray | None,
) -> Scores:
    """Every score of one video (T, H, W), uint8 or float in 0..255."""
    true, generated = truth[GIVEN:], video[GIVEN:]
    scores: Scores = {}
    for metric in all_metrics():
        part = slice(None, None, metric.every)
        scores |= metric.values(true[part], generated[part], instruments)
    if contour is not None:
        scores["contour_mm", "tongue"] = contour_score(video, contour, instruments)
    return scores


def contour_score(video: np.ndarray, contour: np.ndarray, instruments: Instruments) -> float:
    """Mean error in mm of the contours read off a rollout (T, H, W); contour (T, P, 2) mm."""
    part = slice(GIVEN, None, THINNED)
    return float(instruments.contour_error(video[part], contour[part]).mean())


def frame_scores(truth: np.ndarray, video: np.ndarray, instruments: Instruments) -> Scores:
    """Error, SSIM and PSNR of frames (T, H, W), means over them."""
    return _scores([metric for metric in METRICS if metric.clips], truth, video, instruments)


def _scores(
    metrics: Sequence[Metric], truth: np.ndarray, video: np.ndarray, instruments: Instruments
) -> Scores:
    scores: Scores = {}
    for metric in metrics:
        scores |= metric.values(truth, video, instruments)
    return scores


def _average(scores: list[Scores]) -> Scores:
    return {key: float(np.mean([draw[key] for draw in scores])) for key in scores[0]}


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
