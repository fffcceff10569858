"""Rule ``real_speech``: its figure, the area of each demand for each kind of speech."""

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from s2r.evaluation.real_speech.areas import MEAN
from s2r.evaluation.real_speech.demands import DEMANDS
from s2r.evaluation.real_speech.stage import CORPUS, PEOPLE, SHUFFLED, TRUE
from s2r.report.plots import LINES, save_figure, tidy

NAMES = {
    TRUE: "true videos of unseen subjects",
    CORPUS: "generated: unseen subjects of the corpus",
    PEOPLE: "generated: people whom nobody filmed",
    SHUFFLED: "the same, judged at another time",
}
"""Kinds of speech from above, as a reader calls them."""

PHANTOM = (
    "The model was trained on the phantom, a synthetic corpus: what it shows of the speech of "
    "people is no measurement of the speaker."
)


def plot_real_speech(table: pd.DataFrame, path: str | Path, synthetic: bool) -> None:
    """Draw the table of `s2r.evaluation.real_speech.areas`: a panel for each demand.

    Filled dots are means over voices with their intervals, open dots are voices. ``synthetic`` adds
    the statement about the phantom.
    """
    demands = [name for name in DEMANDS if (table["demand"] == name).any()]
    kinds = [kind for kind in NAMES if (table["speech"] == kind).any()]
    figure = Figure(figsize=(3.2 + 2.6 * len(demands), 1.7 + 0.45 * len(kinds)))
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(demands), sharey=True, squeeze=False)[0]
    for axis, demand in zip(axes, demands, strict=True):
        of_demand = table[table["demand"] == demand]
        _dots(axis, of_demand, kinds)
        about = of_demand.iloc[0]
        axis.set_title(f"{demand}: {about['phones'].lower()}", fontsize=10, loc="left")
        axis.set_xlabel(about["variable"].replace("_", " "), fontsize=8.5, color="0.35")
    axes[0].set_yticks(range(len(kinds)), [NAMES[kind] for kind in kinds])
    axes[0].set_ylim(len(kinds) - 0.5, -0.5)
    note = (
        "Area under the curve: 1 tells these phones from all others, .5 is chance. Open: voices; "
        "filled: their mean, 95 % bootstrap over voices."
    )
    figure.text(0.01, 0.08, note, fontsize=8, color="0.25", va="bottom")
    if synthetic:
        figure.text(0.01, 0.015, PHANTOM, fontsize=8, weight="bold", va="bottom")
    figure.tight_layout(rect=(0, 0.13, 1, 1))
    save_figure(figure, path)


def _dots(axis: Axes, rows: pd.DataFrame, kinds: list[str]) -> None:
    axis.axvline(0.5, color="0.3", linewidth=0.8)
    for line, kind in enumerate(kinds):
        of_kind, colour = rows[rows["speech"] == kind], LINES[line]
        voices = of_kind[of_kind["voice"] != MEAN]
        axis.plot(
            voices["auc"], [line + 0.22] * len(voices), "o", ms=3.5, color=colour,
            markerfacecolor="white",
        )  # fmt: skip
        mean = of_kind[of_kind["voice"] == MEAN].iloc[0]
        axis.hlines(line - 0.1, mean["low"], mean["high"], color=colour, lw=1.6, alpha=0.6)
        axis.plot(mean["auc"], line - 0.1, "o", ms=6, color=colour)
    tidy(axis)
    axis.set_xlim(0.2, 1.02)
