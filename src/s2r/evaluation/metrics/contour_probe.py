"""A probe that reads the contours of the articulators off a frame, so that generated video has
some too.

It is trained on true frames whose contours are known (`s2r.evaluation.metrics.probe_training`)
and knows nothing of the subject, so it can be applied to any frame. Two steps, both small: a
convolutional network predicts every contour as coefficients of its principal components; then, as
in active shape models (Cootes et al. 1995), the grey levels along the normals of that contour
tell how far to move every point. The second step sees the edge itself, so it carries over to the
anatomy of subjects that were not trained on.

Frames (N, H, W) are grey levels 0..255, uint8 or float; contours are those of
`s2r.corpus.articulators`. Inside the networks the points of all contours follow each other:
(N, P, 2) mm, P points in all.
"""

import itertools
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from s2r.core.errors import UserError
from s2r.core.files import atomic_path
from s2r.core.units import to_unit_range
from s2r.corpus.articulators import ARTICULATORS

REFINEMENTS = 2
NORMAL_MM = torch.linspace(-8, 8, 17)
"""Where grey levels are read along the normal, mm; the true edge must lie within."""
BESIDE_MM = torch.tensor([-4.0, 0.0, 4.0])
"""The same on lines through neighbours along the contour, mm."""
_SPOTS = (BESIDE_MM[:, None] - 1j * NORMAL_MM).flatten()
"""The same places as complex numbers, of which the first axis is the tangent."""
_SPACING = 2  # empty places between two contours, so that one does not look into the next
_POINTS = "points_"  # and the articulator: the key of its number of points in a file


class Shape(nn.Module):
    """Frame -> coefficients of the contours' principal components, in standard deviations."""

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
    """Contours -> contours, each point moved by what the grey levels around it show."""

    def __init__(self, points: list[int], width: int = 32, codes: int = 8):
        """``points``: the number of points of each contour."""
        super().__init__()
        total = sum(points)
        self.place = nn.Parameter(torch.zeros(1, codes, total))
        first = np.cumsum([0, *points[:-1]])
        ends = np.repeat(first, points), np.repeat(first + points - 1, points)
        self.before = torch.from_numpy(np.maximum(np.arange(total) - 1, ends[0]))
        self.after = torch.from_numpy(np.minimum(np.arange(total) + 1, ends[1]))
        contour = np.repeat(np.arange(len(points)), points)
        self.slots = torch.from_numpy(np.arange(total) + _SPACING * contour)
        self.length = int(self.slots[-1]) + 1
        self.known = torch.zeros(1, 1, self.length)
        self.known[..., self.slots] = 1
        inside = len(_SPOTS) + codes
        self.layers = nn.ModuleList(
            nn.Conv1d(channels, width, 5, padding=2) for channels in (inside, width, width)
        )
        self.last = nn.Conv1d(width, 2, 1)
        nn.init.zeros_(self.last.weight)

    def forward(self, frames: Tensor, contours: Tensor, field: Tensor) -> Tensor:
        """frames (N, 1, H, W) in [-1, 1], contours (N, P, 2) mm -> (N, P, 2) mm."""
        tangent = contours[:, self.after] - contours[:, self.before]
        tangent = tangent / (tangent.norm(dim=-1, keepdim=True) + 1e-3)
        normal = torch.stack([tangent[..., 1], -tangent[..., 0]], -1)
        # The spots are many. Complex numbers x + iy turn and add them at once.
        centre = torch.view_as_complex(to_grid(contours, field))[..., None]
        direction = torch.view_as_complex(2 / field * tangent)[..., None]
        spots = torch.view_as_real(centre + direction * _SPOTS)
        levels = sample(frames, spots)[:, 0].transpose(1, 2)
        place = self.place.expand(len(frames), -1, -1)
        row = levels.new_zeros(len(frames), levels.shape[1] + place.shape[1], self.length)
        row[..., self.slots] = torch.cat([levels, place], 1)
        for layer in self.layers:
            row = F.silu(layer(row)) * self.known
        moves = 4 * self.last(row[..., self.slots]).transpose(1, 2)
        return contours + moves[..., :1] * normal + moves[..., 1:] * tangent


class Probe(nn.Module):
    """Frames -> contours in mm. Made by `probe_training.train_probe` or :func:`load_probe`."""

    def __init__(
        self, points: Mapping[str, int], mean: Tensor, components: Tensor, field_mm: float
    ):
        """``points`` of each articulator, in the order of ARTICULATORS; mean (P, 2) mm;
        components (C, P * 2) mm, each scaled by its standard deviation."""
        super().__init__()
        self.points = dict(points)
        self.register_buffer("mean", mean)
        self.register_buffer("components", components)
        self.register_buffer("field_mm", torch.tensor(float(field_mm)))
        self.shape = Shape(len(components))
        self.refinement = Refinement(list(self.points.values()))

    @property
    def articulators(self) -> tuple[str, ...]:
        """The articulators that it reads."""
        return tuple(self.points)

    def first_guess(self, frames: Tensor) -> Tensor:
        coefficients = self.shape(frames.contiguous(memory_format=torch.channels_last))
        return self.mean + (coefficients @ self.components).unflatten(1, self.mean.shape)

    def forward(self, frames: Tensor) -> Tensor:
        """(N, 1, H, W) in [-1, 1] -> (N, P, 2) mm."""
        contours = self.first_guess(frames)
        for _ in range(REFINEMENTS):
            contours = self.refinement(frames, contours, self.field_mm)
        return contours

    @torch.inference_mode()
    def predict(self, frames: np.ndarray, batch: int = 64) -> dict[str, np.ndarray]:
        """frames (T, H, W) in grey levels -> contours {articulator: (T, P, 2)} float32 in mm."""
        output = [np.empty((0, *self.mean.shape), np.float32)]
        for start in range(0, len(frames), batch):
            part = to_unit_range(np.asarray(frames[start : start + batch]))
            output.append(self(torch.from_numpy(part)[:, None]).numpy())
        ends = np.cumsum(list(self.points.values()))[:-1]
        return dict(zip(self.points, np.split(np.concatenate(output), ends, axis=1), strict=True))


def save_probe(probe: Probe, path: str | Path) -> None:
    """Write the probe as safetensors, atomically."""
    sizes = {_POINTS + name: torch.tensor(points) for name, points in probe.points.items()}
    with atomic_path(path) as temporary:
        save_file(probe.state_dict() | sizes, temporary)


def load_probe(path: str | Path) -> Probe:
    """Read what :func:`save_probe` wrote; UserError where it is something else."""
    try:
        state = load_file(path)
        sizes = {name: state.pop(_POINTS + name, None) for name in ARTICULATORS}
        points = {name: int(size) for name, size in sizes.items() if size is not None}
        if not points:
            raise KeyError("no articulator")
        probe = Probe(points, state["mean"], state["components"], float(state["field_mm"]))
        probe.load_state_dict(state)
    except (OSError, KeyError, RuntimeError, SafetensorError) as error:
        raise UserError(f"{path}: this is no contour probe ({error}): make it again.") from error
    return probe.eval()


def to_grid(spots: Tensor, field_mm: Tensor | float) -> Tensor:
    """Places (..., 2) in mm in the units of `sample`: -1 to 1 from edge to edge of the picture."""
    return 2 / field_mm * spots - 1


def sample(frames: Tensor, grid: Tensor) -> Tensor:
    """Grey levels of (N, C, H, W) at ``grid`` (N, A, B, 2) -> (N, C, A, B), bilinear."""
    return F.grid_sample(frames, grid, padding_mode="border", align_corners=False)
