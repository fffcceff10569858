"""What is fitted before the training: projection and scale; and what a model is trained on."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from s2r.config.window_blocks import TrainingConfig
from s2r.core.errors import UserError
from s2r.core.units import to_unit_range
from s2r.model.speech_input import SpeechProjection, fit_projection
from s2r.model.window_model import ModelConfig, WindowModel
from s2r.preparation.recordings import RecordingSet
from s2r.training.windows import WindowDataset, load_windows


@dataclass
class Prepared:
    """A model with its fitted, fixed parts, and the data that its training needs."""

    model: WindowModel
    clips: WindowDataset


def prepare(
    config: ModelConfig,
    training: TrainingConfig,
    recordings: RecordingSet,
    folder: Path,
) -> Prepared:
    """Fit the projection and the scale of frames on the training set; initialise the denoiser.

    ``folder`` takes what is too large for memory. Raises UserError for an empty training set.
    """
    names = training_recordings(recordings)
    projection = training_projection(recordings, names, training.speech_dimensions)
    clips = load_windows(recordings.frames, recordings.embeddings, names, projection, folder)
    width = clips.speech.shape[1] * (2 * config.radius + 1)
    config = replace(config, denoiser=replace(config.denoiser, speech_dimension=width))
    torch.manual_seed(training.seed)
    model = WindowModel(config, *projection.basis.shape)
    model.speech_mean.copy_(torch.from_numpy(projection.mean))
    model.speech_basis.copy_(torch.from_numpy(projection.basis))
    sample = to_unit_range(clips.frames[:: len(clips.frames) // 2000 + 1])
    model.frame_mean.fill_(float(sample.mean()))
    model.frame_scale.fill_(float(sample.std()))
    return Prepared(model, clips)


def training_recordings(recordings: RecordingSet) -> list[str]:
    """The recordings to train on, sorted. Raises UserError where there are none."""
    names = recordings.members("train")
    if not names:
        raise UserError("the split has no training recordings; see split.csv and config: split")
    return names


def training_projection(
    recordings: RecordingSet, names: list[str], dimensions: int, copies: int = 0
) -> SpeechProjection:
    """The speech projection, fitted on at most about 200 of the recordings ``names``, and on
    ``copies`` changed copies of their sound."""
    sampled = names[:: len(names) // 200 + 1]
    samples = [recordings.embedded(recording) for recording in sampled]
    for recording in sampled:
        samples += recordings.embedded_copies(recording, copies)
    return fit_projection(np.concatenate(samples), dimensions)


def training_changes(clips: WindowDataset) -> np.ndarray:
    """Changes (N, H * W) float32 from each recording's first frame, in grey levels.

    Of at most about 6,000 evenly spaced frames.
    """
    stride = len(clips.frames) // 6000 + 1
    recording = np.repeat(np.arange(len(clips.lengths)), clips.lengths)[::stride]
    changes = clips.frames[::stride].astype(np.float32) - clips.frames[clips.first[recording]]
    return changes.reshape(len(changes), -1)


def window_tensors(
    model: WindowModel, clips: WindowDataset, recording: np.ndarray, start: np.ndarray
) -> tuple[torch.Tensor, torch.Tensor]:
    """Frames (B, T, 1, H, W) in [-1, 1] and speech condition (B, T, E) of windows."""
    device = model.frame_mean.device
    frames, speech = clips.window(recording, start, model.config.window, model.config.radius)
    video = frames[:, :, None].to(device)
    return to_unit_range(video), model.speech_condition(speech.to(device))
