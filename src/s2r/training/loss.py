"""The loss of a step of training."""

import numpy as np
import torch

from s2r.config.model_blocks import TrainingConfig
from s2r.core.device import half_precision
from s2r.model.diffusion import (
    SIGMA_DATA,
    SIGMA_GIVEN,
    correlate_in_time,
    draw_sigmas,
    frame_losses,
)
from s2r.model.tract_model import TractModel
from s2r.training import distributed
from s2r.training.fitting import Prepared, window_tensors


def training_loss(
    prepared: Prepared, training: TrainingConfig, step: int, network: TractModel
) -> torch.Tensor:
    """Mean loss of this process's share of the batch of ``step``, counted in clips seen.

    Everything random depends on (seed, step) alone: each process draws for the whole batch.
    """
    window = network.config.window
    rng = np.random.default_rng([training.seed, step])
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    count, share = training.batch, distributed.share(training.batch)
    drawn = prepared.clips.draw(step, count, window, training.seed)
    recording, start = (indices[share] for indices in drawn)
    video, references, condition = window_tensors(network, prepared.clips, recording, start)
    device = video.device
    weights = prepared.left_out[prepared.group[recording]].to(device)
    mean = network.mean(references, condition, weights)
    clean = network.encode(video, mean)

    sigma = torch.full((count, window.frames), SIGMA_GIVEN)
    sigma[:, window.given :] = draw_sigmas(
        count, training.sigma_mean, training.sigma_spread, generator
    )[:, None]
    if window.context:
        level = torch.rand(count, generator=generator) * training.context_sigma_max
        drowned = torch.rand(count, generator=generator) < training.context_dropout
        level[drowned] = 40 * SIGMA_DATA
        sigma[:, window.given - window.context : window.given] = level[:, None]
    keep = torch.rand(count, 1, generator=generator) >= training.speech_dropout
    sigma, keep = sigma[share].clamp_min(SIGMA_GIVEN).to(device), keep[share].to(device)
    if device.type == "cuda":  # large noise is drawn on the GPU itself
        generator = torch.Generator(device).manual_seed(int(rng.integers(2**62)))
    white = torch.randn((count, *clean.shape[1:]), generator=generator, device=device)[share]
    white[:, window.given :] = correlate_in_time(
        white[:, window.given :], training.noise_correlation
    )
    noisy = clean + sigma[..., None, None, None] * white
    with half_precision(device):
        denoised = network.denoise(noisy, sigma, condition, keep, mean)
    return frame_losses(denoised, clean, sigma)[:, window.given :].mean()


class BatchLoss(torch.nn.Module):
    """`training_loss` as a module of (step), as DistributedDataParallel requires."""

    def __init__(self, prepared: Prepared, training: TrainingConfig, network: TractModel):
        super().__init__()
        self.prepared, self.training_config, self.network = prepared, training, network

    def forward(self, step: int) -> torch.Tensor:
        return training_loss(self.prepared, self.training_config, step, self.network)
