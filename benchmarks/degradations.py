"""Videos made worse in known ways, each in growing steps: what metrics are put to the test with.

A degradation takes the true video (T, H, W) uint8 and gives another of the same shape; randomness
comes from a generator that belongs to the recording, so that every metric sees the same videos.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage


@dataclass(frozen=True)
class Scene:
    """A true video, and what a degradation may take from elsewhere."""

    truth: np.ndarray
    """(T, H, W) uint8."""
    tongue: np.ndarray
    """(H, W) in 0..1: where the tongue moves, with soft borders."""
    other_speech: np.ndarray
    """(T, H, W) uint8: the same subject, who says something else."""
    other_speaker: np.ndarray
    """(T, H, W) uint8: another subject with the same stimulus, stretched to the same length."""
    seed: int


@dataclass(frozen=True)
class Degradation:
    """A way to make a video worse, from little to much."""

    name: str
    unit: str
    steps: tuple[float, ...]
    apply: Callable[[Scene, float], np.ndarray]


def stretched(video: np.ndarray, length: int) -> np.ndarray:
    """A video (S, H, W) with ``length`` frames, each the nearest in time."""
    return video[np.minimum(np.arange(length) * len(video) // length, len(video) - 1)]


def _levels(video: np.ndarray) -> np.ndarray:
    return np.rint(video).clip(0, 255).astype(np.uint8)


def _noise(scene: Scene, level: float) -> np.ndarray:
    rng = np.random.default_rng(scene.seed)
    return _levels(scene.truth + level * rng.standard_normal(scene.truth.shape))


def _blur(scene: Scene, radius: float) -> np.ndarray:
    return _levels(ndimage.gaussian_filter(scene.truth.astype(float), (0, radius, radius)))


def _frozen_tongue(scene: Scene, share: float) -> np.ndarray:
    """Where the tongue moves, the first frame shines through; all of it at 1."""
    still = share * scene.tongue
    return _levels(scene.truth + still * (scene.truth[0].astype(float) - scene.truth))


def _delay(scene: Scene, frames: float) -> np.ndarray:
    late = np.maximum(np.arange(len(scene.truth)) - int(frames), 0)
    return scene.truth[late]


def _shifted(video: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """Frames moved by (T, 2) pixels, down and to the right."""
    moved = [
        ndimage.shift(frame.astype(float), move, order=1, mode="nearest")
        for frame, move in zip(video, moves, strict=True)
    ]
    return _levels(np.stack(moved))


def _jitter(scene: Scene, pixels: float) -> np.ndarray:
    rng = np.random.default_rng(scene.seed + 1)
    return _shifted(scene.truth, pixels * rng.standard_normal((len(scene.truth), 2)))


def _drift(scene: Scene, pixels: float) -> np.ndarray:
    way = np.linspace(0, pixels, len(scene.truth))
    return _shifted(scene.truth, np.stack([way, way], 1))


def _wrong_speech(scene: Scene, _: float) -> np.ndarray:
    return scene.other_speech


def _wrong_speaker(scene: Scene, _: float) -> np.ndarray:
    return scene.other_speaker


DEGRADATIONS = (
    Degradation("noise", "grey levels", (2, 4, 8, 16), _noise),
    Degradation("blur", "pixels", (0.5, 1, 2), _blur),
    Degradation("frozen tongue", "share", (0.25, 0.5, 1), _frozen_tongue),
    Degradation("delay", "frames", (1, 2, 4), _delay),
    Degradation("jitter", "pixels", (0.25, 0.5, 1), _jitter),
    Degradation("drift", "pixels at the end", (1, 2, 4), _drift),
    Degradation("wrong speech", "", (1,), _wrong_speech),
    Degradation("wrong speaker", "", (1,), _wrong_speaker),
)
