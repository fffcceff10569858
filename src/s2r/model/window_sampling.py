"""Draw the new frames of windows, with noise from a seed of each video."""

from collections.abc import Iterable

import torch
from torch import Tensor

from s2r.config.model_blocks import SamplerConfig
from s2r.core.device import half_precision
from s2r.model.diffusion import SIGMA_GIVEN
from s2r.model.sampler import guided, sample
from s2r.model.window_model import WindowModel


class FrameNoise:
    """Noise for a batch of videos, window after window, from a seed for each video.

    Drawn on the CPU, so that a seed means the same video on every device and in every batch.
    """

    def __init__(self, seeds: Iterable[int], like: Tensor):
        """``like``: (..., H, W) on the device where the noise is needed."""
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self.size, self.device = like.shape[-2:], like.device

    def draw(self, frames: int) -> Tensor:
        """(B, T, 1, H, W) standard normal."""
        drawn = [
            torch.randn((frames, 1, *self.size), generator=generator)
            for generator in self.generators
        ]
        return torch.stack(drawn).to(self.device)

    def keep(self, count: int) -> None:
        """Go on with the first ``count`` videos only."""
        del self.generators[count:]


@torch.inference_mode()
def generate_window(
    model: WindowModel,
    sampler: SamplerConfig,
    given: Tensor,
    condition: Tensor,
    noise: FrameNoise,
) -> Tensor:
    """Generate the new frames of a batch of windows.

    Args:
        model: on the device of the tensors.
        given: (B, C, 1, H, W) in [-1, 1], the context frames.
        condition: (B, T, E) speech condition of all T frames of the window.
        noise: source of the noise of these windows.

    Returns:
        (B, new, 1, H, W) in [-1, 1], not clipped.
    """
    window, device = model.config.window, given.device
    given_data = model.encode(given) + SIGMA_GIVEN * noise.draw(window.context)
    given_sigma = torch.full(given.shape[:2], SIGMA_GIVEN, device=device)

    def denoiser(keep: bool):
        keep_speech = torch.full((len(given), 1), keep, device=device)

        def denoise(x: Tensor, sigma: float) -> Tensor:
            levels = torch.cat([given_sigma, torch.full(x.shape[:2], sigma, device=device)], 1)
            noisy = torch.cat([given_data, x], 1)
            with half_precision(device):
                return model.denoise(noisy, levels, condition, keep_speech)[:, window.context :]

        return denoise

    denoise = guided(
        denoiser(True), denoiser(False), sampler.guidance_scale, sampler.guidance_interval
    )
    new_data = sample(denoise, lambda: noise.draw(window.new), sampler)
    return model.decode(new_data)
