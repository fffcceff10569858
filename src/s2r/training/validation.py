"""Validation while a model trains: fixed windows, with the right and with the wrong speech."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from s2r.config.model_blocks import SamplerConfig
from s2r.model.window_model import WindowModel
from s2r.model.window_sampling import FrameNoise, generate_window
from s2r.preparation.recordings import RecordingSet
from s2r.preparation.region import dynamic_region
from s2r.preparation.selection import evenly
from s2r.training.fitting import window_tensors
from s2r.training.windows import WindowDataset, load_windows

WINDOWS = 16
"""Windows that validation draws."""


@dataclass(frozen=True)
class Validation:
    """Fixed windows of the validation set, each with its own speech."""

    video: torch.Tensor
    """(B, T, 1, H, W) in [-1, 1]."""
    condition: torch.Tensor
    """(B, T, E) speech condition."""
    region: torch.Tensor
    """(H, W) bool, the dynamic region."""

    @torch.inference_mode()
    def errors(self, model: WindowModel, sampler: SamplerConfig) -> dict[str, float]:
        """Squared error in the dynamic region, in units of [-1, 1], of one draw per window, and
        of one draw with another window's speech."""
        given = model.config.window.context
        truth = self.video[:, given:]

        def error(predicted: torch.Tensor) -> float:
            return (predicted - truth).square()[..., self.region].mean().item()

        def draw(condition: torch.Tensor) -> torch.Tensor:
            noise = FrameNoise(range(len(truth)), truth)
            return generate_window(model, sampler, self.video[:, :given], condition, noise)

        return {
            "validation_error": error(draw(self.condition)),
            "wrong_speech_error": error(draw(self.condition.roll(1, dims=0))),
        }


def validation_windows(
    model: WindowModel,
    recordings: RecordingSet,
    clips: WindowDataset,
    folder: Path,
) -> Validation | None:
    """``WINDOWS`` windows spread over at most as many validation recordings; None without any.

    A recording with fewer frames than a window has new ones is left out, as in training.
    """
    new = model.config.window.new
    fitting = [name for name in recordings.members("validation") if recordings.length(name) >= new]
    names = evenly(fitting, WINDOWS)
    if not names:
        return None
    validation_clips = load_windows(
        recordings.frames, recordings.embeddings, names, model.project, folder
    )
    number = np.arange(WINDOWS)
    recording = number % len(names)
    position = (number // len(names) + 1) / (WINDOWS // len(names) + 2)
    start = (position * (validation_clips.lengths[recording] - new)).astype(int)
    video, condition = window_tensors(model, validation_clips, recording, start)
    training_videos = np.split(clips.frames, clips.first[1:])
    region = dynamic_region(training_videos)
    return Validation(video, condition, torch.from_numpy(region).to(video.device))
