"""Training the utterance model: the mean, the residuals of parts left out, the denoiser."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from s2r.config.model_blocks import MeanTraining, ResidualTraining, SamplerConfig
from s2r.core.device import half_precision
from s2r.model.autoencoder import Autoencoder
from s2r.model.diffusion import coefficients, draw_sigmas
from s2r.model.dilated import DilatedNetwork
from s2r.model.ema import averaged
from s2r.model.utterance_model import (
    UtteranceConfig,
    UtteranceModel,
    mean_network,
    save_utterance_model,
)
from s2r.model.utterance_sampling import draw_codes, mean_codes
from s2r.preparation.recordings import RecordingSet
from s2r.training import distributed
from s2r.training.codes import CodeSet, load_codes
from s2r.training.fitting import training_projection, training_recordings
from s2r.training.loop import run_training, write_curve

VALIDATION_RECORDINGS = 16
"""Most recordings that validation predicts."""


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
        recording, frames = recording[share], frames[share]
        truth = codes.codes[frames] - moved[:, None]
        speaker = codes.speakers[recording] + moved
        speaker = speaker + training.speaker_noise * model.speaker_scale * noise[share]
        with half_precision(truth.device):
            predicted = model.predict(self.network, codes.speech[frames], speaker, kept)
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


@dataclass(frozen=True)
class Validation:
    """Whole recordings of the validation set, and those whose speech is the wrong one for them."""

    codes: CodeSet
    sampler: SamplerConfig
    pixels: int

    @torch.inference_mode()
    def of_mean(self, model: UtteranceModel, network: DilatedNetwork) -> dict[str, float]:
        """Squared error of mean codes, per pixel of the template."""

        def predicted(speech: Tensor, speaker: Tensor, number: int) -> Tensor:
            return mean_codes(model, speech, speaker, network)

        return {"validation_error": self._error(predicted)}

    @torch.inference_mode()
    def of_draws(self, model: UtteranceModel, denoiser: DilatedNetwork) -> dict[str, float]:
        """The same of one draw a recording, with its own speech and with another recording's."""

        def drawn(speech: Tensor, speaker: Tensor, number: int) -> Tensor:
            mean = mean_codes(model, speech, speaker)
            return draw_codes(model, speech, speaker, mean, self.sampler, number, denoiser=denoiser)

        return {
            "draw_error": self._error(drawn),
            "wrong_speech_error": self._error(drawn, wrong=True),
        }

    def _error(self, predict: Callable, wrong: bool = False) -> float:
        codes, total = self.codes, 0.0
        for number in range(len(codes.recordings)):
            part = codes.part(number)
            speech = codes.speech[part]
            if wrong:
                other = codes.speech[codes.part((number + 1) % len(codes.recordings))]
                speech = other[torch.arange(len(speech)) % len(other)]
            predicted = predict(speech[None], codes.speakers[number : number + 1], number)[0]
            total += (predicted - codes.codes[part]).square().sum().item()
        return total / len(codes.codes) / self.pixels


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
    validation = _validation(model, recordings, sampler)
    shared = {"device": device, "label": f"train {model_path.parent.name}"}

    def fit_mean(network: DilatedNetwork, chosen: np.ndarray, schedule: MeanTraining, part: str):
        loss = MeanLoss(model, network, codes, chosen, schedule, config.mean.dropout)
        validate = validation and (lambda trained: validation.of_mean(model, trained))
        return _fit(loss, network, schedule, state_folder / part, validate, "mean", **shared)

    everyone = np.arange(len(names))
    model.mean, curve = fit_mean(model.mean, everyone, mean, "mean")
    means = torch.zeros_like(codes.codes)
    fold = _folds(recordings, names, mean.folds)
    for number in range(int(fold.max()) + 1):
        others = everyone[fold != number] if fold.any() else everyone
        network = mean_network(config, projection.basis.shape[1]).to(device)
        schedule = replace(mean, clips=max(mean.batch, int(mean.clips * mean.fold_share)))
        network, _ = fit_mean(network, others, schedule, f"fold{number}")
        _predict_left_out(model, network, codes, everyone[fold == number], means)
    left = codes.codes - means
    model.residual.cpu().fit([left[codes.part(recording)].cpu() for recording in everyone])
    model.residual.to(device)
    if validation:
        model.spread.copy_(_spread(model, left, validation.codes))

    loss = ResidualLoss(model, codes, means, residual)
    validate = validation and (lambda trained: validation.of_draws(model, trained))
    model.denoiser, rows = _fit(
        loss, model.denoiser, residual, state_folder / "residual", validate, "residual", **shared
    )
    if not distributed.is_first():
        return
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


@torch.inference_mode()
def _spread(model: UtteranceModel, left_out: Tensor, validation: CodeSet) -> float:
    """Deviation of what the mean leaves of validation recordings, relative to ``left_out`` (N, K).

    Networks trained on a part of the data leave more than the one trained on all.
    """
    means = torch.zeros_like(validation.codes)
    everyone = np.arange(len(validation.recordings))
    _predict_left_out(model, model.mean, validation, everyone, means)
    ratio = (validation.codes - means).square().mean() / left_out.square().mean()
    return float(ratio.sqrt().clamp(0.5, 1.0))


def _validation(
    model: UtteranceModel, recordings: RecordingSet, sampler: SamplerConfig
) -> Validation | None:
    names = recordings.members("validation", VALIDATION_RECORDINGS)
    if not names:
        return None
    return Validation(load_codes(model, recordings, names), sampler, model.autoencoder.size**2)
