"""The validation error by which models are compared: of expected videos of whole recordings."""

import numpy as np
import torch
from torch import Tensor

from s2r.core.units import to_unit_range

VALIDATION_RECORDINGS = 16
"""Most recordings that validation predicts."""


def error_sum(video: Tensor, truth: np.ndarray, region: Tensor) -> float:
    """Squared error in the dynamic region, in units of [-1, 1], summed over frames.

    ``video`` (T, H, W) in [-1, 1], clipped here; ``truth`` (T, H, W) uint8; ``region`` (H, W) bool,
    on the device of ``video``. Divided by the frames of all recordings this is the
    ``validation_error`` of a training curve (`s2r.report.best`).
    """
    expected = torch.from_numpy(to_unit_range(truth)).to(video.device)
    return (video.clamp(-1, 1) - expected)[:, region].square().mean(1).sum().item()
