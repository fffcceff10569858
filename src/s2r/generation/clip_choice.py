"""The evaluation clips that all systems share: which frames of which recordings."""

from collections.abc import Iterable

import numpy as np

from s2r.preparation.selection import evenly

CLIP_LENGTH = 10
"""Frames in an evaluation clip (200 ms, as in the paper)."""


CLIP_CONTEXT = 10
"""Frames before the first clip of a recording: context for any model that needs no more."""


def clip_slots(length: int, clip: int = CLIP_LENGTH, first: int = CLIP_CONTEXT) -> np.ndarray:
    """Starts of the non-overlapping clips that fit in ``length`` frames from ``first`` on."""
    return np.arange(first, length - clip + 1, clip)


def choose_clips(
    lengths: dict[str, int], n: int, clip: int = CLIP_LENGTH, first: int = CLIP_CONTEXT
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
        for start in clip_slots(lengths[recording], clip, first)
    ]
    return evenly(slots, n)


def starts_of(chosen: Iterable[tuple[str, int]]) -> dict[str, np.ndarray]:
    """The starts of each recording, (n,) int, from what ``choose_clips`` returns."""
    starts: dict[str, list[int]] = {}
    for recording, start in chosen:
        starts.setdefault(recording, []).append(start)
    return {recording: np.array(values) for recording, values in starts.items()}
