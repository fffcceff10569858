"""Scores of one system against the true videos, one value a recording and measure.

``results/scores/{system}.json``:

    {"system", "encoder", "size", "pooling", "preset": text,
     "estimate": "draw" or "mean", "draws": k,
     "sets": {set: {"oracle": bool,
                    "values": [{"mode", "estimate", "metric", "region", "recording",
                                "value", "frames"}, ...],
                    "fvd": null or {"n", "value", "low", "high", "network", "sha256",
                                    "warning"}}}}

``estimate`` ``draw`` is the measure of each of the k draws, averaged over them: what one draw is
expected to score. ``mean`` is the measure of the average of the k draws. What is not defined (the
peak signal-to-noise ratio of equal frames, the lag of a video that stands still) is left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from s2r.core.errors import UserError
from s2r.core.files import sha256_of, write_json
from s2r.core.progress import progress
from s2r.core.shards import Shards
from s2r.corpus.index import read_corpus
from s2r.corpus.split import read_split
from s2r.evaluation.clip_features import Extract, frechet_of_set, i3d_extractor, read_real_features
from s2r.evaluation.instruments import Instruments, read_instruments
from s2r.evaluation.recording_scores import GIVEN, clip_rows, contour_score, rollout_rows
from s2r.generation.clip_choice import CLIP_LENGTH
from s2r.generation.generated_file import Generated, read_generated
from s2r.preparation.selection import recordings_of
from s2r.preparation.true_contours import true_contour

LABELS = ("encoder", "size", "pooling", "preset", "estimate")


def score_system(
    *,
    system: str,
    generated: Mapping[str, str | Path],
    frame_shards: Sequence[str | Path],
    recordings: str | Path,
    split: str | Path,
    region: str | Path,
    probe: str | Path | None,
    real_features: str | Path,
    i3d_weights: str | Path,
    path: str | Path,
    rollouts: int | None = None,
    resamples: int = 200,
    seed: int = 0,
    device: str = "cpu",
    extract: Extract | None = None,
) -> None:
    """Score ``system`` and write the JSON file ``path`` (its shape: see the top of this file).

    ``generated`` is {set: generated file}; ``recordings`` and ``split`` are the tables of the
    corpus; ``region`` and ``probe`` come from ``fit_instruments``, ``real_features`` from
    ``write_real_features``. ``rollouts`` is the most recordings a set that are rolled out (None:
    all), as the videos were generated; ``resamples`` counts the bootstrap samples of the Fréchet
    distance. ``extract`` takes the place of the I3D of ``i3d_weights``. Raises UserError where a
    recording or clip of a set is missing or was made from other frames.
    """
    frames, members = Shards(frame_shards), read_split(split)
    corpus = read_corpus(recordings)
    measures = read_instruments(region, probe)
    real = read_real_features(real_features)
    if real.sha256 != sha256_of(i3d_weights):
        raise UserError(
            f"{real_features} was made with other weights than {i3d_weights}: delete it and run "
            "the rule real_features again."
        )
    extract = extract or i3d_extractor(i3d_weights, device)
    scores: dict = {"system": system, "draws": 1, "sets": {}}
    for set_name, file in generated.items():
        with read_generated(file) as content:
            if content.attributes["system"] != system:
                raise UserError(
                    f"{file} was made by {content.attributes['system']}, not by {system}: delete "
                    "it and run the generate stage again."
                )
            scores |= {key: content.attributes[key] for key in LABELS}
            values = []
            rolled_out = recordings_of(members, set_name, frames, rollouts)
            for recording in progress(rolled_out, f"score {system}, {set_name}"):
                if recording not in content.skipped:
                    contour = true_contour(corpus.loc[recording], frames) if probe else None
                    values += _rollout_rows(content, recording, frames, measures, contour)
                    scores["draws"] = max(scores["draws"], content.draws(recording))
            fvd = frechet_of_set(content, set_name, real, extract, resamples, seed)
            for recording in content.clip_recordings:
                values += _clip_rows(content, recording, frames, measures)
            scores["sets"][set_name] = {
                "oracle": content.attributes["oracle"],
                "values": values,
                "fvd": fvd,
            }
    write_json(path, scores)


def score_real(
    *,
    sets: Sequence[str],
    frame_shards: Sequence[str | Path],
    recordings: str | Path,
    split: str | Path,
    region: str | Path,
    probe: str | Path | None,
    path: str | Path,
    rollouts: int | None = None,
) -> None:
    """Write the scores of the system ``real``: what the contour probe errs on true frames.

    No system can be measured to err less. Without a probe the file holds no values.
    """
    frames, members = Shards(frame_shards), read_split(split)
    corpus = read_corpus(recordings)
    measures = read_instruments(region, probe)
    scores: dict = {"system": "real", "draws": 1, "sets": {}}
    scores |= dict.fromkeys(LABELS, "") | {"estimate": "draw"}
    for set_name in sets:
        values = []
        rolled_out = recordings_of(members, set_name, frames, rollouts)
        for recording in progress(rolled_out, f"probe, {set_name}"):
            contour = true_contour(corpus.loc[recording], frames) if probe else None
            if contour is not None:
                truth = frames.read(recording, "frames")
                row = {"mode": "rollout", "estimate": "draw", "metric": "contour_mm"}
                row |= {"region": "tongue", "value": contour_score(truth, contour, measures)}
                values.append(row | {"recording": recording, "frames": len(truth) - GIVEN})
        scores["sets"][set_name] = {"oracle": False, "values": values, "fvd": None}
    write_json(path, scores)


def _rollout_rows(
    content: Generated,
    recording: str,
    frames: Shards,
    measures: Instruments,
    contour: np.ndarray | None,
) -> Iterator[dict]:
    truth = frames.read(recording, "frames")
    estimate = content.attributes["estimate"]
    rollout = content.rollout(recording)
    length = rollout.draws.shape[1]
    if length != len(truth):
        raise UserError(
            f"{content.path}: the rollout of {recording} has {length} frames and the true video "
            f"{len(truth)}: delete the file and run the generate stage again."
        )
    for row in rollout_rows(truth, rollout, estimate, measures, contour):
        yield row | {"recording": recording, "frames": length - GIVEN}


def _clip_rows(
    content: Generated, recording: str, frames: Shards, measures: Instruments
) -> Iterator[dict]:
    starts, draws = content.clips(recording)
    truth = frames.read(recording, "frames")[starts[:, None] + np.arange(CLIP_LENGTH)]
    for row in clip_rows(truth, draws, content.attributes["estimate"], measures):
        yield row | {"recording": recording, "frames": len(starts) * CLIP_LENGTH}
