"""What the studio makes of a sound: the video, its frames, and a picture of the sound."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from s2r.apps.studio.sound_picture import sound_picture
from s2r.core.errors import UserError
from s2r.core.media.decode import open_audio
from s2r.core.media.resample import to_clock
from s2r.core.units import SAMPLE_RATE
from s2r.generation.model_folder import SpeechModel
from s2r.generation.speaker import reference_frame, sampler_of
from s2r.generation.speech_file import generate_file
from s2r.speech.silence import silent_bins

LONGEST = 60.0
"""Seconds of speech that the page takes."""

VIDEO, SOUND = "video.mp4", "sound.png"


@dataclass(frozen=True)
class VideoRequest:
    """What a page asks for."""

    sound: Path
    models: tuple[str, ...]
    """One model, or two to be shown side by side."""
    speaker: str | None
    """A subject of the models; None where there is a picture."""
    reference: Path | None
    force: bool
    preset: str | None
    seed: int
    size: int


def make_video(
    wish: VideoRequest,
    models: Mapping[str, SpeechModel],
    folder: Path,
    on_frames: Callable[[int, int], object] = lambda made, frames: None,
) -> float:
    """Write the files of a wish into ``folder``; returns the seconds of sound.

    ``video.mp4`` (two models side by side), ``frames_1.h5`` (and ``frames_2.h5``), ``sound.png``
    and, of two models, ``video_1.mp4`` of the first alone. ``on_frames`` is told how many frames
    are made, and how many there will be.

    Raises UserError for speech that is none, silent, shorter than 0.1 s or longer than 60 s, and
    for a reference that does not look like one.
    """
    chosen = [models[name] for name in wish.models]
    rests = [reference_frame(one, wish.speaker, wish.reference, wish.force) for one in chosen]
    samples = read_speech(wish.sound)
    seconds = len(samples) / SAMPLE_RATE
    frames = max(1, sum(int(seconds * one.frame_rate) for one in chosen))
    made = 0

    def count(more: int) -> None:
        nonlocal made
        made += more
        on_frames(min(made, frames), frames)

    truth = None
    for number, (loaded, rest) in enumerate(zip(chosen, rests, strict=True), 1):
        frames_path = folder / f"frames_{number}.h5"
        generate_file(
            wish.sound,
            folder / (VIDEO if number == len(chosen) else f"video_{number}.mp4"),
            loaded,
            rest,
            sampler=sampler_of(loaded.sampler, wish.preset, None, None),
            seed=wish.seed,
            size=wish.size,
            truth=truth,
            frames_path=frames_path,
            on_frames=count,
        )
        with h5py.File(frames_path) as file:
            truth = file["frames"][()]
    Image.fromarray(sound_picture(samples)).save(folder / SOUND)
    return seconds


def read_speech(path: Path) -> np.ndarray:
    """The sound (N,) at 16 kHz; UserError where it is longer than 60 s, or silent throughout."""
    pieces, count = [], 0
    with open_audio(path) as sound:
        for piece in to_clock(sound.blocks, sound.rate):
            pieces.append(piece)
            count += len(piece)
            if count > LONGEST * SAMPLE_RATE:
                raise UserError(
                    f"{path} is longer than {LONGEST:.0f} s: cut it, or use the command "
                    "`s2r generate`, which takes any length."
                )
    samples = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
    silent = silent_bins(samples)
    if len(silent) and silent.all():
        raise UserError(f"{path} is silent: check the microphone, or choose another file.")
    return samples
