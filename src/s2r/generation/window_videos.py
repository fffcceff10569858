"""Clips and long videos of the window model: window after window, many recordings at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from s2r.config.build import build
from s2r.config.model_blocks import SamplerConfig
from s2r.core.progress import progress
from s2r.core.units import to_levels
from s2r.model.family import VideoModel, VideoTask
from s2r.model.sampler import resampled
from s2r.model.window import neighbour_indices
from s2r.model.window_model import WindowModel, load_model
from s2r.model.window_sampling import FrameNoise, generate_window


@dataclass(frozen=True)
class WindowVideos(VideoModel):
    """A window model and how it is sampled."""

    model: WindowModel
    sampler: SamplerConfig

    @property
    def window(self) -> int:
        """New frames of a window."""
        return self.model.config.window.new

    @property
    def context(self) -> int:
        """Context frames of a window."""
        return self.model.config.window.context

    @property
    def overlap(self) -> int:
        """1 where the context ends with the first new frame itself, else 0."""
        return int(self.model.config.window.repeats)

    def takes(self, size: int) -> bool:
        """See `VideoModel.takes`: whole patches at the lowest resolution."""
        denoiser = self.model.config.denoiser
        return size % (denoiser.patch * 2 ** (len(denoiser.channels) - 1)) == 0

    def project(self, embeddings: np.ndarray) -> np.ndarray:
        """Embeddings (T, D) -> (T, P) float32."""
        return self.model.project(embeddings)

    def videos(
        self,
        tasks: Sequence[VideoTask],
        batch: int = 32,
        label: str = "generate",
        on_frames: Callable[[int], None] | None = None,
    ) -> list[np.ndarray]:
        """See `VideoModel.videos`."""
        return generate_videos(self.model, tasks, self.sampler, batch, label, on_frames)

    def resampled(self, steps: int | None, guidance: float | None) -> "WindowVideos":
        """See `VideoModel.resampled`."""
        return replace(self, sampler=resampled(self.sampler, steps, guidance))

    def window_starts(self, task: VideoTask) -> np.ndarray:
        """See `VideoModel.window_starts`."""
        return window_starts(task.frames, self.window, task.lead_in)


def load_window_videos(path: Path, settings: Mapping, device: str) -> WindowVideos:
    """A trained window model, sampled as the block ``sampler`` of ``settings`` says."""
    model, _ = load_model(path, device)
    return WindowVideos(model, build(SamplerConfig, settings["sampler"]))


def window_starts(length: int, new: int, lead_in: int = 0) -> np.ndarray:
    """Which frames of a video are the first of a window, other than the very first: (T,) bool."""
    frames = np.arange(lead_in, lead_in + length)
    return (frames > lead_in) & (frames % new == 0)


def window_speech(task: VideoTask, place: int, model: WindowModel) -> np.ndarray:
    """Speech (T, 2 radius + 1, P) of the window that starts ``place`` frames after ``first``.

    Before the start and after the end of the recording, that of its first and last frame.
    """
    places = model.config.window.places(np.array([task.first + place]))[0]
    last = len(task.speech) - 1
    indices = neighbour_indices(np.minimum(places, last), last + 1, model.config.radius)
    return task.speech[indices]


@torch.inference_mode()
def generate_videos(
    model: WindowModel,
    videos: Sequence[VideoTask],
    sampler: SamplerConfig,
    batch: int = 32,
    label: str = "generate",
    on_frames: Callable[[int], None] | None = None,
) -> list[np.ndarray]:
    """Generate videos of any lengths, ``batch`` at a time.

    Every window takes its context from the frames generated before it. The last window is generated
    whole, then cut. ``on_frames`` is called with the number of frames of every window; without it
    there is a progress bar.

    Returns:
        For each video (T, H, W) uint8.
    """
    order = sorted(
        range(len(videos)), key=lambda number: -videos[number].frames - videos[number].lead_in
    )
    results: list[np.ndarray | None] = [None] * len(videos)
    total = sum(video.lead_in + video.frames for video in videos)
    with progress(total=total, label=label, unit="frame", disable=on_frames is not None) as bar:
        for start in range(0, len(order), batch):
            numbers = order[start : start + batch]
            for number, frames in zip(
                numbers,
                _generate_batch(
                    model, [videos[number] for number in numbers], sampler, on_frames or bar.update
                ),
                strict=True,
            ):
                results[number] = frames
    return results


def _generate_batch(
    model: WindowModel,
    videos: list[VideoTask],
    sampler: SamplerConfig,
    on_frames: Callable[[int], None],
) -> list[np.ndarray]:
    """Videos sorted from long to short, window by window; finished videos leave the batch."""
    window = model.config.window
    device = model.frame_mean.device
    lengths = np.array([video.lead_in + video.frames for video in videos])
    context = torch.stack([_first_context(video, window.context) for video in videos]).to(device)
    noise = FrameNoise([video.seed for video in videos], context)
    generated: list[list[np.ndarray]] = [[] for _ in videos]
    for first in range(0, lengths.max(), window.new):
        unfinished = int((lengths > first).sum())
        speech_windows = np.stack(
            [window_speech(video, first - video.lead_in, model) for video in videos[:unfinished]]
        )
        condition = model.speech_condition(torch.from_numpy(speech_windows).to(device))
        context = context[:unfinished]
        noise.keep(unfinished)
        new_frames = generate_window(model, sampler, context, condition, noise)
        levels = to_levels(new_frames[:, :, 0])
        context = torch.cat([context, new_frames.clamp(-1, 1)], 1)[:, -window.context :]
        for number, frames in enumerate(levels):
            shown = frames[: lengths[number] - first]
            generated[number].append(shown)
            on_frames(len(shown))
    return [
        np.concatenate(frames)[video.lead_in :]
        for frames, video in zip(generated, videos, strict=True)
    ]


def _first_context(video: VideoTask, count: int) -> Tensor:
    """(C, 1, H, W): the true frames before the video, or the reference frame repeated."""
    if video.context is None:
        frames = np.broadcast_to(video.reference, (count, *video.reference.shape))
    else:
        frames = video.context[len(video.context) - count :]
    return torch.from_numpy(np.array(frames, np.float32))[:, None]
