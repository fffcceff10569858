"""The rows and cells of Table 1 as text, rounded, with intervals."""

import numpy as np
import pandas as pd

from s2r.config.systems import SETS
from s2r.report.paper_rows import MEASURES
from s2r.report.scores_table import IDENTITY, label, own_estimate, rank, select

SECTIONS = (
    (
        "Squared error x 1000 in the dynamic region, rollouts (lower is better)",
        ("error_draw", "error_mean"),
        1000,
        1,
    ),
    (
        "Tongue contour error in mm, rollouts (lower is better; the real row is the probe's own)",
        ("contour_mm_draw", "contour_mm_mean"),
        1,
        2,
    ),
    ("Correlation of regional intensity with the truth, rollouts", ("kinematics",), 1, 2),
    (
        "Audio gap x 1000: squared error with another recording's speech less that with the "
        "right one (above 0: the speech is used)",
        ("audio_gap",),
        1000,
        1,
    ),
    (
        "Spatial power above half the Nyquist frequency, ratio to the truth (1 is right; lower "
        "is blurred, higher is grainy)",
        ("high_frequency_power",),
        1,
        2,
    ),
    (
        "Motion energy in the dynamic region, ratio to the truth (1 is right; higher flickers)",
        ("motion",),
        1,
        2,
    ),
    (
        "Motion energy at window seams, ratio to inside windows (1 is right)",
        ("seam_motion",),
        1,
        2,
    ),
)
"""Heading, stems of ``MEASURES``, factor, decimals."""


PAPER_HEAD = ["Encoder", "Size", "Pooling"]


def short_set_names() -> list[str]:
    return [set_name.removeprefix("unseen_") for set_name in SETS]


def paper_head() -> list[str]:
    return [*PAPER_HEAD, *(f"{name} {s}" for name, _, _ in MEASURES for s in short_set_names())]


IDENTITY_HEAD = ["System", "Encoder", "Size", "Pooling", "Preset", "Video", "Draws"]


def ordered_systems(scores: pd.DataFrame) -> list[pd.DataFrame]:
    groups = [group for _, group in scores.groupby(IDENTITY, sort=False, dropna=False)]
    return sorted(groups, key=lambda group: rank(group["system"].iloc[0]))


def description(group: pd.DataFrame) -> list[str]:
    first = group.iloc[0]
    return [
        label(first["system"]),
        *(str(first[key]) if first[key] else "-" for key in IDENTITY[1:]),
        own_estimate(group),
        str(group["k"].max()),
    ]


def section_rows(systems: list, stems: tuple, factor: float, decimals: int) -> list[list[str]]:
    rows = []
    for group in systems:
        estimate = own_estimate(group)
        cells = [
            cell(select(group, set_name, stem, estimate), factor, decimals)
            for set_name in SETS
            for stem in stems
        ]
        if any(cells):
            rows.append([label(group["system"].iloc[0]), *cells])
    return rows


def section_head(stems: tuple) -> list[str]:
    names = [estimate_words(stem) for stem in stems]
    columns = [f"{set_words(s)}, {name}" if name else set_words(s) for s in SETS for name in names]
    return ["System", *columns]


def estimate_words(stem: str) -> str:
    return {"draw": "one draw", "mean": "mean"}.get(stem.rsplit("_", 1)[-1], "")


def cell(found: pd.Series | None, factor: float, decimals: int) -> str:
    if found is None:
        return ""
    value, low, high = (f"{factor * found[key]:.{decimals}f}" for key in ("value", "low", "high"))
    mark = "*" if "oracle" in found["note"] else ""
    return f"{value}{mark}" + (f" [{low}, {high}]" if np.isfinite(found["low"]) else "")


def markdown_rows(rows: list[list[str]], head: list[str]) -> list[str]:
    """The lines of a Markdown table, the first column at the left, numbers at the right."""
    right = [":--" if i == 0 else "--:" for i in range(len(head))]
    escaped = [[cell.replace("|", "\\|").replace("*", "\\*") for cell in row] for row in rows]
    return ["| " + " | ".join(row) + " |" for row in [head, right, *escaped]]


def set_words(set_name: str) -> str:
    return set_name.replace("_", " ")
