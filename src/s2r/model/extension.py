"""More articulation codes for a trained utterance model, of which the old ones keep their meaning.

New code directions are orthogonal to the old ones. All weights that the networks would need for
them are zero: the mean of the new codes is 0, old means and draws of old codes are what they were,
and the new ones are drawn as noise with their spectrum, as by any untrained denoiser
(`s2r.model.utterance_model`), until a training changes that.
"""

from dataclasses import replace

import torch
from torch import Tensor

from s2r.model.autoencoder import Autoencoder
from s2r.model.residual import Residual
from s2r.model.utterance_model import UtteranceModel


def extended(model: UtteranceModel, directions: Tensor) -> UtteranceModel:
    """A copy of ``model`` with ``directions`` (E, H * W) as further codes; E may be 0.

    ``directions`` are orthonormal, and orthogonal to the components of the autoencoder.
    """
    old, added = model.config.autoencoder.codes, len(directions)
    codes = replace(model.config.autoencoder, codes=old + added)
    config = replace(model.config, autoencoder=codes)
    autoencoder = Autoencoder(codes, model.autoencoder.size)
    larger = UtteranceModel(config, autoencoder, *model.speech_basis.shape)
    state = model.state_dict()
    speech, grown = (model.speech_basis.shape[1], 0), (old, added)
    for network, inputs in (
        ("mean", (speech, grown)),
        ("denoiser", (grown, grown, speech, grown)),
    ):
        columns = state[f"{network}.input.weight"].split([width for width, _ in inputs], 1)
        parts = [
            _with_zeros(part, more, 1) for part, (_, more) in zip(columns, inputs, strict=True)
        ]
        state[f"{network}.input.weight"] = torch.cat(parts, 1)
        for name in ("weight", "bias"):
            state[f"{network}.output.{name}"] = _with_zeros(
                state[f"{network}.output.{name}"], added
            )
    state["posture"] = _with_zeros(_with_zeros(state["posture"], added), added, 1)
    state["neutral"] = _with_zeros(state["neutral"], added)
    components = [state["autoencoder.components"], directions.to(model.code_scale.device)]
    state["autoencoder.components"] = torch.cat(components)
    fresh = Residual(added)
    fresh.deviations.mul_(1e-6)
    state |= {f"residual.{k}": v for k, v in _joined(model.residual, fresh).items()}
    larger.load_state_dict(state)
    return larger.to(model.code_scale.device).train(model.training)


@torch.no_grad()
def set_new_residual(model: UtteranceModel, residuals: list[Tensor], sizes: list[Tensor]) -> None:
    """Fit how the last E codes are drawn to their ``residuals`` (T, E) of recordings, in place.

    ``sizes`` (T, 1): how large residuals of all codes are there (`Residual.size`).
    """
    added = residuals[0].shape[1]
    if not added:
        return
    fresh = Residual(added)
    relative = [(left / size).cpu() for left, size in zip(residuals, sizes, strict=True)]
    fresh.fit(relative, [left.new_zeros(len(left)) for left in relative])
    old = len(model.residual.deviations) - added
    kept = Residual(old)
    kept.load_state_dict(
        {
            "directions": model.residual.directions[:old, :old],
            "deviations": model.residual.deviations[:old],
            "filters": model.residual.filters[:old],
            "variance": model.residual.variance,
        }
    )
    model.residual.load_state_dict(_joined(kept, fresh))


def _joined(first: Residual, second: Residual) -> dict[str, Tensor]:
    """The state of residuals of two groups of codes that know nothing of each other."""
    device = first.directions.device
    directions = torch.block_diag(first.directions, second.directions.to(device))
    return {
        "directions": directions,
        "deviations": torch.cat([first.deviations, second.deviations.to(device)]),
        "filters": torch.cat([first.filters, second.filters.to(device)]),
        "variance": first.variance,
    }


def _with_zeros(values: Tensor, count: int, axis: int = 0) -> Tensor:
    """``count`` more entries of zero at the end of an axis."""
    shape = list(values.shape)
    shape[axis] = count
    return torch.cat([values, values.new_zeros(shape)], axis)
