"""The speech that a model is given for a frame: projected embeddings."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from s2r.core.errors import UserError


@dataclass(frozen=True)
class SpeechProjection:
    """Standardise embeddings and keep their principal directions.

    Wide embeddings over-fit little speech; the projection is fitted on training embeddings
    alone and travels with the model.
    """

    mean: np.ndarray
    """(D,) float32."""
    basis: np.ndarray
    """(D, P) float32; ``(embedding - mean) @ basis`` has about unit variance."""

    def __call__(self, embeddings: np.ndarray) -> np.ndarray:
        """(T, D) embeddings of any float type -> (T, P) float32."""
        return (embeddings.astype(np.float32) - self.mean) @ self.basis


class SpeechInput(nn.Module):
    """What all models have in common: their speech projection, among their weights."""

    def __init__(self, mean: Tensor, basis: Tensor):
        """``mean`` (D,) and ``basis`` (D, P), see `SpeechProjection`."""
        super().__init__()
        self.register_buffer("speech_mean", mean)
        self.register_buffer("speech_basis", basis)

    def project(self, embeddings: np.ndarray) -> np.ndarray:
        """(T, D) embeddings -> (T, P) float32."""
        projection = SpeechProjection(
            self.speech_mean.cpu().numpy(), self.speech_basis.cpu().numpy()
        )
        return projection(embeddings)


def fit_projection(embeddings: np.ndarray, dimensions: int) -> SpeechProjection:
    """Fit a projection to at most ``dimensions`` directions on embeddings (N, D).

    Every embedding dimension is scaled to unit variance first (encoders have a few dimensions
    with variances hundreds of times the others'). The leading directions are scaled by the
    overall, not their own, standard deviation: directions of little variance stay small. Raises
    UserError for fewer than two embeddings.
    """
    if len(embeddings) < 2:
        raise UserError(
            f"the training recordings have {len(embeddings)} frames with speech, and 2 are the "
            "least that can be trained on: add recordings to the training set."
        )
    values = embeddings.astype(np.float32)
    mean, scale = values.mean(0), values.std(0) + 1e-4
    covariance = np.atleast_2d(np.cov(((values - mean) / scale).T))
    variances, directions = np.linalg.eigh(covariance)
    leading = np.argsort(variances)[::-1][: min(dimensions, len(variances))]
    overall_scale = np.sqrt(variances[leading].mean()) or 1.0  # speech that never changes
    basis = directions[:, leading] / scale[:, None] / overall_scale
    return SpeechProjection(mean.astype(np.float32), basis.astype(np.float32))
