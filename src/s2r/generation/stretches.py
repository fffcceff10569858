"""Speech of any length in stretches: cut, generated one after another, and joined."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from s2r.core.media.resample import to_clock
from s2r.core.units import HOP, to_unit_range
from s2r.generation.model_folder import SpeechModel
from s2r.model.family import VideoTask
from s2r.speech.level import SpeechLevel
from s2r.speech.silence import blend, rest_weights

STRETCH = 30.0
"""Seconds generated at a time: about the length of a recording of the corpus."""

MARGIN = 4.0
"""Seconds of sound, at least, that encoder and model are given beyond both ends of a stretch."""

BEYOND = 10
"""Frames of the margin, at least, that only the encoder looks at."""


@dataclass(frozen=True)
class Stretch:
    """A stretch of sound with what comes before and after it."""

    samples: np.ndarray
    """(N,) float32 at 16 kHz, margins included."""
    before: int
    """Samples of margin at the start; a multiple of ``HOP``."""
    count: int
    """Samples of the stretch without margins."""


def frames_of(
    blocks: Iterable[np.ndarray],
    rate: int,
    level: SpeechLevel,
    speech_model: SpeechModel,
    reference: np.ndarray,
    seed: int,
    on_frames: Callable[[int], None],
) -> Iterator[np.ndarray]:
    """Frames (t, H, W) uint8 of sound in blocks (n,) at ``rate``, stretch by stretch."""
    return generate_stretches(
        speech_stretches(blocks, rate, level, speech_model),
        speech_model,
        reference,
        seed,
        on_frames,
    )


def speech_stretches(
    blocks: Iterable[np.ndarray], rate: int, level: SpeechLevel, speech_model: SpeechModel
) -> Iterator[Stretch]:
    """Sound in blocks (n,) at ``rate`` as the encoder is given it, cut for a model."""
    heard = map(level.applied, to_clock(blocks, rate))
    return stretches(heard, *_stretch_and_margin(speech_model))


def generate_stretches(
    pieces: Iterable[Stretch],
    speech_model: SpeechModel,
    reference: np.ndarray,
    seed: int,
    on_frames: Callable[[int], None],
) -> Iterator[np.ndarray]:
    """Frames (t, H, W) uint8 of each stretch; each continues the last frames of the one before.

    In long silences the tract is at rest (`s2r.speech.silence`), with the noise of the model where
    it adds any. A model with ``one_seed`` continues its noise from stretch to stretch; else each
    stretch has its own seed, derived from ``seed`` and its number. ``on_frames`` is called with the
    number of frames of every window.
    """
    model, context = speech_model.model, None
    for stretch, alone in _tasks(pieces, speech_model, reference, seed):
        task = replace(alone, context=context)
        (frames,) = model.videos([task], on_frames=on_frames)
        weights = _silence(stretch, task)
        if weights.any():
            frames = blend(frames, model.at_rest(task), weights)
        yield frames
        context = to_unit_range(frames)


def code_stretches(
    pieces: Iterable[Stretch],
    speech_model: SpeechModel,
    reference: np.ndarray,
    seed: int,
    drawn: bool,
) -> Iterator[np.ndarray]:
    """Articulation codes (t, C) float32 of each stretch, of which its frames are decoded.

    In long silences they go to 0, the tract at rest. ``drawn``: those of a draw; else the mean.
    """
    for stretch, task in _tasks(pieces, speech_model, reference, seed):
        codes = speech_model.model.codes(task, drawn)
        yield codes * (1 - _silence(stretch, task)[:, None]).astype(np.float32)


def _tasks(
    pieces: Iterable[Stretch], speech_model: SpeechModel, reference: np.ndarray, seed: int
) -> Iterator[tuple[Stretch, VideoTask]]:
    """Each stretch and its task, without the context."""
    model, done = speech_model.model, 0
    for number, stretch in enumerate(pieces):
        if stretch.count < HOP:
            return
        first = stretch.before // HOP
        task = VideoTask(
            speech=model.project(speech_model.encoder.encode(stretch.samples)),
            reference=to_unit_range(reference),
            seed=seed if model.one_seed else seed + 1_000_003 * number,
            first=first,
            count=stretch.count // HOP,
            origin=done - first,
        )
        yield stretch, task
        done += task.frames


def _silence(stretch: Stretch, task: VideoTask) -> np.ndarray:
    """How much each frame of a task is at rest, (T,) from 0 to 1."""
    return rest_weights(stretch.samples)[task.first : task.first + task.frames]


def stretches(blocks: Iterable[np.ndarray], length: int, margin: int) -> Iterator[Stretch]:
    """Cut sound into stretches of ``length`` samples that overlap by ``margin`` on each side.

    A remainder shorter than ``margin`` is added to the last stretch, so that none is very short.
    """
    buffered, buffer_start, stretch_start = np.zeros(0, np.float32), 0, 0
    for block in blocks:
        buffered = np.concatenate([buffered, block])
        while buffer_start + len(buffered) >= stretch_start + length + margin:
            yield Stretch(
                buffered[: stretch_start + length + margin - buffer_start],
                stretch_start - buffer_start,
                length,
            )
            stretch_start += length
            dropped = max(stretch_start - margin, 0) - buffer_start
            buffered, buffer_start = buffered[dropped:], buffer_start + dropped
    if len(buffered) > stretch_start - buffer_start:
        yield Stretch(
            buffered, stretch_start - buffer_start, buffer_start + len(buffered) - stretch_start
        )


def _stretch_and_margin(speech_model: SpeechModel) -> tuple[int, int]:
    """Samples of a stretch and of its margin: whole windows.

    Embeddings depend on the sound beyond their 20 ms, so the margin is longer than the model's
    reach.
    """
    model, frame_rate = speech_model.model, speech_model.frame_rate
    windows = max(1, round(STRETCH * frame_rate / model.window))
    margin = max(MARGIN * frame_rate, model.reach + BEYOND)
    return windows * model.window * HOP, ceil(margin / model.window) * model.window * HOP
