"""Rule ``agreement_features``: vectors of true speech and video, computed once for all systems.

``results/scores/agreement-{encoder}.npz``: ``speech/{recording}`` (T - 9, 48) float16 of every
recording of a test set that has sound and 10 frames, ``video/{recording}`` of those that are rolled
out, ``other/{recording}`` (n, 48), as many windows of other video of the same subject, and
``set/{set}``, the names of the first.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from s2r.core.damaged import reading
from s2r.core.errors import UserError
from s2r.core.files import atomic_path
from s2r.core.progress import progress
from s2r.evaluation.agreement.fit import speech_of
from s2r.evaluation.agreement.instrument import Instrument
from s2r.evaluation.agreement.network import DIMENSION, WINDOW
from s2r.evaluation.agreement.retrieval import grid
from s2r.evaluation.recording_scores import GIVEN
from s2r.preparation.recordings import RecordingSet

REMEDY = "delete it and call snakemake again"


def write_true_features(
    recordings: RecordingSet,
    instrument: Instrument,
    *,
    sets: Sequence[str],
    path: str | Path,
    rollouts: int | None = None,
) -> None:
    """Compute the vectors of all test sets and write them as npz.

    ``recordings`` as for `s2r.evaluation.agreement.fit.fit_instrument`; ``rollouts`` is the most
    recordings of a set that are rolled out (None: all). One recording is held at a time.
    """
    arrays: dict[str, np.ndarray] = {}
    for set_name in sets:
        spoken, rolled_out = [], recordings.members(set_name, rollouts)
        for recording in progress(recordings.members(set_name), f"true vectors, {set_name}"):
            embeddings = speech_of(recordings, recording)
            if len(embeddings) < WINDOW:
                continue
            spoken.append(recording)
            arrays[f"speech/{recording}"] = instrument.speech(embeddings).astype(np.float16)
            if recording in rolled_out:
                video = instrument.video(recordings.video(recording))
                arrays[f"video/{recording}"] = video.astype(np.float16)
                other = _other_windows(
                    recordings, instrument, recording, rolled_out, len(grid(video[GIVEN:]))
                )
                arrays[f"other/{recording}"] = other.astype(np.float16)
        arrays[f"set/{set_name}"] = np.array(spoken, dtype=str)
    with atomic_path(path) as temporary:
        np.savez(temporary, **arrays)


def _other_windows(
    recordings: RecordingSet,
    instrument: Instrument,
    recording: str,
    scored: Sequence[str],
    count: int,
) -> np.ndarray:
    """At most ``count`` windows, (n, 48), of video of the same subject that is not ``scored``.

    Of recordings of the same set if there are any, then of the others. They begin after the
    recording in the order of names, so that not all take the same one.
    """
    split = recordings.split.set_index("recording")
    own, usable = split.loc[recording], set(recordings.frames.recordings)
    same = split[(split["subject"] == own["subject"]) & ~split.index.isin(scored)]
    names = [name for name in same.index if name in usable]
    names.sort(key=lambda name: (same.loc[name, "set"] != own["set"], name < recording, name))
    parts, found = [np.empty((0, DIMENSION), np.float32)], 0
    for name in names:
        if found >= count:
            break
        parts.append(grid(instrument.video(recordings.video(name))))
        found += len(parts[-1])
    return np.concatenate(parts)[:count]


class TrueFeatures:
    """The vectors of true recordings, read as they are asked for."""

    def __init__(self, path: str | Path):
        """Open the file of ``write_true_features``; UserError where it is missing or damaged."""
        self.path = Path(path)
        if not self.path.exists():
            raise UserError(f"{path} does not exist: run the rule agreement_features.")
        self._pools: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        with reading(path, REMEDY):
            self._arrays = np.load(path)
            self._names = set(self._arrays.files)

    def speech(self, recording: str) -> np.ndarray:
        """Vectors (T - 9, 48) of the speech of a recording; none where it has no sound."""
        return self._read("speech", recording)

    def video(self, recording: str) -> np.ndarray:
        """Vectors (T - 9, 48) of the true video; none where it has no sound."""
        return self._read("video", recording)

    def other_video(self, recording: str) -> np.ndarray:
        """Vectors (n, 48) of windows of other video of the same subject, which is not scored."""
        return self._read("other", recording)

    def others(self, set_name: str, recording: str) -> np.ndarray:
        """Speech of the other recordings of a set: windows that do not overlap, (M, 48)."""
        if set_name not in self._pools:
            with reading(self.path, REMEDY):
                names = [str(name) for name in self._arrays[f"set/{set_name}"]]
            parts = [grid(self.speech(name)) for name in names]
            owners = np.repeat(names, [len(part) for part in parts])
            pool = np.concatenate(parts) if parts else np.empty((0, 1), np.float32)
            self._pools[set_name] = owners, pool
        owners, pool = self._pools[set_name]
        return pool[owners != recording]

    def _read(self, kind: str, recording: str) -> np.ndarray:
        name = f"{kind}/{recording}"
        if name not in self._names:
            return np.empty((0, 1), np.float32)
        with reading(self.path, REMEDY):
            return self._arrays[name].astype(np.float32)
