"""Table 1 for readers: Markdown and LaTeX, rounded, with units and a caption."""

from pathlib import Path

import numpy as np
import pandas as pd

from s2r.aggregate import IDENTITY, label, own_estimate, rank, select
from s2r.config import SETS
from s2r.files import atomic_path
from s2r.paper_table import MEASURES, paper_rows

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

PHANTOM = (
    "These are results on the phantom, a synthetic corpus: they only say that the pipeline "
    "works and must not be compared with the results of the paper."
)


def write_markdown(scores: pd.DataFrame, path: str | Path, synthetic: bool) -> None:
    """Write Table 1 from the long table as Markdown: a caption, the table in the paper's shape,
    then one small table for each further measure.

    ``synthetic`` says that the corpus is the phantom, which is then stated in bold type.
    """
    systems = _systems(scores)
    lines = ["# Table 1", ""]
    if synthetic:
        lines += [f"**{PHANTOM}**", ""]
    lines += [paragraph + "\n" for paragraph in caption(scores)]
    above, below = paper_rows(systems)
    if above or below:
        lines += markdown_rows([*above, *_rule(above, below), *below], _paper_head())
        lines += ["", "## Systems", ""]
    lines += markdown_rows([_described(group) for group in systems], _IDENTITY_HEAD)
    for heading, stems, factor, decimals in SECTIONS:
        rows = _section_rows(systems, stems, factor, decimals)
        if rows:
            lines += ["", f"## {heading}", ""]
            lines += markdown_rows(rows, _head(stems))
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n")


def write_latex(scores: pd.DataFrame, path: str | Path, synthetic: bool) -> None:
    """Write Table 1 from the long table as LaTeX that needs only the booktabs package.

    The first floating table has the paper's shape, with floors and controls below a rule, and the
    caption; each further one holds a pair of measures, so that it fits on a page.
    """
    systems = _systems(scores)
    blocks = []
    for heading, stems, factor, decimals in SECTIONS:
        for stem in stems:
            rows = _section_rows(systems, (stem,), factor, decimals)
            if rows:
                kind = _kind(stem)
                blocks.append(_tabular(f"{heading}, {kind}" if kind else heading, rows))
    text = " ".join(_tex(paragraph) for paragraph in caption(scores))
    warning = rf"\textbf{{{_tex(PHANTOM)}}} " if synthetic else ""
    above, below = paper_rows(systems)
    floats = [_paper_tabular(above, below)] if above or below else []
    for start in range(0, len(blocks), 2):
        floats.append([line for block in blocks[start : start + 2] for line in block])
    lines = [r"% needs \usepackage{booktabs}"]
    for number, content in enumerate(floats):
        words = f"{warning}{text}" if number == 0 else f"{warning}Continued."
        lines += ["", r"\begin{table}", r"\centering", r"\small", rf"\caption{{{words}}}"]
        lines += [*content, r"\end{table}"]
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n")


def _paper_tabular(above: list[list[str]], below: list[list[str]]) -> list[str]:
    """The table in the paper's shape, a group of columns for each measure."""
    sets = len(SETS)
    groups = [rf"\multicolumn{{{sets}}}{{c}}{{{name}}}" for name, _, _ in MEASURES]
    starts = [4 + sets * place for place in range(len(MEASURES))]
    parts = [[" & ".join(map(_tex, row)) + r" \\" for row in rows] for rows in (above, below)]
    return [
        r"\setlength{\tabcolsep}{3pt}",
        rf"\begin{{tabular}}{{lll{'r' * sets * len(MEASURES)}}}",
        r"\toprule",
        " & ".join(["", "", "", *groups]) + r" \\",
        "".join(rf"\cmidrule(lr){{{start}-{start + sets - 1}}}" for start in starts),
        " & ".join([*_PAPER_HEAD, *_short_sets() * len(MEASURES)]) + r" \\",
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
        " & ".join(map(_tex, _head(("",)))) + r" \\",
        r"\midrule",
        *(" & ".join(map(_tex, row)) + r" \\" for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
    ]


def caption(scores: pd.DataFrame) -> list[str]:
    """What a reader must know to read the numbers, one string a paragraph."""
    paragraphs = [
        f"Recordings scored in rollouts: {_recordings(scores, 'rollout')}; in clips: "
        f"{_recordings(scores, 'clip')}. Brackets hold the 95 % bootstrap interval over "
        "recordings, where there are several; half its width follows ±. Except for the Fréchet "
        "distances (FVD, on clips, lower is better), every video is compared with its own true "
        "video, in values from -1 to 1 (SSIM, on clips, higher is better). A draw is one "
        "sample, and its value is the mean over the draws; a mean is the average of all draws, or "
        "a system that predicts an average. Compare draws with draws and means with means: even a "
        "perfect draw has twice the squared error of its mean."
    ]
    fvd = scores[scores["metric"] == "fvd"]
    if len(fvd):
        networks = fvd["note"].str.extract(r"([^;]* sha256 \w{12})")[0].str.strip().unique()
        sizes = " to ".join(str(n) for n in sorted({fvd["n"].min(), fvd["n"].max()}))
        text = f"Fréchet distances: {', '.join(networks)}..., n = {sizes} clips a set."
        if fvd["note"].str.contains("warning").any():
            text += (
                " Warning: with n below 400 clips, the dimension of the features, the distance "
                "is biased upwards and only rows of equal n may be compared; the row of real "
                "video from another recording shows the size of that bias."
            )
        paragraphs.append(text)
    if scores["note"].str.contains("oracle").any():
        paragraphs.append(
            "The mean frame of a subject held out from training is an oracle (marked *): it is "
            "taken from other recordings of that subject, which no model has seen."
        )
    return paragraphs


def _recordings(scores: pd.DataFrame, mode: str) -> str:
    """How many recordings of each set were scored in this way."""
    counted = scores[(scores["n_of"] == "recordings") & (scores["mode"] == mode)]
    counts = counted.groupby("set")["n"].max()
    return ", ".join(f"{_words(s)} {counts[s]}" for s in SETS if s in counts.index) or "none"


_PAPER_HEAD = ["Encoder", "Size", "Pooling"]


def _short_sets() -> list[str]:
    return [set_name.removeprefix("unseen_") for set_name in SETS]


def _paper_head() -> list[str]:
    return [*_PAPER_HEAD, *(f"{name} {s}" for name, _, _ in MEASURES for s in _short_sets())]


def _rule(above: list, below: list) -> list[list[str]]:
    """Markdown has no rule inside a table: a row of words stands for it."""
    width = len(_paper_head())
    return [["_floors and controls_", *[""] * (width - 1)]] if above and below else []


_IDENTITY_HEAD = ["System", "Encoder", "Size", "Pooling", "Preset", "Video", "Draws"]


def _systems(scores: pd.DataFrame) -> list[pd.DataFrame]:
    groups = [group for _, group in scores.groupby(IDENTITY, sort=False, dropna=False)]
    return sorted(groups, key=lambda group: rank(group["system"].iloc[0]))


def _described(group: pd.DataFrame) -> list[str]:
    first = group.iloc[0]
    return [
        label(first["system"]),
        *(str(first[key]) if first[key] else "-" for key in IDENTITY[1:]),
        own_estimate(group),
        str(group["k"].max()),
    ]


def _section_rows(systems: list, stems: tuple, factor: float, decimals: int) -> list[list[str]]:
    rows = []
    for group in systems:
        estimate = own_estimate(group)
        cells = [
            _cell(select(group, set_name, stem, estimate), factor, decimals)
            for set_name in SETS
            for stem in stems
        ]
        if any(cells):
            rows.append([label(group["system"].iloc[0]), *cells])
    return rows


def _head(stems: tuple) -> list[str]:
    names = [_kind(stem) for stem in stems]
    columns = [f"{_words(s)}, {name}" if name else _words(s) for s in SETS for name in names]
    return ["System", *columns]


def _kind(stem: str) -> str:
    return {"draw": "one draw", "mean": "mean"}.get(stem.rsplit("_", 1)[-1], "")


def _cell(found: pd.Series | None, factor: float, decimals: int) -> str:
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


def _words(set_name: str) -> str:
    return set_name.replace("_", " ")


_TEX = {character: rf"\{character}" for character in "&%_#${}"}
_TEX |= {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_TEX |= {"é": r"\'e", "±": r"$\pm$"}


def _tex(text: str) -> str:
    return text.translate(str.maketrans(_TEX)).replace(" x 1000", r" $\times$ 1000")
