"""Training one model, from shards to a file of averaged weights."""

import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
import torch
from torch.nn.parallel import DistributedDataParallel

from s2r import distributed
from s2r.checkpoints import check_finite, load_state, save_state
from s2r.clips import ClipStore, load_clips
from s2r.device import half_precision
from s2r.files import atomic_path
from s2r.generated import recordings_of
from s2r.metrics.paired import dynamic_region
from s2r.model.diffusion import (
    SIGMA_DATA,
    SIGMA_GIVEN,
    correlate_in_time,
    draw_sigmas,
    frame_losses,
)
from s2r.model.ema import averaged
from s2r.model.sampler import SamplerConfig
from s2r.model.tract_model import ModelConfig, TractModel, save_model
from s2r.preparation import Prepared, TrainingConfig, prepare, window_tensors
from s2r.progress import progress
from s2r.rollout import FrameNoise, generate_window
from s2r.store import Shards


def training_loss(
    prepared: Prepared, training: TrainingConfig, step: int, network: TractModel
) -> torch.Tensor:
    """Mean loss of this process's share of the batch of ``step``, counted in clips seen.

    Everything random depends on (seed, step) alone: each process draws for the whole batch.
    """
    window = network.config.window
    rng = np.random.default_rng([training.seed, step])
    noise = torch.Generator().manual_seed(int(rng.integers(2**62)))
    count, own = training.batch, distributed.share(training.batch)
    drawn = prepared.clips.draw(step, count, window, training.seed)
    recording, start = (one[own] for one in drawn)
    video, references, heard = window_tensors(network, prepared.clips, recording, start)
    device = video.device
    weights = prepared.left_out[prepared.group[recording]].to(device)
    mean = network.mean(references, heard, weights)
    clean = network.encode(video, mean)

    sigma = torch.full((count, window.frames), SIGMA_GIVEN)
    sigma[:, window.given :] = draw_sigmas(
        count, training.sigma_mean, training.sigma_spread, noise
    )[:, None]
    if window.context:
        level = torch.rand(count, generator=noise) * training.context_sigma_max
        drowned = torch.rand(count, generator=noise) < training.context_dropout
        level[drowned] = 40 * SIGMA_DATA
        sigma[:, window.given - window.context : window.given] = level[:, None]
    keep = torch.rand(count, 1, generator=noise) >= training.speech_dropout
    sigma, keep = sigma[own].clamp_min(SIGMA_GIVEN).to(device), keep[own].to(device)
    if device.type == "cuda":  # so many numbers are drawn where they are needed
        noise = torch.Generator(device).manual_seed(int(rng.integers(2**62)))
    white = torch.randn((count, *clean.shape[1:]), generator=noise, device=device)[own]
    white[:, window.given :] = correlate_in_time(
        white[:, window.given :], training.noise_correlation
    )
    noisy = clean + sigma[..., None, None, None] * white
    with half_precision(device):
        denoised = network.denoise(noisy, sigma, heard, keep, mean)
    return frame_losses(denoised, clean, sigma)[:, window.given :].mean()


class BatchLoss(torch.nn.Module):
    """`training_loss` as a module of (step), as DistributedDataParallel wants it."""

    def __init__(self, prepared: Prepared, training: TrainingConfig, network: TractModel):
        super().__init__()
        self.prepared, self.training_config, self.network = prepared, training, network

    def forward(self, step: int) -> torch.Tensor:
        return training_loss(self.prepared, self.training_config, step, self.network)


class Schedule(Protocol):
    """What the learning rate depends on, counted in clips."""

    clips: int
    batch: int
    learning_rate: float
    warmup_clips: int


def learning_rate(training: Schedule, seen: int) -> float:
    """Linear warm-up, then a cosine down to zero at the last clip."""
    if seen < training.warmup_clips:
        return training.learning_rate * (seen + training.batch) / training.warmup_clips
    rest = (seen - training.warmup_clips) / max(1, training.clips - training.warmup_clips)
    return training.learning_rate * 0.5 * (1 + math.cos(math.pi * min(rest, 1.0)))


def descend(
    loss: torch.Tensor, model: TractModel, optimizer: torch.optim.Optimizer, rate: float
) -> None:
    """A step of the optimiser at the learning rate ``rate``; the gradient's norm is at most 1."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


@dataclass(frozen=True)
class Validation:
    """Fixed windows of the validation set, each with its own speech and another's."""

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

        def error(other: torch.Tensor) -> float:
            return (other - truth).square()[..., self.region].mean().item()

        def draw(speech: torch.Tensor) -> torch.Tensor:
            noise = FrameNoise(range(len(truth)), truth, sampler.noise_correlation)
            return generate_window(model, sampler, self.video[:, :given], speech, noise)

        heard = model.hear(self.speech)
        return {
            "validation_error": error(draw(self.speech)),
            "wrong_speech_error": error(draw(self.speech.roll(1, dims=0))),
            "regression_error": error(model.mean(self.references, heard)[:, given:]),
        }


def validation_windows(
    model: TractModel,
    frames: Shards,
    embeddings: Shards,
    split: pd.DataFrame,
    clips: ClipStore,
    folder: Path,
) -> Validation | None:
    """About 16 windows spread over the validation recordings; None where there are none."""
    recordings = recordings_of(split, "validation", frames, 16)
    if not recordings:
        return None
    store = load_clips(frames, embeddings, recordings, model.project, folder)
    new = model.config.window.new
    chosen = np.arange(max(16, len(recordings))) % len(recordings)
    part = (np.arange(len(chosen)) // len(recordings) + 1) / (len(chosen) // len(recordings) + 2)
    start = (part * np.maximum(store.lengths[chosen] - new, 0)).astype(int)
    video, references, _ = window_tensors(model, store, chosen, start)
    _, speech = store.window(chosen, start, model.config.window, model.config.radius)
    pieces = np.split(clips.frames, clips.first[1:])
    region = dynamic_region(pieces)
    return Validation(
        video,
        references,
        speech.to(video.device),
        torch.from_numpy(region).to(video.device),
    )


def train(
    config: ModelConfig,
    training: TrainingConfig,
    sampler: SamplerConfig,
    frames: Shards,
    embeddings: Shards,
    split: pd.DataFrame,
    state_folder: Path,
    model_path: Path,
    curve_path: Path,
    device: str = "cpu",
    info: dict | None = None,
) -> None:
    """Train a model, or go on where an interrupted training stopped.

    In a process group (`s2r.distributed`) every process calls this and sees its share of each
    batch; the gradient is that of the whole batch, so the number of processes changes rounding
    only, even where it changes between two starts. The first one validates and writes.

    Args:
        config, training, sampler: the model, how it is trained, how validation draws.
        frames, embeddings: shards with the recordings of ``split``.
        split: see `s2r.corpus.split.make_split`.
        state_folder: where checkpoints lie; belongs to exactly these settings and data.
        model_path: gets the averaged weights, when training is complete.
        curve_path: gets a row at every validation, as CSV.
        info: kept in the model file.

    Raises:
        UserError: nothing to train on, the loss is no longer finite, or the disk is full.
    """
    first = distributed.is_first()
    with distributed.first_before_others():
        prepared = prepare(config, training, frames, embeddings, split, state_folder / "clips")
    model = prepared.model.to(device, memory_format=torch.channels_last)
    average = averaged(model, training.ema_length)
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=training.learning_rate,
        betas=(0.9, 0.99),
        weight_decay=training.weight_decay,
        fused=device == "cuda",
    )
    validation = None
    if first:
        validation = validation_windows(
            model, frames, embeddings, split, prepared.clips, state_folder / "validation"
        )
    prepared.clips = prepared.clips.on_device(device)
    parts = {"model": model, "average": average, "optimizer": optimizer}
    seen, curve = _resume(parts, state_folder, device)
    batch_loss = BatchLoss(prepared, training, model)
    if distributed.processes() > 1:
        batch_loss = DistributedDataParallel(batch_loss, broadcast_buffers=False)
    bar = progress(
        label=f"train {model_path.parent.name}",
        total=training.clips,
        initial=seen,
        disable=not first,
    )
    losses, started, saved = [], time.monotonic(), seen
    while seen < training.clips:
        loss = batch_loss(seen)
        descend(loss, model, optimizer, learning_rate(training, seen))
        average.update_parameters(model)
        seen += training.batch
        losses.append(loss.detach())
        bar.update(training.batch)
        last = seen >= training.clips
        validates = last or seen % training.validate_clips < training.batch
        saves = last or seen - saved >= training.checkpoint_clips
        if validates or saves:
            means = distributed.mean_over_processes(torch.stack(losses))
            check_finite(means, seen, training.batch, "training.learning_rate")
        if validates:
            row = {"clips": seen, "loss": means.mean().item()}
            row |= {"seconds": time.monotonic() - started}
            if validation is not None:
                row |= validation.errors(average.module.eval(), sampler)
            curve.append(row)
            losses, started = [], time.monotonic()
            bar.set_postfix(
                {k: f"{v:.4g}" for k, v in row.items() if k not in ("clips", "seconds")}
            )
        if saves:
            saved = seen
            if first:
                state = {name: part.state_dict() for name, part in parts.items()}
                save_state(state_folder, seen, state | {"seen": seen, "curve": curve})
    bar.close()
    if not first:
        return
    about = (info or {}) | {
        "training": asdict(training),
        "sampler": asdict(sampler),
        "ridge": prepared.ridge,
        "training_recordings": len(prepared.clips.recordings),
    }
    with atomic_path(curve_path) as temporary:
        pd.DataFrame(curve).to_csv(temporary, index=False)
    save_model(average.module, model_path, about)


def _resume(parts: dict, state_folder: Path, device: str) -> tuple[int, list]:
    """Bring ``parts`` to the last checkpoint; its clips seen and curve."""
    with distributed.first_before_others():
        state = load_state(state_folder, device)
    if state is None:
        return 0, []
    for name, part in parts.items():
        part.load_state_dict(state[name])
    return state["seen"], state["curve"]
