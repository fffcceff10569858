"""Rule ``phones``: ``phones.csv``, what is read off the videos of each system and off true ones."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from s2r.config.systems import Kind
from s2r.core.damaged import reading
from s2r.evaluation.data import EvaluationData
from s2r.evaluation.metrics.statistics import bootstrap_interval, bootstrap_ratio
from s2r.evaluation.phones.scores import CLASSES, GIVEN, ITEM_KINDS, REGION, RIGHT
from s2r.evaluation.phones.times import NO_PHONE
from s2r.evaluation.recording_scores import GIVEN as GIVEN_FRAMES
from s2r.report.scores_table import REMEDY

CHANCE = "chance"
"""System of the rows that say what can be reached without a look at the video."""

COLUMNS = ["system", "set", "estimate", "measure", "against", "value", "low", "high", "n", "of"]
COLUMNS += ["ratio", "ratio_low", "ratio_high"]


def phones_table(
    data: EvaluationData,
    score_files: Sequence[str | Path],
    resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """The table of phones; columns ``COLUMNS``.

    ``value`` is the mean over ``n`` recordings, weighted by what each is a mean over, of which
    there are ``of``: frames, phones or words. ``ratio`` is that to the true video of the same
    recordings. Both with a 95 % bootstrap interval over recordings. ``against`` says which phones
    the video is compared with. The system ``chance`` says the phone of most frames of the set all
    the time, reads no phone of a sequence, and guesses words. Raises UserError for files that
    cannot be read.
    """
    long = pd.concat([_values(path) for path in score_files], ignore_index=True)
    if long.empty:
        return pd.DataFrame(columns=COLUMNS)
    keys = ["system", "set", "estimate", "metric", "region"]
    real = {
        key[1:]: group.set_index("recording")["value"].to_dict()
        for key, group in long[long["system"] == Kind.REAL.value].groupby(
            ["system", "set", "metric", "region"]
        )
    }
    rows = []
    for key, group in long.groupby(keys, sort=False):
        system, set_name, estimate, metric, region = key
        by_recording = group.set_index("recording")
        values, weights = (by_recording[name].to_dict() for name in ("value", "frames"))
        row = {"system": system, "set": set_name, "estimate": estimate, "measure": metric}
        row |= {"against": region, "of": sum(weights.values())}
        row |= bootstrap_interval(values, weights, resamples, seed=seed)._asdict()
        others = real.get((set_name, metric, region), {})
        ratio = bootstrap_ratio(values, others, weights, resamples, seed)
        row |= {"ratio": ratio.value, "ratio_low": ratio.low, "ratio_high": ratio.high}
        rows.append(row)
    recordings = long[long["region"] == REGION].groupby("set", sort=False)["recording"].unique()
    for set_name, names in recordings.items():
        rows += _chance(data, set_name, names)
    return pd.DataFrame(rows, columns=COLUMNS)


def _values(path: str | Path) -> pd.DataFrame:
    """The values of a score file that are about phones, with their system and set."""
    with reading(path, REMEDY):
        scores = json.loads(Path(path).read_text())
        rows = [
            row | {"system": scores["system"], "set": set_name}
            for set_name, content in scores["sets"].items()
            for row in content["values"]
            if row["region"] in (REGION, GIVEN, RIGHT)
        ]
    return pd.DataFrame(rows)


def _chance(data: EvaluationData, set_name: str, recordings: Sequence[str]) -> Iterator[Mapping]:
    said = [data.phones.said(name, data.length(name)) for name in recordings]
    codes = np.concatenate([own.codes[GIVEN_FRAMES:] for own in said])
    codes = codes[codes != NO_PHONE]
    shared = {"system": CHANCE, "set": set_name, "estimate": "draw", "against": REGION}
    shared["n"] = len(said)
    for metric, classes in CLASSES.items():
        value = np.bincount(classes[codes]).max() / len(codes)
        yield shared | {"measure": metric, "value": value, "of": len(codes)}
    phones = sum(len(own.sequence) for own in said if own.sequence is not None)
    if phones:
        yield shared | {"measure": "phone_error_rate", "value": 1.0, "of": phones}
    chances = np.array([1 / len(words) for own in said for words in own.alternatives])
    for kind in ITEM_KINDS:
        taken = np.concatenate([own.items_of(kind) for own in said])
        if taken.any():
            value = {"value": float(chances[taken].mean()), "of": int(taken.sum())}
            yield shared | {"measure": f"{kind}_identification"} | value
