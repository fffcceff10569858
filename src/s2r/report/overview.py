"""One picture of what the program does: true frames, generated frames, and the sound below."""

from pathlib import Path

import numpy as np
from PIL import Image

from s2r.core.files import atomic_path
from s2r.core.origin import png_info
from s2r.core.units import HOP
from s2r.evaluation.metrics.texture import motion_energy
from s2r.preparation.recordings import RecordingSet
from s2r.report.strips import INK, MARGIN, PAPER, STRIP_GAP, SYNTHETIC, strip_block, text_box

COLUMNS = 8
STEP = 6
"""Frames (20 ms) from one picture to the next."""

SCALE = 2
WAVE_HEIGHT = 90
"""Pixels."""


def write_overview(
    path: str | Path,
    recording: str,
    recordings: RecordingSet,
    video: np.ndarray,
    name: str,
    note: str = "",
) -> None:
    """Write eight frames of a recording, 120 ms apart: truth, ``video``, and the sound below.

    ``video`` (T, H, W) uint8 was generated from the recording's sound by ``name``. The stretch is
    the one in which the true video moves most. ``note`` is a line at the top. Of a recording of
    less than 1 s as many frames are shown as it has room for.
    """
    truth, audio = recordings.video(recording), recordings.audio(recording)
    columns = max(1, min(COLUMNS, len(truth) // STEP))
    start = most_active_stretch(truth, columns * STEP)
    times = np.minimum(start + STEP // 2 + STEP * np.arange(columns), len(truth) - 1)
    strips = [("truth", truth[times]), (f"generated:\n{name}", video[times])]
    block = strip_block(f"{recording}: truth, and video from its sound", strips, times, SCALE)
    pitch = SCALE * truth.shape[2] + STRIP_GAP
    sound = audio[start * HOP : (start + columns * STEP) * HOP]
    wave = np.full((WAVE_HEIGHT, block.shape[1]), PAPER, np.uint8)
    wave[:, :MARGIN] = text_box("sound", MARGIN, WAVE_HEIGHT, small=True)
    wave[:, MARGIN : MARGIN + columns * pitch] = waveform(sound, columns * pitch, WAVE_HEIGHT)
    parts = [text_box(note, block.shape[1], 40)] if note else []
    with atomic_path(path) as temporary:
        picture = Image.fromarray(np.concatenate([*parts, block, wave]))
        picture.save(temporary, optimize=True, pnginfo=png_info(SYNTHETIC))


def most_active_stretch(video: np.ndarray, length: int) -> int:
    """First frame of the ``length`` frames of (T, H, W) with the most motion energy."""
    if len(video) <= length:
        return 0
    energy = np.concatenate([[0], np.cumsum(motion_energy(video))])
    # length frames have length - 1 changes between them
    return int(np.argmax(energy[length - 1 :] - energy[: len(energy) - length + 1]))


def waveform(samples: np.ndarray, width: int, height: int) -> np.ndarray:
    """(height, width) uint8: least and greatest value of each column's samples (N,)."""
    picture = np.full((height, width), PAPER, np.uint8)
    middle, half = height // 2, height // 2 - 2
    peak = np.abs(samples).max(initial=0) or 1.0
    for column, part in enumerate(np.array_split(samples, width)):
        low, high = (part.min(initial=0) / peak, part.max(initial=0) / peak)
        top, bottom = round(middle - half * high), round(middle - half * low)
        picture[top : bottom + 1, column] = INK
    return picture
