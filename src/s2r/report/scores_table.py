"""The scores of all systems in one long table, and how a system and a measure are found in it.

One row a system, set, mode, estimate, metric and region, with a bootstrap interval over
recordings. This is what ``scores.csv`` holds and what Table 1 and its figure are drawn from.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from s2r.config.systems import SETS, recurrent_system
from s2r.core.errors import UserError
from s2r.evaluation.metrics.statistics import bootstrap_interval

IDENTITY = ["system", "encoder", "size", "pooling", "preset"]
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

OWN = "own"
"""Stands for the row's own estimate."""

MEASURES = {
    "fvd": ("clip", OWN, "fvd", "frame"),
    "ssim": ("clip", OWN, "ssim", "frame"),
    "error_draw": ("rollout", "draw", "squared_error", "dynamic"),
    "error_mean": ("rollout", "mean", "squared_error", "dynamic"),
    "contour_mm_draw": ("rollout", "draw", "contour_mm", "tongue"),
    "contour_mm_mean": ("rollout", "mean", "contour_mm", "tongue"),
    "kinematics": ("rollout", OWN, "kinematics", "cells"),
    "audio_gap": ("rollout", "draw", "audio_gap", "dynamic"),
    "high_frequency_power": ("rollout", OWN, "high_frequency_power", "frame"),
    "motion": ("rollout", OWN, "motion", "dynamic"),
    "seam_motion": ("rollout", OWN, "seam_motion", "dynamic"),
}
"""Column stem of Table 1: (mode, estimate, metric, region) of the long table."""


LABELS = {
    "real": "real",
    "real_other": "real, another recording",
    "copied_frame": "copied frame",
    "mean_frame": "mean frame of the subject",
}
"""Names for readers; regressions and models keep the names of the configuration."""


def aggregate(
    score_files: Sequence[str | Path], resamples: int = 2000, seed: int = 0
) -> pd.DataFrame:
    """The long table from score files (see ``s2r.evaluation.score``), columns ``COLUMNS``.

    A value is the mean over recordings weighted by their frames; ``low`` and ``high`` bound the
    95 % bootstrap interval over recordings. ``n`` counts what ``n_of`` names: recordings, or
    clips for ``fvd``. ``k`` is the number of draws behind the value. Raises UserError for a
    missing or unreadable file.
    """
    tables = [_aggregate_one(_read(path), resamples, seed) for path in score_files]
    tables = [table for table in tables if len(table)]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)


def select(group: pd.DataFrame, set_name: str, stem: str, estimate: str) -> pd.Series | None:
    """The row of one system's long table behind a cell of Table 1, or None."""
    mode, kind, metric, region = MEASURES[stem]
    found = group[
        (group["set"] == set_name)
        & (group["mode"] == mode)
        & (group["estimate"] == (estimate if kind == OWN else kind))
        & (group["metric"] == metric)
        & (group["region"] == region)
    ]
    return found.iloc[0] if len(found) else None


def own_estimate(group: pd.DataFrame) -> str:
    """``draw`` where a system makes draws (it may also have their mean), else ``mean``."""
    return "draw" if (group["estimate"] == "draw").any() else "mean"


def rank(system: str) -> int:
    """Place of a kind of system in every table and figure."""
    kinds = ("real", "real_other", "copied_frame", "mean_frame")
    if system in kinds:
        return kinds.index(system)
    regression = system.startswith(("regression", recurrent_system("")))
    return len(kinds) if regression else len(kinds) + 1


def label(system: str) -> str:
    """The name of a system for readers."""
    return LABELS.get(system, system)


def best_model(scores: pd.DataFrame) -> str | None:
    """The model whose draws have the lowest error in the first set of ``SETS`` that has any."""
    errors = scores[
        (scores["mode"] == "rollout")
        & (scores["estimate"] == "draw")
        & (scores["metric"] == "squared_error")
        & (scores["region"] == "dynamic")
        & (scores["system"].map(rank) > rank("regression"))
    ]
    for set_name in SETS:
        found = errors[errors["set"] == set_name]
        if len(found):
            return str(found.loc[found["value"].idxmin(), "system"])
    return None


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
                interval = bootstrap_interval(
                    recordings["value"].to_dict(),
                    recordings["frames"].to_dict(),
                    draws=resamples,
                    seed=seed,
                )
                row = shared | dict(zip(keys, key, strict=True)) | interval._asdict()
                rows.append(row | {"n_of": "recordings", "k": scores["draws"], "note": note})
        if content["fvd"] is not None:
            fvd = content["fvd"]
            row = shared | {"mode": "clip", "estimate": scores["estimate"], "metric": "fvd"}
            row |= {"region": "frame"} | {key: fvd[key] for key in ("value", "low", "high", "n")}
            facts = [note, f"{fvd['network']} sha256 {fvd['sha256']}", fvd["warning"]]
            rows.append(row | {"n_of": "clips", "k": 1, "note": "; ".join(filter(None, facts))})
    return pd.DataFrame(rows, columns=COLUMNS)


def _read(path: str | Path) -> dict:
    try:
        return json.loads(Path(path).read_text())
    except FileNotFoundError as error:
        raise UserError(f"{path} does not exist: run the score stage that makes it.") from error
    except json.JSONDecodeError as error:
        raise UserError(
            f"{path} is not valid JSON: delete it and run the score stage again."
        ) from error
