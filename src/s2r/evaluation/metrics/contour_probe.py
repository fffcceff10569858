"""A probe that reads the tongue contour off a frame, so that generated video has one too.

It is trained on true frames whose contours are known (the phantom's, or some that a user
supplies) and knows nothing of the subject, so it can be applied to any frame. Two steps, both
small: a convolutional network predicts the contour as coefficients of principal components;
then, as in active shape models (Cootes et al. 1995), the grey levels along the normals of that
contour tell how far to move every point. The second step sees the edge itself, so it carries
over to the anatomy of subjects that were not trained on.

Frames (N, H, W) are grey levels 0..255, uint8 or float; contours (N, K, 2) are x to the right
and y down, mm from the upper left corner of a square image.
"""

import itertools
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from s2r.core.errors import UserError
from s2r.core.files import atomic_path
from s2r.core.progress import progress
from s2r.core.units import to_unit_range

PHANTOM_POINTS = 38
VISIBLE = slice(6, 37)
"""Points of the phantom's 38 that bound the visible tongue, from above the larynx tube to its
tip. The tube (0..5) is below a pixel wide and the last point lies on the incisor."""

FIELD_MM = 200.0
COMPONENTS = 14
REFINEMENTS = 2
NORMAL_MM = torch.linspace(-8, 8, 17)
"""Where grey levels are read along the normal, mm; the true edge must lie within."""
BESIDE_MM = torch.tensor([-4.0, 0.0, 4.0])
"""The same on lines through neighbours along the contour, mm."""


def visible_part(contours: np.ndarray) -> np.ndarray:
    """(N, 38, 2) -> (N, 31, 2): the phantom's points on the visible tongue; others unchanged."""
    return contours[:, VISIBLE] if contours.shape[1] == PHANTOM_POINTS else contours


class Shape(nn.Module):
    """Frame -> coefficients of the contour's principal components, in standard deviations."""

    def __init__(self, components: int):
        super().__init__()
        widths = (1, 16, 32, 48)
        layers: list[nn.Module] = [nn.AvgPool2d(2)]
        for inside, outside in itertools.pairwise(widths):
            kernel = 5 if inside == 1 else 3
            layers += [nn.Conv2d(inside, outside, kernel, 2, kernel // 2), nn.SiLU()]
        layers += [nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(16 * widths[-1], 128)]
        self.layers = nn.Sequential(*layers, nn.SiLU(), nn.Linear(128, components))

    def forward(self, frames: Tensor) -> Tensor:
        """(N, 1, H, W) in [-1, 1] -> (N, components)."""
        return self.layers(frames)


class Refinement(nn.Module):
    """Contour -> contour, each point moved by what the grey levels around it show."""

    def __init__(self, points: int, width: int = 32, codes: int = 8):
        super().__init__()
        self.place = nn.Parameter(torch.zeros(1, codes, points))
        inside = len(NORMAL_MM) * len(BESIDE_MM) + codes
        layers: list[nn.Module] = []
        for channels in (inside, width, width):
            layers += [nn.Conv1d(channels, width, 5, padding=2), nn.SiLU()]
        self.layers = nn.Sequential(*layers, nn.Conv1d(width, 2, 1))
        nn.init.zeros_(self.layers[-1].weight)

    def forward(self, frames: Tensor, contours: Tensor, field: Tensor) -> Tensor:
        """frames (N, 1, H, W) in [-1, 1], contours (N, K, 2) mm -> (N, K, 2) mm."""
        padded = torch.cat([contours[:, :1], contours, contours[:, -1:]], 1)
        tangent = padded[:, 2:] - padded[:, :-2]
        tangent = tangent / (tangent.norm(dim=-1, keepdim=True) + 1e-3)
        normal = torch.stack([tangent[..., 1], -tangent[..., 0]], -1)
        across = NORMAL_MM[:, None] * normal[:, :, None, None]
        along = BESIDE_MM[:, None, None] * tangent[:, :, None, None]
        spots = (contours[:, :, None, None] + across + along).flatten(2, 3)
        levels = sample(frames, spots, field)[:, 0].transpose(1, 2)
        place = self.place.expand(len(frames), -1, -1)
        moves = 4 * self.layers(torch.cat([levels, place], 1)).transpose(1, 2)
        return contours + moves[..., :1] * normal + moves[..., 1:] * tangent


class Probe(nn.Module):
    """Frames -> contours in mm. Made by :func:`train_probe` or :func:`load_probe`."""

    def __init__(self, mean: Tensor, components: Tensor, field_mm: float):
        """mean (K, 2) mm; components (C, K * 2) mm, each scaled by its standard deviation."""
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("components", components)
        self.register_buffer("field_mm", torch.tensor(float(field_mm)))
        self.shape = Shape(len(components))
        self.refinement = Refinement(len(mean))

    def first_guess(self, frames: Tensor) -> Tensor:
        coefficients = self.shape(frames.contiguous(memory_format=torch.channels_last))
        return self.mean + (coefficients @ self.components).unflatten(1, self.mean.shape)

    def forward(self, frames: Tensor) -> Tensor:
        """(N, 1, H, W) in [-1, 1] -> (N, K, 2) mm."""
        contours = self.first_guess(frames)
        for _ in range(REFINEMENTS):
            contours = self.refinement(frames, contours, self.field_mm)
        return contours

    @torch.inference_mode()
    def predict(self, frames: np.ndarray, batch: int = 256) -> np.ndarray:
        """frames (T, H, W) in grey levels -> contours (T, K, 2) float32 in mm."""
        output = [np.empty((0, *self.mean.shape), np.float32)]
        for start in range(0, len(frames), batch):
            part = to_unit_range(np.asarray(frames[start : start + batch]))
            output.append(self(torch.from_numpy(part)[:, None]).numpy())
        return np.concatenate(output)


def train_probe(
    frames: np.ndarray,
    contours: np.ndarray,
    subjects: np.ndarray,
    seed: int = 0,
    steps: int = 400,
    batch: int = 64,
    field_mm: float = FIELD_MM,
) -> Probe:
    """Train a probe on true frames (N, H, W) uint8 with contours (N, K, 2) in mm.

    ``subjects`` (N,): every subject is drawn as often as any other. 38 points are taken for the
    phantom's, of which the visible ones are learned. About 20 CPU seconds; the same seed gives
    the same probe on the same machine. Frames are moved, scaled, blurred, brightened and made
    noisy at random, so that a soft or grainy generated frame is read by its shape.
    """
    generator = torch.Generator().manual_seed(seed)
    targets = torch.from_numpy(np.asarray(visible_part(contours), dtype=np.float32))
    pictures = torch.from_numpy(np.ascontiguousarray(frames))
    _, index, count = np.unique(subjects, return_inverse=True, return_counts=True)
    weight = torch.from_numpy(1 / count[index])

    def draw(number: int) -> Tensor:
        return torch.multinomial(weight, number, replacement=True, generator=generator)

    chosen = targets[draw(4096)]
    moved = move_contours(chosen, random_affine(len(chosen), generator), field_mm)
    mean = moved.mean(0)
    _, scale, components = torch.linalg.svd((moved - mean).flatten(1), full_matrices=False)
    components = components * (scale / math.sqrt(len(moved)))[:, None]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        probe = Probe(mean, components[:COMPONENTS].contiguous(), field_mm)
    optimizer = torch.optim.Adam(probe.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min((step + 1) / 40, 1) * (1 + math.cos(math.pi * step / steps)) / 2,
    )
    for _ in progress(range(steps), "contour probe"):
        picked = draw(batch)
        affine = random_affine(batch, generator)
        truth = move_contours(targets[picked], affine, field_mm)
        seen = move_frames(to_unit_range(pictures[picked])[:, None], affine)
        seen = augment(seen, generator)
        guess = probe.first_guess(seen)
        loss = F.smooth_l1_loss(guess, truth)
        # start the refinement further off than the guess is, as it will be for new subjects
        start = guess.detach() + smooth_noise(batch, len(mean), generator)
        for _ in range(REFINEMENTS):
            start = probe.refinement(seen, start.detach(), probe.field_mm)
            loss = loss + F.smooth_l1_loss(start, truth, beta=0.5)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return probe.eval()


def save_probe(probe: Probe, path: str | Path) -> None:
    """Write the probe as safetensors, atomically."""
    with atomic_path(path) as temporary:
        save_file(probe.state_dict(), temporary)


def load_probe(path: str | Path) -> Probe:
    """Read what :func:`save_probe` wrote; UserError where it is something else."""
    try:
        state = load_file(path)
        probe = Probe(state["mean"], state["components"], float(state["field_mm"]))
        probe.load_state_dict(state)
    except (OSError, KeyError, RuntimeError, SafetensorError) as error:
        raise UserError(f"{path}: this is no contour probe ({error}): make it again.") from error
    return probe.eval()


def contour_error_mm(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Mean distance between two contours in mm, (T,).

    predicted (T, K, 2), truth (T, M, 2); of 38 points the visible ones count. Each point's
    distance to the other *curve* (its line segments), averaged over the points of both, which
    is the point-to-closest-point distance of the literature without its floor of half a point
    spacing. A root mean square over equal indices would also punish points that slide along
    the contour, which nobody can see.
    """
    predicted = visible_part(np.asarray(predicted, dtype=np.float32))
    truth = visible_part(np.asarray(truth, dtype=np.float32))
    if len(predicted) != len(truth):
        raise ValueError(f"{len(predicted)} predicted contours for {len(truth)} true ones")
    errors = [np.empty(0)]
    for start in range(0, len(truth), 32):
        a, b = predicted[start : start + 32], truth[start : start + 32]
        errors.append((_to_curve(a, b) + _to_curve(b, a)) / 2)
    return np.concatenate(errors)


def _to_curve(points: np.ndarray, curve: np.ndarray) -> np.ndarray:
    """Mean distance of the points (T, K, 2) to the polyline (T, M, 2), (T,)."""
    x, y = points[:, :, None, 0], points[:, :, None, 1]
    start_x, start_y = curve[:, None, :-1, 0], curve[:, None, :-1, 1]
    edge_x, edge_y = (np.diff(curve[..., axis], axis=1)[:, None] for axis in (0, 1))
    arm_x, arm_y = x - start_x, y - start_y
    length = np.maximum(edge_x**2 + edge_y**2, 1e-12)
    share = np.clip((arm_x * edge_x + arm_y * edge_y) / length, 0, 1)
    square = (arm_x - share * edge_x) ** 2 + (arm_y - share * edge_y) ** 2
    return np.sqrt(square.min(-1)).mean(1, dtype=np.float64)


def sample(frames: Tensor, spots: Tensor, field_mm: Tensor | float) -> Tensor:
    """Grey levels of (N, C, H, W) at spots (N, A, B, 2) in mm -> (N, C, A, B), bilinear."""
    grid = 2 * spots / field_mm - 1
    return F.grid_sample(frames, grid, padding_mode="border", align_corners=False)


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
