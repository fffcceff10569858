"""How much of the residuals is drawn: so much that videos move as much as real ones."""

from dataclasses import dataclass

import torch
from scipy.optimize import brentq
from torch import Tensor

from s2r.core.units import to_unit_range
from s2r.model.utterance_model import UtteranceModel
from s2r.model.utterance_sampling import draw_codes, expected_codes
from s2r.training.utterance_validation import SAMPLER, Validation

LEAST_SPREAD, LARGEST_SPREAD = 0.25, 1.5
"""Bounds of the share: draws differ, however much the mean moves, and a mean that hardly moves is
not made up for. Residuals that are larger than in training, as those of a network that is less
certain than the networks of the folds, may have a share that is smaller by as much."""


@dataclass(frozen=True)
class _Drawn:
    """What the dynamic region (P pixels) of a generated video is the sum of, each (T, P)."""

    mean: Tensor
    """Of the mean codes alone."""
    residual: Tensor
    """What a whole drawn residual adds."""
    noise: Tensor

    def motion(self, share: float) -> float:
        """That of the video with ``share`` of the residual, whose grey levels are bounded."""
        return _motion((self.mean + share * self.residual + self.noise).clamp(-1, 1))


@torch.inference_mode()
def measure_spread(
    model: UtteranceModel,
    recordings: Validation,
    expected: list[tuple[Tensor, Tensor]] | None = None,
) -> float:
    """The share of the residuals with which draws move as much as the true ``recordings``.

    Motion is the squared change from frame to frame in the dynamic region, with the noise of
    pictures, as in `s2r.evaluation.metrics.texture.motion_energy`.

    Args:
        recordings: that the model has not seen, or has with ``expected``.
        expected: mean codes (T, K) and their uncertainties (T,) of each recording by networks that
            have not seen it; None: of the model itself.

    Returns:
        1 where nothing can be measured (recordings of one frame).
    """
    autoencoder, region = model.autoencoder, recordings.region
    codes, true_motion, drawn, sizes = recordings.codes, 0.0, [], []
    for number, truth in enumerate(recordings.videos):
        speech = codes.speech[codes.part(number)][None]
        speaker = recordings.speakers[number : number + 1]
        if expected:
            mean, uncertainty = (part[None] for part in expected[number])
        else:
            mean, uncertainty = expected_codes(model, speech, speaker.code)
        sizes.append(model.residual.size(uncertainty).flatten())
        drawing = (model, speech, speaker.code, mean, uncertainty)
        added = draw_codes(*drawing, SAMPLER, number) - mean
        true_motion += _motion(torch.from_numpy(to_unit_range(truth)).to(region.device)[:, region])
        around, whole = (
            autoencoder.decode(shown[0], speaker)[:, 0, region]
            for shown in (mean, mean + added / model.spread)
        )
        noise = autoencoder.noise_for(speaker, 0, len(truth), number)[:, 0, region]
        drawn.append(_Drawn(around, whole - around, noise))
    if not any(_motion(video.residual) for video in drawn):
        return 1.0

    def missing(share: float) -> float:
        return true_motion - sum(video.motion(share) for video in drawn)

    if missing(LARGEST_SPREAD) >= 0:
        return LARGEST_SPREAD
    if missing(LEAST_SPREAD) > 0:
        return brentq(missing, LEAST_SPREAD, LARGEST_SPREAD, xtol=1e-5)
    least = LEAST_SPREAD / max(1.0, torch.cat(sizes).mean().item())
    return least if missing(least) <= 0 else brentq(missing, least, LEAST_SPREAD, xtol=1e-5)


def _motion(video: Tensor) -> float:
    return video.diff(dim=0).square().sum().item()
