"""The learner's view: two recordings as videos in step, and where they differ."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from s2r.apps.studio.expected import expected_frames
from s2r.apps.studio.in_step import aligned
from s2r.apps.studio.panels import Lines, Panel, Panels
from s2r.apps.studio.video import VIDEO, read_off, read_speech, write_panels
from s2r.core.errors import UserError
from s2r.core.units import HOP, SAMPLE_RATE
from s2r.evaluation.metrics.contour_probe import Probe
from s2r.generation.model_folder import SpeechModel
from s2r.generation.speech_file import SHORTEST, marks_of

LONGEST_PAIR = 15.0
"""Longest recording of a pair, s: all moments of one are compared with all of the other."""

OWN, TARGET = (230, 159, 0), (86, 180, 233)
"""Orange and blue, told apart by the colour-blind too."""

LIMITS = """**What this cannot say:** both videos are guesses of one model from sound, shown on the
anatomy of one speaker, so a difference says that the two recordings sound different to the model,
not where your tongue was, nor that either recording is wrong."""


@dataclass(frozen=True)
class Compared:
    """What `compare` found."""

    seconds: float
    """Length of the video."""
    most: float
    """The time at which the pictures differ most, s."""


def compare(
    own: Path,
    target: Path,
    model: SpeechModel,
    reference: np.ndarray,
    folder: Path,
    size: int = 256,
    probe: Probe | None = None,
) -> Compared:
    """Write ``video.mp4`` into ``folder``: target, own recording in step, and the difference.

    The times and the sound are those of the target. With a ``probe`` the third panel shows the
    contours of both; else the difference of the grey levels around a middle grey. Both are the mean
    that the model expects where it has one, so that no random draw is taken for a difference.

    Raises UserError for recordings that cannot be read, are silent, shorter than 0.1 s or longer
    than 15 s.
    """
    sounds = [read_speech(path, LONGEST_PAIR) for path in (target, own)]
    for path, samples in zip((target, own), sounds, strict=True):
        if len(samples) < SHORTEST * SAMPLE_RATE:
            raise UserError(f"{path} is shorter than {SHORTEST} s: record it again.")
    video, mine = (expected_frames(model, samples, reference) for samples in sounds)
    places = aligned(*sounds).clip(0, len(mine) - 1)
    places = places[np.arange(len(video)).clip(0, len(places) - 1)]
    mine = mine[places]
    change = mine.astype(np.float32) - video
    most = float(np.abs(change).mean((1, 2)).argmax() + 0.5) * HOP / SAMPLE_RATE
    panels = [Panel("target", video), Panel("mine, in step", mine), _difference(video, mine, probe)]
    marks = marks_of(model, 0)
    write_panels(Panels(panels, size), target, folder / VIDEO, marks)
    return Compared(len(video) * HOP / SAMPLE_RATE, most)


def _difference(video: np.ndarray, mine: np.ndarray, probe: Probe | None) -> Panel:
    if probe is None:
        change = (mine.astype(np.float32) - video) / 2 + 128
        return Panel("difference of the two", change.clip(0, 255).astype(np.uint8))
    lines = [
        Lines(read_off(frames, probe)[0].contours, colour)
        for frames, colour in ((video, TARGET), (mine, OWN))
    ]
    return Panel("blue target, orange mine", (video // 2).astype(np.uint8), lines)
