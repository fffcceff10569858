"""Conversions of units that all stages share."""

import torch

from s2r.core.units import to_levels


def test_values_outside_the_range_become_black_or_white():
    levels = to_levels(torch.tensor([-3.0, -1.0, 0.0, 1.0, 3.0]))
    assert levels.dtype == "uint8"
    assert levels.tolist() == [0, 0, 128, 255, 255]
