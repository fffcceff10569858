"""The rows and cells of Table 1 as text, rounded, with intervals."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from s2r.config.systems import SETS
from s2r.evaluation.metric import Measure
from s2r.report.scores_table import IDENTITY, find_value, own_estimate, reader_name

SYSTEM_HEAD = ["System", "Encoder", "Size", "Pooling", "Preset", "Video", "Draws", "Seeds"]

ESTIMATE_NAMES = {"draw": "one draw", "mean": "mean"}
"""What a video is, for readers."""


def set_title(set_name: str) -> str:
    """The name of a set for readers."""
    return set_name.replace("_", " ")


def description(group: pd.DataFrame) -> list[str]:
    """What a system is, in the columns of ``SYSTEM_HEAD``, from its part of the long table."""
    first = group.iloc[0]
    labels = [key for key in IDENTITY if key not in ("system", "kind")]
    return [
        reader_name(first["system"]),
        *(str(first[key]) if first[key] else "-" for key in labels),
        own_estimate(group),
        str(group["k"].max()),
        "-" if pd.isna(group["seeds"].max()) else str(group["seeds"].max()),
    ]


def section_rows(
    systems: Sequence[pd.DataFrame], measure: Measure, columns: Mapping[str, str]
) -> list[list[str]]:
    """Rows of the small table of a measure: the system's name, then a cell a set and column.

    ``columns`` are all or some of ``measure.columns()``. Systems without any value have no row.
    """
    rows = []
    for group in systems:
        cells = [
            value_cell(find_value(group, set_name, measure, estimate), measure)
            for set_name in SETS
            for estimate in columns.values()
        ]
        if any(cells):
            rows.append([reader_name(group["system"].iloc[0]), *cells])
    return rows


def section_head(estimates: Sequence[str] = ("",)) -> list[str]:
    """The head of a small table; ``estimates`` are named where a set has several columns."""
    names = [ESTIMATE_NAMES[estimate] if estimate else "" for estimate in estimates]
    columns = [f"{set_title(s)}, {name}" if name else set_title(s) for s in SETS for name in names]
    return ["System", *columns]


def value_cell(row: pd.Series | None, measure: Measure) -> str:
    """A value with its interval and the spread over seeds; ``*`` marks an oracle."""
    if row is None:
        return ""
    value, low, high = (
        f"{measure.factor * row[key]:.{measure.decimals}f}" for key in ("value", "low", "high")
    )
    interval = f" [{low}, {high}]" if np.isfinite(row["low"]) else ""
    return value + oracle_mark(row) + interval + seed_spread(row, measure)


def seed_spread(row: pd.Series, measure: Measure) -> str:
    """``, sd 0.3`` where a system was trained with several seeds."""
    if not np.isfinite(row["seed_sd"]):
        return ""
    # One figure more than the value, so that a small spread is not 0.
    return f", sd {measure.factor * row['seed_sd']:.{measure.decimals + 1}f}"


def oracle_mark(row: pd.Series) -> str:
    """``*`` where a row of the long table is that of an oracle."""
    return "*" if "oracle" in row["note"] else ""


def markdown_rows(rows: list[list[str]], head: list[str]) -> list[str]:
    """The lines of a Markdown table, the first column at the left, numbers at the right."""
    right = [":--" if i == 0 else "--:" for i in range(len(head))]
    escaped = [[cell.replace("|", "\\|").replace("*", "\\*") for cell in row] for row in rows]
    return ["| " + " | ".join(row) + " |" for row in [head, right, *escaped]]
