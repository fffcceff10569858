"""Parts that are fitted in closed form before the training: projection, regression, scales."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from s2r.config.model_blocks import TrainingConfig
from s2r.core.errors import UserError
from s2r.core.units import to_unit_range
from s2r.model.regression import Regression, RidgeSums, fit_ridge, principal_components
from s2r.model.speech_input import SpeechProjection, fit_projection
from s2r.model.tract_model import ModelConfig, TractModel
from s2r.preparation.recordings import RecordingSet
from s2r.training.windows import WindowDataset, load_windows


@dataclass
class Prepared:
    """A model with its fitted, fixed parts, and the data that its training needs."""

    model: TractModel
    clips: WindowDataset
    left_out: torch.Tensor
    """(G, E + 1, K) regression weights fitted without each group of recordings."""
    group: np.ndarray
    """(R,) group of each recording in ``clips``."""
    ridge: float
    """Chosen ridge penalty."""


def prepare(
    config: ModelConfig,
    training: TrainingConfig,
    recordings: RecordingSet,
    folder: Path,
) -> Prepared:
    """Fit projection, regression and scales on the training set; initialise the denoiser.

    ``folder`` takes what is too large for memory. Raises UserError for an empty training set.
    """
    names = training_recordings(recordings)
    projection = training_projection(recordings, names, training.speech_dimensions)
    clips = load_windows(recordings.frames, recordings.embeddings, names, projection, folder)
    width = clips.speech.shape[1] * (2 * config.radius + 1)
    config = replace(
        config,
        denoiser=replace(config.denoiser, speech_dimension=width),
        frame_size=clips.frames.shape[-1],
    )
    components = training.components if config.denoiser.mean_channel else 0
    torch.manual_seed(training.seed)
    model = TractModel(config, *projection.basis.shape, components=components)
    model.speech_mean.copy_(torch.from_numpy(projection.mean))
    model.speech_basis.copy_(torch.from_numpy(projection.basis))
    sample = to_unit_range(clips.frames[:: len(clips.frames) // 2000 + 1])
    model.frame_mean.fill_(float(sample.mean()))
    model.frame_scale.fill_(float(sample.std()))
    group, ridge = np.zeros(len(names), int), 0.0
    left_out = torch.zeros(1, width + 1, components)
    if components:
        rows = recordings.split[recordings.split["set"] == "train"]
        stimuli = rows.set_index("recording")["stimulus"].loc[names]
        group_names = stimuli if stimuli.nunique() > 2 else stimuli.index
        group = group_names.factorize()[0] % 16
        regression, group_weights, ridge = fit_regression(model, clips, group, training)
        model.set_regression(regression)
        left_out = torch.from_numpy(group_weights)
        model.residual_scale.fill_(residual_scale(model, clips, left_out, group))
    return Prepared(model, clips, left_out, group, ridge)


def training_recordings(recordings: RecordingSet) -> list[str]:
    """The recordings to train on, sorted. Raises UserError where there are none."""
    names = recordings.members("train")
    if not names:
        raise UserError("the split has no training recordings; see split.csv and config: split")
    return names


def training_projection(
    recordings: RecordingSet, names: list[str], dimensions: int
) -> SpeechProjection:
    """The speech projection, fitted on at most about 200 of the recordings ``names``."""
    sampled = names[:: len(names) // 200 + 1]
    samples = [recordings.embedded(recording) for recording in sampled]
    return fit_projection(np.concatenate(samples), dimensions)


def training_changes(clips: WindowDataset) -> np.ndarray:
    """Changes (N, H * W) float32 from each recording's first frame, in grey levels.

    Of at most about 6,000 evenly spaced frames.
    """
    stride = len(clips.frames) // 6000 + 1
    recording = np.repeat(np.arange(len(clips.lengths)), clips.lengths)[::stride]
    changes = clips.frames[::stride].astype(np.float32) - clips.frames[clips.first[recording]]
    return changes.reshape(len(changes), -1)


def all_windows(clips: WindowDataset, model: TractModel) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each recording its windows side by side: (recording, start) index arrays."""
    new = model.config.window.new
    starts_by_recording = [np.arange(0, max(length - new, 0) + 1, new) for length in clips.lengths]
    return [
        (np.full(len(starts), recording), starts)
        for recording, starts in enumerate(starts_by_recording)
    ]


def window_tensors(
    model: TractModel, clips: WindowDataset, recording: np.ndarray, start: np.ndarray
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Frames (B, T, 1, H, W) in [-1, 1], references (B, 1, H, W), speech condition (B, T, E)."""
    window, device = model.config.window, model.frame_mean.device
    frames, speech = clips.window(recording, start, window, model.config.radius)
    references = clips.references(recording)[:, None].to(device)
    video = frames[:, :, None].to(device)
    condition = model.speech_condition(speech.to(device))
    return to_unit_range(video), to_unit_range(references), condition


def fit_regression(
    model: TractModel, clips: WindowDataset, group: np.ndarray, training: TrainingConfig
) -> tuple[Regression, np.ndarray, float]:
    """The regression, its left-out weights (G, E + 1, K), the chosen penalty."""
    given = model.config.window.given
    components = principal_components(training_changes(clips), training.components)
    sums = {}
    for recording, start in all_windows(clips, model):
        video, references, condition = window_tensors(model, clips, recording, start)
        change = (video - references[:, None])[:, given:].flatten(2).flatten(0, 1).cpu().numpy()
        speech = condition[:, given:].flatten(0, 1).cpu().numpy()
        ridge_sums = RidgeSums.of(speech, change @ components.T)
        group_number = group[recording[0]]
        sums[group_number] = sums[group_number] + ridge_sums if group_number in sums else ridge_sums
    weights, left_out, ridge = fit_ridge(
        [sums[group_number] for group_number in sorted(sums)], training.ridge
    )
    return Regression(weights, components), left_out, ridge


def residual_scale(
    model: TractModel, clips: WindowDataset, left_out: torch.Tensor, group: np.ndarray
) -> float:
    """Standard deviation of the residuals of the cross-fitted regression, in units of [-1, 1]."""
    windows = all_windows(clips, model)
    squares = []
    for recording, start in windows[:: len(windows) // 40 + 1]:
        video, references, condition = window_tensors(model, clips, recording, start)
        mean = model.mean(references, condition, left_out[group[recording]])
        squares.append((video - mean)[:, model.config.window.given :].square().mean().item())
    return float(np.sqrt(np.mean(squares)))
