"""Whether a picture is of the kind that a model was trained on: of a scanner, or of the phantom.

A picture is registered to the template of the model, which allows for anatomy, position,
brightness and contrast. What is left, the mean squared difference of grey levels in [-1, 1], is its
registration error. docs/adapt.md has the figures that the bound comes from.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from s2r.core.units import to_unit_range
from s2r.model.family import VideoModel
from s2r.model.registration import register, warp

LEAST_BOUND = 0.04
"""Registration error up to which a picture is of the model's kind. Single frames of the phantom's
unseen speakers had up to 0.035, frames of scanners 0.087 and more."""

BEYOND_TRAINING = 3.0
"""Times the largest error of a training subject up to which it is too."""


@dataclass(frozen=True)
class Domain:
    """What a model's training pictures look like."""

    template: Tensor
    """(1, 1, H, W) in [-1, 1]."""
    errors: tuple[float, ...]
    """Registration errors of the model's references; none of models that stored none."""

    @property
    def bound(self) -> float:
        """The registration error up to which a picture is of this kind."""
        return max(LEAST_BOUND, BEYOND_TRAINING * max(self.errors, default=0.0))

    def remark(self, name: object, picture: np.ndarray) -> str:
        """A sentence without a full stop about a picture (H, W) uint8 of another kind, or ""."""
        (error,) = registration_errors(self.template, [picture])
        if error <= self.bound:
            return ""
        known = ""
        if len(self.errors) > 1:
            low, high = min(self.errors), max(self.errors)
            known = f", and those of its subjects by {low:.3f} to {high:.3f}"
        return (
            f"{name} does not look like the pictures that the model was trained on: registered to "
            f"them it differs by {error:.3f} (mean squared difference of grey levels){known}, so "
            "movements in the video may be wrong (docs/adapt.md)"
        )


def domain_of(
    model: VideoModel, references: Sequence[np.ndarray], errors: Sequence[float] = ()
) -> Domain | None:
    """The kind of pictures of a model; None of models without a template.

    With one reference, which an adapted model has, that is the template.
    """
    if model.template is None:
        return None
    alone = len(references) == 1
    template = _pictures(references).to(model.template) if alone else model.template
    return Domain(template, tuple(errors))


def registration_errors(template: Tensor, pictures: Sequence[np.ndarray]) -> list[float]:
    """Registration error to a template (1, 1, H, W) of each of the pictures (H, W) uint8."""
    stacked = _pictures(pictures).to(template)
    found = register(stacked, template)
    registered = found.gain * warp(stacked, found.to_speaker) + found.offset
    return (registered - template).square().mean((1, 2, 3)).tolist()


def _pictures(pictures: Sequence[np.ndarray]) -> Tensor:
    return torch.from_numpy(to_unit_range(np.stack(pictures)))[:, None]
