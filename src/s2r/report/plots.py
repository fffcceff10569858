"""Figures: the dot plot of Table 1 and the training curve. Drawn without any global state."""

import textwrap
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from s2r.config.systems import SETS
from s2r.core.errors import UserError
from s2r.core.files import atomic_path
from s2r.core.origin import png_text
from s2r.evaluation.metric import Measure
from s2r.report.captions import PHANTOM, about_seeds
from s2r.report.cells import ESTIMATE_NAMES, set_title
from s2r.report.measures import all_measures
from s2r.report.scores_table import find_value, reader_name, systems_in_order

COLOURS = {"unseen_speech": "#0072B2", "unseen_subject": "#D55E00", "unseen_both": "#009E73"}
"""Colours of sets that colour-blind readers can tell apart (Okabe and Ito)."""

_WRAPPED = textwrap.fill(PHANTOM, 100)

LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
"""Colours of lines."""


def plot_table(scores: pd.DataFrame, path: str | Path, synthetic: bool) -> None:
    """Draw Table 1 from the long table: one panel per measure, one line per system.

    Filled dots are single draws, open ones means; bars are 95 % intervals over recordings, boxes
    reach one standard deviation over seeds to each side. ``synthetic`` adds the statement about the
    phantom. Panels without a value are left out.
    """
    groups = systems_in_order(scores)
    with_panel = [measure for measure in all_measures() if measure.panel]
    panels = [measure for measure in with_panel if _points(groups, measure)] or with_panel[:1]
    figure = Figure(figsize=(2.2 + 3.4 * len(panels), 1.9 + 0.42 * len(groups)))
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axis, measure in zip(axes, panels, strict=True):
        _dots(axis, _points(groups, measure))
        axis.set_title(measure.panel, fontsize=10, loc="left")
        reading = measure.panel_reading or measure.reading
        axis.set_xlabel(reading, fontsize=8.5, color="0.35")
        axis.locator_params(axis="x", nbins=6)
        if measure.better == "above zero":
            axis.axvline(0, color="0.3", linewidth=0.8)
        elif measure.better == "lower":
            axis.set_xlim(left=0)  # the best there is
    axes[0].set_yticks(
        range(len(groups)), [reader_name(group["system"].iloc[0]) for group in groups]
    )
    axes[0].set_ylim(max(len(groups), 1) - 0.5, -0.5)
    height = figure.get_figheight()
    text = "Intervals: 95 % bootstrap over recordings. Compare draws with draws, means with means."
    if about := about_seeds(scores["seeds"], "Boxes show"):
        text = f"{about} {text}"
    figure.text(0.01, 0.2 / height, text, fontsize=8, color="0.25", va="bottom")
    if synthetic:
        figure.text(0.01, 0.06 / height, PHANTOM, fontsize=8, weight="bold", va="bottom")
    figure.legend(
        handles=_legend(),
        loc="upper right",
        ncols=5,
        fontsize=8.5,
        frameon=False,
        handletextpad=0.3,
    )
    figure.tight_layout(rect=(0, 0.35 / height, 1, 1 - 0.3 / height))
    save_figure(figure, path)


def plot_curve(
    curve: str | Path, path: str | Path, title: str = "", synthetic: bool = False
) -> None:
    """Draw a training curve: the CSV has ``clips`` (clips seen) and measures of progress.

    The training loss is one panel; the columns whose name ends in ``error`` are lines of a
    second one. Other columns are not drawn. ``synthetic`` adds the statement about the phantom.
    Raises UserError where ``clips`` or all of these columns are missing.
    """
    table = pd.read_csv(curve)
    errors = [column for column in table.columns if column.endswith("error")]
    panels = [columns for columns in (table.columns.intersection(["loss"]), errors) if len(columns)]
    if "clips" not in table.columns or not panels:
        raise UserError(
            f"{curve} has no column clips, or neither loss nor error columns: it is not a "
            "training curve; train again."
        )
    figure = Figure(figsize=(4.6 * len(panels), 3.4))
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axis, columns in zip(axes, panels, strict=True):
        for column, colour in zip(columns, LINES, strict=False):
            points = table[["clips", column]].dropna()
            marker = "o" if len(points) < 40 else ""
            name = column.removesuffix("_error").replace("_", " ")
            axis.plot(
                points["clips"], points[column], marker, ls="-", ms=3, color=colour, label=name
            )
        axis.set_xlabel("clips seen in training")
        tidy(axis, grid="both")
        if list(columns) == ["loss"]:
            axis.set_title("training loss", fontsize=10, loc="left")
        else:
            axis.set_title("squared error of validation frames", fontsize=10, loc="left")
            axis.set_ylim(bottom=0)
            axis.legend(fontsize=8.5, frameon=False)
    figure.suptitle(title, fontsize=10, x=0.01, ha="left")
    if synthetic:
        say_synthetic(figure)
    figure.tight_layout(rect=(0, 0.09 if synthetic else 0, 1, 1))
    save_figure(figure, path)


def say_synthetic(figure: Figure) -> None:
    """Write the statement about the phantom below a figure without captions."""
    figure.text(0.01, 0.02, _WRAPPED, fontsize=7.5, weight="bold", va="bottom")


def _points(groups: list[pd.DataFrame], measure: Measure) -> list[dict]:
    """Every dot of a panel: its line, set, whether it is a draw, and its value and interval."""
    points = []
    for line, group in enumerate(groups):
        for set_name in SETS:
            for estimate in measure.columns().values():
                found = find_value(group, set_name, measure, estimate)
                if found is not None:
                    keys = ("value", "low", "high", "seed_sd")
                    scaled = {key: measure.factor * found[key] for key in keys}
                    draw = found["estimate"] == "draw"
                    points.append({"line": line, "set": set_name, "draw": draw} | scaled)
    return points


def _dots(axis: Axes, points: list[dict]) -> None:
    for point in points:
        shift = 0.24 * (SETS.index(point["set"]) - 1) + (-0.05 if point["draw"] else 0.05)
        colour = COLOURS[point["set"]]
        height = point["line"] + shift
        axis.hlines(height, point["low"], point["high"], color=colour, linewidth=1.4, alpha=0.55)
        value, spread = point["value"], point["seed_sd"]
        axis.hlines(height, value - spread, value + spread, color=colour, linewidth=5, alpha=0.3)
        axis.plot(
            point["value"],
            height,
            marker="o",
            markersize=5,
            color=colour,
            markerfacecolor=colour if point["draw"] else "white",
        )
    lines = {point["line"] for point in points}
    for line in range(max(lines, default=0) + 1):
        axis.axhspan(line - 0.5, line + 0.5, color="0.96" if line % 2 else "white", zorder=0)
    tidy(axis)


def tidy(axis: Axes, grid: str = "x") -> None:
    """Frame, grid and label size that all plots share; ``grid`` is ``x`` or ``both``."""
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis=grid, color="0.88", linewidth=0.6)
    axis.set_axisbelow(True)
    axis.tick_params(labelsize=8.5)


def _legend() -> list[Line2D]:
    dot = {"linestyle": "", "marker": "o", "markersize": 5}
    sets = [Line2D([], [], color=COLOURS[s], label=set_title(s), **dot) for s in SETS]
    estimates = [
        Line2D([], [], color="0.3", label=ESTIMATE_NAMES["draw"], **dot),
        Line2D([], [], color="0.3", markerfacecolor="white", label=ESTIMATE_NAMES["mean"], **dot),
    ]
    return sets + estimates


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a figure as PNG, atomically."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=160, metadata=png_text())
