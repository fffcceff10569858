"""Clips and long videos: windows generated one after the other, many recordings at once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from s2r.device import half_precision
from s2r.model.diffusion import SIGMA_GIVEN, correlate_in_time
from s2r.model.sampler import SamplerConfig, guided, sample
from s2r.model.tract_model import TractModel
from s2r.progress import progress
from s2r.window import heard_indices


@dataclass(frozen=True)
class VideoTask:
    """A video to generate: frames ``first`` to ``first + count`` of a recording's speech."""

    speech: np.ndarray
    """(L, P) projected embeddings of the whole recording."""
    reference: np.ndarray
    """(H, W) in [-1, 1]: the subject at rest."""
    seed: int
    """Same seed, same video, whatever else is generated in the same batch."""
    first: int = 0
    count: int | None = None
    """None: to the end of the speech."""
    context: np.ndarray | None = None
    """(C, H, W) true frames directly before ``first``; None: the reference frame, repeated."""
    lead: int = 0
    """Frames generated before ``first`` and thrown away: they move the seams of the video."""

    @property
    def frames(self) -> int:
        """Frames to generate."""
        return len(self.speech) - self.first if self.count is None else self.count

    def heard(self, place: int, model: TractModel) -> np.ndarray:
        """Speech (T, 2 radius + 1, P) of the window that starts ``place`` frames after ``first``.

        Before the start and after the end of the recording its first and last frame's.
        """
        places = model.config.window.places(np.array([self.first + place]))[0]
        last = len(self.speech) - 1
        indices = heard_indices(np.minimum(places, last), last + 1, model.config.radius)
        return self.speech[indices]


def seams(length: int, new: int, lead: int = 0) -> np.ndarray:
    """Which frames of a video are the first of a window, other than the very first: (T,) bool."""
    frames = np.arange(lead, lead + length)
    return (frames > lead) & (frames % new == 0)


class FrameNoise:
    """Noise for a batch of videos, window after window, from a seed for each video.

    Drawn on the CPU, so that a seed means the same video on every device and in every batch.
    """

    def __init__(self, seeds: Iterable[int], like: Tensor, correlation: float):
        """``like``: (..., H, W) on the device where the noise is wanted."""
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self.size, self.device = like.shape[-2:], like.device
        self.correlation = correlation
        self.last: Tensor | None = None

    def white(self, frames: int) -> Tensor:
        """(B, T, 1, H, W) standard normal."""
        drawn = [torch.randn((frames, 1, *self.size), generator=one) for one in self.generators]
        return torch.stack(drawn).to(self.device)

    def following(self, frames: int) -> Tensor:
        """(B, T, 1, H, W), correlated in time, going on from the last frames drawn so."""
        noise = correlate_in_time(self.white(frames), self.correlation, self.last)
        self.last = noise[:, -1]
        return noise

    def keep(self, count: int) -> None:
        """Go on with the first ``count`` videos only."""
        del self.generators[count:]
        self.last = None if self.last is None else self.last[:count]


@torch.inference_mode()
def generate_window(
    model: TractModel,
    sampler: SamplerConfig,
    given: Tensor,
    speech: Tensor,
    noise: FrameNoise,
) -> Tensor:
    """Generate the new frames of a batch of windows.

    Args:
        model: on the device of the tensors.
        given: (B, G, 1, H, W) in [-1, 1]: reference frame (if the window has one), then
            context frames.
        speech: (B, T, 2 radius + 1, P) looked-up speech of all T frames of the window.
        noise: source of the noise of these windows.

    Returns:
        (B, new, 1, H, W) in [-1, 1], not clipped.
    """
    window, device = model.config.window, given.device
    heard = model.hear(speech)
    mean = model.mean(given[:, 0], heard)
    split = window.given
    known = model.encode(given, mean[:, :split])
    sigma_known = torch.full((len(given), split), SIGMA_GIVEN, device=device)
    if window.context:
        level = max(model.config.context_sigma, SIGMA_GIVEN)
        context = slice(split - window.context, split)
        sigma_known[:, context] = level
        known[:, context] += level * noise.white(window.context)

    def denoiser(keep: bool):
        kept = torch.full((len(given), 1), keep, device=device)

        def denoise(x: Tensor, sigma: float) -> Tensor:
            levels = torch.cat([sigma_known, torch.full(x.shape[:2], sigma, device=device)], 1)
            noisy = torch.cat([known, x], 1)
            with half_precision(device):
                return model.denoise(noisy, levels, heard, kept, mean)[:, split:]

        return denoise

    denoise = guided(
        denoiser(True), denoiser(False), sampler.guidance_scale, sampler.guidance_interval
    )
    drawn = sample(denoise, lambda: noise.following(window.new), sampler)
    return model.decode(drawn, mean[:, split:])


@torch.inference_mode()
def generate_videos(
    model: TractModel,
    videos: list[VideoTask],
    sampler: SamplerConfig,
    batch: int = 32,
    label: str = "generate",
    advanced: Callable[[int], None] | None = None,
) -> list[np.ndarray]:
    """Generate videos of any lengths, ``batch`` at a time.

    Every window takes its context from the frames generated before it; the reference frame
    stays the given one throughout. The last window is generated whole and cut. ``advanced`` is
    told the number of frames of every window; without it there is a progress bar.

    Returns:
        For each video (T, H, W) uint8.
    """
    order = sorted(range(len(videos)), key=lambda one: -videos[one].frames - videos[one].lead)
    results: list[np.ndarray | None] = [None] * len(videos)
    total = sum(video.lead + video.frames for video in videos)
    with progress(total=total, label=label, unit="frame", disable=advanced is not None) as bar:
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            for one, frames in zip(
                chosen,
                _lockstep(model, [videos[i] for i in chosen], sampler, advanced or bar.update),
                strict=True,
            ):
                results[one] = frames
    return results


def _lockstep(
    model: TractModel,
    videos: list[VideoTask],
    sampler: SamplerConfig,
    advanced: Callable[[int], None],
) -> list[np.ndarray]:
    """Videos sorted from long to short, window by window; finished ones drop out."""
    window = model.config.window
    device = model.frame_mean.device
    lengths = np.array([video.lead + video.frames for video in videos])
    references = torch.from_numpy(np.stack([video.reference for video in videos])).float()
    references = references[:, None, None].to(device)  # B, 1, 1, H, W
    context = torch.stack([_first_context(video, window.context) for video in videos]).to(device)
    seeds = [video.seed for video in videos]
    noise = FrameNoise(seeds, references, sampler.noise_correlation)
    made: list[list[np.ndarray]] = [[] for _ in videos]
    for first in range(0, lengths.max(), window.new):
        going = int((lengths > first).sum())
        heard = np.stack([video.heard(first - video.lead, model) for video in videos[:going]])
        speech = torch.from_numpy(heard).to(device)
        context = context[:going]
        noise.keep(going)
        given = torch.cat([references[:going], context], 1) if window.reference else context
        new = generate_window(model, sampler, given, speech, noise).clamp(-1, 1)
        context = torch.cat([context, new], 1)[:, -window.context :] if window.context else context
        pictures = to_uint8(new[:, :, 0])
        for video, frames in enumerate(pictures):
            kept = frames[: lengths[video] - first]
            made[video].append(kept)
            advanced(len(kept))
    return [
        np.concatenate(frames)[video.lead :] for frames, video in zip(made, videos, strict=True)
    ]


def _first_context(video: VideoTask, count: int) -> Tensor:
    """(C, 1, H, W): the true frames before the video, or the reference frame repeated."""
    if video.context is None:
        frames = np.broadcast_to(video.reference, (count, *video.reference.shape))
    else:
        frames = video.context[len(video.context) - count :]
    return torch.from_numpy(np.array(frames, np.float32))[:, None]


def to_uint8(pictures: Tensor) -> np.ndarray:
    """[-1, 1] -> uint8 on the CPU, clipped."""
    return ((pictures.clamp(-1, 1) + 1) * 127.5).round().byte().cpu().numpy()


@torch.inference_mode()
def regress(model: TractModel, task: VideoTask) -> np.ndarray:
    """What the model's regression alone makes of a task: (T, H, W) uint8."""
    device, window = model.frame_mean.device, model.config.window
    starts = range(0, task.frames, window.new)
    heard = np.stack([task.heard(start, model) for start in starts])
    references = torch.from_numpy(task.reference).float().to(device)
    mean = model.mean(
        references.expand(len(starts), 1, -1, -1), model.hear(torch.from_numpy(heard).to(device))
    )
    return to_uint8(mean[:, window.given :, 0].flatten(0, 1)[: task.frames])
