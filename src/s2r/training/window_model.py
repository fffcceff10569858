"""Training a window model, from shards to a file of averaged weights."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from torch.nn.parallel import DistributedDataParallel

from s2r.config.model_blocks import SamplerConfig
from s2r.config.window_blocks import TrainingConfig
from s2r.model.ema import averaged
from s2r.model.window_model import ModelConfig, save_model
from s2r.preparation.recordings import RecordingSet
from s2r.training import distributed
from s2r.training.fitting import prepare
from s2r.training.loop import adamw, run_training, write_curve
from s2r.training.loss import BatchLoss
from s2r.training.validation import validation_windows


def train_window_model(
    config: ModelConfig,
    training: TrainingConfig,
    sampler: SamplerConfig,
    recordings: RecordingSet,
    state_folder: Path,
    model_path: Path,
    curve_path: Path,
    device: str = "cpu",
    info: Mapping | None = None,
) -> None:
    """Train a model, or continue an interrupted training.

    In a process group (`s2r.training.distributed`) every process calls this and sees its share of
    each batch; the gradient is that of the whole batch, so the number of processes changes
    rounding only, even where it changes between two starts. The first one validates and writes.

    Args:
        config, training, sampler: the model, how it is trained, how validation draws.
        recordings: opened with their embeddings and their split.
        state_folder: where checkpoints lie; belongs to exactly these settings and data.
        model_path: gets the averaged weights, when training is complete.
        curve_path: gets a row at every validation, as CSV.
        info: kept in the model file.

    Raises:
        UserError: nothing to train on, the loss is no longer finite, or the disk is full.
    """
    first = distributed.is_first()
    with distributed.first_before_others():
        prepared = prepare(config, training, recordings, state_folder / "clips")
    model = prepared.model.to(device, memory_format=torch.channels_last)
    average = averaged(model, training.ema_length)
    optimizer = adamw(model, training)
    validation = None
    if first:
        validation = validation_windows(
            model, recordings, prepared.clips, state_folder / "validation"
        )
    prepared.clips = prepared.clips.on_device(device)
    batch_loss = BatchLoss(prepared, training, model)
    if distributed.processes() > 1:
        batch_loss = DistributedDataParallel(batch_loss, broadcast_buffers=False)
    curve = run_training(
        batch_loss,
        model,
        optimizer,
        training,
        state_folder,
        validate=(lambda trained: validation.errors(trained, sampler)) if validation else None,
        average=average,
        checkpoint_clips=training.checkpoint_clips,
        device=device,
        label=f"train {model_path.parent.name}",
    )
    if not first:
        return
    training_info = dict(info or {}) | {
        "training": asdict(training),
        "sampler": asdict(sampler),
        "training_recordings": len(prepared.clips.recordings),
    }
    write_curve(curve, curve_path)
    save_model(average.module, model_path, training_info)
