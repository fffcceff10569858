"""The loss of a step of training."""

import numpy as np
import torch

from s2r.config.window_blocks import TrainingConfig
from s2r.core.device import half_precision
from s2r.model.diffusion import SIGMA_GIVEN, draw_sigmas, frame_losses
from s2r.model.window_model import WindowModel
from s2r.training import distributed
from s2r.training.fitting import Prepared, window_tensors


def training_loss(
    prepared: Prepared, training: TrainingConfig, step: int, network: WindowModel
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
    video, condition = window_tensors(network, prepared.clips, recording, start)
    device, clean = video.device, network.encode(video)

    sigma = torch.full((count, window.frames), SIGMA_GIVEN)
    sigma[:, window.context :] = draw_sigmas(
        count, training.sigma_mean, training.sigma_spread, generator
    )[:, None]
    keep = torch.rand(count, 1, generator=generator) >= training.speech_dropout
    sigma, keep = sigma[share].clamp_min(SIGMA_GIVEN).to(device), keep[share].to(device)
    if device.type == "cuda":  # large noise is drawn on the GPU itself
        generator = torch.Generator(device).manual_seed(int(rng.integers(2**62)))
    white = torch.randn((count, *clean.shape[1:]), generator=generator, device=device)[share]
    noisy = clean + sigma[..., None, None, None] * white
    with half_precision(device):
        denoised = network.denoise(noisy, sigma, condition, keep)
    return frame_losses(denoised, clean, sigma)[:, window.context :].mean()


class BatchLoss(torch.nn.Module):
    """`training_loss` as a module of (step), as DistributedDataParallel requires."""

    def __init__(self, prepared: Prepared, training: TrainingConfig, network: WindowModel):
        super().__init__()
        self.prepared, self.training_config, self.network = prepared, training, network

    def forward(self, step: int) -> torch.Tensor:
        return training_loss(self.prepared, self.training_config, step, self.network)
