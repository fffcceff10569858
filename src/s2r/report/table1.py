"""Table 1: the paper's table in shape, with the rows and measures that it needs to be read.

One row for each system. Columns with ``draw`` and ``mean`` in their name keep draws and means
apart, because the squared error of a perfect draw is twice that of its mean; all others are of the
row's own kind of video (column ``estimate``: draws, or a mean).
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from s2r.config.systems import SETS
from s2r.core.files import write_csv, write_json
from s2r.core.origin import marks
from s2r.report.captions import PHANTOM
from s2r.report.latex import write_latex
from s2r.report.markdown import write_markdown
from s2r.report.measures import all_measures
from s2r.report.plots import plot_table
from s2r.report.scores_table import (
    IDENTITY,
    aggregate,
    find_value,
    own_estimate,
    systems_in_order,
)

LABELS = [key for key in IDENTITY if key != "kind"]
"""What the first columns say of a system."""

SCORES = "These are scores of videos that models generated."
"""What the tables hold."""

ENDS = {"": "value", "_low": "low", "_high": "high", "_seed_sd": "seed_sd"}
"""Ends of the names of columns, and what such a column holds."""


def write_tables(
    *,
    score_files: Sequence[str | Path],
    scores: str | Path,
    csv: str | Path,
    markdown: str | Path,
    tex: str | Path,
    figure: str | Path,
    synthetic: bool,
    resamples: int = 2000,
    seed: int = 0,
) -> None:
    """Write the long table (``scores``) and Table 1 in every form, from the score files.

    ``synthetic`` says that the corpus is the phantom; that is then stated wherever a reader
    sees numbers.
    """
    long = aggregate(score_files, resamples, seed)
    write_csv(long, scores)
    write_csv(table1(long), csv)
    write_markdown(long, markdown, synthetic)
    write_latex(long, tex, synthetic)
    plot_table(long, figure, synthetic)


def write_origin(path: str | Path, synthetic: bool) -> None:
    """Write what the tables of a results folder are, and the version and commit that wrote them.

    A CSV has no place for this that every reader of CSV would pass over, so it is a JSON file
    beside them, with the marks of `s2r.core.origin.marks`. ``synthetic``: of the phantom.
    """
    write_json(path, marks(PHANTOM if synthetic else SCORES))


def table1(scores: pd.DataFrame) -> pd.DataFrame:
    """Table 1, one row for each system, from the long table.

    Columns: ``system, encoder, size, pooling, preset, estimate, draws, seeds, n``, then for every
    column of `s2r.report.measures` and every set ``{column}_{set}``, ``..._low``, ``..._high`` and
    ``..._seed_sd`` (`s2r.report.scores_table.aggregate`). ``n`` is the smallest number of clips
    behind a Fréchet distance of the row. What was not measured is empty. Rows are ordered by
    `s2r.config.systems.Kind`; systems of one kind keep their order in ``scores``.
    """
    columns = [
        (column, estimate, measure)
        for measure in all_measures()
        for column, estimate in measure.columns().items()
    ]
    rows = []
    for group in systems_in_order(scores):
        clips = group.loc[group["metric"] == "fvd", "n"]
        row = group.iloc[0][LABELS].to_dict()
        row |= {
            "estimate": own_estimate(group),
            "draws": int(group["k"].max()),
            "seeds": group["seeds"].max(),
            "n": int(clips.min()) if len(clips) else None,
        }
        for column, estimate, measure in columns:
            for set_name in SETS:
                found = find_value(group, set_name, measure, estimate)
                if found is not None:
                    for end, key in ENDS.items():
                        row[f"{column}_{set_name}{end}"] = found[key]
        rows.append(row)
    measured = [f"{column}_{s}{end}" for column, _, _ in columns for s in SETS for end in ENDS]
    table = pd.DataFrame(rows, columns=[*LABELS, "estimate", "draws", "seeds", "n", *measured])
    return table.astype({"n": "Int64", "seeds": "Int64"})
