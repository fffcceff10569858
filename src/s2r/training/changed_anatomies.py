"""Training subjects with randomly changed anatomy.

Registration leaves a speaker a little displaced from the template, and few training subjects show
few of the ways in which this can be. A smooth displacement of the template's places is a linear map
of pictures, so it is an affine map of codes: it costs a small matrix product a segment.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from s2r.model.autoencoder import Autoencoder
from s2r.model.registration import CONTROL_POINTS, identity, spline_field, warp

COUNT = 64
"""Changes that are made; each segment has one of them."""


@dataclass(frozen=True)
class ChangedAnatomies:
    """N changes of anatomy as maps of articulation codes."""

    maps: Tensor
    """(N, K, K): codes (K,) of a frame, times one of them, are its codes after that change."""
    offsets: Tensor
    """(N, K), added to the code of a reference frame after the same product."""

    def draw(self, count: int, rng: np.random.Generator) -> "ChangedAnatomies":
        """Random ones of them, one for each of ``count`` segments."""
        chosen = torch.from_numpy(rng.integers(len(self.maps), size=count)).to(self.maps.device)
        return self[chosen]

    def __getitem__(self, index: slice | Tensor) -> "ChangedAnatomies":
        """Some of the changes."""
        return ChangedAnatomies(self.maps[index], self.offsets[index])

    def of_codes(self, codes: Tensor) -> Tensor:
        """Codes (N, T, K) of segments, each after its own change."""
        return codes @ self.maps

    def of_speakers(self, speakers: Tensor) -> Tensor:
        """Codes (N, K) of reference frames, each after its own change."""
        return (speakers[:, None] @ self.maps)[:, 0] + self.offsets


@torch.no_grad()
def changed_anatomies(autoencoder: Autoencoder, change: float, seed: int) -> ChangedAnatomies:
    """``COUNT`` random changes of the anatomy that codes stand for.

    ``change`` is the standard deviation of the displacements, relative to the side of the picture.
    What a displaced picture holds that no code describes is lost.
    """
    size, components = autoencoder.size, autoencoder.components
    # as channels of one picture, which are displaced together
    pictures = torch.cat([components.view(1, -1, size, size), autoencoder.template], 1)
    generator = torch.Generator().manual_seed(seed)
    still, maps, offsets = identity((size, size), components.device), [], []
    for _ in range(COUNT):
        # a picture has a side of 2 in these coordinates
        spline = 2 * change * torch.randn(1, 2, CONTROL_POINTS, CONTROL_POINTS, generator=generator)
        moved = warp(pictures, still + spline_field(spline.to(still), (size, size)))
        moved = moved.flatten(2)[0]
        maps.append(moved[:-1] @ components.T)
        offsets.append((moved[-1] - autoencoder.template.flatten()) @ components.T)
    return ChangedAnatomies(torch.stack(maps), torch.stack(offsets))
