"""From a sound file of any length to the video of the vocal tract, in stretches."""

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from s2r.core.errors import UserError
from s2r.core.media.decode import open_audio
from s2r.core.media.resample import to_clock
from s2r.core.origin import GENERATED, marks
from s2r.core.progress import progress
from s2r.core.units import SAMPLE_RATE
from s2r.generation.appearance import PLAIN, Appearance
from s2r.generation.model_folder import SpeechModel
from s2r.generation.stretches import frames_of
from s2r.generation.video_files import VideoFiles
from s2r.speech.level import SpeechLevel, measure

SHORTEST = 0.1
"""Shortest sound in seconds that can be shown."""


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
    level = level_of(source)
    if remark := level.remark(str(source)):
        on_remark(remark)
    # What is damaged was told when the level was measured.
    with open_audio(source, lambda _: None) as sound, contextlib.ExitStack() as stack:
        total = round(sound.seconds * frame_rate) if sound.seconds else None
        files = stack.enter_context(
            VideoFiles(
                rate=frame_rate,
                sample_rate=sound.rate,
                about=marks_of(speech_model, seed),
                shape=reference.shape,
                video=target,
                gif=gif_path,
                frames=frames_path,
                appearance=appearance,
            )
        )
        if on_frames is None:
            label = Path(source).name
            bar = stack.enter_context(progress(total=total, label=label, unit="frame"))
            on_frames = bar.update
        frame_count, early = 0, round(-sound.begins * frame_rate)
        blocks = _passed_on(sound.blocks, files.sound)
        for frames in frames_of(
            blocks, sound.rate, level, speech_model, reference, seed, on_frames
        ):
            files.frames(frames, frame_count - early)
            frame_count += len(frames)
        check_length(frame_count, speech_model, f"{source}: ")
    return frame_count


def check_length(count: int, speech_model: SpeechModel, name: str = "") -> None:
    """Raise UserError where ``count`` frames are less than 0.1 s; ``name`` begins the sentence."""
    seconds = count / speech_model.frame_rate
    if seconds < SHORTEST:
        raise UserError(
            f"{name}{seconds:.2f} s of sound are too little to show anything: give at least "
            f"{SHORTEST} s."
        )


def marks_of(speech_model: SpeechModel, seed: int) -> dict[str, str | int]:
    """The marks of a video by ``speech_model``; without the seed where it draws nothing."""
    drawn = seed if speech_model.model.draws else None
    return marks(GENERATED, speech_model.name, speech_model.checksum, drawn, speech_model.source)


def generated_frames(
    samples: np.ndarray,
    speech_model: SpeechModel,
    reference: np.ndarray,
    *,
    seed: int = 0,
    rate: int = SAMPLE_RATE,
    level: SpeechLevel | None = None,
    on_frames: Callable[[int], None] = lambda count: None,
) -> np.ndarray:
    """The frames (T, H, W) uint8 of sound in memory, as `generate_file` makes those of a file.

    ``samples`` (N,) float32 in [-1, 1] at ``rate`` Hz, of any level; ``reference`` (H, W) uint8;
    ``level``: that of the samples, where it is measured already (`level_in_memory`). Without
    ``on_frames`` nothing says how far it is. Raises UserError for less than 0.1 s of sound.
    """
    check_length(len(samples) * speech_model.frame_rate // rate, speech_model)
    level = level or level_in_memory(samples, rate)
    made = frames_of([samples], rate, level, speech_model, reference, seed, on_frames)
    return np.concatenate(list(made))


def level_in_memory(samples: np.ndarray, rate: int) -> SpeechLevel:
    """The level of the speech in samples (N,) at ``rate`` Hz."""
    return measure(to_clock([samples] if len(samples) else [], rate))


def level_of(source: str | Path) -> SpeechLevel:
    """The level of the speech in a file; UserError where it holds values that are not numbers."""
    with open_audio(source) as sound:
        return measure(to_clock(finite(sound.blocks, source), sound.rate))


def finite(blocks: Iterable[np.ndarray], source: str | Path) -> Iterator[np.ndarray]:
    """The blocks of sound of a file; UserError where they hold values that are not numbers."""
    for block in blocks:
        if not np.isfinite(block).all():
            raise UserError(
                f"{source}: the sound holds values that are not numbers: export it again as "
                "16-bit wav."
            )
        yield block


def _passed_on(
    blocks: Iterable[np.ndarray], take: Callable[[np.ndarray], None]
) -> Iterator[np.ndarray]:
    """Let ``take`` have each block of sound, then yield it unchanged."""
    for block in blocks:
        take(block)
        yield block
