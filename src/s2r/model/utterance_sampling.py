"""Draw articulation codes of an utterance: the mean, and what diffusion adds to it."""

from itertools import count as numbers

import torch
from torch import Tensor

from s2r.config.model_blocks import SamplerConfig
from s2r.core.device import half_precision
from s2r.model.diffusion import SIGMA_DATA
from s2r.model.dilated import DilatedNetwork
from s2r.model.sampler import Denoise, guided, noise_levels, sample
from s2r.model.utterance_model import UtteranceModel


def mean_codes(
    model: UtteranceModel, speech: Tensor, speaker: Tensor, network: DilatedNetwork | None = None
) -> Tensor:
    """Expected codes (1, T, K) from speech (1, T, P) and the code of a reference frame (1, K).

    ``network`` stands in for the model's own.
    """
    with half_precision(speech.device):
        return model.predict(network or model.mean, speech, speaker).float()


def draw_codes(
    model: UtteranceModel,
    speech: Tensor,
    speaker: Tensor,
    mean: Tensor,
    sampler: SamplerConfig,
    seed: int,
    first: int = 0,
    denoiser: DilatedNetwork | None = None,
) -> Tensor:
    """One draw of codes (1, T, K), around their ``mean`` (1, T, K).

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
    return mean + model.spread * model.residual.to_codes(data, mean)


def gaussian_codes(model: UtteranceModel, mean: Tensor, seed: int, first: int = 0) -> Tensor:
    """A draw without any network: noise of the residuals' kind around the mean."""
    noise = model.residual.noise(first, mean.shape[1], seed)
    return mean + model.spread * model.residual.to_codes(noise * SIGMA_DATA, mean)


def reach(model: UtteranceModel, sampler: SamplerConfig) -> int:
    """Frames on each side that a drawn frame depends on."""
    calls = len(noise_levels(sampler)) * (1 if sampler.solver == "dpm_solver" else 2)
    return model.mean.radius + calls * model.denoiser.radius
