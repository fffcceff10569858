"""Training of the contour probe on true frames whose contours are known, all or some of them."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from s2r.core.polylines import resampled
from s2r.core.progress import progress
from s2r.core.units import to_unit_range
from s2r.corpus.articulators import ARTICULATORS, FIELD_MM
from s2r.evaluation.metrics.contour_probe import REFINEMENTS, Probe

COMPONENTS = 14
"""Most principal components of a contour."""
_VARIANCE = 0.9995  # share of a contour's variance that its components keep
_DRAWN = 4096  # contours, moved at random, that the components are found from


def join_contours(parts: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Contours of several recordings in a row: {articulator: (N, P, 2)} float32, NaN where unknown.

    Every mapping holds at least one articulator, with the same number of frames for all of its own.
    Where recordings have different numbers of points, their median is taken along each contour.
    What is known in no frame at all is left out.
    """
    lengths = [len(next(iter(contours.values()))) for contours in parts]
    joined = {}
    for name in ARTICULATORS:
        sizes = [contours[name].shape[1] for contours in parts if name in contours]
        if not sizes:
            continue
        points = round(float(np.median(sizes)))
        rows = []
        for contours, length in zip(parts, lengths, strict=True):
            line = contours.get(name, np.full((length, points, 2), np.nan))
            line = line if line.shape[1] == points else resampled(line, points)
            rows.append(np.asarray(line, np.float32))
        line = np.concatenate(rows)
        if np.isfinite(line).all((1, 2)).any():
            joined[name] = line
    return joined


def train_probe(
    frames: np.ndarray,
    contours: Mapping[str, np.ndarray],
    subjects: np.ndarray,
    seed: int = 0,
    steps: int = 900,
    batch: int = 32,
    field_mm: float = FIELD_MM,
) -> Probe:
    """Train a probe on true frames (N, H, W) uint8 with contours {articulator: (N, P, 2)} in mm.

    Contours are NaN in frames where they are not known, and known in some frame; what is not
    known is not learned from. ``subjects`` (N,): every subject is drawn as often as any other.
    About 35 CPU seconds for all articulators; the same seed gives the same probe on the same
    machine. Frames are moved, scaled, blurred, brightened and made noisy at random, so that a soft
    or grainy generated frame is read by its shape.
    """
    generator = torch.Generator().manual_seed(seed)
    contours = {name: contours[name] for name in ARTICULATORS if name in contours}
    points = {name: line.shape[1] for name, line in contours.items()}
    targets = torch.from_numpy(np.concatenate(list(contours.values()), 1).astype(np.float32))
    pictures = torch.from_numpy(np.ascontiguousarray(frames))
    known = torch.isfinite(targets).all(-1)
    weight = torch.from_numpy(_weights(subjects)) * known.any(1)

    mean, components = _components(targets, list(points.values()), weight, field_mm, generator)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        probe = Probe(points, mean, components, field_mm)
    optimizer = torch.optim.Adam(probe.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min((step + 1) / 40, 1) * (1 + math.cos(math.pi * step / steps)) / 2,
    )
    for _ in progress(range(steps), "contour probe"):
        picked = torch.multinomial(weight, batch, replacement=True, generator=generator)
        affine = random_affine(batch, generator)
        truth = move_contours(targets[picked].nan_to_num(), affine, field_mm)
        counts = known[picked][..., None].float().expand_as(truth)
        seen = move_frames(to_unit_range(pictures[picked])[:, None], affine)
        seen = augment(seen, generator)
        guess = probe.first_guess(seen)
        loss = _error(guess, truth, counts, beta=1.0)
        # start the refinement further off than the guess is, as it will be for new subjects
        bends = [smooth_noise(batch, size, generator) for size in points.values()]
        start = guess.detach() + torch.cat(bends, 1)
        for _ in range(REFINEMENTS):
            start = probe.refinement(seen, start.detach(), probe.field_mm)
            loss = loss + _error(start, truth, counts, beta=0.5)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return probe.eval()


def _weights(subjects: np.ndarray) -> np.ndarray:
    """Weights (N,) with which frames of ``subjects`` (N,) are drawn: the same sum for each."""
    _, index, count = np.unique(subjects, return_inverse=True, return_counts=True)
    return 1 / count[index]


def _error(contours: Tensor, truth: Tensor, counts: Tensor, beta: float) -> Tensor:
    """Smooth absolute error, mean over the coordinates that count."""
    error = F.smooth_l1_loss(contours, truth, beta=beta, reduction="none")
    return (error * counts).sum() / counts.sum().clamp(min=1)


def _components(
    targets: Tensor,
    sizes: Sequence[int],
    weight: Tensor,
    field_mm: float,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Mean (P, 2) and principal components (C, 2 P), each of one contour and 0 in all others.

    One contour at a time, as they need not be known in the same frames.
    """
    means, blocks = [], []
    for part in torch.split(targets, list(sizes), 1):
        usable = weight * torch.isfinite(part).all(-1).all(-1)
        chosen = part[torch.multinomial(usable, _DRAWN, replacement=True, generator=generator)]
        moved = move_contours(chosen, random_affine(len(chosen), generator), field_mm)
        means.append(moved.mean(0))
        _, scale, directions = torch.linalg.svd((moved - means[-1]).flatten(1), full_matrices=False)
        kept = int((scale.square().cumsum(0) / scale.square().sum() < _VARIANCE).sum()) + 1
        directions = directions * (scale / math.sqrt(len(moved)))[:, None]
        blocks.append(directions[: min(kept, COMPONENTS)])
    return torch.cat(means), torch.block_diag(*blocks).contiguous()


def random_affine(count: int, generator: torch.Generator) -> Tensor:
    """Maps (count, 2, 3) of the image square [-1, 1]^2: turned by up to 6 degrees, stretched and
    sheared by up to 8 and 4 %, shifted by up to 4 % of the field."""

    def uniform(limit: float, *shape: int) -> Tensor:
        return (2 * torch.rand(count, *shape, generator=generator) - 1) * limit

    angle, stretch, shear = uniform(math.radians(6)), uniform(0.08, 2).exp(), uniform(0.04)
    turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1).view(-1, 2, 2)
    scale = torch.diag_embed(stretch)
    scale[:, 0, 1] = shear
    return torch.cat([turn @ scale, uniform(0.08, 2, 1)], 2)


def move_contours(contours: Tensor, affine: Tensor, field_mm: float) -> Tensor:
    points = 2 * contours / field_mm - 1
    moved = points @ affine[:, :, :2].transpose(1, 2) + affine[:, None, :, 2]
    return (moved + 1) * field_mm / 2


def move_frames(frames: Tensor, affine: Tensor) -> Tensor:
    back = torch.linalg.inv(affine[:, :, :2])
    back = torch.cat([back, -back @ affine[:, :, 2:]], 2)
    grid = F.affine_grid(back, frames.shape, align_corners=False)
    return F.grid_sample(frames, grid, padding_mode="border", align_corners=False)


def augment(frames: Tensor, generator: torch.Generator) -> Tensor:
    """Blur half of the frames (up to a sigma of 1 pixel), change gain and offset, add noise."""
    count = len(frames)

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, 1, 1, 1, generator=generator)

    line = torch.tensor([0.25, 0.5, 0.25])
    kernel = torch.outer(line, line)[None, None]
    once = F.conv2d(F.pad(frames, (1, 1, 1, 1), mode="replicate"), kernel)
    twice = F.conv2d(F.pad(once, (1, 1, 1, 1), mode="replicate"), kernel)
    blurred = torch.lerp(once, twice, uniform(0, 1))
    frames = torch.lerp(frames, blurred, uniform(-1, 1).clamp(min=0))
    noise = torch.randn(frames.shape, generator=generator) * uniform(0, 0.05)
    return frames * uniform(0.85, 1.15) + uniform(-0.15, 0.15) + noise


def smooth_noise(count: int, points: int, generator: torch.Generator) -> Tensor:
    """Bends of a contour, (count, points, 2) mm, of up to about 3 mm."""
    knots = 3 * torch.randn(count, 2, 5, generator=generator)
    bends = F.interpolate(knots, size=points, mode="linear", align_corners=True)
    return bends.transpose(1, 2) * torch.rand(count, 1, 1, generator=generator)
