"""Training subjects with randomly changed anatomy.

Registration leaves a speaker a little displaced from the template, and few training subjects show
few of the ways in which this can be. A smooth displacement of the template's places is a linear map
of pictures, so it is an affine map of codes: it costs a small matrix product a segment.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from s2r.model.autoencoder import Autoencoder
from s2r.model.registration import CONTROL_POINTS, identity, warp

COUNT = 64
"""Changes that are drawn from."""


@dataclass(frozen=True)
class ChangedAnatomies:
    """N changes of anatomy as maps of articulation codes."""

    maps: Tensor
    """(N, K, K): codes (K,) of a change of posture, times one of them, are those after it."""
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
    pictures = torch.cat([components.view(-1, 1, size, size), autoencoder.template])
    generator = torch.Generator().manual_seed(seed)
    still, maps, offsets = identity((size, size), components.device), [], []
    for _ in range(COUNT):
        # a picture has a side of 2 in these coordinates
        spline = 2 * change * torch.randn(1, 2, CONTROL_POINTS, CONTROL_POINTS, generator=generator)
        smooth = F.interpolate(spline, (size, size), mode="bicubic", align_corners=True)
        moved = warp(pictures, still + smooth.permute(0, 2, 3, 1).to(still))
        *changed, template = moved.flatten(1)
        maps.append(torch.stack(changed) @ components.T)
        offsets.append((template - autoencoder.template.flatten()) @ components.T)
    return ChangedAnatomies(torch.stack(maps), torch.stack(offsets))
