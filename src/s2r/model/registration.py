"""Registration: where each place of a template lies in the picture of a speaker.

Speakers differ in anatomy, in the position of the head and in brightness. In the coordinates of a
template the same articulation changes the picture in the same places, so that one set of
articulation codes serves all. The field is affine plus a smooth spline (cubic, 5 x 5 control
points), fitted to one still picture by gradient descent on a robust squared difference, from
coarse to fine. It is kept from folding.

Coordinates are those of ``torch.nn.functional.grid_sample``: -1 to 1 from edge to edge, x first.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

CONTROL_POINTS = 5
LEVELS = ((4, 60), (2, 60), (1, 40))
"""By how much pictures are shrunk at each level, and the steps of Adam there."""
LEARNING_RATE = 0.02
"""At the coarsest level; divided by the level's number after that. It falls to 0 in every level."""
BETAS = (0.9, 0.999)
"""Decay of Adam's averages of the gradient and of its square."""
ROBUST = 0.04
"""Squared difference, in units of [-1, 1], beyond which a pixel counts less and less."""
LEAST_AREA = 0.2
"""An area of the template shrinks to no less than this share without a penalty."""
INVERSION_STEPS, INVERSION_RATE = 100, 0.3
"""The iteration that inverts a field diverges where this stretches by more than 2 / rate."""


@dataclass(frozen=True)
class Registration:
    """Pictures of B speakers, registered to a template. All grids are (B, H, W, 2)."""

    to_speaker: Tensor
    """At each place of the template, where it lies in the speaker's picture."""
    to_template: Tensor
    """At each place of the speaker's picture, where it lies in the template."""
    gain: Tensor
    """(B, 1, 1, 1): the template's grey levels are gain * speaker's + offset."""
    offset: Tensor
    """(B, 1, 1, 1)."""

    def __getitem__(self, index: slice | list[int] | Tensor) -> "Registration":
        """Some of the speakers."""
        return Registration(
            self.to_speaker[index], self.to_template[index], self.gain[index], self.offset[index]
        )


def joined(parts: list[Registration]) -> Registration:
    """Registrations of several batches as one."""
    fields = ("to_speaker", "to_template", "gain", "offset")
    return Registration(*(torch.cat([getattr(part, name) for part in parts]) for name in fields))


@lru_cache(maxsize=32)
def identity(
    size: tuple[int, int], device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> Tensor:
    """The grid (1, H, W, 2) that leaves a picture of ``size`` (H, W) as it is."""
    # It is kept: made in inference mode, it could take part in no registration.
    with torch.inference_mode(False):
        rows, columns = (
            (2 * torch.arange(length, device=device, dtype=dtype) + 1) / length - 1
            for length in size
        )
        y, x = torch.meshgrid(rows, columns, indexing="ij")
        return torch.stack([x, y], -1)[None]


def warp(pictures: Tensor, grids: Tensor) -> Tensor:
    """Pictures (B, C, H, W) sampled at the grids (B or 1, H, W, 2), bicubic.

    Bilinear sampling would blur: a way to the template and back then costs six times the error.
    """
    return F.grid_sample(
        pictures,
        grids.expand(len(pictures), -1, -1, -1),
        mode="bicubic",
        padding_mode="border",
        align_corners=False,
    )


def register(pictures: Tensor, template: Tensor) -> Registration:
    """Register still pictures (B, 1, H, W) in [-1, 1] to a template (1, 1, H, W).

    The pictures of a batch do not influence each other. Gradients are computed whatever mode this
    is called in. The descent amplifies rounding: in float32 the fields of two devices, or of two
    orders of a sum, would differ by pixels. In float64, with a learning rate that falls and with
    bicubic sampling, whose slope has no jumps, they agree within 0.0001 pixels.
    """
    count, size, dtype = len(pictures), pictures.shape[-2:], pictures.dtype
    new = {"device": pictures.device, "dtype": torch.float64}
    with torch.inference_mode(False), torch.enable_grad():
        # Tensors of inference mode can have no gradient; copies can.
        pictures, template = (p.detach().clone().double() for p in (pictures, template))
        affine = torch.zeros(count, 2, 3, **new)
        spline = torch.zeros(count, 2, CONTROL_POINTS, CONTROL_POINTS, **new)
        gain, offset = torch.ones(count, 1, 1, 1, **new), torch.zeros(count, 1, 1, 1, **new)
        parameters = [p.requires_grad_() for p in (affine, spline, gain, offset)]
        for level, (factor, steps) in enumerate(LEVELS):
            small, target = (
                F.avg_pool2d(p, factor, ceil_mode=True) if factor > 1 else p
                for p in (pictures, template)
            )
            _descend(
                parameters,
                lambda small=small, target=target: _difference(small, target, *parameters),
                LEARNING_RATE / (1 + level),
                steps,
            )
    to_speaker = _field(affine.detach(), spline.detach(), size)
    found = (to_speaker, invert(to_speaker), gain.detach(), offset.detach())
    return Registration(*(one.to(dtype) for one in found))


def _descend(
    parameters: list[Tensor], difference: Callable[[], Tensor], rate: float, steps: int
) -> None:
    """Steps of Adam (Kingma & Ba 2015, algorithm 1) whose rate falls to 0 along a cosine, in place.

    Not `torch.optim`: it loads a compiler, which takes longer than a short video.
    """
    means, squares = ([torch.zeros_like(p) for p in parameters] for _ in range(2))
    for step in range(steps):
        gradients = torch.autograd.grad(difference(), parameters)
        falling = rate * 0.5 * (1 + math.cos(math.pi * step / steps))
        with torch.no_grad():
            for p, gradient, mean, square in zip(
                parameters, gradients, means, squares, strict=True
            ):
                mean.lerp_(gradient, 1 - BETAS[0])
                square.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
                size = (square / (1 - BETAS[1] ** (step + 1))).sqrt() + 1e-8
                p.addcdiv_(mean, size, value=-falling / (1 - BETAS[0] ** (step + 1)))


def fit_template(pictures: Tensor, rounds: int = 3) -> Tensor:
    """A template (1, 1, H, W) in the middle of the pictures (B, 1, H, W) of B speakers.

    It starts as their mean; in every round they are registered to it and averaged again, without
    the displacement that all have in common. In float64, as `register`.
    """
    dtype, pictures = pictures.dtype, pictures.double()
    template, size = pictures.mean(0, keepdim=True), pictures.shape[-2:]
    still = identity(tuple(size), pictures.device, pictures.dtype)
    for _ in range(rounds):
        found = register(pictures, template)
        common = (found.to_speaker - still).mean(0, keepdim=True)
        back = invert(still + common)
        centred = F.grid_sample(
            found.to_speaker.permute(0, 3, 1, 2),
            back.expand(len(pictures), -1, -1, -1),
            padding_mode="border",
            align_corners=False,
        ).permute(0, 2, 3, 1)
        template = (found.gain * warp(pictures, centred) + found.offset).mean(0, keepdim=True)
    return template.to(dtype)


def invert(grids: Tensor) -> Tensor:
    """The inverse of displacement fields (B, H, W, 2), by a damped fixed-point iteration."""
    still = identity(tuple(grids.shape[1:3]), grids.device, grids.dtype)
    displacement = (grids - still).permute(0, 3, 1, 2)
    inverse = still.expand_as(grids)
    for _ in range(INVERSION_STEPS):
        moved = F.grid_sample(displacement, inverse, padding_mode="border", align_corners=False)
        inverse = inverse + INVERSION_RATE * (still - inverse - moved.permute(0, 2, 3, 1))
    return inverse


def spline_field(spline: Tensor, size: tuple[int, int]) -> Tensor:
    """Smooth displacements (B, H, W, 2) from those (B, 2, P, P) at evenly spaced control points."""
    return F.interpolate(spline, size, mode="bicubic", align_corners=True).permute(0, 2, 3, 1)


def areas(grids: Tensor) -> Tensor:
    """Determinants of the Jacobian of fields (B, H, W, 2): (B, H - 1, W - 1), 1 for no change.

    Where one is negative, the field folds.
    """
    height, width = grids.shape[1:3]
    across = grids.diff(dim=2)[:, :-1] * (width / 2)
    down = grids.diff(dim=1)[:, :, :-1] * (height / 2)
    return across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]


def _field(affine: Tensor, spline: Tensor, size: tuple[int, int]) -> Tensor:
    still = identity(tuple(size), affine.device, affine.dtype)
    linear = torch.einsum("bdc,bhwc->bhwd", affine[:, :, :2], still.expand(len(affine), -1, -1, -1))
    return still + linear + affine[:, None, None, :, 2] + spline_field(spline, size)


def _difference(
    pictures: Tensor, template: Tensor, affine: Tensor, spline: Tensor, gain: Tensor, offset: Tensor
) -> Tensor:
    """Robust difference to the template plus penalties, summed over pictures."""
    grids = _field(affine, spline, pictures.shape[-2:])
    warped = warp(pictures, grids)
    squares = (gain * warped + offset - template).square()
    folding = F.relu(LEAST_AREA - areas(grids)).square().mean((1, 2))
    by_picture = (
        10 * (squares / (squares + ROBUST)).mean((1, 2, 3))
        + 0.5 * affine.square().sum((1, 2))
        + 0.2 * ((gain - 1).square() + offset.square()).flatten()
        + 20 * spline.square().mean((1, 2, 3))
        + 1000 * folding
    )
    return by_picture.sum()
