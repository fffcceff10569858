"""Noise of real pictures: how strong, how smooth and how steady it is, and fresh noise like it.

A generated picture without noise looks too clean, and Fréchet distances see little else. The noise
here is Gaussian: white noise is smoothed in space, so that it has the mean power spectrum of real
noise, and over time, so that successive frames have their correlation; a map sets its level.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

BLOCK = 32
"""Frames whose white noise has one seed: a frame's noise depends on its place, not on the cut."""

STEADIEST = 0.95
"""Largest correlation between successive frames."""

FORGOTTEN = 0.01
"""Share of a frame's white noise below which later frames have nothing of it."""


@dataclass(frozen=True)
class NoiseModel:
    """Level and correlation of the noise of pictures (H, W)."""

    level: Tensor
    """(1, 1, H, W): standard deviation, in units of [-1, 1], at the places of the template."""
    spectrum: Tensor
    """(H, W // 2 + 1): amplitude at each spatial frequency; unit variance of the noise."""
    steadiness: Tensor
    """(): correlation between successive frames, from 0 to `STEADIEST`; its k-th power is that of
    frames k apart, as frames share what sliding windows of a reconstruction have in common."""


def white_noise(shape: tuple[int, ...], first: int, count: int, seed: int) -> Tensor:
    """Standard normal noise (count, *shape) of frames, see `drawn_by_frame`."""

    def drawn(generator: torch.Generator) -> Tensor:
        return torch.randn((BLOCK, *shape), generator=generator)

    return drawn_by_frame(drawn, first, count, seed)


def drawn_by_frame(
    draw: Callable[[torch.Generator], Tensor], first: int, count: int, seed: int
) -> Tensor:
    """Random values (count, ...) of the frames ``first`` to ``first + count``.

    A frame's values depend on ``seed`` and on its number alone. ``first`` may be negative.
    ``draw`` gives those of `BLOCK` frames, (BLOCK, ...), from a generator.
    """
    blocks = range(first // BLOCK, (first + count - 1) // BLOCK + 1)
    drawn = [
        draw(torch.Generator().manual_seed((seed * 2_654_435_761 + block) % 2**63))
        for block in blocks
    ]
    start = first - blocks[0] * BLOCK
    return torch.cat(drawn)[start : start + count]


Warp = Callable[[Tensor], Tensor]
"""Brings a picture (1, 1, H, W) to the template's places, or from there to a recording's own."""


def fit_noise(
    residuals: list[Tensor], to_template: list[Warp], to_picture: list[Warp]
) -> NoiseModel:
    """The noise model of residuals (T, 1, H, W), one a recording, in the recordings' own pictures.

    Only the level is brought to the template: noise itself would be smoothed by that.

    Args:
        residuals: true pictures minus what the articulation codes describe of them.
        to_template, to_picture: of each recording.

    The correlation between frames is that of the places where nothing but noise is left.
    """
    height, width = residuals[0].shape[-2:]
    level, still = _level(residuals, to_template)
    power = torch.zeros(height, width // 2 + 1, dtype=torch.float64, device=level.device)
    products, squares = 0.0, 0.0
    for residual, warp in zip(residuals, to_picture, strict=True):
        relative = (residual / warp(level).clamp_min(1e-3))[:, 0]
        power += torch.fft.rfft2(relative, norm="ortho").abs().square().double().mean(0)
        there = warp(still)[0, 0] > 0.5
        alone = relative[:, there if there.any() else torch.ones_like(there)]
        if len(alone) > 1:  # one frame says nothing of the correlation
            products += float((alone[1:] * alone[:-1]).sum()) / (len(alone) - 1)
            squares += float(alone.square().sum()) / len(alone)
    power /= len(residuals)
    share = torch.full_like(power[0], 2.0)
    share[0] = 1.0
    if width % 2 == 0:
        share[-1] = 1.0
    if not power.any():  # no noise at all, whose colour does not matter
        power += 1
    power *= height * width / (power * share).sum()
    steadiness = torch.tensor(products / max(squares, 1e-12), device=level.device).clamp(
        0, STEADIEST
    )
    return NoiseModel(level, power.sqrt().float(), steadiness)


def _level(residuals: list[Tensor], to_template: list[Warp]) -> tuple[Tensor, Tensor]:
    """The standard deviation (1, 1, H, W) of the noise at the template's places, and where
    residuals hold nothing else, as 1 and 0.

    Where tissue moves, residuals also hold movements that the codes do not describe. These are
    slow: second differences over time hold hardly any of them. What second differences make of
    noise alone is measured in the quieter half of the picture.
    """
    pairs = list(zip(residuals, to_template, strict=True))
    variance = _mean_square(pairs)
    differences = [(part.diff(n=2, dim=0), warp) for part, warp in pairs if len(part) > 2]
    found = variance
    if differences:
        second = _mean_square(differences)
        quiet = variance <= variance.median()
        factor = second[quiet].sum() / variance[quiet].sum().clamp_min(1e-12)
        found = torch.minimum(second / factor.clamp_min(1e-6), variance)
    return found.sqrt(), (variance <= 1.2 * found).to(found)


def _mean_square(parts: list[tuple[Tensor, Warp]]) -> Tensor:
    """Over the frames of each part, at the template's places, and over the parts: (1, 1, H, W)."""
    squares = [warp(part.square().mean(0, keepdim=True)) for part, warp in parts]
    return torch.stack(squares).mean(0).clamp_min(0)  # interpolation can fall below zero


def fresh_noise(model: NoiseModel, first: int, count: int, seed: int) -> Tensor:
    """Noise (count, 1, H, W) of unit variance for the frames from ``first`` on."""
    height = model.spectrum.shape[0]
    width = model.level.shape[-1]
    weights = _weights(float(model.steadiness))
    before = len(weights) - 1
    white = white_noise((height, width), first - before, count + before, seed)
    white = white.to(model.spectrum.device)
    mixed = weights[before] * white[before:]
    for frame, weight in enumerate(weights[:before]):
        mixed.add_(white[frame : frame + count], alpha=weight)
    coloured = torch.fft.irfft2(
        torch.fft.rfft2(mixed, norm="ortho") * model.spectrum, s=(height, width), norm="ortho"
    )
    return coloured[:, None]


def _weights(steadiness: float) -> list[float]:
    """Weights of the white noise of earlier frames and, last, of the frame itself: a truncated
    autoregressive process of the first order, of unit variance."""
    count = 1 + (math.ceil(math.log(FORGOTTEN) / math.log(steadiness)) if steadiness > 0 else 0)
    weights = [steadiness**past for past in reversed(range(count))]
    norm = math.sqrt(sum(weight**2 for weight in weights))
    return [weight / norm for weight in weights]
