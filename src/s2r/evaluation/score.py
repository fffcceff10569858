"""Rules ``score`` and ``score_real``: scores of one system, a value for each recording and metric.

``results/scores/{system}.json``:

    {"system", "kind", "encoder", "size", "pooling", "preset": text,
     "code": version of the metrics (`s2r.core.source_digest`),
     "estimate": "draw" or "mean", "draws": k,
     "sets": {set: {"oracle": bool,
                    "values": [{"mode", "estimate", "metric", "region", "recording",
                                "value", "frames"}, ...],
                    "distances": {"fvd" and "kvd": {"n", "value", "low", "high", "network",
                                                    "sha256", "warning"}}}}}

``kind`` is one of `s2r.config.systems.Kind`. The estimate ``draw`` is the metric of each of the k
draws, averaged over them: what one draw is expected to score. ``mean`` is the metric of the
average of the k draws. ``frames`` is the weight of a value: what it is a mean over, which is
frames, but phones for the phone error rate and words for the identification of words. What is not
defined (the peak signal-to-noise ratio of equal frames, the lag of a video that stands still) is
left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from s2r.config.systems import Kind
from s2r.core.errors import UserError
from s2r.core.files import write_json
from s2r.core.progress import progress
from s2r.evaluation.clip_features import ClipDistance, clip_distances
from s2r.evaluation.data import EvaluationData, check_length
from s2r.evaluation.recording_scores import GIVEN, clip_rows, contour_score, rollout_rows
from s2r.generation.clip_choice import CLIP_LENGTH
from s2r.generation.generated_file import Generated, Rollout, read_generated

LABELS = ("kind", "encoder", "size", "pooling", "preset", "estimate")


def score_system(
    data: EvaluationData,
    distance: ClipDistance,
    *,
    system: str,
    generated: Mapping[str, str | Path],
    path: str | Path,
    rollouts: int | None = None,
    resamples: int = 200,
    seed: int = 0,
    code: str = "",
) -> None:
    """Score ``system`` and write the JSON file ``path`` (its shape: see the top of this file).

    ``data`` with split, and with the index where there is a probe. ``generated`` is {set:
    generated file}. ``rollouts`` is the most recordings of a set that are rolled out (None: all),
    as the videos were generated; ``resamples`` counts the bootstrap samples of the Fréchet
    distance; ``code`` is the version of the metrics. Raises UserError where a recording or clip of
    a set is missing or was made from other frames.
    """
    scores: dict = {"system": system, "code": code, "draws": 1, "sets": {}}
    for set_name, file in generated.items():
        with read_generated(file) as content:
            if content.attributes["system"] != system:
                raise UserError(
                    f"{file} was made by {content.attributes['system']}, not by {system}: delete "
                    "it and run the generate stage again."
                )
            scores |= {key: content.attributes[key] for key in LABELS}
            values = []
            for recording in progress(
                data.members(set_name, rollouts), f"score {system}, {set_name}"
            ):
                # Of a recording of one frame nothing is scored.
                if recording not in content.skipped and data.length(recording) > GIVEN:
                    values += _rollout_rows(content, recording, data)
                    scores["draws"] = max(scores["draws"], content.draws(recording))
            distances = clip_distances(content, set_name, distance, resamples, seed)
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
    rollouts: int | None = None,
    code: str = "",
) -> None:
    """Write the scores of the system ``real``: the error of the contour probe on true frames, and
    the phones that are read off these.

    No system can be measured to have a smaller error. Without a probe and without known phones the
    file holds no values.
    """
    scores: dict = {"system": Kind.REAL.value, "code": code, "draws": 1, "sets": {}}
    scores |= dict.fromkeys(LABELS, "") | {"kind": Kind.REAL.value, "estimate": "draw"}
    for set_name in sets:
        values = []
        for recording in progress(data.members(set_name, rollouts), f"real, {set_name}"):
            if data.length(recording) > GIVEN:
                values += _real_rows(recording, data)
        scores["sets"][set_name] = {"oracle": False, "values": values, "distances": {}}
    write_json(path, scores)


def _real_rows(recording: str, data: EvaluationData) -> Iterator[dict]:
    contour = data.probed_contour(recording)
    if contour is None and data.phones is None:
        return
    video = data.video(recording)
    if contour is not None:
        row = {"mode": "rollout", "estimate": "draw", "metric": "contour_mm", "region": "tongue"}
        row |= {"value": contour_score(video, contour, data.instruments)}
        yield row | {"recording": recording, "frames": len(video) - GIVEN}
    if data.phones is not None:
        for row in data.phones.rows(recording, video[None], "draw", GIVEN):
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
    estimate, contour = content.attributes["estimate"], data.probed_contour(recording)
    for row in rollout_rows(truth, rollout, estimate, data.instruments, contour):
        yield row | {"recording": recording, "frames": length - GIVEN}
    for row in _phone_rows(rollout, estimate, recording, data):
        yield row | {"recording": recording}


def _clip_rows(content: Generated, recording: str, data: EvaluationData) -> Iterator[dict]:
    starts, draws = content.clips(recording)
    truth = data.video(recording)[starts[:, None] + np.arange(CLIP_LENGTH)]
    for row in clip_rows(truth, draws, content.attributes["estimate"], data.instruments):
        yield row | {"recording": recording, "frames": len(starts) * CLIP_LENGTH}
