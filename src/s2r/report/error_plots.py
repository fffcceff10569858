"""Figures of the report: the overview, errors over time and errors over the picture."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from s2r.config.systems import Kind, mean_system
from s2r.core.errors import UserError
from s2r.core.progress import progress
from s2r.evaluation.data import EvaluationData
from s2r.generation.generated_file import read_generated
from s2r.preparation.recordings import RecordingSet
from s2r.report.captions import PHANTOM
from s2r.report.cells import ESTIMATE_NAMES, set_title
from s2r.report.error_course import RolloutErrors, drift, rollout_errors
from s2r.report.overview import write_overview
from s2r.report.plots import LINES, save_figure, tidy
from s2r.report.scores_table import reader_name

Errors = dict[tuple[str, str], RolloutErrors]
"""(system, set) -> errors."""


def write_report_figures(
    data: EvaluationData,
    *,
    generated: Mapping[tuple[str, str], str | Path],
    best: str,
    overview_path: str | Path,
    drift_path: str | Path,
    regions_path: str | Path,
    synthetic: bool,
    resamples: int = 2000,
    seed: int = 0,
) -> None:
    """Draw the best model against its mean, the mean frame and the copied frame.

    ``generated`` is {(system, set): generated file}; ``best`` is one of the systems
    (`s2r.report.best`). ``synthetic`` adds the statement about the phantom. Raises UserError where
    it has generated no recording.
    """
    mask = data.instruments.region
    shown = [best, mean_system(best), Kind.MEAN_FRAME, Kind.COPIED_FRAME]
    wanted = [key for key in generated if key[0] in shown]
    found = {key: rollout_errors(generated[key], data, mask) for key in progress(wanted, "errors")}
    wanted.sort(key=lambda key: shown.index(key[0]))
    errors = {key: found[key] for key in wanted if found[key].courses}
    note = PHANTOM if synthetic else ""
    _overview(generated, best, data, overview_path, note)
    plot_drift(errors, drift_path, note, resamples, seed)
    plot_regions(errors, mask, regions_path, note)


def plot_drift(errors: Errors, path: str | Path, note: str, resamples: int, seed: int) -> None:
    """Draw the error of rollouts against the time since the first frame, a panel a set."""
    systems, sets = _axes_of(errors)
    figure = Figure(figsize=(max(4.4 * len(sets), 9), 3.7))
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(sets), sharey=True, squeeze=False)[0]
    for axis, set_name in zip(axes, sets, strict=True):
        for system, colour in zip(systems, LINES, strict=False):
            found = errors.get((system, set_name))
            if found is None:
                continue
            time, value, low, high, _ = drift(found.courses, resamples, seed).T
            name = f"{reader_name(system)}, {ESTIMATE_NAMES[found.estimate]}"
            axis.plot(time, 1000 * value, "-o", ms=3, color=colour, label=name)
            axis.fill_between(time, 1000 * low, 1000 * high, color=colour, alpha=0.15, lw=0)
        count = max(len(errors[key].courses) for key in errors if key[1] == set_name)
        axis.set_title(f"{set_title(set_name)}, {count} recordings", fontsize=10, loc="left")
        axis.set_xlabel("s since the first frame", fontsize=8.5)
        tidy(axis, grid="both")
    axes[0].set_ylim(bottom=0)
    axes[0].set_ylabel("squared error x 1000, dynamic region", fontsize=8.5)
    handles = {
        text: line
        for axis in axes
        for line, text in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        handles.values(), handles.keys(), loc="upper left", ncols=4, fontsize=8.5, frameon=False
    )
    figure.text(0.01, 0.015, note, fontsize=8, weight="bold", wrap=True)
    figure.tight_layout(rect=(0, 0.06 if note else 0, 1, 0.92))
    save_figure(figure, path)


def plot_regions(errors: Errors, region: np.ndarray, path: str | Path, note: str) -> None:
    """Draw the squared error of every pixel, a row for each set and a column for each system.

    The outline is the dynamic ``region`` (H, W); numbers are means over it, over the whole frame
    and over the rest of it.
    """
    systems, sets = _axes_of(errors)
    figure = Figure(figsize=(2.6 * len(systems) + 1, 3.2 * len(sets) + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(rect=(0, 0.04, 1, 0.96))
    axes = figure.subplots(len(sets), len(systems), squeeze=False)
    highest = max(float(np.quantile(found.picture, 0.995)) for found in errors.values())
    image = None
    for row, set_name in zip(axes, sets, strict=True):
        for axis, system in zip(row, systems, strict=True):
            axis.set_axis_off()
            found = errors.get((system, set_name))
            if found is None:
                continue
            image = axis.imshow(1000 * found.picture, cmap="magma", vmin=0, vmax=1000 * highest)
            axis.contour(region, levels=[0.5], colors="white", linewidths=0.6)
            estimate = ESTIMATE_NAMES[found.estimate]
            heading = f"{reader_name(system)}\n{estimate}, {set_title(set_name)}"
            axis.set_title(heading, fontsize=8.5, loc="left")
            parts = (found.picture, found.picture[region], found.picture[~region])
            whole, inside, outside = (1000 * part.mean() for part in parts)
            text = f"frame {whole:.1f}, dynamic {inside:.1f}, rest {outside:.1f}"
            axis.text(0, -0.08, text, fontsize=8, transform=axis.transAxes)
    bar = figure.colorbar(image, ax=axes, shrink=0.6, pad=0.02)
    bar.set_label("squared error x 1000", fontsize=8.5)
    bar.ax.tick_params(labelsize=8)
    figure.text(0.01, 0.01, note, fontsize=8, weight="bold", wrap=True)
    save_figure(figure, path)


def _overview(
    generated: Mapping, best: str, recordings: RecordingSet, path: str | Path, note: str
) -> None:
    for (system, _), file in generated.items():
        if system == best:
            with read_generated(file) as content:
                if content.rollouts:
                    first = content.rollouts[0]
                    video = content.rollout(first).draws[0]
                    write_overview(path, first, recordings, video, best, note)
                    return
    raise UserError(f"{best} has generated no recording: there is nothing to draw in the report.")


def _axes_of(errors: Errors) -> tuple[list[str], list[str]]:
    """Systems and sets, each once, in their order."""
    return [list(dict.fromkeys(key[place] for key in errors)) for place in (0, 1)]
