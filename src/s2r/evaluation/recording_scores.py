"""All scores of one recording: a rollout, or clips, against the true video."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from s2r.evaluation.articulator_scores import Articulation, articulator_scores, mean_scores
from s2r.evaluation.instruments import Instruments
from s2r.evaluation.metric import Metric
from s2r.evaluation.metric_list import METRICS, THINNED, all_metrics
from s2r.evaluation.metrics.paired import squared_error
from s2r.evaluation.metrics.texture import seam_ratio
from s2r.generation.generated_file import Rollout

GIVEN = 1
"""Frames at the start of a rollout that are not scored: some systems are given the first."""

Scores = dict[tuple[str, str], float]
"""(metric, region) -> value."""


def rollout_rows(
    truth: np.ndarray,
    rollout: Rollout,
    estimate: str,
    instruments: Instruments,
    contours: Mapping[str, np.ndarray],
) -> Iterator[dict]:
    """Values of a rollout, each with its ``mode``, ``estimate``, ``metric`` and ``region``.

    ``truth`` (T, H, W) uint8; ``contours`` {articulator: (T, P, 2)} mm, those that are known.
    ``estimate`` says what the system generates: of draws, the mean of several is scored too.
    ``frames`` of a value is what it weighs beside other recordings.
    """
    scores = _average([rollout_scores(truth, draw, instruments) for draw in rollout.draws])
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
    length = len(truth) - GIVEN
    yield from _rows("rollout", estimate, scores, length)
    true = Articulation(contours)
    yield from articulator_rows(true, rollout.draws, estimate, instruments)
    if estimate == "draw" and len(rollout.draws) > 1:
        mean = rollout.draws.mean(axis=0, dtype=np.float32)
        yield from _rows("rollout", "mean", rollout_scores(truth, mean, instruments), length)
        yield from articulator_rows(true, mean[None], "mean", instruments)


def clip_rows(
    truth: np.ndarray, draws: np.ndarray, estimate: str, instruments: Instruments
) -> Iterator[dict]:
    """Values of the clips of a recording: truth (n, clip, H, W), draws (n, k, clip, H, W) uint8."""
    metrics = [metric for metric in all_metrics() if metric.clips]
    true_frames = truth.reshape(-1, *truth.shape[2:])
    videos = [draws[:, k].reshape(true_frames.shape) for k in range(draws.shape[1])]
    scores = [_scores(metrics, true_frames, video, instruments) for video in videos]
    yield from _rows("clip", estimate, _average(scores), len(true_frames))
    if estimate == "draw" and len(videos) > 1:
        mean = draws.mean(axis=1, dtype=np.float32).reshape(true_frames.shape)
        scores_of_mean = _scores(metrics, true_frames, mean, instruments)
        yield from _rows("clip", "mean", scores_of_mean, len(true_frames))


def rollout_scores(truth: np.ndarray, video: np.ndarray, instruments: Instruments) -> Scores:
    """The scores of the pictures of one video (T, H, W), uint8 or float in 0..255."""
    true, generated = truth[GIVEN:], video[GIVEN:]
    scores: Scores = {}
    for metric in all_metrics():
        part = slice(None, None, metric.every)
        scores |= metric.values(true[part], generated[part], instruments)
    return scores


def articulator_rows(
    true: Articulation, draws: np.ndarray, estimate: str, instruments: Instruments
) -> Iterator[dict]:
    """Values of the articulators in videos (k, T, H, W), averaged over these.

    Nothing where no contour is known, or no probe reads it.
    """
    if not true.contours:
        return
    scores = mean_scores(
        [
            articulator_scores(true, Articulation(instruments.contours(draw)), GIVEN, THINNED)
            for draw in draws
        ]
    )
    for key, (value, weight) in scores.items():
        yield from _rows("rollout", estimate, {key: value}, weight)


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


def _rows(mode: str, estimate: str, scores: Scores, weight: float) -> Iterator[dict]:
    for (metric, region), value in scores.items():
        if np.isfinite(value):
            yield {
                "mode": mode,
                "estimate": estimate,
                "metric": metric,
                "region": region,
                "value": value,
                "frames": weight,
            }
