"""Table 1: the paper's table in shape, with the rows and measures that it needs to be read.

One row a system. ``fvd``, ``ssim``, ``kinematics``, ``high_frequency_power``, ``motion`` and
``seam_motion`` are those of the row's own kind of video (column ``estimate``: draws, or a mean);
columns with ``draw`` and ``mean`` in their name keep the two apart, because the squared error of
a perfect draw is twice that of its mean.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from s2r.config.systems import SETS
from s2r.core.files import write_csv
from s2r.report.latex import write_latex
from s2r.report.markdown import write_markdown
from s2r.report.plots import plot_table
from s2r.report.scores_table import IDENTITY, MEASURES, aggregate, own_estimate, rank, select


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


def table1(scores: pd.DataFrame) -> pd.DataFrame:
    """Table 1, one row a system, from the long table.

    Columns: ``system, encoder, size, pooling, preset, estimate, draws, n``, then for every stem
    of ``MEASURES`` and every set ``{stem}_{set}``, ``..._low`` and ``..._high``. ``n`` is the
    smallest number of clips behind a Fréchet distance of the row. What was not measured is empty.
    Rows: real, baselines, regressions, models; systems of one kind keep their order in ``scores``.
    """
    rows = []
    for identity, group in scores.groupby(IDENTITY, sort=False, dropna=False):
        estimate = own_estimate(group)
        clips = group.loc[group["metric"] == "fvd", "n"]
        row = dict(zip(IDENTITY, identity, strict=True))
        row |= {
            "estimate": estimate,
            "draws": int(group["k"].max()),
            "n": int(clips.min()) if len(clips) else None,
        }
        for stem in MEASURES:
            for set_name in SETS:
                found = select(group, set_name, stem, estimate)
                if found is not None:
                    for key, end in (("value", ""), ("low", "_low"), ("high", "_high")):
                        row[f"{stem}_{set_name}{end}"] = found[key]
        rows.append(row)
    measured = [
        f"{stem}_{s}{end}" for stem in MEASURES for s in SETS for end in ("", "_low", "_high")
    ]
    columns = [*IDENTITY, "estimate", "draws", "n", *measured]
    table = pd.DataFrame(sorted(rows, key=lambda row: rank(row["system"])), columns=columns)
    return table.astype({"n": "Int64"})
