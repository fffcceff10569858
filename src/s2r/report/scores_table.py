"""The scores of all systems in one long table, and how a system and a measure are found in it.

One row for each system, set, mode, estimate, metric and region, with a bootstrap interval over
recordings and the spread over the seeds of the trainings. This is what ``scores.csv`` holds and
what Table 1 and its figure are drawn from.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
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
    "seed_sd",
    "n",
    "n_of",
    "k",
    "seeds",
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

    A value is the mean over recordings weighted by their frames, and over the ``seeds`` with which
    the system was trained; ``seed_sd`` is the standard deviation over seeds, NaN with one or none.
    ``low`` and ``high`` bound the 95 % bootstrap interval over recordings, of the means over seeds;
    those of distances are the means of the bounds of each seed, and a little too wide. ``n`` counts
    what ``n_of`` names: recordings, or clips for the distances. ``k`` is the number of draws behind
    the value of one seed. Raises UserError as `read_scores`.
    """
    tables = []
    for contents in read_scores(score_files).values():
        with reading(", ".join(contents), REMEDY):
            tables.append(_aggregate_one(list(contents.values()), resamples, seed))
    tables = [table for table in tables if len(table)]
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)
    return table.astype({"seeds": "Int64", "seed_sd": float})


def read_scores(score_files: Sequence[str | Path]) -> dict[str, dict[str, dict]]:
    """The contents of score files: for each system {file: content}, a file for each seed.

    Raises UserError for a missing or unreadable file, for one that does not say what kind of system
    it scores, where the files were made by different versions of the metrics, and where two are of
    the same system and seed.
    """
    scores = {str(path): _read(path) for path in score_files}
    versions = {content.get("code", ""): path for path, content in scores.items()}
    if len(versions) > 1:
        first, second, *_ = versions.values()
        raise UserError(
            f"{first} and {second} were made by different versions of the metrics, and cannot "
            "stand in one table: delete their folder and call snakemake again."
        )
    systems: dict[str, dict[str, dict]] = {}
    for path, content in scores.items():
        others = systems.setdefault(content["system"], {})
        for other, found in others.items():
            if found.get("seed") == content.get("seed"):
                raise UserError(
                    f"{other} and {path} are of the same system and seed: delete the one that is "
                    "not of this configuration."
                )
        others[path] = content
    return systems


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


def _aggregate_one(contents: list[dict], resamples: int, seed: int) -> pd.DataFrame:
    """The rows of one system from its score files, one for each seed."""
    first, rows = contents[0], []
    trained = {"seeds": None if first.get("seed") is None else len(contents)}
    for set_name, of_set in first["sets"].items():
        note = "oracle" if of_set["oracle"] else ""
        shared = {key: first[key] for key in IDENTITY} | {"set": set_name} | trained
        parts = [content["sets"][set_name] for content in contents]
        values = pd.concat(
            [pd.DataFrame(part["values"]).assign(training=i) for i, part in enumerate(parts)]
        )
        keys = ["mode", "estimate", "metric", "region"]
        for key, group in values.groupby(keys, sort=False) if len(values) else ():
            recordings = group.groupby("recording", sort=False)
            means, frames = recordings["value"].mean(), recordings["frames"].first()
            interval = bootstrap_interval(means.to_dict(), frames.to_dict(), resamples, seed=seed)
            row = shared | dict(zip(keys, key, strict=True)) | interval._asdict()
            facts = [note, first.get("notes", {}).get(row["metric"], "")]
            row |= {"n_of": "recordings", "k": first["draws"]}
            row |= {"note": "; ".join(filter(None, facts))}
            trainings = [
                np.average(part["value"], weights=part["frames"])
                for _, part in group.groupby("training")
            ]
            rows.append(row | {"seed_sd": _spread(trainings)})
        for metric, found in of_set["distances"].items():
            mode = found.get("mode", "clip")
            row = shared | {"mode": mode, "estimate": first["estimate"], "metric": metric}
            table = pd.DataFrame([part["distances"][metric] for part in parts])
            bounds = table[["value", "low", "high"]].astype(float)
            row |= {"region": "frame", "n": found["n"], "n_of": "clips", "k": 1}
            row |= bounds.mean().to_dict() | {"seed_sd": _spread(bounds["value"])}
            checksum = f" sha256 {found['sha256']}" if found["sha256"] else ""
            facts = [note, found["network"] + checksum, found["warning"]]
            rows.append(row | {"note": "; ".join(filter(None, facts))})
    return pd.DataFrame(rows, columns=COLUMNS)


def _spread(values: Sequence[float]) -> float:
    """Standard deviation of a sample; NaN of one."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else np.nan


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
