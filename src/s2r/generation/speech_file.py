"""From a sound file of any length to the video of the vocal tract, in stretches."""

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np

from s2r.core.errors import UserError
from s2r.core.files import atomic_path
from s2r.core.hdf5 import NewFile
from s2r.core.media.decode import open_audio
from s2r.core.media.encode import VideoWriter
from s2r.core.media.gif import GifWriter
from s2r.core.media.resample import to_clock
from s2r.core.origin import GENERATED, marks, sentence, video_tags
from s2r.core.outputs import sealed
from s2r.core.progress import progress
from s2r.core.units import HOP, to_unit_range
from s2r.generation.appearance import PLAIN, Appearance
from s2r.generation.model_folder import SpeechModel
from s2r.model.family import VideoTask
from s2r.speech.level import SpeechLevel, levelled, measure
from s2r.speech.silence import blend, rest_weights

STRETCH = 30.0
"""Seconds generated at a time: about the length of a recording of the corpus."""

MARGIN = 4.0
"""Seconds of sound, at least, that encoder and model are given beyond both ends of a stretch."""

BEYOND = 10
"""Frames of the margin, at least, that only the encoder looks at."""

SHORTEST = 0.1
"""Shortest sound in seconds that can be shown."""


@dataclass(frozen=True)
class Stretch:
    """A stretch of sound with what comes before and after it."""

    samples: np.ndarray
    """(N,) float32 at 16 kHz, margins included."""
    before: int
    """Samples of margin at the start; a multiple of ``HOP``."""
    count: int
    """Samples of the stretch without margins."""


def warn(sentence: str) -> None:
    """Print a warning."""
    print(f"Warning: {sentence}.", file=sys.stderr)


def generate_file(
    source: str | Path,
    target: str | Path,
    speech_model: SpeechModel,
    reference: np.ndarray,
    *,
    seed: int = 0,
    appearance: Appearance = PLAIN,
    frames_path: str | Path | None = None,
    gif_path: str | Path | None = None,
    on_frames: Callable[[int], None] | None = None,
    on_remark: Callable[[str], None] = warn,
) -> int:
    """Write the video of the speech in ``source`` to ``target`` (mp4, with the sound).

    Its metadata hold the marks of a synthetic video (`s2r.core.origin.marks`).

    Args:
        reference: (H, W) uint8, the speaker at rest.
        appearance: how the frames are shown; its ``truth`` in time with the sound of a film: where
            the sound begins before the first picture that frame holds, and where it is longer the
            last one.
        frames_path: HDF5 file to write the frames to as well, lossless: ``frames``
            (T, H, W) uint8, attribute ``frame_rate`` and the marks.
        gif_path: animated GIF to write as well, of the same pictures.
        on_frames: called with the number of frames whenever some are generated, instead of a
            progress bar.
        on_remark: called, before anything else is done, with a sentence about sound that is silent,
            soft or loud.

    Returns:
        The number of frames: sound and video differ by less than one frame. Memory does not grow
        with the length. If anything fails, no file appears.

    Raises:
        UserError: the file holds no sound, less than 0.1 s of it, or values that are not numbers.
    """
    frame_rate = speech_model.frame_rate
    about = marks_of(speech_model, seed)
    level = level_of(source)
    if remark := level.remark(str(source)):
        on_remark(remark)
    # What is damaged was told when the level was measured.
    with open_audio(source, lambda _: None) as sound, contextlib.ExitStack() as files:
        total = round(sound.seconds * frame_rate) if sound.seconds else None
        size = (appearance.size, appearance.width)
        options = {"crf": 18, "tags": video_tags(about), "seal": True, "slow": appearance.slow}
        writer = files.enter_context(VideoWriter(target, size, frame_rate, sound.rate, **options))
        sinks = [writer.frames]
        if gif_path is not None:
            rate = frame_rate / appearance.slow
            options = {"colours": appearance.colours, "comment": sentence(about), "seal": True}
            sinks.append(files.enter_context(GifWriter(gif_path, size, rate, **options)).frames)
        add_frames = files.enter_context(
            frame_file(frames_path, reference.shape, frame_rate, about)
        )
        if on_frames is None:
            label = Path(source).name
            bar = files.enter_context(progress(total=total, label=label, unit="frame"))
            on_frames = bar.update
        heard = map(level.applied, to_clock(_write_audio(sound.blocks, writer), sound.rate))
        frame_count, early = 0, round(-sound.begins * frame_rate)
        for frames in generate_stretches(
            stretches(heard, *_stretch_and_margin(speech_model)),
            speech_model,
            reference,
            seed,
            on_frames,
        ):
            shown = appearance.pictures(frames, frame_count - early)
            for add_pictures in sinks:
                add_pictures(shown)
            add_frames(frames)
            frame_count += len(frames)
        if frame_count < SHORTEST * frame_rate:
            raise UserError(
                f"{source}: it holds {frame_count / frame_rate:.2f} s of sound, too little to show "
                f"anything: give at least {SHORTEST} s."
            )
    return frame_count


def marks_of(speech_model: SpeechModel, seed: int) -> dict[str, str | int]:
    """The marks of a video by ``speech_model``; without the seed where it draws nothing."""
    drawn = seed if speech_model.model.draws else None
    return marks(GENERATED, speech_model.name, speech_model.checksum, drawn)


def generated_frames(
    samples: np.ndarray,
    speech_model: SpeechModel,
    reference: np.ndarray,
    *,
    seed: int = 0,
    on_frames: Callable[[int], None] = lambda count: None,
) -> np.ndarray:
    """The frames (T, H, W) uint8 of sound in memory, as `generate_file` makes those of a file.

    ``samples`` (N,) float32 at 16 kHz in [-1, 1], of any level; ``reference`` (H, W) uint8. Without
    ``on_frames`` nothing says how far it is. Raises UserError for less than 0.1 s of sound.
    """
    pieces = stretches([levelled(samples)], *_stretch_and_margin(speech_model))
    frames = list(generate_stretches(pieces, speech_model, reference, seed, on_frames))
    count = sum(map(len, frames))
    if count < SHORTEST * speech_model.frame_rate:
        raise UserError(
            f"{count / speech_model.frame_rate:.2f} s of sound are too little to show anything: "
            f"give at least {SHORTEST} s."
        )
    return np.concatenate(frames)


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
    model = speech_model.model
    context, done = None, 0
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
            context=context,
            origin=done - first,
        )
        (frames,) = model.videos([task], on_frames=on_frames)
        weights = rest_weights(stretch.samples)[first : first + task.frames]
        if weights.any():
            frames = blend(frames, model.at_rest(task), weights)
        yield frames
        done += task.frames
        context = to_unit_range(frames)


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


@contextlib.contextmanager
def frame_file(
    path: str | Path | None,
    shape: tuple[int, int],
    frame_rate: int,
    about: Mapping[str, str | int],
):
    """A function that adds frames to the HDF5 file ``path``, or does nothing for None.

    ``about``: marks of what made them, which become attributes of the file.
    """
    if path is None:
        yield lambda frames: None
        return
    with atomic_path(path) as temporary, sealed(temporary), NewFile(temporary) as file:
        data = file.create_dataset(
            "frames", (0, *shape), np.uint8, maxshape=(None, *shape), chunks=(32, *shape)
        )
        file.attrs["frame_rate"] = frame_rate
        file.attrs.update(about)

        def add(frames: np.ndarray) -> None:
            data.resize(len(data) + len(frames), axis=0)
            data[-len(frames) :] = frames
            file.check()

        yield add


def _stretch_and_margin(speech_model: SpeechModel) -> tuple[int, int]:
    """Samples of a stretch and of its margin: whole windows.

    Embeddings depend on the sound beyond their 20 ms, so the margin is longer than the model's
    reach.
    """
    model, frame_rate = speech_model.model, speech_model.frame_rate
    windows = max(1, round(STRETCH * frame_rate / model.window))
    margin = max(MARGIN * frame_rate, model.reach + BEYOND)
    return windows * model.window * HOP, ceil(margin / model.window) * model.window * HOP


def level_of(source: str | Path) -> SpeechLevel:
    """The level of the speech in a file; UserError where it holds values that are not numbers."""

    def finite(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        for block in blocks:
            if not np.isfinite(block).all():
                raise UserError(
                    f"{source}: the sound holds values that are not numbers: export it again as "
                    "16-bit wav."
                )
            yield block

    with open_audio(source) as sound:
        return measure(to_clock(finite(sound.blocks), sound.rate))


def _write_audio(blocks: Iterable[np.ndarray], writer: VideoWriter) -> Iterator[np.ndarray]:
    """Write each block of sound into the video, then yield it unchanged."""
    for block in blocks:
        writer.audio(block)
        yield block
