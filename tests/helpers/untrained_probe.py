"""A contour probe that was not trained: it sees every articulator at one place, about."""

from pathlib import Path

import torch

from s2r.corpus.articulators import ARTICULATORS
from s2r.evaluation.metrics.contour_probe import Probe, save_probe

POINTS = 8


def write_untrained_probe(path: Path) -> Path:
    """Write the probe to ``path``; articulator ``k`` is a line at a depth of 40 + 10 k mm."""
    torch.manual_seed(0)
    lines = [
        torch.stack([torch.linspace(60, 160, POINTS), torch.full((POINTS,), 40.0 + 10 * k)], 1)
        for k in range(len(ARTICULATORS))
    ]
    components = torch.randn(3, 2 * POINTS * len(ARTICULATORS))
    points = dict.fromkeys(ARTICULATORS, POINTS)
    save_probe(Probe(points, torch.cat(lines), components, 200.0), path)
    return path
