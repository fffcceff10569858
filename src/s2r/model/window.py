"""Which frames the model sees at once, and which speech belongs to them."""

import numpy as np

from s2r.config.keys import block
from s2r.config.window_blocks import WindowBlock


@block
class Window(WindowBlock):
    """Which frames the model sees at once: context frames, then new frames."""

    repeats: bool = False
    """Whether the context ends with the first new frame itself (the paper's released code)."""

    @property
    def frames(self) -> int:
        """All frames of the window."""
        return self.context + self.new

    def places(self, first: np.ndarray) -> np.ndarray:
        """Frame numbers (B, T) of windows whose first new frame is ``first`` (B,).

        Context before the recording's start is frame 0.
        """
        context = np.arange(-self.context, 0) + self.repeats
        return np.maximum(first[:, None] + np.concatenate([context, np.arange(self.new)]), 0)


def neighbour_indices(frames: np.ndarray, length: int | np.ndarray, radius: int) -> np.ndarray:
    """Embedding indices within ``radius`` of each of ``frames`` (...,) -> (..., 2 radius + 1).

    At the ends of a recording of ``length`` frames (a number, or an array that broadcasts
    against the result) the first and last embedding are repeated.
    """
    return np.clip(frames[..., None] + np.arange(-radius, radius + 1), 0, length - 1)
