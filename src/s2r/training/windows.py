"""Aligned windows of frames and speech, cut from one flat store."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from s2r.core.errors import UserError
from s2r.core.files import full_disk_named
from s2r.core.shards import Shards
from s2r.model.window import Window, neighbour_indices
from s2r.training import distributed

MEMORY_LIMIT = 4 * 2**30
"""Bytes of an array that is held in memory; 4 GiB are five and a half hours of 64 x 64 frames."""


@dataclass(frozen=True)
class WindowDataset:
    """Recordings one after another; a window never spans two of them."""

    recordings: list[str]
    frames: np.ndarray | torch.Tensor
    """(N, H, W) uint8, in memory, memory-mapped or on a GPU."""
    speech: np.ndarray | torch.Tensor
    """(N, P) float32 projected embeddings, in memory, memory-mapped or on a GPU."""
    first: np.ndarray
    """(R,) index of each recording's first frame."""
    lengths: np.ndarray
    """(R,) frames of each recording."""

    def window(
        self, recording: np.ndarray, start: np.ndarray, window: Window, radius: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Windows whose first new frame is frame ``start`` (B,) of ``recording`` (B,).

        Returns:
            frames (B, T, H, W) uint8, and speech (B, T, 2 radius + 1, P) float32, where the
            store is.
        """
        places = window.places(start)
        base = self.first[recording]
        frames = rows(self.frames, base[:, None] + places)
        neighbours = neighbour_indices(places, self.lengths[recording][:, None, None], radius)
        return frames, rows(self.speech, base[:, None, None] + neighbours)

    def on_device(self, device: str) -> "WindowDataset":
        """The store on a GPU where it fills at most half of the memory that is free there."""
        if device != "cuda":
            return self
        if self.frames.nbytes + self.speech.nbytes > torch.cuda.mem_get_info()[0] // 2:
            return self
        frames, speech = (
            torch.from_numpy(array).to(device) for array in (self.frames, self.speech)
        )
        return replace(self, frames=frames, speech=speech)

    def draw(
        self, first: int, count: int, window: Window, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """``count`` windows from number ``first`` of an endless series: recording, start.

        Every possible window comes once in an epoch, in an order drawn from (seed, epoch).
        Raises UserError where no recording has the frames of a window.
        """
        possible = np.maximum(self.lengths - window.new + 1, 0)
        if not possible.any():
            raise UserError(
                f"no training recording has the {window.new} frames of a window; "
                "lower window.new or add longer recordings"
            )
        ends = np.cumsum(possible)
        epochs, numbers = np.divmod(np.arange(first, first + count), ends[-1])
        orders = {epoch: epoch_order(seed, epoch, int(ends[-1])) for epoch in set(epochs.tolist())}
        places = np.array(
            [orders[epoch][number] for epoch, number in zip(epochs, numbers, strict=True)]
        )
        recording = np.searchsorted(ends, places, side="right")
        return recording, places - (ends - possible)[recording]


@lru_cache(maxsize=2)
def epoch_order(seed: int, epoch: int, count: int) -> np.ndarray:
    """The order of ``count`` windows in an epoch."""
    return np.random.default_rng([seed, epoch, 1]).permutation(count)


def rows(array: np.ndarray | torch.Tensor, index: np.ndarray) -> torch.Tensor:
    """Rows of an array as a tensor, where the array is."""
    if isinstance(array, np.ndarray):
        return torch.from_numpy(array[index])
    return array[torch.from_numpy(index).to(array.device)]


def load_windows(
    frames: Shards,
    embeddings: Shards,
    recordings: Sequence[str],
    project: Callable[[np.ndarray], np.ndarray],
    folder: Path,
) -> WindowDataset:
    """Read recordings into one store.

    Args:
        frames, embeddings: shards; both must hold every one of ``recordings``.
        recordings: ids, in the order of the store.
        project: embeddings (T, D) -> (T, P) float32.
        folder: where arrays of more than ``MEMORY_LIMIT`` bytes lie as memory-mapped files;
            of several processes the first writes them, before the others open them.
    """
    lengths = np.array([frames.length(recording) for recording in recordings])
    first = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(int)
    size = frames.read(recordings[0], "frames", 0, 1).shape[1:]
    width = project(embeddings.read(recordings[0], "embeddings", 0, 1)).shape[1]

    def allocate(name: str, shape: tuple[int, ...], dtype: type) -> np.ndarray:
        if np.prod(shape) * np.dtype(dtype).itemsize <= MEMORY_LIMIT:
            return np.empty(shape, dtype)
        if not distributed.is_first():
            return np.load(folder / name, mmap_mode="r")
        folder.mkdir(parents=True, exist_ok=True)
        with full_disk_named(folder / name):
            array = np.lib.format.open_memmap(folder / name, "w+", dtype, shape)
            _reserve_space(folder / name)
        return array

    all_frames = allocate("frames.npy", (int(lengths.sum()), *size), np.uint8)
    speech = allocate("speech.npy", (int(lengths.sum()), width), np.float32)
    for recording, start, length in zip(recordings, first, lengths, strict=True):
        stop = start + length
        if all_frames.flags.writeable:  # else the first process has written it
            all_frames[start:stop] = frames.read(recording, "frames", 0, length)
        if speech.flags.writeable:
            speech[start:stop] = project(embeddings.read(recording, "embeddings", 0, length))
    return WindowDataset(list(recordings), all_frames, speech, first, lengths)


def _reserve_space(path: Path) -> None:
    """Reserve disk space for a sparse file: a mapped page without space would kill the process."""
    if hasattr(os, "posix_fallocate"):  # not on macOS
        try:
            with open(path, "r+b") as file:
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        except OSError:
            path.unlink()
            raise
