"""The evaluation clips that all systems share: the frames and recordings of each."""

from collections.abc import Iterable

import numpy as np

from s2r.preparation.selection import evenly

CLIP_LENGTH = 10
"""Frames in an evaluation clip (200 ms, as in the paper)."""


CLIP_CONTEXT = 10
"""Frames before the first clip of a recording: enough context for the models here."""


def clip_slots(length: int, first: int = CLIP_CONTEXT) -> np.ndarray:
    """Starts of the non-overlapping clips that fit in ``length`` frames from ``first`` on."""
    return np.arange(first, length - CLIP_LENGTH + 1, CLIP_LENGTH)


def choose_clips(
    lengths: dict[str, int], n: int, first: int = CLIP_CONTEXT
) -> list[tuple[str, int]]:
    """``n`` non-overlapping clips, spread evenly over the recordings of a set.

    ``lengths`` maps recordings to frames. Every clip starts at frame ``first`` (the number of
    context frames) or later, so that the frames before it exist. Where fewer than ``n`` clips
    fit, all of them are taken. The choice depends only on the arguments, not on their order:
    every system is scored on the same clips.
    """
    slots = [
        (recording, int(start))
        for recording in sorted(lengths)
        for start in clip_slots(lengths[recording], first=first)
    ]
    return evenly(slots, n)


def starts_of(clips: Iterable[tuple[str, int]]) -> dict[str, np.ndarray]:
    """The starts of each recording, (n,) int, from what ``choose_clips`` returns."""
    starts: dict[str, list[int]] = {}
    for recording, start in clips:
        starts.setdefault(recording, []).append(start)
    return {recording: np.array(recording_starts) for recording, recording_starts in starts.items()}
