"""How much of the residuals is drawn: so much that videos move as much as real ones."""

import numpy as np
import torch
from torch import Tensor

from s2r.core.units import to_unit_range
from s2r.model.utterance_model import UtteranceModel
from s2r.model.utterance_sampling import draw_codes, mean_codes
from s2r.training.utterance_validation import SAMPLER, Validation

LEAST_SPREAD, LARGEST_SPREAD = 0.25, 1.5
"""Bounds of the share: draws differ, however much the mean moves, and a mean that hardly moves is
not made up for."""


@torch.inference_mode()
def measure_spread(
    model: UtteranceModel, recordings: Validation, means: list[Tensor] | None = None
) -> float:
    """The share of the residuals with which draws move as much as the true ``recordings``.

    Motion is the squared change from frame to frame in the dynamic region, with the noise of
    pictures, as in `s2r.evaluation.metrics.texture.motion_energy`.

    Args:
        recordings: that the model has not seen, or has with ``means``.
        means: mean codes (T, K) of each recording by networks that have not seen it; None: of the
            model itself.

    Returns:
        1 where nothing can be measured (recordings of one frame).
    """
    autoencoder, region = model.autoencoder, recordings.region
    codes = recordings.codes
    missing, common, drawn_motion = 0.0, 0.0, 0.0
    for number, truth in enumerate(recordings.videos):
        speech = codes.speech[codes.part(number)][None]
        speaker = recordings.speakers[number : number + 1]
        mean = means[number][None] if means else mean_codes(model, speech, speaker.code)
        whole = draw_codes(model, speech, speaker.code, mean, SAMPLER, number)
        drawn = (whole - mean) / model.spread
        true_change, mean_change, drawn_change, noise_change = (
            video[:, 0, region].diff(dim=0)
            for video in (
                torch.from_numpy(to_unit_range(truth))[:, None].to(region.device),
                autoencoder.decode(mean[0], speaker),
                autoencoder.decode(drawn[0], speaker),
                autoencoder.noise_for(speaker, 0, len(truth), number),
            )
        )
        missing += true_change.square().sum().item()
        missing -= mean_change.square().sum().item() + noise_change.square().sum().item()
        common += (mean_change * drawn_change).sum().item()
        drawn_motion += drawn_change.square().sum().item()
    if not drawn_motion:
        return 1.0
    # mean + 2 share common + share^2 drawn + noise = true motion
    share = (np.sqrt(common**2 + drawn_motion * max(missing, 0.0)) - common) / drawn_motion
    return float(np.clip(share, LEAST_SPREAD, LARGEST_SPREAD))
