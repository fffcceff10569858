"""Aligned windows of frames and speech, cut from one flat store."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from s2r.errors import UserError
from s2r.store import Shards
from s2r.window import Window, heard_indices

MEMORY_LIMIT = 4 * 2**30
"""Bytes of an array that is held in memory; 4 GiB are five and a half hours of 64 x 64 frames."""


@dataclass(frozen=True)
class ClipStore:
    """Recordings laid end to end; a window never straddles two of them."""

    recordings: list[str]
    frames: np.ndarray
    """(N, H, W) uint8, in memory or memory-mapped."""
    speech: np.ndarray
    """(N, P) float32 projected embeddings."""
    first: np.ndarray
    """(R,) index of each recording's first frame."""
    lengths: np.ndarray
    """(R,) frames of each recording."""

    def window(
        self, recording: np.ndarray, start: np.ndarray, window: Window, radius: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Windows whose first new frame is frame ``start`` (B,) of ``recording`` (B,).

        Returns:
            frames (B, T, H, W) uint8, and speech (B, T, 2 radius + 1, P) float32.
        """
        places = window.places(start)
        base = self.first[recording]
        frames = self.frames[base[:, None] + places]
        heard = heard_indices(places, self.lengths[recording][:, None, None], radius)
        return frames, self.speech[base[:, None, None] + heard]

    def draw(
        self, count: int, window: Window, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """``count`` random windows, every possible one equally likely: recording, start."""
        possible = np.maximum(self.lengths - window.new + 1, 0)
        if not possible.any():
            raise UserError(
                f"no training recording has the {window.new} frames of a window; "
                "lower window.new or add longer recordings"
            )
        ends = np.cumsum(possible)
        places = rng.integers(0, ends[-1], count)
        recording = np.searchsorted(ends, places, side="right")
        return recording, places - (ends - possible)[recording]


def load_clips(
    frames: Shards,
    embeddings: Shards,
    recordings: Sequence[str],
    project: Callable[[np.ndarray], np.ndarray],
    folder: Path,
) -> ClipStore:
    """Read recordings into one store.

    Args:
        frames, embeddings: shards; both must hold every one of ``recordings``.
        recordings: ids, in the order of the store.
        project: embeddings (T, D) -> (T, P) float32.
        folder: where arrays of more than ``MEMORY_LIMIT`` bytes lie as memory-mapped files.
    """
    lengths = np.array([frames.length(one) for one in recordings])
    first = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(int)
    size = frames.read(recordings[0], "frames", 0, 1).shape[1:]
    width = project(embeddings.read(recordings[0], "embeddings", 0, 1)).shape[1]

    def allocate(name: str, shape: tuple[int, ...], dtype: type) -> np.ndarray:
        if np.prod(shape) * np.dtype(dtype).itemsize <= MEMORY_LIMIT:
            return np.empty(shape, dtype)
        folder.mkdir(parents=True, exist_ok=True)
        return np.lib.format.open_memmap(folder / name, "w+", dtype, shape)

    all_frames = allocate("frames.npy", (int(lengths.sum()), *size), np.uint8)
    speech = allocate("speech.npy", (int(lengths.sum()), width), np.float32)
    for one, start, length in zip(recordings, first, lengths, strict=True):
        stop = start + length
        all_frames[start:stop] = frames.read(one, "frames", 0, length)
        speech[start:stop] = project(embeddings.read(one, "embeddings", 0, length))
    return ClipStore(list(recordings), all_frames, speech, first, lengths)
