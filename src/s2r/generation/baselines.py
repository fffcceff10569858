"""Systems without a model: lower and upper limits for the scores in every table.

* ``copied_frame``: a given frame, repeated: the scores of a model that uses only its context.
* ``mean_frame``: the mean frame of the subject, repeated: the scores of a model that knows the
  subject but not the speech. For a held-out subject it is an oracle (marked so): it averages
  other recordings of that subject, which no system under test has seen.
* ``real_other``: other real video of the same subject: perfect pictures that ignore the speech.
  Its Fréchet distance is the real-against-real one at equal n.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from s2r.config.systems import Kind
from s2r.core.errors import UserError
from s2r.core.progress import progress
from s2r.core.shards import Shards
from s2r.generation.clip_choice import (
    CLIP_CONTEXT,
    CLIP_LENGTH,
    choose_clips,
    clip_slots,
    starts_of,
)
from s2r.generation.generated_file import GeneratedWriter
from s2r.preparation.selection import evenly, recordings_of

BASELINES = {"copied_frame": "draw", "mean_frame": "mean", "real_other": "draw"}
"""Baseline systems, and the kind of video of each: a draw or a mean."""


def generate_baseline(
    system: str,
    set_name: str,
    split: pd.DataFrame,
    frames: Shards,
    path: str | Path,
    *,
    clips: int,
    rollouts: int | None = None,
    first: int = CLIP_CONTEXT,
) -> None:
    """Write the generated file of a baseline for one set (an empty set gives an empty file).

    ``split`` has the columns ``recording``, ``subject`` and ``set``; ``clips`` is the number of
    clips of the set, ``rollouts`` the most recordings that are rolled out (None: all; see
    ``recordings_of``), ``first`` the frames given before a clip (see
    ``choose_clips``). Recordings whose subject has no other video are skipped and named in the
    file; where a subject has too little other video for ``real_other``, there are fewer clips.
    Raises UserError for an unknown system or a recording without frames.
    """
    if system not in BASELINES:
        raise UserError(f"Unknown baseline {system!r}: choose one of {', '.join(BASELINES)}.")
    split = split[~split["recording"].isin(frames.failed.keys())]
    recordings = recordings_of(split, set_name, frames)
    lengths = {recording: frames.length(recording) for recording in recordings}
    clip_starts = starts_of(choose_clips(lengths, clips, first=first))
    material = _Material(split, set_name, frames, clip_starts, first)
    skipped = [
        recording
        for recording in recordings
        if system != "copied_frame" and not material.others(recording)
    ]
    rolled_out = recordings_of(split, set_name, frames, rollouts)
    oracle = system == "mean_frame" and not material.all_trained(recordings)

    with GeneratedWriter(
        path,
        system=system,
        kind=Kind(system),
        estimate=BASELINES[system],
        oracle=oracle,
        skipped=skipped,
        fewer_clips=system == "real_other",
    ) as writer:
        for recording in progress([name for name in recordings if name not in skipped], system):
            starts = clip_starts.get(recording, np.empty(0, dtype=int))
            rollout, clip_video = _VIDEOS_OF[system](material, recording, starts)
            if recording in rolled_out:
                writer.rollout(recording, rollout[None])
            if len(clip_video):
                writer.clips(recording, starts[: len(clip_video)], clip_video[:, None])


@dataclass
class _Material:
    """The real videos from which a baseline makes its videos of one set."""

    split: pd.DataFrame
    set_name: str
    frames: Shards
    clip_starts: dict[str, np.ndarray]
    first: int

    def __post_init__(self):
        self._subjects = dict(zip(self.split["recording"], self.split["subject"], strict=True))
        self._sums: dict[str, np.ndarray] = {}
        self._spare: dict[str, Iterator[tuple[str, int]]] = {}

    def others(self, recording: str) -> list[str]:
        """Other recordings of the subject: of the same set, of training, then the rest.

        Within the set they start after ``recording`` and continue from the first one, so that not
        all recordings use the same one.
        """
        rows = self.split[self.split["subject"] == self._subjects[recording]]
        same_set = sorted(rows.loc[rows["set"] == self.set_name, "recording"])
        position = same_set.index(recording)
        training = sorted(rows.loc[rows["set"] == "train", "recording"])
        remaining = sorted(set(rows["recording"]) - set(same_set) - set(training))
        return same_set[position + 1 :] + same_set[:position] + training + remaining

    def mean_frame(self, recording: str) -> np.ndarray:
        """(64, 64) uint8 mean over the subject's training recordings.

        For a held-out subject, over the scripted recordings (those of unseen_subject) except
        ``recording`` itself; where there are none, over all other recordings of the subject.
        """
        others = self.others(recording)
        sets = dict(zip(self.split["recording"], self.split["set"], strict=True))
        for source_set in ("train", "unseen_subject"):
            in_set = [other for other in others if sets[other] == source_set]
            if in_set:
                others = in_set
                break
        total = sum(self._frame_sum(other) for other in others)
        count = sum(self.frames.length(other) for other in others)
        return np.rint(total / count).astype(np.uint8)

    def all_trained(self, recordings: list[str]) -> bool:
        """Whether every subject of ``recordings`` has training recordings."""
        trained = set(self.split.loc[self.split["set"] == "train", "subject"])
        return {self._subjects[recording] for recording in recordings} <= trained

    def spare_clips(self, recording: str, n: int) -> np.ndarray:
        """(at most n, 10, 64, 64) uint8 real clips of the subject that the set does not score.

        First from the set's own recordings, then from the subject's other ones; no clip is
        returned twice.
        """
        subject = self._subjects[recording]
        if subject not in self._spare:
            self._spare[subject] = iter(self._find_spare(recording))
        slots = [slot for _, slot in zip(range(n), self._spare[subject], strict=False)]
        video = [
            self.frames.read(source, "frames", start, start + CLIP_LENGTH)
            for source, start in slots
        ]
        return np.array(video, dtype=np.uint8).reshape(
            -1, CLIP_LENGTH, *self.frames.read(recording, "frames", 0, 1).shape[1:]
        )

    def _find_spare(self, recording: str) -> list[tuple[str, int]]:
        same_subject = [
            name for name, subject in self._subjects.items() if subject == self._subjects[recording]
        ]
        scored = [name for name in same_subject if name in self.clip_starts]
        needed = sum(len(self.clip_starts[name]) for name in scored)
        sets = dict(zip(self.split["recording"], self.split["set"], strict=True))
        slots = [(name, start) for name in sorted(same_subject) for start in self._free_slots(name)]
        inside = [slot for slot in slots if sets[slot[0]] == self.set_name]
        outside = [slot for slot in slots if sets[slot[0]] != self.set_name]
        spare = evenly(inside, needed)
        return spare + evenly(outside, needed - len(spare))

    def _free_slots(self, recording: str) -> list[int]:
        slots = clip_slots(self.frames.length(recording), first=self.first)
        return [int(slot) for slot in np.setdiff1d(slots, self.clip_starts.get(recording, []))]

    def _frame_sum(self, recording: str) -> np.ndarray:
        if recording not in self._sums:
            video = self.frames.read(recording, "frames")
            self._sums[recording] = video.sum(axis=0, dtype=np.float64)
        return self._sums[recording]


def _copied_frame(material: _Material, recording: str, starts: np.ndarray):
    """The first frame for the rollout; for a clip the last true frame before it."""
    video = material.frames.read(recording, "frames")
    clips = _repeat(video[starts - 1][:, None], CLIP_LENGTH, axis=1)
    return _repeat(video[:1], len(video)), clips


def _mean_frame(material: _Material, recording: str, starts: np.ndarray):
    mean = material.mean_frame(recording)[None]
    clips = np.broadcast_to(mean, (len(starts), CLIP_LENGTH, *mean.shape[1:]))
    return _repeat(mean, material.frames.length(recording)), clips


def _real_other(material: _Material, recording: str, starts: np.ndarray):
    """Other recordings one after another, cut to length; repeated where they are too short."""
    length = material.frames.length(recording)
    pieces, frame_count = [], 0
    for other in material.others(recording):
        pieces.append(material.frames.read(other, "frames"))
        frame_count += len(pieces[-1])
        if frame_count >= length:
            break
    video = np.concatenate(pieces)
    return video[np.arange(length) % len(video)], material.spare_clips(recording, len(starts))


_VIDEOS_OF = {"copied_frame": _copied_frame, "mean_frame": _mean_frame, "real_other": _real_other}


def _repeat(frame: np.ndarray, count: int, axis: int = 0) -> np.ndarray:
    return np.repeat(frame, count, axis=axis)
