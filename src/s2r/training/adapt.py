"""Adapt a trained utterance model to one speaker, of whom there is some film.

The pictures, in closed form: the components keep their meaning, since the networks know them, and
the leading principal components of what they leave of the film join them. The noise is that of the
film. The speech, where there is any: the network of the mean codes is trained on, gently and not
for long; how long is found on the last part of each film, which is then learned from too. The
denoiser stays as it is (it describes residuals, which are scaled anew); new codes are drawn as
noise of their spectrum.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor

from s2r.config.model_blocks import MeanTraining
from s2r.core.units import to_unit_range
from s2r.model.autoencoder import BATCH, Autoencoder, Speaker
from s2r.model.components import principal_components
from s2r.model.dilated import DilatedNetwork
from s2r.model.ema import averaged
from s2r.model.extension import extended, set_new_residual
from s2r.model.utterance_model import UtteranceModel
from s2r.model.utterance_sampling import expected_codes
from s2r.preparation.region import dynamic_region
from s2r.training.codes import CodeSet
from s2r.training.loop import adamw, run_training
from s2r.training.utterance_loss import MeanLoss
from s2r.training.utterance_spread import measure_spread
from s2r.training.utterance_validation import Validation

NEW_CODES = 32
"""Most codes that are added."""

MOST_CODES = 512
"""Most codes of a model (`s2r.config.model_blocks.AutoencoderBlock`)."""

FRAMES_PER_CODE = 25
"""Frames of film, at least, for each of them: components of fewer describe the film's noise."""

PICTURES = 3000
"""About how many frames of all films together give new directions, and at most the noise."""

STOP_SHARE = 0.2
"""Share at the end of every film that says when to stop training."""

STEPS = 300
"""Most steps of the training."""

CHECKS = 6
"""How often the stop is looked for."""

SCHEDULE = {
    "batch": 8,
    "learning_rate": 0.001,
    "weight_decay": 0.0,
    "speaker_noise": 0.0,
    "anatomy_change": 0.0,
    "random_references": 0.0,
}
"""What differs from the training of the model. There is one speaker, whose reference is known."""


@dataclass(frozen=True)
class Film:
    """Film of the speaker to learn from."""

    frames: np.ndarray
    """(T, H, W) uint8 at 50 Hz."""
    reference: np.ndarray
    """(H, W) uint8, the speaker at rest."""
    embeddings: np.ndarray | None = None
    """(T, D); None of a silent film."""


@dataclass(frozen=True)
class Adapted:
    """An adapted model, and how it came about."""

    model: UtteranceModel
    new_codes: int
    steps: int | None
    """Steps of training; None without sound."""


def adapt(
    model: UtteranceModel,
    films: Sequence[Film],
    training: MeanTraining,
    steps: int | None = None,
) -> Adapted:
    """Adapt ``model``, which stays as it is, to the speaker of ``films``.

    Args:
        training: how the model was trained; what `SCHEDULE` holds is replaced.
        steps: of the training; None finds the number, 0 changes the pictures only.
    """
    device = model.code_scale.device
    references = to_unit_range(np.stack([film.reference for film in films]))
    references = torch.from_numpy(references)[:, None].to(device)
    speakers = model.autoencoder.speakers(references)
    old = model.config.autoencoder.codes
    model = extended(model, _new_directions(model.autoencoder, films, speakers)).eval()
    _fit_noise(model.autoencoder, films, speakers)
    speakers = model.autoencoder.speakers(references)  # with codes in the new directions too
    codes = [
        _encoded(model.autoencoder, film.frames, speakers[k : k + 1])
        for k, film in enumerate(films)
    ]
    new_codes = model.config.autoencoder.codes - old
    spoken = [k for k, film in enumerate(films) if film.embeddings is not None]
    if not spoken:
        sizes = [part.new_ones(len(part), 1) for part in codes]  # as residuals are on average
        set_new_residual(model, [part[:, old:] for part in codes], sizes)
        return Adapted(model, new_codes, None)

    def part(start: float, stop: float) -> Validation:
        cuts = [[round(share * len(codes[k])) for share in (start, stop)] for k in spoken]
        return _part(model, films, codes, speakers, spoken, cuts)

    fit, last = part(0, 1 - STOP_SHARE), part(1 - STOP_SHARE, 1)
    schedule = replace(training, **SCHEDULE)
    limit = STEPS if steps is None else steps
    network, best = _fine_tuned(model, fit, schedule, limit, last if steps is None else None)
    left, expected = [], []
    for k, rows in enumerate(map(last.codes.part, range(len(spoken)))):
        speech, speaker = last.codes.speech[rows][None], last.speakers.code[k : k + 1]
        mean, uncertainty = expected_codes(model, speech, speaker, network)
        expected.append((mean[0], uncertainty[0]))
        left.append(last.codes.codes[rows] - mean[0])
    sizes = [model.residual.size(uncertainty) for _, uncertainty in expected]
    set_new_residual(model, [residual[:, old:] for residual in left], sizes)
    model.spread.fill_(measure_spread(model, last, expected))
    model.mean, _ = _fine_tuned(model, part(0, 1), schedule, best, None)
    return Adapted(model.eval(), new_codes, best)


def _new_directions(autoencoder: Autoencoder, films: Sequence[Film], speakers: Speaker) -> Tensor:
    """Principal components (E, H * W) of what the codes leave of the films, orthonormal."""
    total = sum(len(film.frames) for film in films)
    room = MOST_CODES - len(autoencoder.components)
    count = min(NEW_CODES, total // FRAMES_PER_CODE, room)
    if not count:
        return autoencoder.components[:0]
    stride = total // PICTURES + 1
    left = torch.cat(
        [
            _left(autoencoder, film.frames[::stride], speakers[k : k + 1])
            for k, film in enumerate(films)
        ]
    )
    found = torch.from_numpy(principal_components(left.cpu().numpy(), count))
    found = found.to(autoencoder.components.device)
    # rounding leaves a little of the old directions
    found = found - found @ autoencoder.components.T @ autoencoder.components
    return torch.linalg.qr(found.T)[0].T.contiguous()


def _fit_noise(autoencoder: Autoencoder, films: Sequence[Film], speakers: Speaker) -> None:
    """Level and correlation of the noise in the films, in place.

    Of a film unlike those of the training, codes leave much slow movement, and all places of it
    move. So noise is no stronger than changes between frames allow: those of noise of variance v
    and correlation c have the variance 2 (1 - c) v.
    """
    most_frames = PICTURES // len(films)  # in a row: noise is measured over time
    shown = [speakers[k : k + 1] for k in range(len(films))]
    residuals, changes = [], []
    for film, speaker in zip(films, shown, strict=True):
        video = _video(film.frames[:most_frames], autoencoder.template.device)
        left = video - autoencoder.decode(autoencoder.encode(video, speaker), speaker)
        residuals.append(left)
        changes.append(autoencoder.to_template(left.diff(dim=0).square(), speaker))
    noise = autoencoder.fit_noise(residuals, shown)
    most = torch.cat(changes).mean(0).clamp_min(0) / (2 * (1 - noise.steadiness))
    autoencoder.set_noise(replace(noise, level=torch.minimum(noise.level, most[None].sqrt())))


def _left(autoencoder: Autoencoder, frames: np.ndarray, speaker: Speaker) -> Tensor:
    """What the codes leave of the changes of frames, at the template's places: (T, H * W)."""
    changes = autoencoder.changes(_video(frames, autoencoder.template.device), speaker)
    return changes - changes @ autoencoder.components.T @ autoencoder.components


def _encoded(autoencoder: Autoencoder, frames: np.ndarray, speaker: Speaker) -> Tensor:
    """Codes (T, K) of frames (T, H, W), a part at a time."""
    device = autoencoder.template.device
    parts = (frames[first : first + BATCH] for first in range(0, len(frames), BATCH))
    return torch.cat([autoencoder.encode(_video(part, device), speaker) for part in parts])


def _part(
    model: UtteranceModel,
    films: Sequence[Film],
    codes: Sequence[Tensor],
    speakers: Speaker,
    chosen: Sequence[int],
    cuts: Sequence[Sequence[int]],
) -> Validation:
    """The frames between two ``cuts`` of each of the ``chosen`` films, as recordings."""
    device = model.code_scale.device
    speech, described, videos = [], [], []
    for k, (start, stop) in zip(chosen, cuts, strict=True):
        described.append(codes[k][start:stop])
        speech.append(torch.from_numpy(model.project(films[k].embeddings[start:stop])).to(device))
        videos.append(films[k].frames[start:stop])
    lengths = np.array([len(video) for video in videos])
    first = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(int)
    names = [str(k) for k in chosen]
    who = Speaker(
        speakers.reference[chosen], speakers.registration[list(chosen)], speakers.code[chosen]
    )
    data = CodeSet(names, torch.cat(described), torch.cat(speech), who.code, first, lengths)
    region = dynamic_region(films[k].frames for k in chosen)
    return Validation(data, who, videos, torch.from_numpy(region).to(device))


def _fine_tuned(
    model: UtteranceModel,
    data: Validation,
    training: MeanTraining,
    steps: int,
    stop: Validation | None,
) -> tuple[DilatedNetwork, int]:
    """The network of the mean, trained on for ``steps``, and the number of these steps.

    With ``stop`` those weights that predict it best, perhaps the first ones.
    """
    if not steps:
        return model.mean, 0
    network = deepcopy(model.mean).train()
    average = averaged(network, training.ema_length)
    every = max(1, steps // CHECKS)
    clips = steps * training.batch
    schedule = replace(
        training,
        clips=clips,
        warmup_clips=min(clips // 10, 20 * training.batch),
        validate_clips=every * training.batch,
    )
    everyone = np.arange(len(data.videos))
    loss = MeanLoss(model, network, data.codes, everyone, schedule, model.config.mean.dropout)
    optimizer = adamw(network, schedule)
    errors, kept = [], []

    def validate(trained: DilatedNetwork) -> dict[str, float]:
        measured = stop.of_mean(model, trained)
        errors.append(measured["validation_error"])
        kept.append(deepcopy(trained))
        return measured

    with TemporaryDirectory() as folder:
        run_training(
            loss,
            network,
            optimizer,
            schedule,
            Path(folder),
            validate=validate if stop else None,
            average=average,
            device=str(model.code_scale.device),
            label="adapt",
        )
    if stop is None:
        return average.module.eval(), steps
    before = stop.of_mean(model, model.mean)["validation_error"]
    best = int(np.argmin(errors))
    if errors[best] >= before:
        return model.mean, 0
    return kept[best].eval(), min(steps, (best + 1) * every)


def _video(frames: np.ndarray, device: torch.device) -> Tensor:
    return torch.from_numpy(to_unit_range(frames))[:, None].to(device)
