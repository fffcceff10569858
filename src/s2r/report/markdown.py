"""Table 1 as Markdown, rounded, with units and a caption."""

from pathlib import Path

import pandas as pd

from s2r.core.files import atomic_path
from s2r.report.captions import PHANTOM, caption, made_by
from s2r.report.cells import SYSTEM_HEAD, description, markdown_rows, section_head, section_rows
from s2r.report.measures import section_heading, section_measures
from s2r.report.paper_rows import paper_head, paper_rows
from s2r.report.scores_table import systems_in_order


def write_markdown(scores: pd.DataFrame, path: str | Path, synthetic: bool) -> None:
    """Write Table 1 from the long table as Markdown: a caption, the table in the paper's shape,
    then one small table for each further measure.

    ``synthetic`` says that the corpus is the phantom, which is then stated in bold type.
    """
    systems = systems_in_order(scores)
    lines = ["# Table 1", ""]
    if synthetic:
        lines += [f"**{PHANTOM}**", ""]
    lines += [paragraph + "\n" for paragraph in caption(scores)]
    above, below = paper_rows(systems)
    if above or below:
        lines += markdown_rows([*above, *_rule(above, below), *below], paper_head())
        lines += ["", "## Systems", ""]
    lines += markdown_rows([description(group) for group in systems], SYSTEM_HEAD)
    for measure in section_measures():
        rows = section_rows(systems, measure, measure.columns())
        if rows:
            estimates = list(measure.columns().values()) if measure.estimate == "both" else [""]
            lines += ["", f"## {section_heading(measure)}", ""]
            lines += markdown_rows(rows, section_head(estimates))
    lines += ["", made_by()]
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n")


def _rule(above: list, below: list) -> list[list[str]]:
    """Markdown has no rule inside a table: a row of words stands for it."""
    width = len(paper_head())
    return [["_floors and controls_", *[""] * (width - 1)]] if above and below else []
