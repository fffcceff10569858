"""Rows in the shape of the paper's Table I (Nguyen et al. 2025).

One row a combination of encoder, size and pooling; Fréchet video distance and structural
similarity on unseen speech, unseen subjects and both. Real video and the models with a pretrained
encoder come first, as in the paper; floors and controls follow, which the paper does not have.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from s2r.config.systems import SETS, recurrent_system
from s2r.report.scores_table import label, own_estimate, rank, select

MEASURES = (("FVD", "fvd", 1), ("SSIM", "ssim", 3))
"""Name, stem of ``aggregate.MEASURES``, decimals."""

REAL = "real_other"
"""The system whose row is that of real video: other recordings of the same subject."""

UNTRAINED_ENCODER = "logmel"
"""The encoder that has learned nothing: models that hear it are controls."""


def paper_rows(systems: Sequence[pd.DataFrame]) -> tuple[list[list[str]], list[list[str]]]:
    """Rows above and below the rule, from each system's part of the long table.

    Every row holds encoder (or the system's name, where it has no encoder), size and pooling, then
    for each of ``MEASURES`` and of ``SETS`` the value, with half the width of its 95 % interval
    after ``±`` where there is one. A ``*`` marks an oracle. Systems with neither measure have no
    row.
    """
    above, below = [], []
    described = [_described(group) for group in systems]
    for group, words in zip(systems, described, strict=True):
        estimate = own_estimate(group)
        cells = [
            _cell(select(group, set_name, stem, estimate), decimals)
            for _, stem, decimals in MEASURES
            for set_name in SETS
        ]
        if any(cells):
            system = group["system"].iloc[0]
            name, *rest = words
            if described.count(words) > 1:
                name = f"{name} ({system})"
            (above if _is_of_the_paper(group) else below).append([name, *rest, *cells])
    return above, below


def _is_of_the_paper(group: pd.DataFrame) -> bool:
    first = group.iloc[0]
    is_model = rank(first["system"]) > rank("regression")
    return first["system"] == REAL or (is_model and first["encoder"] != UNTRAINED_ENCODER)


def _described(group: pd.DataFrame) -> list[str]:
    """Encoder without its size, size, pooling."""
    first = group.iloc[0]
    if first["system"] == REAL:
        return ["real video, other recording", "-", "-"]
    if not first["encoder"]:
        return [label(first["system"]), "-", "-"]
    name = first["encoder"].removesuffix(f"-{first['size']}")
    if first["system"].startswith(recurrent_system("")):
        name = f"recurrent regression from {name}"
    elif rank(first["system"]) == rank("regression"):
        name = f"regression from {name}"
    return [name, first["size"], first["pooling"]]


def _cell(found: pd.Series | None, decimals: int) -> str:
    if found is None:
        return ""
    text = f"{found['value']:.{decimals}f}" + ("*" if "oracle" in found["note"] else "")
    half = (found["high"] - found["low"]) / 2
    return f"{text} ± {half:.{decimals}f}" if np.isfinite(half) else text
