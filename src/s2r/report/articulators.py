"""Rule ``articulators``: errors of articulators and tract variables, and the timing of gestures.

``results/articulators.csv`` is a selection of the long table of scores, one row for each system,
set, estimate, articulator or tract variable, and measure; the figure shows it for one set.
"""

from pathlib import Path

import pandas as pd

from s2r.config.systems import SETS
from s2r.core.damaged import reading
from s2r.core.files import write_csv
from s2r.corpus.articulators import ARTICULATORS
from s2r.evaluation.articulator_scores import CONTOUR, GESTURE, TRACT
from s2r.evaluation.metrics.tract_variables import TRACT_VARIABLES
from s2r.report.articulator_figure import plot_articulators
from s2r.report.scores_table import systems_in_order

UNITS = {
    CONTOUR: "mm",
    "tract_error_mm": "mm",
    "tract_correlation": "",
    "gesture_found": "share",
    "gesture_ms": "ms",
    "gesture_delay_ms": "ms",
}
"""Measure: its unit."""

COLUMNS = [
    "system",
    "kind",
    "set",
    "estimate",
    "articulator",
    "measure",
    "unit",
    "value",
    "low",
    "high",
    "n",
    "seeds",
    "seed_sd",
]

_PLACES = [*ARTICULATORS, *TRACT_VARIABLES]


def write_articulators(
    *, scores: str | Path, csv: str | Path, figure: str | Path, synthetic: bool
) -> None:
    """Write the table and its figure from ``scores.csv``; ``synthetic``: of the phantom.

    Raises UserError where ``scores`` is missing or damaged.
    """
    with reading(scores, "delete it and call snakemake again"):
        long = pd.read_csv(scores, keep_default_na=False, na_values=[""], low_memory=False)
        table = articulators_table(long)
    write_csv(table, csv)
    plot_articulators(table, figure, synthetic)


def articulators_table(scores: pd.DataFrame) -> pd.DataFrame:
    """The table, columns ``COLUMNS``, from the long table of scores.

    Systems are in the order of Table 1, articulators before tract variables, both from the lips
    to the larynx as they are declared. ``n`` counts recordings; ``seeds`` and ``seed_sd`` are those
    of `s2r.report.scores_table.aggregate`.
    """
    found = scores[scores["metric"].isin([CONTOUR, *TRACT, *GESTURE])]
    groups = systems_in_order(found) if len(found) else []
    rows = []
    for group in groups:
        named = group.rename(columns={"region": "articulator", "metric": "measure"})
        ordered = named.assign(
            unit=named["measure"].map(UNITS),
            _set=named["set"].map(SETS.index),
            _measure=named["measure"].map(list(UNITS).index),
            _place=named["articulator"].map(_PLACES.index),
        ).sort_values(["_set", "_measure", "_place"], kind="stable")
        rows.append(ordered[COLUMNS])
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=COLUMNS)
