"""Exponential moving averages of the weights whose length grows with training."""

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel


def exponent(relative_length: float) -> float:
    """gamma of the power function whose profile has this relative standard deviation.

    Solves sd = sqrt(gamma + 1) / ((gamma + 2) sqrt(gamma + 3)) (Karras et al. 2024, eq. 123)
    by bisection; ``relative_length`` must lie in (0, 0.28).
    """
    low, high = 0.0, 1e6
    for _ in range(100):
        middle = (low + high) / 2
        width = (middle + 1) ** 0.5 / ((middle + 2) * (middle + 3) ** 0.5)
        low, high = (middle, high) if width > relative_length else (low, middle)
    return low


def averaged(model: nn.Module, relative_length: float) -> AveragedModel:
    """A power-function average of ``model``; after step t the newest weights count
    1 - (1 - 1/t)^(gamma + 1) (Karras et al. 2024, eq. 126)."""
    gamma = exponent(relative_length)

    @torch.no_grad()
    def average(averages: list, weights: list, count: torch.Tensor) -> None:
        newest = 1 - (1 - 1 / (float(count) + 1)) ** (gamma + 1)
        torch._foreach_lerp_(averages, weights, newest)

    return AveragedModel(model, multi_avg_fn=average)
