"""Contours drawn on pictures, and the file of the probe that reads them."""

import numpy as np
import pytest
import torch

from s2r.apps.overlay import COLOURS, ContourOverlay, draw_lines
from s2r.core.errors import UserError
from s2r.corpus.articulators import ARTICULATORS
from s2r.evaluation.metrics.contour_probe import Probe, save_probe


def test_every_articulator_has_a_colour():
    assert set(COLOURS) == set(ARTICULATORS)


def test_a_line_is_drawn_without_gaps_and_only_inside():
    pictures = np.zeros((2, 100, 100, 3), np.uint8)
    lines = np.array([[[0.1, 0.505], [0.9, 0.505]], [[0.505, -0.5], [0.505, 1.5]]])
    draw_lines(pictures, lines, (1, 2, 3))
    across, down = pictures[0, 50, 10:90], pictures[1, :, 50]
    assert (across == (1, 2, 3)).all()
    assert (down == (1, 2, 3)).all()
    assert pictures.any(-1).sum(axis=(1, 2)).tolist() == [81, 100]


def test_the_contours_of_the_probe_stand_where_it_sees_them(tmp_path):
    """A probe that knows only its mean: a tongue at the height of a quarter of the field."""
    torch.manual_seed(0)
    mean = torch.stack([torch.linspace(40, 160, 8), torch.full((8,), 50.0)], 1)
    probe = Probe({"tongue": 8}, mean, torch.zeros(1, 16), 200.0)
    torch.nn.init.zeros_(probe.refinement.last.bias)
    save_probe(probe, tmp_path / "probe.safetensors")
    overlay = ContourOverlay(tmp_path / "probe.safetensors")
    frames = np.full((2, 64, 64), 90, np.uint8)
    shown = overlay(frames, np.full((2, 128, 128), 90, np.uint8))
    drawn = (shown == COLOURS["tongue"]).all(-1)
    assert drawn[:, 32, 26:102].all()
    assert not drawn[:, :31].any()
    assert (shown[~drawn] == 90).all()


def test_a_missing_probe_is_said(tmp_path):
    with pytest.raises(UserError, match=r"probe\.safetensors does not exist.*make table1"):
        ContourOverlay(tmp_path / "probe.safetensors")
