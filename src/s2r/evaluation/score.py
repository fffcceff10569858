"""Rules ``score`` and ``score_real``: scores of one system, a value for each recording and metric.

``results/scores/{system}.json``:

    {"system", "kind", "encoder", "size", "pooling", "preset": text,
     "seed": seed of the training, or null,
     "code": version of the metrics (`s2r.core.source_digest`),
     "estimate": "draw" or "mean", "draws": k,
     "sets": {set: {"oracle": bool,
                    "values": [{"mode", "estimate", "metric", "region", "recording",
                                "value", "frames"}, ...],
                    "distances": {"fvd" and "kvd": {"n", "value", "low", "high", "network",
                                                    "sha256", "warning"},
                                  "contrastive_fvd" and "contrastive_kvd": the same, and "mode"}}},
     "instruments": {metric: encoder of the instrument of agreement}, "notes": {metric: text}}

``kind`` is one of `s2r.config.systems.Kind`. The estimate ``draw`` is the metric of each of the k
draws, averaged over them: what one draw is expected to score. ``mean`` is the metric of the
average of the k draws. ``frames`` is the weight of a value beside those of other recordings: the
number of frames, but gestures for their measures (`s2r.evaluation.articulator_scores`), phones for
the phone error rate and words for the identification of words. What is not defined (the peak
signal-to-noise ratio of equal frames, the lag of a video that stands still) is left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from s2r.config.systems import Kind, Replicate
from s2r.core.errors import UserError
from s2r.core.files import write_json
from s2r.core.progress import progress
from s2r.evaluation.agreement.scores import Judge, judge_rollouts, judge_truth
from s2r.evaluation.articulator_scores import Articulation
from s2r.evaluation.clip_features import ClipDistance, clip_distances
from s2r.evaluation.data import EvaluationData, check_length
from s2r.evaluation.recording_scores import GIVEN, articulator_rows, clip_rows, rollout_rows
from s2r.generation.clip_choice import CLIP_LENGTH
from s2r.generation.generated_file import Generated, Rollout, read_generated

LABELS = ("kind", "encoder", "size", "pooling", "preset", "estimate")


def score_system(
    data: EvaluationData,
    distance: ClipDistance,
    *,
    system: str,
    replicate: Replicate | None = None,
    generated: Mapping[str, str | Path],
    path: str | Path,
    judges: Sequence[Judge] = (),
    rollouts: int | None = None,
    resamples: int = 200,
    seed: int = 0,
    code: str = "",
) -> None:
    """Score ``system`` and write the JSON file ``path`` (its shape: see the top of this file).

    ``data`` with split, and with the index where there is a probe. ``system`` is its name in the
    files ``generated``, {set: generated file}; ``replicate`` says which system and which seed that
    is (None: that system, not trained). ``judges`` are the instruments that say whether a video
    belongs to its sound (`s2r.evaluation.agreement.scores`). ``rollouts`` is the most recordings of
    a set that are rolled out (None: all), as the videos were generated; ``resamples`` counts the
    bootstrap samples of the distances; ``code`` is the version of the metrics. Raises UserError
    where a recording or clip of a set is missing or was made from other frames.
    """
    row, training_seed = replicate or (system, None)
    scores: dict = {"system": row, "seed": training_seed, "code": code, "draws": 1, "sets": {}}
    scores |= _judged(judges)
    for set_name, file in generated.items():
        with read_generated(file) as content:
            if content.attributes["system"] != system:
                raise UserError(
                    f"{file} was made by {content.attributes['system']}, not by {system}: delete "
                    "it and run the generate stage again."
                )
            scores |= {key: content.attributes[key] for key in LABELS}
            values = []
            # Of a recording of one frame nothing is scored.
            scored = [
                recording
                for recording in data.members(set_name, rollouts)
                if recording not in content.skipped and data.length(recording) > GIVEN
            ]
            for recording in progress(scored, f"score {system}, {set_name}"):
                values += _rollout_rows(content, recording, data)
                scores["draws"] = max(scores["draws"], content.draws(recording))
            distances = clip_distances(content, set_name, distance, resamples, seed)
            for judge in judges:
                rows, found = judge_rollouts(content, set_name, scored, judge, resamples, seed)
                values += rows
                distances |= found
            for recording in content.clip_recordings:
                values += _clip_rows(content, recording, data)
            scores["sets"][set_name] = {
                "oracle": content.attributes["oracle"],
                "values": values,
                "distances": distances,
            }
    write_json(path, scores)


def score_real(
    data: EvaluationData,
    *,
    sets: Sequence[str],
    path: str | Path,
    judges: Sequence[Judge] = (),
    rollouts: int | None = None,
    code: str = "",
) -> None:
    """Write the scores of the system ``real``: what the instruments say of the true videos.

    These are the errors of the contour probe, where there is one, the phones that are read off
    them, where phones are known, and their agreement with their sound by ``judges``. No system can
    be measured to have a smaller error, and no draw a larger agreement.
    """
    scores: dict = {"system": Kind.REAL.value, "seed": None, "code": code, "draws": 1, "sets": {}}
    scores |= dict.fromkeys(LABELS, "") | {"kind": Kind.REAL.value, "estimate": "draw"}
    scores |= _judged(judges)
    for set_name in sets:
        values, recordings = [], data.members(set_name, rollouts)
        for judge in judges:
            values += judge_truth(set_name, recordings, judge)
        for recording in progress(recordings, f"real, {set_name}"):
            if data.length(recording) > GIVEN:
                values += _real_rows(recording, data)
        scores["sets"][set_name] = {"oracle": False, "values": values, "distances": {}}
    write_json(path, scores)


def _judged(judges: Sequence[Judge]) -> dict[str, dict[str, str]]:
    """By which instrument the values of a metric are, and what the long table says of that."""
    by = {metric: judge for judge in judges for metric in judge.metrics}
    return {
        "instruments": {metric: judge.instrument.encoder for metric, judge in by.items()},
        "notes": {metric: judge.note for metric, judge in by.items()},
    }


def _real_rows(recording: str, data: EvaluationData) -> Iterator[dict]:
    true = Articulation(data.probed_contours(recording))
    if not true.contours and data.phones is None:
        return
    video = data.video(recording)[None]
    if true.contours:
        for row in articulator_rows(true, video, "draw", data.instruments):
            yield row | {"recording": recording}
    if data.phones is not None:
        for row in data.phones.rows(recording, video, "draw", GIVEN):
            yield row | {"recording": recording}


def _phone_rows(rollout: Rollout, estimate: str, recording: str, data: EvaluationData):
    """What is read off the draws, and off the video of wrong speech."""
    if data.phones is None:
        return
    yield from data.phones.rows(recording, rollout.draws, estimate, GIVEN)
    if rollout.wrong_speech is not None and rollout.speech_of in data.frames.recordings:
        yield from data.phones.wrong_speech_rows(
            recording,
            rollout.wrong_speech[0],
            rollout.speech_of,
            data.length(rollout.speech_of),
            GIVEN,
        )


def _rollout_rows(content: Generated, recording: str, data: EvaluationData) -> Iterator[dict]:
    truth = data.video(recording)
    rollout = content.rollout(recording)
    length = rollout.draws.shape[1]
    check_length(content, f"the rollout of {recording}", length, len(truth))
    estimate, contours = content.attributes["estimate"], data.probed_contours(recording)
    for row in rollout_rows(truth, rollout, estimate, data.instruments, contours):
        yield row | {"recording": recording}
    for row in _phone_rows(rollout, estimate, recording, data):
        yield row | {"recording": recording}


def _clip_rows(content: Generated, recording: str, data: EvaluationData) -> Iterator[dict]:
    starts, draws = content.clips(recording)
    truth = data.video(recording)[starts[:, None] + np.arange(CLIP_LENGTH)]
    for row in clip_rows(truth, draws, content.attributes["estimate"], data.instruments):
        yield row | {"recording": recording}
