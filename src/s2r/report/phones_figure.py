"""Rule ``phones``: its figure, confusions of places and manners and the measures of all systems."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from s2r.config.systems import SETS, Kind
from s2r.evaluation.phones.confusion import confusion_matrix
from s2r.evaluation.phones.scores import GIVEN, REGION, RIGHT
from s2r.report.captions import PHANTOM
from s2r.report.cells import set_title
from s2r.report.plots import COLOURS, save_figure, tidy
from s2r.report.scores_table import reader_name

PANELS = (
    ("phone_accuracy", REGION, "Frames with the right phone (%)"),
    ("phone_error_rate", REGION, "Phone error rate (%), lower is better"),
    ("word_identification", REGION, "Words told from seven others (%)"),
    (
        "wrong_speech_phone_accuracy",
        GIVEN,
        "Wrong speech: right frames (%),\nfilled: of that speech",
    ),
)
"""Measure, what it is against, and title of each panel of dots."""


def plot_phones(
    table: pd.DataFrame, confusions: pd.DataFrame, best: str, path: str | Path, synthetic: bool
) -> None:
    """Draw ``table`` (`report.phones_table`) and the confusions of true video and of ``best``.

    ``synthetic`` adds the statement about the phantom. Without any row the figure says so.
    """
    systems = list(dict.fromkeys(table["system"]))
    figure = Figure(figsize=(16, 6.4 + 0.42 * max(len(systems), 3)))
    FigureCanvasAgg(figure)
    if table.empty:
        text = "No phones of these recordings are known, so none are read off the videos."
        figure.text(0.5, 0.5, text, ha="center")
        save_figure(figure, path)
        return
    heights = (5.2, 1.2 + 0.42 * len(systems))
    grid = figure.add_gridspec(2, 4, height_ratios=heights)
    shown = [(system, by) for by in ("place", "manner") for system in (Kind.REAL.value, best)]
    for column, (system, by) in enumerate(shown):
        matrix = confusion_matrix(confusions, system, by)
        _matrix(figure.add_subplot(grid[0, column]), matrix, f"{by}: {_name(system)}")
    for column, (measure, against, title) in enumerate(PANELS):
        axis = figure.add_subplot(grid[1, column])
        _dots(axis, table[table["measure"] == measure], systems, against)
        axis.set_title(title, fontsize=10, loc="left")
        names = [_name(system) for system in systems] if column == 0 else [""] * len(systems)
        axis.set_yticks(range(len(systems)), names)
        axis.set_ylim(len(systems) - 0.5, -0.5)
    handles = [
        axis.plot([], [], "o", ms=5, color=COLOURS[name], label=set_title(name))[0] for name in SETS
    ]
    figure.legend(handles=handles, loc="lower right", ncols=3, fontsize=8.5, frameon=False)
    note = (
        "Above: of what is said (rows) the share of frames that is read as each class (columns), "
        "all test sets. Below: intervals are 95 % bootstrap over recordings."
    )
    figure.text(0.01, 0.025, note, fontsize=8, color="0.25", va="bottom")
    if synthetic:
        figure.text(0.01, 0.008, PHANTOM, fontsize=8, weight="bold", va="bottom")
    figure.tight_layout(rect=(0, 0.045, 1, 1))
    save_figure(figure, path)


def _name(system: str) -> str:
    return "true video" if system == Kind.REAL.value else reader_name(system)


def _matrix(axis: Axes, shares: pd.DataFrame, title: str) -> None:
    axis.imshow(shares.to_numpy(), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), share in np.ndenumerate(shares.to_numpy()):
        if share >= 0.05:
            colour = "white" if share > 0.55 else "0.2"
            axis.text(
                column,
                row,
                f"{100 * share:.0f}",
                ha="center",
                va="center",
                fontsize=7,
                color=colour,
            )
    axis.set_xticks(range(shares.shape[1]), shares.columns, rotation=90, fontsize=8)
    axis.set_yticks(range(shares.shape[0]), shares.index, fontsize=8)
    axis.set_title(title, fontsize=10, loc="left")


def _dots(axis: Axes, rows: pd.DataFrame, systems: list[str], against: str) -> None:
    """Dots of each set; open ones of a second kind of phones (``RIGHT``), where there are any."""
    for line in range(len(systems)):
        axis.axhspan(line - 0.5, line + 0.5, color="0.96" if line % 2 else "white", zorder=0)
    for row in rows[rows["against"].isin([against, RIGHT])].itertuples():
        height = systems.index(row.system) + 0.24 * (SETS.index(row.set) - 1)
        colour = COLOURS[row.set]
        axis.hlines(height, 100 * row.low, 100 * row.high, color=colour, lw=1.4, alpha=0.55)
        face = colour if row.against == against else "white"
        axis.plot(100 * row.value, height, "o", ms=5, color=colour, markerfacecolor=face)
    tidy(axis)
    axis.set_xlim(left=0)
