"""A contour probe with random weights, for tests that only need some contours."""

from pathlib import Path

import torch

from s2r.corpus.articulators import ARTICULATORS
from s2r.evaluation.metrics.contour_probe import Probe, save_probe


def write_tiny_probe(path: Path) -> Path:
    """Write a probe of all articulators, five points each, in a field of 200 mm."""
    torch.manual_seed(0)
    points = dict.fromkeys(ARTICULATORS, 5)
    total = sum(points.values())
    mean = 40 + 120 * torch.rand(total, 2)
    save_probe(Probe(points, mean, torch.randn(3, 2 * total), 200.0), path)
    return path
