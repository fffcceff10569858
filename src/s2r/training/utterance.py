"""Training the utterance model: the mean, the residuals of parts left out, the denoiser."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from s2r.config.model_blocks import MeanTraining, ResidualTraining
from s2r.core.errors import UserError
from s2r.model.autoencoder import Autoencoder
from s2r.model.dilated import DilatedNetwork
from s2r.model.ema import averaged
from s2r.model.utterance_model import (
    UtteranceConfig,
    UtteranceModel,
    mean_network,
    save_utterance_model,
)
from s2r.model.utterance_sampling import expected_codes
from s2r.preparation.recordings import RecordingSet
from s2r.training import distributed
from s2r.training.codes import CodeSet, load_codes
from s2r.training.fitting import training_projection, training_recordings
from s2r.training.loop import adamw, run_training, write_curve
from s2r.training.reference_posture import reference_posture
from s2r.training.utterance_loss import MeanLoss, ResidualLoss
from s2r.training.utterance_spread import measure_spread
from s2r.training.utterance_validation import load_validation


def train_utterance(
    config: UtteranceConfig,
    mean: MeanTraining,
    residual: ResidualTraining,
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
    model, codes = untrained(config, autoencoder, recordings, names, mean, device)
    validation = load_validation(model, recordings)
    shared = {"device": device, "label": f"train {model_path.parent.name}"}

    def fit_mean(
        network: DilatedNetwork,
        chosen: np.ndarray,
        schedule: MeanTraining,
        part: str,
        validate: Callable[[nn.Module], dict[str, float]] | None = None,
    ):
        loss = MeanLoss(model, network, codes, chosen, schedule, config.mean.dropout)
        return fit_network(loss, network, schedule, state_folder / part, validate, "mean", **shared)

    everyone = np.arange(len(codes.recordings))
    validate = validation and (lambda trained: validation.of_mean(model, trained))
    model.mean, curve = fit_mean(model.mean, everyone, mean, "mean", validate)
    means, uncertainties = torch.zeros_like(codes.codes), codes.codes.new_zeros(len(codes.codes))
    fold = _folds(recordings, codes.recordings, mean.folds)
    for number in range(int(fold.max()) + 1):
        others = everyone[fold != number] if fold.any() else everyone
        network = mean_network(config, codes.speech.shape[1]).to(device)
        schedule = replace(mean, clips=max(mean.batch, int(mean.clips * mean.fold_share)))
        network, _ = fit_mean(network, others, schedule, f"fold{number}")
        _predict_left_out(model, network, codes, everyone[fold == number], means, uncertainties)
    left = codes.codes - means
    unchanged = everyone[: len(names)]  # of changed copies the mean leaves more
    parts = [codes.part(recording) for recording in unchanged]
    model.residual.cpu().fit(*([of[part].cpu() for part in parts] for of in (left, uncertainties)))
    model.residual.to(device)
    loss = ResidualLoss(model, codes, means, uncertainties, unchanged, residual)
    validate = validation and validation.of_draws(model)
    model.denoiser, rows = fit_network(
        loss, model.denoiser, residual, state_folder / "residual", validate, "residual", **shared
    )
    if not distributed.is_first():
        return
    if validation:
        spread = measure_spread(model, validation)
    else:  # movements of the training set, with the means of networks that have not seen them
        seen = load_validation(model, recordings, "train")
        parts = [codes.part(names.index(name)) for name in seen.codes.recordings]
        spread = measure_spread(model, seen, [(means[part], uncertainties[part]) for part in parts])
    model.spread.fill_(spread)
    before = curve[-1]["clips"]
    write_curve(curve + [row | {"clips": row["clips"] + before} for row in rows], curve_path)
    settings = {"mean": asdict(mean), "residual": asdict(residual)}
    settings |= {"training_recordings": len(names)}
    save_utterance_model(model.eval(), model_path, dict(info or {}) | settings)


def untrained(
    config: UtteranceConfig,
    autoencoder: Autoencoder,
    recordings: RecordingSet,
    names: list[str],
    mean: MeanTraining,
    device: str = "cpu",
) -> tuple[UtteranceModel, CodeSet]:
    """A model with random weights, and the codes and speech of the recordings ``names`` and of
    their changed copies.

    Raises UserError where their pictures never change.
    """
    projection = training_projection(recordings, names, mean.speech_dimensions, mean.sound_copies)
    torch.manual_seed(mean.seed)
    model = UtteranceModel(config, autoencoder, *projection.basis.shape).to(device)
    model.speech_mean.copy_(torch.from_numpy(projection.mean))
    model.speech_basis.copy_(torch.from_numpy(projection.basis))
    codes = load_codes(model, recordings, names, mean.sound_copies)
    if not codes.codes.any():
        raise UserError(
            "the pictures of the training recordings never change: there is no articulation to "
            "learn; add recordings to the training set."
        )
    model.code_scale.copy_(_scale(codes.codes))
    model.speaker_scale.copy_(_scale(codes.speakers))
    subjects = recordings.split.set_index("recording")["subject"].loc[names]
    posture, neutral = reference_posture(codes.speakers[: len(names)], subjects)
    model.posture.copy_(posture)
    model.neutral.copy_(neutral)
    return model, codes


def fit_network(
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
    optimizer = adamw(network, schedule)
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


def _scale(codes: Tensor) -> Tensor:
    """The standard deviation of codes; 1 where all are the same, or there is one.

    So it is for the speakers' codes of a single recording, whose reference is the template.
    """
    differ = (codes != codes.flatten()[0]).any()
    return codes.std() if differ else torch.ones((), device=codes.device)


def _folds(recordings: RecordingSet, names: list[str], folds: int) -> np.ndarray:
    """(R,) the fold of each recording: by stimulus, by recording where there are too few of them.
    All copies of a recording are in its fold.

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
    uncertainties: Tensor,
) -> None:
    """Fill the rows of ``means`` (N, K) and ``uncertainties`` (N,) of recordings ``left_out``."""
    for recording in left_out:
        part = codes.part(recording)
        speaker = codes.speakers[recording : recording + 1]
        mean, uncertainty = expected_codes(model, codes.speech[part][None], speaker, network)
        means[part], uncertainties[part] = mean[0], uncertainty[0]
