"""Table 1 for readers: Markdown and LaTeX, rounded, with units and a caption."""

from pathlib import Path

import numpy as np
import pandas as pd

from s2r.aggregate import IDENTITY, own_estimate, rank, select
from s2r.config import SETS
from s2r.files import atomic_path

LABELS = {
    "real": "real",
    "real_other": "real, another recording",
    "copied_frame": "copied frame",
    "mean_frame": "mean frame of the subject",
}
"""Names for readers; regressions and models keep the names of the configuration."""

SECTIONS = (
    ("Fréchet video distance, clips (lower is better)", ("fvd",), 1, 1),
    ("SSIM, clips, whole frame (higher is better; 1 for the true video)", ("ssim",), 1, 3),
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
    """Write Table 1 from the long table as Markdown: a caption, then one small table a measure.

    ``synthetic`` says that the corpus is the phantom, which is then stated in bold type.
    """
    systems = _systems(scores)
    lines = ["# Table 1", ""]
    if synthetic:
        lines += [f"**{PHANTOM}**", ""]
    lines += [paragraph + "\n" for paragraph in caption(scores)]
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

    One floating table a pair of measures, so that each fits on a page; the first has the caption.
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
    lines = [r"% needs \usepackage{booktabs}"]
    for start in range(0, len(blocks), 2):
        words = f"{warning}{text}" if start == 0 else f"{warning}Continued."
        lines += ["", r"\begin{table}", r"\centering", r"\small", rf"\caption{{{words}}}"]
        lines += [line for block in blocks[start : start + 2] for line in block]
        lines += [r"\end{table}"]
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n")


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
        f"{_recordings(scores, 'clip')}. Brackets hold the 95 % bootstrap "
        "interval over recordings, where there are several. Except for the Fréchet distances, "
        "every video is compared with its own true video, in values from -1 to 1. A draw is one "
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


def label(system: str) -> str:
    """The name of a system for readers."""
    return LABELS.get(system, system)


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


def _tex(text: str) -> str:
    for plain, escaped in (("&", r"\&"), ("%", r"\%"), ("_", r"\_"), ("#", r"\#")):
        text = text.replace(plain, escaped)
    return text.replace(" x 1000", r" $\times$ 1000").replace("é", r"\'e")
