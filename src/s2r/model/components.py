"""Principal components of changes between frames: few directions that describe pictures."""

import numpy as np
import torch


def principal_components(changes: np.ndarray, count: int) -> np.ndarray:
    """The ``count`` principal directions of ``changes`` (N, H * W) about zero, orthonormal rows.

    Randomised subspace iteration (Halko et al. 2011) with a fixed seed on at most 3,000 evenly
    spaced rows.
    """
    rows = torch.from_numpy(changes[:: len(changes) // 3000 + 1]).float()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        _, _, directions = torch.svd_lowrank(rows, q=min(count, *rows.shape), niter=3)
    return np.ascontiguousarray(directions.T.numpy())
