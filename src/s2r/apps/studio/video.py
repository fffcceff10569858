"""The files that the studio makes from a sound: the video, its frames, a picture of the sound."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from s2r.apps.studio.sound_picture import sound_picture
from s2r.core.errors import UserError
from s2r.core.hdf5 import read_hdf5
from s2r.core.media.decode import open_audio
from s2r.core.media.resample import to_clock
from s2r.core.units import HOP, SAMPLE_RATE
from s2r.generation.appearance import Appearance
from s2r.generation.model_folder import SpeechModel
from s2r.generation.speaker import reference_frame, sampled_as
from s2r.generation.speech_file import generate_file, warn
from s2r.speech.level import measure

LONGEST = 60.0
"""Longest speech that the page accepts, s."""

VIDEO, SOUND = "video.mp4", "sound.png"


@dataclass(frozen=True)
class VideoRequest:
    """What the page asks for."""

    sound: Path
    models: tuple[str, ...]
    """One model, or two to be shown side by side."""
    speaker: str | None
    """A subject of the models; None where there are pictures."""
    pictures: tuple[Path, ...]
    """Still pictures and films of another speaker."""
    force: bool
    preset: str | None
    clean: bool
    seed: int
    size: int


def make_video(
    request: VideoRequest,
    models: Mapping[str, SpeechModel],
    folder: Path,
    on_frames: Callable[[int, int], object] = lambda done, total: None,
    on_remark: Callable[[str], object] = warn,
) -> float:
    """Write the files of a request into ``folder``; returns the length of the sound in s.

    ``video.mp4`` (two models side by side), ``frames_1.h5`` (and ``frames_2.h5``), ``sound.png``
    and, with two models, ``video_1.mp4`` of the first alone. ``on_frames`` is called with the
    number of frames that are done, and with their total; ``on_remark`` with a sentence about soft
    or loud speech, and about pictures of another kind than a model's.

    Raises UserError for sound that cannot be read, is silent, or is shorter than 0.1 s or longer
    than 60 s, for pictures that do not look like references, and for a model that cannot leave out
    the noise.
    """
    selected = [
        sampled_as(models[name], request.preset, None, None, request.clean)
        for name in request.models
    ]
    remarks: list[str] = []
    references = [
        reference_frame(model, request.speaker, request.pictures, request.force, remarks.append)
        for model in selected
    ]
    for remark in remarks:
        on_remark(remark)
    samples = read_speech(request.sound)
    seconds = len(samples) / SAMPLE_RATE
    total = max(1, sum(int(seconds * model.frame_rate) for model in selected))
    done = 0

    def count(frames: int) -> None:
        nonlocal done
        done += frames
        on_frames(min(done, total), total)

    truth = None
    for number, (model, reference) in enumerate(zip(selected, references, strict=True), 1):
        frames_path = folder / f"frames_{number}.h5"
        generate_file(
            request.sound,
            folder / (VIDEO if number == len(selected) else f"video_{number}.mp4"),
            model,
            reference,
            seed=request.seed,
            appearance=Appearance(size=request.size, truth=truth),
            frames_path=frames_path,
            on_frames=count,
            on_remark=on_remark if number == 1 else lambda sentence: None,
        )
        with read_hdf5(frames_path) as file:
            truth = file["frames"][()]
    Image.fromarray(sound_picture(samples)).save(folder / SOUND)
    return seconds


def read_speech(path: Path) -> np.ndarray:
    """The sound (N,) at 16 kHz; UserError where it is longer than 60 s, or all of it is silent."""
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
    level = measure(pieces)
    if count >= HOP and level.silent:
        raise UserError(f"{level.remark(str(path))}.")
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
