"""What a model expects, without a random draw: fast, and the same each time."""

import numpy as np

from s2r.core.units import to_unit_range
from s2r.generation.model_folder import SpeechModel
from s2r.model.family import VideoTask
from s2r.speech.level import levelled
from s2r.speech.silence import blend, rest_weights


def expected_frames(
    model: SpeechModel,
    samples: np.ndarray,
    reference: np.ndarray,
    first: int = 0,
    count: int | None = None,
) -> np.ndarray:
    """The frames ``first`` to ``first + count`` (T, H, W) uint8 of a sound (N,) at 16 kHz.

    They are the mean that the model draws around; of a model without one, a draw. In silence the
    tract is at rest, as ``reference`` (H, W) uint8. The sound is a few seconds long.
    """
    samples = levelled(samples).astype(np.float32)
    speech = model.model.project(model.encoder.encode(samples))
    task = VideoTask(speech, to_unit_range(reference), 0, first, count)
    mean = getattr(model.model, "mean", None)
    frames = mean(task) if mean else model.model.videos([task], on_frames=lambda _: None)[0]
    weights = rest_weights(samples)[first : first + task.frames]
    if not weights.any():
        return frames
    return blend(frames, np.broadcast_to(reference, frames.shape), weights)
