"""Table 2 as Markdown, with intervals and an explanation of what chance gives."""

from pathlib import Path

import pandas as pd

from s2r.core.files import atomic_path
from s2r.report.captions import PHANTOM, made_by
from s2r.report.cells import markdown_rows

PAPER_F1 = "0.67 to 0.69"
"""F1 of the words in Table II of Nguyen et al. 2025."""

COLUMNS = {
    "f1": "F1",
    "precision": "Precision",
    "recall": "Recall",
    "accuracy": "Accuracy",
    "d_prime": "d'",
    "mos_real": "MOS, real",
    "mos_generated": "MOS, generated",
}
AGREEMENT = {"alpha_answer": "alpha, answer", "alpha_naturalness": "alpha, naturalness"}


def write_table2(
    table: pd.DataFrame, path: str | Path, synthetic: bool, raters: pd.DataFrame | None = None
) -> None:
    """Write Table 2 (`s2r.apps.rating.analysis.table2`) as Markdown; ``synthetic``: the phantom.

    ``raters`` (`s2r.apps.rating.progress`) gives what is said of the attention checks.
    """
    lines = ["# Table 2", ""]
    if synthetic:
        lines += [f"**{PHANTOM}**", ""]
    for paragraph in [*caption(table), *attention(raters)]:
        lines += [paragraph, ""]
    head = ["Word", "Raters", "Clips", "Answers", *COLUMNS.values(), *AGREEMENT.values()]
    lines += markdown_rows([_cells(row) for _, row in table.iterrows()], head)
    lines += ["", made_by()]
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n")


def caption(table: pd.DataFrame) -> list[str]:
    """The text above the table, one string for each paragraph."""
    texts = [
        "Raters saw clips of single words and said whether each was real or synthesised; the task "
        'is to detect "synthesised". Then they rated the naturalness from 1 to 5 (MOS: the mean). '
        "Brackets hold the 95 % bootstrap interval over raters, where there are several; the clips "
        "stay the same. alpha is Krippendorff's, 1 for perfect agreement of the raters and 0 for "
        "agreement by chance. d' is the sensitivity, which a preference for one answer does not "
        "change: 0 for raters who see no difference.",
    ]
    chance = table[table["word"] == "always synthesised"]
    if len(chance):
        f1, precision = chance[["f1", "precision"]].iloc[0]
        texts.append(
            "Compare F1 with chance: a rater who always answers synthesised has recall 1, "
            f"precision {precision:.2f} and F1 {f1:.2f} on these answers, and F1 0.67 where both "
            f"kinds are equally many. The paper reports F1 of {PAPER_F1} with recall 1: the value "
            "of raters who call everything, or nearly everything, synthesised. Such an F1 alone "
            "does not show that anybody distinguished the two; accuracy above 0.5 or d' above 0 "
            "does."
        )
    if (table["word"] == "all, first block").any():
        texts.append(
            "Every word of a recording was shown twice, real and generated. In the first block "
            "each was shown in one version only, so in this row nobody could compare the two."
        )
    return texts


def attention(raters: pd.DataFrame | None) -> list[str]:
    """What the attention checks say of the raters: one paragraph, or none without checks."""
    if raters is None or not raters["checks"].sum():
        return []
    answered, right = int(raters["checks"].sum()), int(raters["checks_right"].sum())
    failed = int((raters["checks_right"] < raters["checks"]).sum())
    shown = int((raters["checks"] > 0).sum())
    return [
        f"Attention checks: {right} of {answered} answers were right ({right / answered:.0%}); "
        f"{failed} of {shown} raters gave a wrong one (rating_raters.csv). The table counts all "
        "raters, and no answers to checks."
    ]


def _cells(row: pd.Series) -> list[str]:
    counts = [_number(row[name], 0) for name in ("raters", "clips", "answers")]
    cells = []
    for name in COLUMNS:
        text = _number(row[name])
        if pd.notna(row[f"{name}_low"]):
            text += f" [{_number(row[f'{name}_low'])}, {_number(row[f'{name}_high'])}]"
        cells.append(text)
    return [row["word"], *counts, *cells, *(_number(row[name]) for name in AGREEMENT)]


def _number(value: float, decimals: int = 2) -> str:
    return "" if pd.isna(value) else f"{value:.{decimals}f}"
