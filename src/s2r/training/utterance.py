"""Training the utterance model: the mean, the residuals of parts left out, the denoiser."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from s2r.config.model_blocks import MeanTraining, ResidualTraining, SamplerConfig
from s2r.core.device import half_precision
from s2r.model.autoencoder import Autoencoder
from s2r.model.diffusion import coefficients, draw_sigmas
from s2r.model.dilated import DilatedNetwork, dropout_mask
from s2r.model.ema import averaged
from s2r.model.utterance_model import (
    UtteranceConfig,
    UtteranceModel,
    mean_network,
    save_utterance_model,
)
from s2r.model.utterance_sampling import mean_codes
from s2r.preparation.recordings import RecordingSet
from s2r.training import distributed
from s2r.training.codes import CodeSet, load_codes
from s2r.training.fitting import training_projection, training_recordings
from s2r.training.loop import run_training, write_curve
from s2r.training.utterance_validation import load_validation, measure_spread


class MeanLoss(nn.Module):
    """Squared error of mean codes on the batch of a step, about 1 when untrained."""

    def __init__(
        self,
        model: UtteranceModel,
        network: DilatedNetwork,
        codes: CodeSet,
        chosen: np.ndarray,
        training: MeanTraining,
        dropout: float,
    ):
        super().__init__()
        self.network = network
        self._fixed = (model, codes, chosen, training, dropout)

    def forward(self, step: int) -> Tensor:
        """The loss of this process's share; everything random depends on (seed, step) alone."""
        model, codes, chosen, training, dropout = self._fixed
        rng, generator = _random(training.seed, step, codes.codes.device)
        count, share = training.batch, distributed.share(training.batch)
        recording, frames = codes.draw(chosen, count, training.segment, rng)
        moved = _other_references(codes, recording, training.random_references, rng)[share]
        noise = torch.from_numpy(rng.standard_normal((count, codes.codes.shape[1]))).to(moved)
        kept = self.network.dropout_masks(count, training.segment, dropout, generator)[:, share]
        heard = dropout_mask(
            (count, training.segment, codes.speech.shape[1]), training.speech_dropout, generator
        )[share]
        recording, frames = recording[share], frames[share]
        truth = codes.codes[frames] - moved[:, None]
        speaker = codes.speakers[recording] + moved
        speaker = speaker + training.speaker_noise * model.speaker_scale * noise[share]
        with half_precision(truth.device):
            predicted = model.predict(self.network, codes.speech[frames] * heard, speaker, kept)
        return ((predicted.float() - truth) / model.code_scale).square().mean()


def _other_references(
    codes: CodeSet, recording: np.ndarray, share: float, rng: np.random.Generator
) -> Tensor:
    """What to take from the codes of segments (B, K) so that another frame is their reference.

    Codes are linear: those of a frame relative to any other frame are their difference. Zero for
    segments that keep the resting frame.
    """
    frame = codes.first[recording] + rng.integers(0, codes.lengths[recording])
    moves = torch.from_numpy(rng.random(len(recording)) < share).to(codes.codes.device)
    return codes.codes[torch.from_numpy(frame).to(codes.codes.device)] * moves[:, None]


class ResidualLoss(nn.Module):
    """Denoising loss (EDM, eq. 8) on the batch of a step."""

    def __init__(
        self, model: UtteranceModel, codes: CodeSet, means: Tensor, training: ResidualTraining
    ):
        """``means`` (N, K): of networks that have not seen the recording."""
        super().__init__()
        self.network = model.denoiser
        data = model.residual.to_data(codes.codes - means)
        # directions that move more pixels count more
        weights = model.residual.deviations.square()
        self._fixed = (model, codes, means, data, weights / weights.mean(), training)

    def forward(self, step: int) -> Tensor:
        """The loss of this process's share; everything random depends on (seed, step) alone."""
        model, codes, means, data, weights, training = self._fixed
        device = data.device
        rng, generator = _random(training.seed, step, device)
        count, share = training.batch, distributed.share(training.batch)
        everyone = np.arange(len(codes.recordings))
        recording, frames = codes.draw(everyone, count, training.segment, rng)
        drawing = torch.Generator().manual_seed(int(rng.integers(2**62)))
        sigma = draw_sigmas(count, training.sigma_mean, training.sigma_spread, drawing)
        keep = torch.rand(count, generator=drawing) >= training.speech_dropout
        length = training.segment + 2 * (model.residual.filters.shape[1] // 2)
        white = torch.randn((count, length, data.shape[1]), generator=generator, device=device)
        recording, frames = recording[share], frames[share]
        sigma, keep = sigma[share].to(device), keep[share].float().to(device)
        clean = data[frames]
        noisy = clean + sigma[:, None, None] * model.residual.colour(white[share])
        with half_precision(device):
            denoised = model.denoise(
                self.network,
                noisy,
                sigma,
                means[frames],
                codes.speech[frames],
                codes.speakers[recording],
                keep,
            )
        weight = coefficients(sigma)[1][:, None, None] ** -2
        return (weight * weights * (denoised.float() - clean).square()).mean()


def _random(
    seed: int, step: int, device: torch.device
) -> tuple[np.random.Generator, torch.Generator]:
    """Random numbers of a step: of the CPU, and of the device for what is large."""
    rng = np.random.default_rng([seed, step])
    return rng, torch.Generator(device).manual_seed(int(rng.integers(2**62)))


def train_utterance(
    config: UtteranceConfig,
    mean: MeanTraining,
    residual: ResidualTraining,
    sampler: SamplerConfig,
    autoencoder: Autoencoder,
    recordings: RecordingSet,
    state_folder: Path,
    model_path: Path,
    curve_path: Path,
    device: str = "cpu",
    info: Mapping | None = None,
) -> None:
    """Train a model, or continue an interrupted training.

    In a process group (`s2r.training.distributed`) every process calls this and sees its share of
    each batch; the gradient is that of the whole batch. The first one validates and writes.

    Args:
        config, mean, residual: the model, and how its two parts are trained.
        sampler: how validation draws.
        autoencoder: of the corpus; it becomes a part of the model.
        recordings: opened with their embeddings and their split.
        state_folder: where checkpoints lie; belongs to exactly these settings and data.
        model_path: gets the averaged weights, when training is complete.
        curve_path: gets a row at every validation, as CSV.
        info: kept in the model file.

    Raises:
        UserError: nothing to train on, the loss is no longer finite, or the disk is full.
    """
    names = training_recordings(recordings)
    projection = training_projection(recordings, names, mean.speech_dimensions)
    torch.manual_seed(mean.seed)
    model = UtteranceModel(config, autoencoder, *projection.basis.shape).to(device)
    model.speech_mean.copy_(torch.from_numpy(projection.mean))
    model.speech_basis.copy_(torch.from_numpy(projection.basis))
    codes = load_codes(model, recordings, names)
    model.code_scale.copy_(codes.codes.std())
    model.speaker_scale.copy_(codes.speakers.std())
    validation = load_validation(model, recordings, sampler)
    shared = {"device": device, "label": f"train {model_path.parent.name}"}

    def fit_mean(
        network: DilatedNetwork,
        chosen: np.ndarray,
        schedule: MeanTraining,
        part: str,
        validate: Callable[[nn.Module], dict[str, float]] | None = None,
    ):
        loss = MeanLoss(model, network, codes, chosen, schedule, config.mean.dropout)
        return _fit(loss, network, schedule, state_folder / part, validate, "mean", **shared)

    everyone = np.arange(len(names))
    validate = validation and (lambda trained: validation.of_mean(model, trained))
    model.mean, curve = fit_mean(model.mean, everyone, mean, "mean", validate)
    means = torch.zeros_like(codes.codes)
    fold = _folds(recordings, names, mean.folds)
    for number in range(int(fold.max()) + 1):
        others = everyone[fold != number] if fold.any() else everyone
        network = mean_network(config, projection.basis.shape[1]).to(device)
        schedule = replace(mean, clips=max(mean.batch, int(mean.clips * mean.fold_share)))
        network, _ = fit_mean(network, others, schedule, f"fold{number}")
        _predict_left_out(model, network, codes, everyone[fold == number], means)
    model.residual.cpu().fit([(codes.codes - means)[codes.part(r)].cpu() for r in everyone])
    model.residual.to(device)
    loss = ResidualLoss(model, codes, means, residual)
    validate = validation and (lambda trained: validation.of_draws(model, trained))
    model.denoiser, rows = _fit(
        loss, model.denoiser, residual, state_folder / "residual", validate, "residual", **shared
    )
    if not distributed.is_first():
        return
    if validation:
        model.spread.fill_(measure_spread(model, sampler, validation.codes))
    seen = curve[-1]["clips"]
    write_curve(curve + [row | {"clips": row["clips"] + seen} for row in rows], curve_path)
    settings = {"mean": asdict(mean), "residual": asdict(residual), "sampler": asdict(sampler)}
    settings |= {"training_recordings": len(names)}
    save_utterance_model(model.eval(), model_path, dict(info or {}) | settings)


def _fit(
    loss: nn.Module,
    network: DilatedNetwork,
    schedule: MeanTraining | ResidualTraining,
    state_folder: Path,
    validate: Callable[[nn.Module], dict[str, float]] | None,
    block: str,
    device: str,
    label: str,
) -> tuple[DilatedNetwork, list[dict[str, float]]]:
    """The average of ``network`` over its training, and the training curve."""
    average = averaged(network, schedule.ema_length)
    optimizer = torch.optim.AdamW(
        network.parameters(),
        lr=schedule.learning_rate,
        betas=(0.9, 0.99),
        weight_decay=schedule.weight_decay,
    )
    batch_loss = loss
    if distributed.processes() > 1:
        batch_loss = DistributedDataParallel(loss, broadcast_buffers=False)
    curve = run_training(
        batch_loss,
        network,
        optimizer,
        schedule,
        state_folder,
        validate=validate,
        average=average,
        device=device,
        label=f"{label} ({state_folder.name})",
        rate_key=f"{block}.learning_rate",
    )
    return average.module, curve


def _folds(recordings: RecordingSet, names: list[str], folds: int) -> np.ndarray:
    """(R,) the fold of each recording: by stimulus, by recording where there are too few of them.

    All 0 where there is one recording only.
    """
    stimuli = recordings.split.set_index("recording")["stimulus"].loc[names]
    groups = stimuli if stimuli.nunique() >= folds else stimuli.index
    return groups.factorize()[0] % folds


@torch.inference_mode()
def _predict_left_out(
    model: UtteranceModel,
    network: DilatedNetwork,
    codes: CodeSet,
    left_out: np.ndarray,
    means: Tensor,
) -> None:
    """Fill the rows of ``means`` (N, K) of the recordings ``left_out``."""
    for recording in left_out:
        part = codes.part(recording)
        speaker = codes.speakers[recording : recording + 1]
        means[part] = mean_codes(model, codes.speech[part][None], speaker, network)[0]
