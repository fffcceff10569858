"""Rows in the shape of the paper's Table I (Nguyen et al. 2025).

One row a combination of encoder, size and pooling; Fréchet video distance and structural
similarity on unseen speech, unseen subjects and both. Real video and the models with a pretrained
encoder come first, as in the paper; floors and controls follow, which the paper does not have.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from s2r.config.systems import SETS, Kind
from s2r.evaluation.metric import Measure
from s2r.report.cells import oracle_mark, seed_spread
from s2r.report.measures import paper_measures
from s2r.report.scores_table import find_value, reader_name

UNBROKEN = "\N{NO-BREAK SPACE}"
"""Around ±: a narrow column must not break a value from its interval."""

PAPER_HEAD = ["Encoder", "Size", "Pooling"]

UNTRAINED_ENCODER = "logmel"
"""The encoder that has learned nothing: models with it are controls."""

BESIDE_RUNS = {
    Kind.MEAN: "mean",
    Kind.GAUSSIAN: "noise around the mean",
    Kind.RECURRENT: "recurrent regression",
}
"""Systems from an encoder that are no runs."""


def short_set_names() -> list[str]:
    """The sets in the head of the table."""
    return [set_name.removeprefix("unseen_") for set_name in SETS]


def paper_head() -> list[str]:
    """The head of the table in one line."""
    names = [f"{m.paper} {set_name}" for m in paper_measures() for set_name in short_set_names()]
    return [*PAPER_HEAD, *names]


def paper_rows(systems: Sequence[pd.DataFrame]) -> tuple[list[list[str]], list[list[str]]]:
    """Rows above and below the rule, from each system's part of the long table.

    Every row holds encoder (or the system's name, where it has no encoder), size and pooling, then
    for each of ``paper_measures`` and of ``SETS`` the value, with half the width of its 95 %
    interval after ``±`` where there is one, and the spread over seeds after ``sd``. A ``*`` marks
    an oracle. Systems without any of these values have no row.
    """
    above, below = [], []
    descriptions = [_description(group) for group in systems]
    for group, described in zip(systems, descriptions, strict=True):
        cells = [
            _cell(find_value(group, set_name, measure, measure.estimate), measure)
            for measure in paper_measures()
            for set_name in SETS
        ]
        if any(cells):
            name, *rest = described
            if descriptions.count(described) > 1:
                name = f"{name} ({group['system'].iloc[0]})"
            (above if _is_of_the_paper(group) else below).append([name, *rest, *cells])
    return above, below


def _is_of_the_paper(group: pd.DataFrame) -> bool:
    kind, encoder = group["kind"].iloc[0], group["encoder"].iloc[0]
    return kind == Kind.REAL_OTHER or (kind == Kind.MODEL and encoder != UNTRAINED_ENCODER)


def _description(group: pd.DataFrame) -> list[str]:
    """Encoder without its size, size, pooling."""
    first = group.iloc[0]
    if first["kind"] == Kind.REAL_OTHER:
        return ["real video, other recording", "-", "-"]
    if not first["encoder"]:
        return [reader_name(first["system"]), "-", "-"]
    name = first["encoder"].removesuffix(f"-{first['size']}")
    if first["kind"] in BESIDE_RUNS:
        name = f"{BESIDE_RUNS[first['kind']]} from {name}"
    return [name, first["size"], first["pooling"]]


def _cell(row: pd.Series | None, measure: Measure) -> str:
    if row is None:
        return ""
    value, low, high = (measure.factor * row[key] for key in ("value", "low", "high"))
    text = f"{value:.{measure.decimals}f}{oracle_mark(row)}"
    half = (high - low) / 2
    if np.isfinite(half):
        text += f"{UNBROKEN}±{UNBROKEN}{half:.{measure.decimals}f}"
    return text + seed_spread(row, measure)
