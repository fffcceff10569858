"""The scores of all systems in one long table, and how a system and a measure are found in it.

One row for each system, set, mode, estimate, metric and region, with a bootstrap interval over
recordings. This is what ``scores.csv`` holds and what Table 1 and its figure are drawn from.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from s2r.config.systems import Kind
from s2r.core.damaged import reading
from s2r.core.errors import UserError
from s2r.evaluation.metric import Measure
from s2r.evaluation.metrics.statistics import bootstrap_interval

REMEDY = "delete it and run the score stage again"

IDENTITY = ["system", "kind", "encoder", "size", "pooling", "preset"]
COLUMNS = [
    *IDENTITY,
    "set",
    "mode",
    "estimate",
    "metric",
    "region",
    "value",
    "low",
    "high",
    "n",
    "n_of",
    "k",
    "note",
]

NAMES = {
    Kind.REAL: "real",
    Kind.REAL_OTHER: "real, another recording",
    Kind.COPIED_FRAME: "copied frame",
    Kind.MEAN_FRAME: "mean frame of the subject",
}
"""Names of baselines for readers; means and models keep the names of the configuration."""


def aggregate(
    score_files: Sequence[str | Path], resamples: int = 2000, seed: int = 0
) -> pd.DataFrame:
    """The long table from score files (see ``s2r.evaluation.score``), columns ``COLUMNS``.

    A value is the mean over recordings weighted by their frames; ``low`` and ``high`` bound the
    95 % bootstrap interval over recordings. ``n`` counts what ``n_of`` names: recordings, or
    clips for the distances. ``k`` is the number of draws behind the value. Raises UserError
    for a missing or unreadable file, for one that does not say what kind of system it scores, and
    where the files were made by different versions of the metrics.
    """
    scores = {str(path): _read(path) for path in score_files}
    versions = {content.get("code", ""): path for path, content in scores.items()}
    if len(versions) > 1:
        first, second, *_ = versions.values()
        raise UserError(
            f"{first} and {second} were made by different versions of the metrics, and cannot "
            "stand in one table: delete their folder and call snakemake again."
        )
    tables = []
    for path, content in scores.items():
        with reading(path, REMEDY):
            tables.append(_aggregate_one(content, resamples, seed))
    tables = [table for table in tables if len(table)]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)


def find_value(
    group: pd.DataFrame, set_name: str, measure: Measure, estimate: str
) -> pd.Series | None:
    """The row of one system's long table behind a cell of Table 1, or None.

    ``estimate`` is one of ``measure.columns()``.
    """
    wanted = own_estimate(group) if estimate == "own" else estimate
    found = group[
        (group["set"] == set_name)
        & (group["mode"] == measure.mode)
        & (group["estimate"] == wanted)
        & (group["metric"] == measure.metric)
        & (group["region"] == measure.region)
    ]
    return found.iloc[0] if len(found) else None


def own_estimate(group: pd.DataFrame) -> str:
    """``draw`` where a system makes draws (it may also have their mean), else ``mean``."""
    return "draw" if (group["estimate"] == "draw").any() else "mean"


def systems_in_order(scores: pd.DataFrame) -> list[pd.DataFrame]:
    """The part of the long table of each system, ordered by ``Kind``.

    Systems of one kind keep their order in ``scores``.
    """
    groups = [group for _, group in scores.groupby(IDENTITY, sort=False, dropna=False)]
    return sorted(groups, key=lambda group: list(Kind).index(group["kind"].iloc[0]))


def reader_name(system: str) -> str:
    """The name of a system for readers."""
    return NAMES.get(system, system)


def _aggregate_one(scores: dict, resamples: int, seed: int) -> pd.DataFrame:
    rows = []
    for set_name, content in scores["sets"].items():
        note = "oracle" if content["oracle"] else ""
        shared = {key: scores[key] for key in IDENTITY} | {"set": set_name}
        if content["values"]:
            values = pd.DataFrame(content["values"])
            keys = ["mode", "estimate", "metric", "region"]
            for key, group in values.groupby(keys, sort=False):
                recordings = group.set_index("recording")
                values_of, frames_of = (recordings[name].to_dict() for name in ("value", "frames"))
                interval = bootstrap_interval(values_of, frames_of, resamples, seed=seed)
                row = shared | dict(zip(keys, key, strict=True)) | interval._asdict()
                facts = [note, scores.get("notes", {}).get(row["metric"], "")]
                row |= {"n_of": "recordings", "k": scores["draws"]}
                rows.append(row | {"note": "; ".join(filter(None, facts))})
        for metric, found in content["distances"].items():
            mode = found.get("mode", "clip")
            row = shared | {"mode": mode, "estimate": scores["estimate"], "metric": metric}
            row |= {"region": "frame"} | {key: found[key] for key in ("value", "low", "high", "n")}
            checksum = f" sha256 {found['sha256']}" if found["sha256"] else ""
            facts = [note, found["network"] + checksum, found["warning"]]
            rows.append(row | {"n_of": "clips", "k": 1, "note": "; ".join(filter(None, facts))})
    return pd.DataFrame(rows, columns=COLUMNS)


def _read(path: str | Path) -> dict:
    if not Path(path).exists():
        raise UserError(f"{path} does not exist: run the score stage that makes it.")
    with reading(path, REMEDY):
        scores = json.loads(Path(path).read_text())
    if not isinstance(scores, dict) or scores.get("kind") not in list(Kind):
        raise UserError(
            f"{path} does not say of which kind its system is: it was made by an earlier version "
            "of s2r; delete it and run the score stage again."
        )
    return scores
