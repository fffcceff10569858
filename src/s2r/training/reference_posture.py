"""Which part of a reference frame's code is a posture, and which part is the speaker."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

EVEN = 0.1
"""Share of each covariance that is spread evenly over all directions: few recordings say nothing
about most of them."""


def reference_posture(codes: Tensor, subjects: Sequence[str]) -> tuple[Tensor, Tensor]:
    """What makes an estimate of the posture of a reference frame's code: (K, K), and the neutral
    code (K,) that is taken away first.

    Args:
        codes: (R, K) codes of the reference frames of recordings.
        subjects: (R,) who speaks in each.

    A code is taken as the sum of the neutral code, a deviation of the speaker, and a deviation of
    the recording, its posture, that are independent of each other. With covariances B between
    speakers and W within them, the best linear estimate of the posture of a code r is
    W (B + W)^-1 (r - neutral) (Robinson 1991, Statistical Science 6:15, "That BLUP is a good
    thing"). Zero where no subject has two recordings, or their references agree.
    """
    codes, count = codes.double().cpu().numpy(), codes.shape[1]
    who, sizes = np.unique(np.asarray(subjects), return_inverse=True, return_counts=True)[1:]
    means = np.stack([codes[who == number].mean(0) for number in range(len(sizes))])
    neutral, freedom = means.mean(0), len(codes) - len(means)
    posture = np.zeros((count, count))
    apart = codes - means[who]
    if freedom and apart.any():
        within = apart.T @ apart / freedom
        between = np.zeros_like(within)
        if len(means) > 1:
            # the means of a few recordings hold a part of their postures
            between = np.cov(means.T).reshape(count, count) - within * (1 / sizes).mean()
            values, vectors = np.linalg.eigh(between)
            between = (vectors * values.clip(0)) @ vectors.T
        between, within = _evened(between), _evened(within)
        posture = np.linalg.solve(between + within, within).T  # both are symmetric
    return torch.from_numpy(posture).float(), torch.from_numpy(neutral).float()


def _evened(covariance: np.ndarray) -> np.ndarray:
    even = np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    return (1 - EVEN) * covariance + EVEN * even
