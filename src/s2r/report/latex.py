"""Table 1 as LaTeX."""

from pathlib import Path

import pandas as pd

from s2r.config.systems import SETS
from s2r.core.files import atomic_path
from s2r.report.captions import PHANTOM, caption, made_by
from s2r.report.cells import ESTIMATE_NAMES, section_head, section_rows
from s2r.report.measures import paper_measures, section_heading, section_measures
from s2r.report.paper_rows import PAPER_HEAD, UNBROKEN, paper_rows, short_set_names
from s2r.report.scores_table import systems_in_order


def write_latex(scores: pd.DataFrame, path: str | Path, synthetic: bool) -> None:
    """Write Table 1 from the long table as LaTeX that needs only the booktabs package.

    The first floating table has the paper's shape, with floors and controls below a rule, and the
    caption; each further one holds a pair of measures, so that it fits on a page.
    """
    systems = systems_in_order(scores)
    blocks = []
    for measure in section_measures():
        for column, estimate in measure.columns().items():
            rows = section_rows(systems, measure, {column: estimate})
            if rows:
                heading = section_heading(measure)
                if measure.estimate == "both":
                    heading += f", {ESTIMATE_NAMES[estimate]}"
                blocks.append(_tabular(heading, rows))
    text = " ".join(_tex(paragraph) for paragraph in caption(scores))
    warning = rf"\textbf{{{_tex(PHANTOM)}}} " if synthetic else ""
    above, below = paper_rows(systems)
    floats = [_paper_tabular(above, below)] if above or below else []
    for start in range(0, len(blocks), 2):
        floats.append([line for block in blocks[start : start + 2] for line in block])
    lines = [f"% {made_by()}", r"% needs \usepackage{booktabs}"]
    for number, content in enumerate(floats):
        words = f"{warning}{text}" if number == 0 else f"{warning}Continued."
        lines += ["", r"\begin{table}", r"\centering", r"\small", rf"\caption{{{words}}}"]
        lines += [*content, r"\end{table}"]
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n")


def _paper_tabular(above: list[list[str]], below: list[list[str]]) -> list[str]:
    """The table in the paper's shape, a group of columns for each measure."""
    sets, measures = len(SETS), paper_measures()
    groups = [rf"\multicolumn{{{sets}}}{{c}}{{{_tex(measure.paper)}}}" for measure in measures]
    starts = [4 + sets * place for place in range(len(measures))]
    parts = [[" & ".join(map(_tex, row)) + r" \\" for row in rows] for rows in (above, below)]
    return [
        r"\setlength{\tabcolsep}{3pt}",
        rf"\begin{{tabular}}{{lll{'r' * sets * len(measures)}}}",
        r"\toprule",
        " & ".join(["", "", "", *groups]) + r" \\",
        "".join(rf"\cmidrule(lr){{{start}-{start + sets - 1}}}" for start in starts),
        " & ".join([*PAPER_HEAD, *short_set_names() * len(measures)]) + r" \\",
        r"\midrule",
        *parts[0],
        *([r"\midrule"] if above and below else []),
        *parts[1],
        r"\bottomrule",
        r"\end{tabular}",
    ]


def _tabular(heading: str, rows: list[list[str]]) -> list[str]:
    columns = len(rows[0])
    return [
        rf"\par\medskip\emph{{{_tex(heading)}}}\par\smallskip",
        rf"\begin{{tabular}}{{l{'r' * (columns - 1)}}}",
        r"\toprule",
        " & ".join(map(_tex, section_head())) + r" \\",
        r"\midrule",
        *(" & ".join(map(_tex, row)) + r" \\" for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
    ]


_TEX = {character: rf"\{character}" for character in "&%_#${}"}
_TEX |= {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_TEX |= {"é": r"\'e", "±": r"$\pm$", UNBROKEN: "~"}


def _tex(text: str) -> str:
    return text.translate(str.maketrans(_TEX)).replace(" x 1000", r" $\times$ 1000")
