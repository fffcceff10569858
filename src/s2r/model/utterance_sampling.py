"""Draw articulation codes of an utterance: the mean, and what diffusion adds to it."""

from itertools import count as numbers

import torch
from torch import Tensor

from s2r.config.model_blocks import SamplerConfig
from s2r.core.device import half_precision
from s2r.model.diffusion import SIGMA_DATA
from s2r.model.dilated import DilatedNetwork, dropout_mask
from s2r.model.noise import BLOCK, drawn_by_frame
from s2r.model.residual import AROUND, averaged_around
from s2r.model.sampler import Denoise, guided, noise_levels, sample
from s2r.model.utterance_model import UtteranceModel

PASSES = 3
"""Times that the network of the mean is asked with dropout."""


def mean_codes(
    model: UtteranceModel, speech: Tensor, speaker: Tensor, network: DilatedNetwork | None = None
) -> Tensor:
    """Expected codes (1, T, K) from speech (1, T, P) and the code of a reference frame (1, K).

    ``network`` stands in for the model's own.
    """
    with half_precision(speech.device):
        return model.predict(network or model.mean, speech, speaker).float()


def mean_uncertainty(
    model: UtteranceModel,
    speech: Tensor,
    speaker: Tensor,
    mean: Tensor,
    first: int = 0,
    network: DilatedNetwork | None = None,
) -> Tensor:
    """How uncertain the network is of the ``mean`` codes (1, T, K) of every frame: (1, T).

    The squared distance of what it gives under dropout of its units and of the speech (Gal &
    Ghahramani 2016, arXiv:1506.02142), averaged over passes and neighbouring frames. It is large
    where the network has learned little of what it hears or of who speaks. What is dropped depends
    on the number of the frame, that of the first being ``first``, and on no seed.
    """
    network, share = network or model.mean, model.config.mean.dropout
    if not share:
        return mean.new_zeros(mean.shape[:2])
    layers, (_, length, width) = len(network.blocks), speech.shape

    def masks(generator: torch.Generator) -> Tensor:
        return dropout_mask((BLOCK, PASSES, width + layers * network.hidden), share, generator)

    kept = drawn_by_frame(masks, first, length, 0).transpose(0, 1).to(speech.device)
    heard, *units = kept.split([width] + layers * [network.hidden], -1)
    speaker = speaker.expand(PASSES, -1)
    with half_precision(speech.device):
        found = model.predict(network, speech * heard, speaker, units).float()
    return averaged_around((found - mean).square().sum(-1).mean(0, keepdim=True))


def expected_codes(
    model: UtteranceModel, speech: Tensor, speaker: Tensor, network: DilatedNetwork | None = None
) -> tuple[Tensor, Tensor]:
    """`mean_codes` (1, T, K) of a whole recording, and their `mean_uncertainty` (1, T)."""
    mean = mean_codes(model, speech, speaker, network)
    return mean, mean_uncertainty(model, speech, speaker, mean, network=network)


def draw_codes(
    model: UtteranceModel,
    speech: Tensor,
    speaker: Tensor,
    mean: Tensor,
    uncertainty: Tensor,
    sampler: SamplerConfig,
    seed: int,
    first: int = 0,
    denoiser: DilatedNetwork | None = None,
) -> Tensor:
    """One draw of codes (1, T, K), around their ``mean`` (1, T, K) of an ``uncertainty`` (1, T).

    ``first`` is the number of the first frame in the video: with the same ``seed``, a frame's noise
    depends on its number alone. ``denoiser`` stands in for the model's own.
    """
    network = denoiser or model.denoiser
    length = mean.shape[1]
    calls = numbers()

    def fresh_noise() -> Tensor:
        return model.residual.noise(first, length, seed + 7919 * next(calls))

    def denoiser_with(kept: float) -> Denoise:
        keep = torch.full((1,), kept, device=mean.device)

        def denoise(noisy: Tensor, sigma: float) -> Tensor:
            level = torch.full((1,), sigma, device=mean.device)
            with half_precision(mean.device):
                return model.denoise(network, noisy, level, mean, speech, speaker, keep)

        return denoise

    denoise = guided(
        denoiser_with(1.0), denoiser_with(0.0), sampler.guidance_scale, sampler.guidance_interval
    )
    data = sample(denoise, fresh_noise, sampler)
    return mean + model.spread * model.residual.to_codes(data, uncertainty)


def gaussian_codes(
    model: UtteranceModel, mean: Tensor, uncertainty: Tensor, seed: int, first: int = 0
) -> Tensor:
    """A draw without any network: noise of the residuals' kind around the mean."""
    noise = model.residual.noise(first, mean.shape[1], seed)
    return mean + model.spread * model.residual.to_codes(noise * SIGMA_DATA, uncertainty)


def reach(model: UtteranceModel, sampler: SamplerConfig) -> int:
    """Frames on each side that a drawn frame depends on."""
    calls = len(noise_levels(sampler)) * (1 if sampler.solver == "dpm_solver" else 2)
    # the size of a frame's residual depends on the uncertainty of the frames around
    return model.mean.radius + max(calls * model.denoiser.radius, AROUND)
