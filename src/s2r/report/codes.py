"""A picture of the articulation codes of a corpus: template, noise and what the codes mean."""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from s2r.core.units import HALF_RANGE
from s2r.model.autoencoder import load_autoencoder
from s2r.report.plots import save_figure, say_synthetic

SHOWN = 14
"""Codes shown."""


def plot_codes(autoencoder: str | Path, path: str | Path, synthetic: bool = False) -> None:
    """Draw the template, the level of the noise, and the first components of an autoencoder.

    ``synthetic`` adds the statement about the phantom.
    """
    model, _ = load_autoencoder(autoencoder)
    components = model.components[:SHOWN].view(-1, model.size, model.size).numpy()
    figure = Figure(figsize=(12, 3.4))
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, SHOWN // 2 + 1)
    axes[0, 0].imshow(model.template[0, 0].numpy(), cmap="gray", vmin=-1, vmax=1)
    axes[0, 0].set_title("template", fontsize=9)
    level = model.noise_level[0, 0].numpy() * HALF_RANGE
    shown = axes[1, 0].imshow(level, cmap="magma", vmin=0)
    axes[1, 0].set_title("noise, grey levels", fontsize=9)
    figure.colorbar(shown, ax=axes[1, 0], shrink=0.8)
    for number, component in enumerate(components):
        axis = axes[number // (SHOWN // 2), number % (SHOWN // 2) + 1]
        largest = np.abs(component).max()
        axis.imshow(component, cmap="RdBu_r", vmin=-largest, vmax=largest)
        axis.set_title(f"code {number + 1}", fontsize=9)
    for axis in axes.flat:
        axis.set_axis_off()
    if synthetic:
        say_synthetic(figure)
    figure.tight_layout(rect=(0, 0.09 if synthetic else 0, 1, 1))
    save_figure(figure, path)
