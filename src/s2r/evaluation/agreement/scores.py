"""Scores of one system by an instrument of agreement: whether its videos belong to their sounds.

Everything is of rollouts without their first frame, which some systems are given. The same windows
of speech are the candidates for all systems.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from s2r.config.systems import Kind
from s2r.evaluation.agreement.instrument import Instrument, load_instrument
from s2r.evaluation.agreement.names import DISTANCES, METRICS, WRONG_SPEECH_METRICS
from s2r.evaluation.agreement.retrieval import Match, grid, match
from s2r.evaluation.agreement.truth import TrueFeatures
from s2r.evaluation.metrics.frechet import FrechetKernel
from s2r.evaluation.metrics.kernel import PolynomialKernel
from s2r.evaluation.metrics.statistics import bootstrap_clips
from s2r.evaluation.recording_scores import GIVEN
from s2r.generation.generated_file import Generated, Rollout
from s2r.preparation.selection import evenly

MOST_WINDOWS = 500
"""Windows of a set behind the distances, at even distances."""

FRECHET_RESAMPLES = 200
"""Most bootstrap samples of the Fréchet distance: each costs a millisecond."""


@dataclass(frozen=True)
class Judge:
    """An instrument, the vectors of true recordings by it, and what it is asked about a system."""

    instrument: Instrument
    truth: TrueFeatures
    suffix: str | None
    """End of the names of its values of agreement (`s2r.config.judges`); None: it gives none."""
    distances: bool
    """Whether it gives the distances of windows."""
    note: str = ""
    """What is said of its values."""

    @property
    def metrics(self) -> list[str]:
        """Names of the values that it gives of each recording."""
        names = (*METRICS, *WRONG_SPEECH_METRICS) if self.suffix is not None else ()
        return [name + self.suffix for name in names]


def open_judges(
    asked: Sequence[Mapping], instruments: Sequence[str | Path], truths: Sequence[str | Path]
) -> list[Judge]:
    """Open the files of the rules ``agreement`` and ``agreement_features``.

    ``asked`` says what each instrument is asked (`s2r.config.judges.judges`), in the order of the
    files. Raises UserError where a file is missing or damaged.
    """
    return [
        Judge(
            load_instrument(path),
            TrueFeatures(truth),
            **{key: each[key] for key in ("suffix", "distances", "note")},
        )
        for each, path, truth in zip(asked, instruments, truths, strict=True)
    ]


def judge_rollouts(
    content: Generated,
    set_name: str,
    recordings: list[str],
    judge: Judge,
    resamples: int,
    seed: int,
) -> tuple[list[dict], dict[str, dict]]:
    """Values of the rollouts of ``recordings``, and distances of their windows from true ones.

    Rows and distances have the shape of a score file (`s2r.evaluation.score`). Recordings without
    sound, or of no window, are left out.
    """
    rows, windows = [], {}
    for recording in recordings:
        if len(judge.truth.speech(recording)) <= GIVEN:
            continue
        rollout = content.rollout(recording)
        videos = [judge.instrument.video(draw)[GIVEN:] for draw in rollout.draws]
        windows[recording] = grid(videos[0])
        if content.attributes["kind"] == Kind.REAL_OTHER:
            # Its rollouts are true videos of this set: of such the distance would be too small.
            windows[recording] = judge.truth.other_video(recording)
        if judge.suffix is not None:
            found = _rollout_scores(rollout, videos, recording, set_name, judge)
            rows += _rows(found, judge.suffix, content.attributes["estimate"], recording, videos[0])
    return rows, window_distances(windows, judge, resamples, seed) if judge.distances else {}


def judge_truth(set_name: str, recordings: list[str], judge: Judge) -> list[dict]:
    """Values of the true videos: the ceiling of what the instrument can see."""
    rows = []
    for recording in recordings:
        video = judge.truth.video(recording)[GIVEN:]
        if len(video):
            speech, others = _speech(recording, judge), judge.truth.others(set_name, recording)
            found = _scores([match(video, speech, others)])
            rows += _rows(found, judge.suffix, "draw", recording, video)
    return rows


def window_distances(
    windows: dict[str, np.ndarray], judge: Judge, resamples: int, seed: int
) -> dict[str, dict]:
    """Fréchet and kernel distance of generated windows (n, 48) of recordings from the true ones.

    Both sides have the windows of the same times, and the kernel distance compares no windows of
    the same recording, generated or true: of the same speech they are alike. Vectors are
    multiplied by the square root of their length, so that a coordinate has a mean square of 1,
    which the kernel expects.
    """
    places = [(name, row) for name in sorted(windows) for row in range(len(windows[name]))]
    places = evenly(places, MOST_WINDOWS)
    if len(places) < 2:
        return {}
    true = {name: grid(judge.truth.video(name)[GIVEN:]) for name in windows}
    owners = [name for name, _ in places]
    generated, truth = (
        np.stack([side[name][row] for name, row in places]).astype(np.float64)
        for side in (windows, true)
    )
    scale, found = np.sqrt(truth.shape[1]), {}
    sides = scale * generated, scale * truth
    few = min(resamples, FRECHET_RESAMPLES)
    kernels = FrechetKernel(*sides), PolynomialKernel(*sides, recordings=(owners, owners))
    for name, kernel, times in zip(DISTANCES, kernels, (few, resamples), strict=True):
        interval = bootstrap_clips(kernel, owners, owners, resamples=times, seed=seed)
        if np.isnan(interval.value):  # a kernel distance of one recording
            continue
        found[name] = {
            "mode": "rollout",
            "n": interval.n,
            "value": interval.value,
            "low": None if np.isnan(interval.low) else interval.low,
            "high": None if np.isnan(interval.high) else interval.high,
            "network": f"video encoder of the instrument trained on {judge.instrument.encoder}",
            "sha256": "",
            "warning": "",
        }
    return found


def _rollout_scores(
    rollout: Rollout, videos: list[np.ndarray], recording: str, set_name: str, judge: Judge
) -> dict[str, float]:
    speech, others = _speech(recording, judge), judge.truth.others(set_name, recording)
    found = _scores([match(video, speech, others) for video in videos])
    if rollout.wrong_speech is not None and len(judge.truth.speech(rollout.speech_of)):
        wrong = judge.instrument.video(rollout.wrong_speech[0])[GIVEN:]
        driving = judge.truth.speech(rollout.speech_of)
        if rollout.speech_of == recording:  # in a set of one recording
            driving = np.roll(driving, len(driving) // 2, axis=0)
        driving = driving[(np.arange(len(wrong)) + GIVEN) % len(driving)]
        pairs = zip(WRONG_SPEECH_METRICS, (driving, speech), strict=True)
        found |= {name: match(wrong, sound, others).agreement for name, sound in pairs}
    return found


def _scores(matches: list[Match]) -> dict[str, float]:
    """Values of ``METRICS``, averaged over draws; the offset over those that have one."""
    offsets = np.array([found.offset for found in matches])
    known = offsets[np.isfinite(offsets)]
    values = [
        np.mean([found.agreement for found in matches]),
        np.mean([found.top1 for found in matches]),
        np.mean([found.median_rank for found in matches]),
        matches[0].candidates,
        known.mean() if len(known) else np.nan,
        np.abs(known).mean() if len(known) else np.nan,
    ]
    return dict(zip(METRICS, map(float, values), strict=True))


def _speech(recording: str, judge: Judge) -> np.ndarray:
    return judge.truth.speech(recording)[GIVEN:]


def _rows(
    found: dict[str, float], suffix: str, estimate: str, recording: str, video: np.ndarray
) -> Iterator[dict]:
    for metric, value in found.items():
        if np.isfinite(value):
            row = {"mode": "rollout", "estimate": estimate, "metric": metric + suffix}
            row |= {"region": "frame", "value": value}
            yield row | {"recording": recording, "frames": len(video)}
