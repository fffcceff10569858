"""The losses of the utterance model: of mean codes, and of what they leave."""

import numpy as np
import torch
from torch import Tensor, nn

from s2r.config.model_blocks import MeanTraining, ResidualTraining
from s2r.core.device import half_precision
from s2r.model.diffusion import coefficients, draw_sigmas
from s2r.model.dilated import DilatedNetwork, dropout_mask
from s2r.model.utterance_model import UtteranceModel
from s2r.training import distributed
from s2r.training.changed_anatomies import changed_anatomies
from s2r.training.codes import CodeSet


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
        self._anatomies = None
        if training.anatomy_change:
            self._anatomies = changed_anatomies(
                model.autoencoder, training.anatomy_change, training.seed
            )

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
        if self._anatomies is not None:
            anatomies = self._anatomies.draw(count, rng)[share]
            truth, speaker = anatomies.of_codes(truth), anatomies.of_speakers(speaker)
        speaker = speaker + training.speaker_noise * model.speaker_scale * noise[share]
        with half_precision(truth.device):
            predicted = model.predict(self.network, codes.speech[frames] * heard, speaker, kept)
        return self.error((predicted.float() - truth) / model.code_scale)

    def error(self, difference: Tensor) -> Tensor:
        """The loss of differences (B, T, K) of codes: all pixels of the template count alike."""
        return difference.square().mean()


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
        self,
        model: UtteranceModel,
        codes: CodeSet,
        means: Tensor,
        uncertainties: Tensor,
        chosen: np.ndarray,
        training: ResidualTraining,
    ):
        """``means`` (N, K) and their ``uncertainties`` (N,): of networks that have not seen the
        recording; ``chosen``: the numbers of the recordings to learn from."""
        super().__init__()
        self.network = model.denoiser
        data = model.residual.to_data(codes.codes - means, uncertainties)
        # directions that move more pixels count more
        weights = model.residual.deviations.square()
        weights = weights / weights.mean()
        self._fixed = (model, codes, means, data, weights, chosen, training)

    def forward(self, step: int) -> Tensor:
        """The loss of this process's share; everything random depends on (seed, step) alone."""
        model, codes, means, data, weights, chosen, training = self._fixed
        device = data.device
        rng, generator = _random(training.seed, step, device)
        count, share = training.batch, distributed.share(training.batch)
        recording, frames = codes.draw(chosen, count, training.segment, rng)
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
