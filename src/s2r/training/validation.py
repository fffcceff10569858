"""Validation while a model trains: fixed windows, with the right and with the wrong speech."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from s2r.config.model_blocks import SamplerConfig
from s2r.core.shards import Shards
from s2r.model.tract_model import TractModel
from s2r.model.window_sampling import FrameNoise, generate_window
from s2r.preparation.region import dynamic_region
from s2r.preparation.selection import recordings_of
from s2r.training.fitting import window_tensors
from s2r.training.windows import WindowDataset, load_windows


@dataclass(frozen=True)
class Validation:
    """Fixed windows of the validation set, each with its own speech."""

    video: torch.Tensor
    """(B, T, 1, H, W) in [-1, 1]."""
    references: torch.Tensor
    """(B, 1, H, W)."""
    speech: torch.Tensor
    """(B, T, 2 radius + 1, P) looked-up speech."""
    region: torch.Tensor
    """(H, W) bool, the dynamic region."""

    @torch.inference_mode()
    def errors(self, model: TractModel, sampler: SamplerConfig) -> dict[str, float]:
        """Squared error in the dynamic region, in units of [-1, 1], of one draw per window, of
        one draw with another window's speech, and of the regression."""
        given = model.config.window.given
        truth = self.video[:, given:]

        def error(predicted: torch.Tensor) -> float:
            return (predicted - truth).square()[..., self.region].mean().item()

        def draw(speech: torch.Tensor) -> torch.Tensor:
            noise = FrameNoise(range(len(truth)), truth, sampler.noise_correlation)
            return generate_window(model, sampler, self.video[:, :given], speech, noise)

        condition = model.speech_condition(self.speech)
        return {
            "validation_error": error(draw(self.speech)),
            "wrong_speech_error": error(draw(self.speech.roll(1, dims=0))),
            "regression_error": error(model.mean(self.references, condition)[:, given:]),
        }


def validation_windows(
    model: TractModel,
    frames: Shards,
    embeddings: Shards,
    split: pd.DataFrame,
    clips: WindowDataset,
    folder: Path,
) -> Validation | None:
    """About 16 windows spread over the validation recordings; None where there are none."""
    recordings = recordings_of(split, "validation", frames, 16)
    if not recordings:
        return None
    validation_clips = load_windows(frames, embeddings, recordings, model.project, folder)
    new = model.config.window.new
    recording = np.arange(max(16, len(recordings))) % len(recordings)
    position = (np.arange(len(recording)) // len(recordings) + 1) / (
        len(recording) // len(recordings) + 2
    )
    start = (position * np.maximum(validation_clips.lengths[recording] - new, 0)).astype(int)
    video, references, _ = window_tensors(model, validation_clips, recording, start)
    _, speech = validation_clips.window(recording, start, model.config.window, model.config.radius)
    training_videos = np.split(clips.frames, clips.first[1:])
    region = dynamic_region(training_videos)
    return Validation(
        video,
        references,
        speech.to(video.device),
        torch.from_numpy(region).to(video.device),
    )
