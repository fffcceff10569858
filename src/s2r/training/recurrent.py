"""Training the recurrent regression: random segments, weights of the lowest error."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from s2r.config.recurrent_blocks import RecurrentConfig, RecurrentTraining
from s2r.core.units import HALF_RANGE, to_unit_range
from s2r.model.components import principal_components
from s2r.model.recurrent import RecurrentModel, save_recurrent
from s2r.preparation.recordings import RecordingSet
from s2r.preparation.region import dynamic_region
from s2r.training.fitting import training_changes, training_projection, training_recordings
from s2r.training.loop import adamw, run_training, write_curve
from s2r.training.video_error import VALIDATION_RECORDINGS, error_sum
from s2r.training.windows import WindowDataset, load_windows, rows


def draw_segments(
    clips: WindowDataset, count: int, length: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Random segments of ``length`` frames, recordings drawn by their lengths.

    Returns:
        indices into the frames of ``clips``: (count,) the first frame of each segment's
        recording, and (count, length) the segment. A recording that is shorter than a
        segment is continued with its last frame.
    """
    recording = rng.choice(len(clips.lengths), count, p=clips.lengths / clips.lengths.sum())
    lengths = clips.lengths[recording]
    start = rng.integers(0, np.maximum(lengths - length, 0) + 1)
    places = np.minimum(start[:, None] + np.arange(length), lengths[:, None] - 1)
    return clips.first[recording], clips.first[recording][:, None] + places


def segment_loss(
    model: RecurrentModel, clips: WindowDataset, training: RecurrentTraining, step: int
) -> Tensor:
    """Mean squared error of the coefficients of the batch of ``step``, about 1 when untrained.

    The components are orthonormal, so this is the squared error of the frames up to a factor, and
    without the part that no component can represent. Everything random depends on (seed, step)
    alone.
    """
    rng = np.random.default_rng([training.seed, step])
    torch.manual_seed(int(rng.integers(2**62)))  # for dropout
    first, segments = draw_segments(clips, training.batch, training.segment, rng)
    device = model.scale.device
    frames = rows(clips.frames, segments).to(device).float()
    references = rows(clips.frames, first).to(device).float()
    truth = ((frames - references[:, None]) / HALF_RANGE).flatten(2) @ model.components.T
    predicted = model(rows(clips.speech, segments).to(device))
    return ((predicted - truth) / model.scale).square().mean()


@dataclass(frozen=True)
class Validation:
    """Whole recordings of the validation set."""

    clips: WindowDataset
    region: Tensor
    """(H, W) bool, the dynamic region."""

    @torch.inference_mode()
    def errors(self, model: RecurrentModel) -> dict[str, float]:
        """Squared error in the dynamic region, in units of [-1, 1], mean over all frames."""
        total, recordings = 0.0, self.clips
        for first, length in zip(recordings.first, recordings.lengths, strict=True):
            span = slice(first, first + length)
            truth = recordings.frames[span]
            predicted = model.video(recordings.speech[span], to_unit_range(truth[0]))
            total += error_sum(predicted, truth, self.region)
        return {"validation_error": total / int(recordings.lengths.sum())}


def prepare_recurrent(
    config: RecurrentConfig,
    training: RecurrentTraining,
    recordings: RecordingSet,
    folder: Path,
    device: str = "cpu",
) -> tuple[RecurrentModel, WindowDataset, Validation | None]:
    """The untrained model with its fitted parts, the training data, the validation set if any.

    ``folder`` takes what is too large for memory. Raises UserError for an empty training set.
    """
    names = training_recordings(recordings)
    projection = training_projection(recordings, names, training.speech_dimensions)
    frames, embeddings = recordings.frames, recordings.embeddings
    clips = load_windows(frames, embeddings, names, projection, folder / "clips")
    changes = training_changes(clips)
    components = principal_components(changes, training.components)
    torch.manual_seed(training.seed)
    model = RecurrentModel(config, projection, components)
    # pictures that never change have no scale
    model.scale.fill_((float((changes @ components.T).std()) or 1.0) / HALF_RANGE)
    validation_names = recordings.members("validation", VALIDATION_RECORDINGS)
    model = model.to(device)
    if not validation_names:
        return model, clips, None
    validation_clips = load_windows(
        frames, embeddings, validation_names, projection, folder / "validation"
    )
    region = dynamic_region(np.split(clips.frames, clips.first[1:]))
    return model, clips, Validation(validation_clips, torch.from_numpy(region).to(device))


def train_recurrent(
    config: RecurrentConfig,
    training: RecurrentTraining,
    recordings: RecordingSet,
    state_folder: Path,
    model_path: Path,
    curve_path: Path,
    device: str = "cpu",
    info: dict | None = None,
) -> None:
    """Train a recurrent regression, or continue an interrupted training.

    The weights kept are those of the validation with the lowest error (early stopping), or the
    last ones where the split has no validation set.

    Args:
        config, training: the network, and how it is trained.
        recordings: opened with their embeddings and their split.
        state_folder: where checkpoints lie; belongs to exactly these settings and data.
        model_path: gets the weights, when training is complete.
        curve_path: gets a row at every validation, as CSV.
        info: kept in the model file.

    Raises:
        UserError: nothing to train on, the loss is no longer finite, or the disk is full.
    """
    model, clips, validation = prepare_recurrent(config, training, recordings, state_folder, device)
    optimizer = adamw(model, training, betas=(0.9, 0.999))
    curve = run_training(
        lambda seen: segment_loss(model.train(), clips, training, seen),
        model,
        optimizer,
        training,
        state_folder,
        validate=validation.errors if validation else None,
        keep_best=True,
        device=device,
        label=f"train {model_path.parent.name}",
        rate_key="recurrent.learning_rate",
    )
    write_curve(_ending_with_the_lowest(curve), curve_path)
    training_info = {"training": asdict(training), "training_recordings": len(clips.recordings)}
    save_recurrent(model, model_path, (info or {}) | training_info)


def _ending_with_the_lowest(curve: list[dict[str, float]]) -> list[dict[str, float]]:
    """The curve, with the validation error of the weights that are kept as its last one."""
    errors = [row["validation_error"] for row in curve if "validation_error" in row]
    if not errors or errors[-1] == min(errors):
        return curve
    return [*curve, {"clips": curve[-1]["clips"], "validation_error": min(errors)}]
