"""The figure of articulators: coloured numbers, articulators down, systems across."""

from pathlib import Path
from textwrap import wrap

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from s2r.config.systems import SETS, Kind
from s2r.report.captions import PHANTOM
from s2r.report.cells import set_title
from s2r.report.plots import save_figure
from s2r.report.scores_table import own_estimate, reader_name

BLOCKS = (
    ("contour_mm", "Contour, error in mm", 1, "{:.2f}", False),
    ("tract_error_mm", "Tract variable, error in mm", 1, "{:.2f}", False),
    ("tract_correlation", "Tract variable, correlation over time", 1, "{:.2f}", True),
    ("gesture_found", "Gestures found, %", 100, "{:.0f}", True),
    ("gesture_ms", "Gestures found: error of their time in ms", 1, "{:.0f}", False),
)
"""Measure, heading, factor, how a number is written, and whether higher is better."""

SHOWN = ("unseen_subject", "unseen_both", "unseen_speech")
"""The set that is drawn is the first of these that has values: new subjects are the harder test."""

_COLOURS = colormaps["YlOrBr"]
_FLOOR = "real: the reading itself"
_LINE = 12  # characters of a system's name in a line
_ROW, _COLUMN, _LABELS = 0.25, 0.82, 1.75  # inches


def plot_articulators(table: pd.DataFrame, path: str | Path, synthetic: bool) -> None:
    """Draw the table of `s2r.report.articulators` for one set.

    Each row is coloured from its best value (light) to its worst (dark), so that colours compare
    systems and not articulators. Of systems that make draws, draws are shown.
    """
    shown = next((name for name in SHOWN if (table["set"] == name).any()), SETS[0])
    table = table[table["set"] == shown]
    systems = list(dict.fromkeys(table["system"]))
    blocks = [(block, _cells(table, systems, block[0])) for block in BLOCKS]
    blocks = [(block, cells) for block, cells in blocks if len(cells)]
    heights = [len(cells) + 1.2 for _, cells in blocks] or [1]
    width = _LABELS + _COLUMN * max(len(systems), 4) + 0.2
    figure = Figure(figsize=(width, _ROW * sum(heights) + 2.0))
    FigureCanvasAgg(figure)
    figure.text(0.01, 0.995, f"Articulators: {set_title(shown)}", va="top", fontsize=11)
    if not blocks:
        figure.text(0.01, 0.5, "No contour of an articulator is known in the test sets.")
        save_figure(figure, path)
        return
    axes = figure.subplots(
        len(blocks), 1, squeeze=False, gridspec_kw={"height_ratios": heights, "hspace": 0}
    )[:, 0]
    for axis, (block, cells) in zip(axes, blocks, strict=True):
        _draw(axis, block, cells)
    _name_systems(axes[0], table, systems)
    height = figure.get_figheight()
    lines = [
        "Light: the best of a row; dark: the worst. -: not defined. Errors of what is read off the",
        "videos, against the truth. Intervals, signed delays and the other sets: the CSV file.",
    ]
    figure.text(0.01, 0.42 / height, "\n".join(lines), fontsize=8, color="0.25", va="bottom")
    if synthetic:
        note = "\n".join(wrap(PHANTOM, round(13 * width)))
        figure.text(0.01, 0.08 / height, note, fontsize=8, weight="bold", va="bottom")
    figure.subplots_adjust(
        left=_LABELS / width, right=1 - 0.1 / width, bottom=0.85 / height, top=1 - 1.1 / height
    )
    save_figure(figure, path)


def _cells(table: pd.DataFrame, systems: list[str], measure: str) -> pd.DataFrame:
    """Values of a measure, articulators down and systems across."""
    rows = table[table["measure"] == measure]
    own = pd.concat(
        [group[group["estimate"] == own_estimate(group)] for _, group in rows.groupby("system")]
        or [rows]
    )
    names = list(dict.fromkeys(rows["articulator"]))
    cells = own.pivot_table(index="articulator", columns="system", values="value")
    return cells.reindex(index=names, columns=systems)


def _draw(axis: Axes, block: tuple, cells: pd.DataFrame) -> None:
    _, heading, factor, form, higher = block
    values = factor * cells.to_numpy(float)
    best, worst = (np.nanmax, np.nanmin) if higher else (np.nanmin, np.nanmax)
    least, most = best(values, axis=1, keepdims=True), worst(values, axis=1, keepdims=True)
    # a row whose values are nearly equal stays light: dark is twice the best error, or further off
    span = np.maximum(np.abs(most - least), np.abs(least))
    share = np.abs(values - least) / np.where(span == 0, 1, span)
    axis.set_xlim(-0.5, values.shape[1] - 0.5)
    axis.set_ylim(len(values) - 0.4, -1.6)
    axis.imshow(
        np.ma.masked_invalid(0.75 * share), _COLOURS, aspect="auto", vmin=0, vmax=1,
        extent=(-0.5, values.shape[1] - 0.5, len(values) - 0.5, -0.5), interpolation="nearest",
    )  # fmt: skip
    axis.set_xlim(-0.5, values.shape[1] - 0.5)
    axis.set_ylim(len(values) - 0.4, -1.6)
    for (row, column), value in np.ndenumerate(values):
        known = np.isfinite(value)
        text = form.format(value).replace("-0.00", "0.00") if known else "-"
        colour = "white" if known and share[row, column] > 0.85 else "0.1"
        axis.text(column, row, text, ha="center", va="center", fontsize=8, color=colour)
    axis.text(-0.5, -0.75, heading, fontsize=9, weight="bold", va="bottom")
    axis.set_yticks(range(len(cells)), [name.replace("_", " ") for name in cells.index])
    axis.set_xticks([])
    axis.tick_params(length=0, labelsize=8.5)
    axis.spines[:].set_visible(False)


def _name_systems(axis: Axes, table: pd.DataFrame, systems: list[str]) -> None:
    """The names of the systems over the first block; which of them predict a mean."""
    names = []
    for system in systems:
        group = table[table["system"] == system]
        name = reader_name(system)
        if group["kind"].iloc[0] == Kind.REAL:
            name = _FLOOR
        elif own_estimate(group) == "mean":
            name += " (mean)"
        names.append("\n".join(wrap(name, _LINE)))
    axis.xaxis.tick_top()
    axis.set_xticks(range(len(systems)), names, fontsize=7.5)
