"""The files that the studio makes from a sound: videos, frames, tract variables, a picture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from s2r.apps.studio.panels import Lines, Panel, Panels
from s2r.apps.studio.sound_picture import write_sound_picture
from s2r.core.errors import UserError
from s2r.core.files import write_csv
from s2r.core.hdf5 import read_hdf5
from s2r.core.media.decode import open_audio
from s2r.core.media.encode import VideoWriter
from s2r.core.media.gif import GifWriter
from s2r.core.media.resample import to_clock
from s2r.core.origin import sentence, video_tags
from s2r.core.units import HOP, SAMPLE_RATE
from s2r.evaluation.metrics.contour_probe import Probe
from s2r.evaluation.metrics.tract_variables import tract_variables
from s2r.generation.appearance import Appearance
from s2r.generation.model_folder import SpeechModel
from s2r.generation.speaker import frames_config, reference_frame, sampled_as
from s2r.generation.speech_file import generate_file, marks_of, warn
from s2r.preparation.frames import prepare_video
from s2r.speech.level import measure

LONGEST = 60.0
"""Longest speech that the page accepts, s."""

VIDEO, GIF, SOUND = "video.mp4", "video.gif", "sound.png"

GIF_SECONDS, GIF_RATE, GIF_SIDE = 10, 25, 128
"""Of the GIF: how much of the video it shows, pictures a second, and height at most."""


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
    film: Path | None = None
    """The true video of the sound, shown on the left."""
    film_title: str = "true"
    contours: bool = False
    """Draw the contours that the probe reads, and the names of the articulators."""


def make_video(
    request: VideoRequest,
    models: Mapping[str, SpeechModel],
    folder: Path,
    on_frames: Callable[[int, int], object] = lambda done, total: None,
    on_remark: Callable[[str], object] = warn,
    probe: Probe | None = None,
) -> float:
    """Write the files of a request into ``folder``; returns the length of the sound in s.

    ``video.mp4`` and ``video.gif`` (what is compared side by side), ``frames_1.h5`` (and
    ``frames_2.h5``), ``sound.png``; where the video shows more than the frames of one model,
    ``video_1.mp4`` of each model alone; with a ``probe`` the tract variables that it reads,
    ``tract_variables_1.csv``. ``on_frames`` is called with the number of frames that are done, and
    with their total; ``on_remark`` with a sentence about soft or loud speech, and about pictures of
    another kind than a model's.

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

    contours = request.contours and probe is not None
    composed = contours or request.film is not None or len(selected) > 1
    panels = []
    if request.film is not None:
        true = prepare_video(request.film, frames_config(selected[0]))
        panels.append(Panel(request.film_title, true, read_off(true, probe, contours)))
        write_tract_variables(true, probe, folder / "tract_variables_true.csv")
    for number, (model, reference) in enumerate(zip(selected, references, strict=True), 1):
        frames_path = folder / f"frames_{number}.h5"
        generate_file(
            request.sound,
            folder / (f"video_{number}.mp4" if composed else VIDEO),
            model,
            reference,
            seed=request.seed,
            appearance=Appearance(size=request.size),
            frames_path=frames_path,
            on_frames=count,
            on_remark=on_remark if number == 1 else lambda sentence: None,
        )
        with read_hdf5(frames_path) as file:
            frames = file["frames"][()]
        panels.append(Panel(request.models[number - 1], frames, read_off(frames, probe, contours)))
        write_tract_variables(frames, probe, folder / f"tract_variables_{number}.csv")
    marks = marks_of(selected[0], request.seed) | {"model": ", ".join(request.models)}
    if composed:
        write_panels(Panels(panels, request.size), request.sound, folder / VIDEO, marks)
    write_gif(Panels(panels, min(request.size, GIF_SIDE)), folder / GIF, marks)
    write_sound_picture(samples, folder / SOUND)
    return seconds


def read_off(frames: np.ndarray, probe: Probe | None, wanted: bool = True) -> tuple[Lines, ...]:
    """The contours in frames (T, H, W) uint8 as lines to draw; none where they are not wanted."""
    if probe is None or not wanted:
        return ()
    side = float(probe.field_mm)
    return (Lines({name: points / side for name, points in probe.predict(frames).items()}),)


def write_tract_variables(frames: np.ndarray, probe: Probe | None, path: Path) -> None:
    """Write what the probe reads off frames (T, H, W) at 50 Hz: time in s, variables in mm."""
    if probe is None:
        return
    import pandas as pd

    found = tract_variables(probe.predict(frames))
    times = (np.arange(len(frames)) + 0.5) * HOP / SAMPLE_RATE
    table = pd.DataFrame({"time_s": times} | {f"{name}_mm": v for name, v in found.items()})
    write_csv(table.round(3), path)


def write_panels(panels: Panels, source: Path, path: Path, marks: Mapping) -> None:
    """Write the video of panels at 50 Hz with the sound of the file ``source``."""
    with open_audio(source, lambda _: None) as sound:
        options = {"crf": 18, "tags": video_tags(marks), "seal": True}
        with VideoWriter(path, panels.shape, SAMPLE_RATE // HOP, sound.rate, **options) as writer:
            blocks = iter(sound.blocks)
            shown = heard = 0
            for pictures in panels.pictures():
                writer.frames(pictures)
                shown += len(pictures)
                while heard * SAMPLE_RATE < shown * HOP * sound.rate:
                    block = next(blocks, None)
                    if block is None:
                        break
                    writer.audio(block)
                    heard += len(block)
            for block in blocks:
                writer.audio(block)


def write_gif(panels: Panels, path: Path, marks: Mapping) -> None:
    """Write the first seconds of panels at 50 Hz as a GIF without sound."""
    every = SAMPLE_RATE // HOP // GIF_RATE
    left = GIF_SECONDS * SAMPLE_RATE // HOP
    options = {"colours": panels.colours, "comment": sentence(marks), "seal": True}
    with GifWriter(path, panels.shape, GIF_RATE, **options) as writer:
        for pictures in panels.pictures():
            writer.frames(pictures[:left][::every])
            left -= len(pictures)
            if left <= 0:
                break


def read_speech(path: Path, longest: float = LONGEST) -> np.ndarray:
    """The sound (N,) at 16 kHz; UserError where it is longer than ``longest`` s, or silent."""
    pieces, count = [], 0
    with open_audio(path) as sound:
        for piece in to_clock(sound.blocks, sound.rate):
            pieces.append(piece)
            count += len(piece)
            if count > longest * SAMPLE_RATE:
                raise UserError(
                    f"{path} is longer than {longest:.0f} s: cut it, or use the command "
                    "`s2r generate`, which takes any length."
                )
    level = measure(pieces)
    if count >= HOP and level.silent:
        raise UserError(f"{level.remark(str(path))}.")
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
