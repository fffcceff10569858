"""Which frames the model sees at once, and which speech belongs to them."""

import numpy as np

from s2r.config.keys import block
from s2r.config.model_blocks import WindowBlock


@block
class Window(WindowBlock):
    """Which frames the model sees at once: reference frame, context frames, new frames."""

    repeats: bool = False
    """Whether the context ends with the first new frame itself (the paper's released code)."""

    @property
    def given(self) -> int:
        """Frames that are not generated."""
        return self.reference + self.context

    @property
    def frames(self) -> int:
        """All frames of the window."""
        return self.given + self.new

    def places(self, first: np.ndarray) -> np.ndarray:
        """Frame numbers (B, T) of windows whose first new frame is ``first`` (B,).

        The reference frame is frame 0; context before the recording's start is frame 0 too.
        """
        context = np.arange(-self.context, 0) + self.repeats
        after_reference = first[:, None] + np.concatenate([context, np.arange(self.new)])
        reference = np.zeros((len(first), int(self.reference)), int)
        return np.concatenate([reference, np.maximum(after_reference, 0)], axis=1)


def neighbour_indices(frames: np.ndarray, length: int | np.ndarray, radius: int) -> np.ndarray:
    """Embedding indices within ``radius`` of each of ``frames`` (...,) -> (..., 2 radius + 1).

    At the ends of a recording of ``length`` frames (a number, or an array that broadcasts
    against the result) the first and last embedding are repeated.
    """
    return np.clip(frames[..., None] + np.arange(-radius, radius + 1), 0, length - 1)
