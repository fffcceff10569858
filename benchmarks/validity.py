"""Does every metric rank a known-better video above a known-worse one? (docs/metrics.md, Validity)

    python benchmarks/validity.py results [--set unseen_subject] [--csv validity.csv]

True videos of a set are made worse in known ways, in growing steps (benchmarks/degradations.py),
and scored as if a system had generated them. For each metric and degradation the table says from
which step on it is surely worse than the truth (p < .05 over recordings; of distances of
collections, the whole interval is beyond the value of the truth), and whether its means get worse
step by step. About three minutes on one core for 12 recordings.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from degradations import DEGRADATIONS, Degradation, Scene, stretched
from scipy.ndimage import gaussian_filter

from s2r.config.judges import LOGMEL
from s2r.config.systems import Kind
from s2r.core.progress import progress
from s2r.evaluation.agreement.scores import open_judges
from s2r.evaluation.clip_features import open_clip_distance
from s2r.evaluation.data import EvaluationData, open_evaluation_data
from s2r.evaluation.metrics.paired_tests import paired_difference
from s2r.evaluation.score import score_system
from s2r.generation.clip_choice import CLIP_LENGTH
from s2r.generation.generated_file import GeneratedWriter

SURE = 0.05
LOWER, HIGHER, ONE, ZERO = "lower", "higher", "one", "zero"
NEAR_PIXELS = 2.0

GOOD = {
    **dict.fromkeys(("squared_error", "contour_mm", "tract_error_mm", "gesture_ms"), LOWER),
    **dict.fromkeys(("phone_error_rate", "median_rank", "sound_offset_size"), LOWER),
    **dict.fromkeys(("fvd", "kvd", "contrastive_fvd", "contrastive_kvd"), LOWER),
    **dict.fromkeys(("ssim", "kinematics", "kinematics_velocity", "tract_correlation"), HIGHER),
    **dict.fromkeys(("gesture_found", "agreement", "top1", "phone_accuracy"), HIGHER),
    **dict.fromkeys(("place_accuracy", "manner_accuracy", "word_identification"), HIGHER),
    **dict.fromkeys(("high_frequency_power", "motion", "drift"), ONE),
    **dict.fromkeys(("lag", "gesture_delay_ms", "sound_offset"), ZERO),
}
"""Where good values of a metric lie. Not here: the peak signal-to-noise ratio, which is infinite
for the truth and ranks as the squared error, and what only generated video has (audio gap)."""

SHOWN = (
    *(("squared_error", "dynamic"), ("ssim", "frame"), ("kinematics", "cells")),
    *(("kinematics_velocity", "cells"), ("lag", "cells"), ("high_frequency_power", "frame")),
    *(("motion", "dynamic"), ("drift", "dynamic"), ("contour_mm", "tongue")),
    *(("tract_error_mm", "tip_degree"), ("tract_correlation", "tip_degree")),
    *(("tract_error_mm", "lip_aperture"), ("gesture_found", "tip_degree")),
    *(("gesture_ms", "tip_degree"), ("gesture_delay_ms", "tip_degree")),
    *(("phone_error_rate", "phones"), ("phone_accuracy", "phones")),
    *(("word_identification", "phones"), ("agreement", "frame"), ("top1", "frame")),
    *(("sound_offset", "frame"), ("fvd", "frame"), ("kvd", "frame")),
    *(("contrastive_fvd", "frame"), ("contrastive_kvd", "frame")),
)
"""Metrics in the table; the CSV file has all."""


def tongue_share(data: EvaluationData, recording: str) -> np.ndarray:
    """(H, W) in 0..1, 1 where the tongue's contour passes in a recording, with soft borders."""
    size = data.video(recording, 0, 1).shape[-1]
    contour = data.true_contours(recording).get("tongue")
    if contour is None:
        return gaussian_filter(data.instruments.region.astype(float), 1)
    places = contour.reshape(-1, 2) * size / data.field_mm
    places = places[np.isfinite(places).all(1)].astype(int).clip(0, size - 1)
    passed = np.zeros((size, size))
    passed[places[:, 1], places[:, 0]] = 1
    return gaussian_filter(passed, NEAR_PIXELS).clip(0, 0.1) / 0.1


def scene(data: EvaluationData, recording: str, seed: int) -> Scene:
    """A true video and what a degradation takes from elsewhere."""
    lines, truth = data.split.set_index("recording"), data.video(recording)
    subject, stimulus = lines.loc[recording, "subject"], lines.loc[recording, "stimulus"]
    usable = lines.loc[[name for name in lines.index if name in set(data.frames.recordings)]]
    speech = usable[(usable["subject"] == subject) & (usable["stimulus"] != stimulus)].index
    speaker = usable[(usable["subject"] != subject) & (usable["stimulus"] == stimulus)].index
    picked = np.random.default_rng(seed)
    others = [data.video(str(picked.choice(names))) for names in (speech, speaker)]
    return Scene(
        truth,
        tongue_share(data, recording),
        np.resize(others[0], truth.shape),
        stretched(others[1], len(truth)),
        seed,
    )


def cases() -> Iterator[tuple[str, Degradation | None, float]]:
    """Name, degradation and step of every video that is scored; first the truth itself."""
    yield "truth", None, 0.0
    for degradation in DEGRADATIONS:
        for step in degradation.steps:
            yield f"{degradation.name} {step:g}", degradation, step


def scored(results: Path, set_name: str, most: int | None) -> pd.DataFrame:
    """Scores of all cases: ``degradation, step, metric, region, recording, value, frames``, and of
    distances ``low, high``, with no recording."""
    instruments, scores = results / "instruments", results / "scores"
    files = {
        "frames": sorted((results / "frames").glob("*.h5")),
        "split": results / "split.csv",
        "recordings": results / "recordings.csv",
        "region": instruments / "region.npz",
        "probe": sorted(instruments.glob("probe.safetensors")),
        "contours": sorted(results.glob("contours.h5")),
        "recogniser": instruments / "phones.safetensors",
        "phone_times": results / "phone_times.csv",
    }
    data = open_evaluation_data(files)
    weights = Path("weights/i3d-kinetics-400.safetensors")
    distance = open_clip_distance(scores / "real_features.npz", weights, "cpu")
    asked = [{"suffix": "", "distances": True, "note": ""}]
    judges = open_judges(
        asked,
        [instruments / f"agreement-{LOGMEL}.safetensors"],
        [scores / f"agreement-{LOGMEL}.npz"],
    )
    members = data.members(set_name, most)
    scenes = {name: scene(data, name, number) for number, name in enumerate(members)}
    clips = distance.real.clips[set_name]
    rows = []
    with TemporaryDirectory() as folder:
        path, table = Path(folder) / "videos.h5", Path(folder) / "scores.json"
        for name, degradation, step in progress(list(cases()), "degradations"):
            with GeneratedWriter(path, system=name, kind=Kind.MODEL) as writer:
                for recording in dict.fromkeys([*members, *(clip[0] for clip in clips)]):
                    known = scenes.get(recording) or scene(data, recording, len(scenes))
                    video = degradation.apply(known, step) if degradation else known.truth
                    if recording in scenes:
                        writer.rollout(recording, video[None])
                    starts = np.array([start for owner, start in clips if owner == recording], int)
                    if len(starts):
                        cut = video[starts[:, None] + np.arange(CLIP_LENGTH)]
                        writer.clips(recording, starts, cut[:, None])
            score_system(
                data,
                distance,
                system=name,
                generated={set_name: path},
                path=table,
                judges=judges,
                rollouts=most,
            )
            content = json.loads(table.read_text())["sets"][set_name]
            about = {"degradation": degradation.name if degradation else "", "step": step}
            rows += [
                about | value
                for value in content["values"]
                if value["mode"] == "rollout" and value["metric"] in GOOD
            ]
            for metric, found in content["distances"].items():
                bounds = {key: found[key] for key in ("value", "low", "high")}
                rows.append(about | {"metric": metric, "region": "frame", "recording": ""} | bounds)
    return pd.DataFrame(rows)


def badness(metric: str, values: pd.Series) -> pd.Series:
    """Larger is worse."""
    distance = {LOWER: values, HIGHER: -values, ONE: (values - 1).abs(), ZERO: values.abs()}
    return distance[GOOD[metric]]


def verdict(metric: str, truth: pd.DataFrame, worse: pd.DataFrame) -> dict:
    """From which step on a metric is surely worse than for the truth, and whether in order."""
    if truth.empty:  # not defined for a perfect copy: the drift of no error
        truth = worse[worse["step"] == worse["step"].min()].assign(value=float(GOOD[metric] == ONE))
    steps = sorted(worse["step"].unique())
    sure, order = [], [badness(metric, truth["value"]).mean()]
    for step in steps:
        part = worse[worse["step"] == step]
        order.append(badness(metric, part["value"]).mean())
        if (truth["recording"] == "").all():
            sure.append(int(part["low"].iloc[0] > truth["value"].iloc[0]))
            continue
        pair = part.merge(truth, on="recording", suffixes=("", "_true"))
        change = badness(metric, pair["value"]) - badness(metric, pair["value_true"])
        found = paired_difference(change.to_numpy()[:, None], pair["frames"].to_numpy())
        sure.append(int(np.sign(found.value)) if found.p_recordings < SURE else 0)
    seen = [step for step, sign in zip(steps, sure, strict=True) if sign > 0]
    return {
        "first": seen[0] if seen else None,
        "ordered": bool(np.all(np.diff(order) > 0)),
        "prefers": any(sign < 0 for sign in sure),
    }


def cell(found: dict, single: bool) -> str:
    """A verdict in a table; see the legend in docs/metrics.md."""
    if found["prefers"]:
        return "better"
    if found["first"] is None:
        return "-"
    if single:
        return "yes"
    return f"{found['first']:g}" + ("" if found["ordered"] else " (*)")


def table_of(scores: pd.DataFrame) -> pd.DataFrame:
    """The verdicts: a row for each metric and region, a column for each degradation."""
    rows = {}
    for (metric, region), group in scores.groupby(["metric", "region"], sort=False):
        truth = group[group["degradation"] == ""]
        for degradation in DEGRADATIONS:
            worse = group[group["degradation"] == degradation.name]
            heading = f"{degradation.name} ({degradation.unit})".replace(" ()", "")
            text = cell(verdict(metric, truth, worse), len(degradation.steps) == 1)
            rows.setdefault((metric, region), {})[heading] = text if len(worse) else ""
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index = table.index.set_names(["metric", "region"])
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--set", default="unseen_subject")
    parser.add_argument("--recordings", type=int, default=12)
    parser.add_argument("--csv", type=Path, help="where all values go")
    arguments = parser.parse_args()
    scores = scored(arguments.results, arguments.set, arguments.recordings)
    if arguments.csv:
        scores.to_csv(arguments.csv, index=False)
    table = table_of(scores)
    shown = table.loc[[key for key in SHOWN if key in table.index]]
    print(shown.reset_index().to_markdown(index=False))


if __name__ == "__main__":
    main()
