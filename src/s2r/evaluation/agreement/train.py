"""Training of the agreement network: true pairs of speech and video against all other pairs.

The loss is InfoNCE in both directions (van den Oord et al. 2018, arXiv:1807.03748, eq. 4; both
directions as in Radford et al. 2021, arXiv:2103.00020): of all windows of speech in a batch each
window of video must find its own, and the other way round. A batch mixes recordings with windows
of the same recording that are 60 ms apart and more, so that timing matters. The pictures of a
recording are turned, stretched, shifted, blurred, brightened and made noisy at random, all alike,
so that neither the subject's anatomy nor the grain of the picture can carry the match.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from s2r.core.progress import progress
from s2r.evaluation.agreement.network import CONTEXT, SIZE, WINDOW, AgreementNetwork

SEGMENT = 40
"""Frames that are cut out of a recording."""

STRIDE = 3
"""Frames between windows of a segment. Windows one frame apart are nearly equal, and to tell them
apart would teach noise."""

BATCH = 16
"""Segments in a batch."""

STEPS = 400
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 0.01
WARMUP = 30
"""Steps in which the learning rate rises."""

SHARPEST = 4.0
"""Largest logarithm of the factor before cosines."""


def train_network(
    pictures: Sequence[Tensor], speech: Sequence[Tensor], seed: int = 0, steps: int = STEPS
) -> AgreementNetwork:
    """Train on recordings: pictures (T, 24, 24) of `seen`, speech (T + 10, D) of `heard`, in order.

    Each recording has 10 frames or more. Recordings much shorter than the others are left out. The
    same seed gives the same network on the same machine; about 25 CPU seconds.
    """
    length = min(SEGMENT, int(np.median([len(video) for video in pictures])))
    kept = [i for i, video in enumerate(pictures) if len(video) >= length]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = AgreementNetwork(*moments([speech[i][CONTEXT:-CONTEXT] for i in kept]))
        rng = np.random.default_rng(seed)
        generator = torch.Generator().manual_seed(seed)
        optimizer = torch.optim.AdamW(
            network.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer,
            lambda step: min((step + 1) / WARMUP, 1) * (1 + math.cos(math.pi * step / steps)) / 2,
        )
        for _ in progress(range(steps), "agreement"):
            chosen = rng.choice(kept, BATCH, replace=len(kept) < BATCH)
            starts = [int(rng.integers(len(pictures[i]) - length + 1)) for i in chosen]
            places = list(zip(chosen, starts, strict=True))
            shown = torch.stack([pictures[i][start : start + length] for i, start in places])
            ends = length + 2 * CONTEXT
            said = torch.stack([speech[i][start : start + ends] for i, start in places])
            phase = int(rng.integers(min(STRIDE, length - WINDOW + 1)))
            loss = contrast(network, augment(shown, generator), said, phase)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval()


def moments(speech: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Mean (D,), and standard deviation of at least 0.001, of all embeddings (T, D)."""
    count = sum(len(part) for part in speech)
    mean = sum(part.double().sum(0) for part in speech) / count
    spread = sum((part - mean).square().sum(0) for part in speech) / count
    return mean.float(), spread.sqrt().clamp(min=1e-3).float()


def contrast(network: AgreementNetwork, pictures: Tensor, speech: Tensor, phase: int) -> Tensor:
    """InfoNCE of a batch of segments; every third window from ``phase`` on enters."""
    video = network.video(pictures)[:, phase::STRIDE].flatten(0, 1)
    sound = network.speech(speech)[:, phase::STRIDE].flatten(0, 1)
    logits = network.log_sharpness.clamp(max=SHARPEST).exp() * video @ sound.T
    own = torch.arange(len(logits))
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2


def augment(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Change segments (N, T, 24, 24) at random, all frames of a segment alike but for noise.

    Turned by up to 6 degrees, stretched by up to 13 % and shifted by up to 6 % of the picture; half
    of them blurred; contrast by up to 30 %, brightness by a tenth and noise by up to 0.15 standard
    deviations.
    """
    count, length = pictures.shape[:2]

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(count, *shape, generator=generator)

    angle, stretch = uniform(-0.1, 0.1), uniform(-0.12, 0.12, 2).exp()
    turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1).view(-1, 2, 2)
    affine = torch.cat([turn @ torch.diag_embed(stretch), uniform(-0.12, 0.12, 2, 1)], 2)
    grid = F.affine_grid(affine, [count, length, SIZE, SIZE], align_corners=False)
    moved = F.grid_sample(pictures, grid, padding_mode="border", align_corners=False)
    line = torch.tensor([0.25, 0.5, 0.25])
    padded = F.pad(moved.flatten(0, 1)[:, None], (1, 1, 1, 1), mode="replicate")
    blurred = F.conv2d(padded, torch.outer(line, line)[None, None]).view_as(moved)
    moved = torch.lerp(moved, blurred, uniform(-1, 1, 1, 1, 1).clamp(min=0))
    noise = torch.randn(moved.shape, generator=generator) * uniform(0, 0.15, 1, 1, 1)
    return moved * uniform(0.75, 1.3, 1, 1, 1) + uniform(-0.1, 0.1, 1, 1, 1) + noise
