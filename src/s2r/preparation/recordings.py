"""The prepared recordings, opened once: frames, split, index and embeddings for later stages."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from s2r.core.errors import UserError
from s2r.core.shards import Shards
from s2r.corpus.articulators import FIELD_MM
from s2r.corpus.index import read_corpus
from s2r.corpus.split import read_split
from s2r.corpus.truth import read_truth, truth_on_grid
from s2r.preparation.embeddings import copy_name
from s2r.preparation.frames import first_frame_time
from s2r.preparation.prepared_contours import PreparedContours, open_contours
from s2r.preparation.selection import recordings_of


@dataclass(frozen=True)
class RecordingSet:
    """Prepared frames, and the lines of the split and of the index for each recording.

    Methods that need a table or the embeddings raise ValueError where these were not opened.
    """

    frames: Shards
    """``frames`` (T, H, W) uint8 and ``audio`` (320 T,) float32 of each recording; a recording
    without sound (set ``silent``) has no samples."""
    split: pd.DataFrame | None = None
    """Columns ``recording, subject, stimulus, set``; None where it was not opened."""
    index: pd.DataFrame | None = None
    """The index of the corpus, by recording; None where it was not opened."""
    embeddings: Shards | None = None
    """``embeddings`` (T, D) of each recording with sound, of one encoder; None where they were not
    opened."""
    codes: Shards | None = None
    """Articulation codes and registered speakers (`s2r.training.recording_codes`); None where they
    were not opened."""
    contours: PreparedContours | None = None
    """Contours that the user traced; None where none were opened."""

    def members(self, set_name: str, most: int | None = None) -> list[str]:
        """The recordings of a set that have frames, sorted; at most ``most``, of all
        subjects and stimuli alike."""
        if self.split is None:
            raise ValueError("the recordings were opened without their split")
        return recordings_of(self.split, set_name, self.frames, most)

    def about(self, recording: str) -> pd.Series:
        """The line of a recording in the index; unknown values are empty text or zero."""
        if self.index is None:
            raise ValueError("the recordings were opened without their index")
        return self.index.loc[recording]

    def length(self, recording: str) -> int:
        """Number of frames of a recording."""
        return self.frames.length(recording)

    def video(self, recording: str, first: int = 0, stop: int | None = None) -> np.ndarray:
        """Frames ``first`` to ``stop`` of a recording, (T, H, W) uint8."""
        return self.frames.read(recording, "frames", first, stop)

    def audio(self, recording: str) -> np.ndarray:
        """The sound of a recording, (320 T,) float32 in [-1, 1] at 16 kHz."""
        return self.frames.read(recording, "audio")

    def embedded(self, recording: str, first: int = 0, stop: int | None = None) -> np.ndarray:
        """Embeddings of the frames ``first`` to ``stop`` of a recording, (T, D)."""
        if self.embeddings is None:
            raise ValueError("the recordings were opened without their embeddings")
        return self.embeddings.read(recording, "embeddings", first, stop)

    def embedded_copies(self, recording: str, count: int) -> list[np.ndarray]:
        """Embeddings (T, D) of ``count`` changed copies of the sound of a recording.

        Raises UserError where fewer were made.
        """
        if self.embeddings is None:
            raise ValueError("the recordings were opened without their embeddings")
        names = [copy_name(number) for number in range(count)]
        if not all(self.embeddings.holds(recording, name) for name in names):
            raise UserError(
                f"The embeddings of {recording} have fewer copies with changed sound than "
                f"mean.sound_copies asks for ({count}): make them again (snakemake -R embed)."
            )
        return [self.embeddings.read(recording, name) for name in names]

    @property
    def field_mm(self) -> float:
        """Side in mm of the square pictures that true contours lie on."""
        return FIELD_MM if self.contours is None else self.contours.field_mm

    def true_contours(self, recording: str) -> dict[str, np.ndarray]:
        """The true contours {articulator: (T, P, 2)} in mm at the centres of the frames.

        Articulators, coordinates and what NaN means: `s2r.corpus.articulators`. Those that the
        user traced where such were opened, else those of the phantom, else {}. Raises UserError
        for frames of an earlier version, which did not store when they start.
        """
        if self.contours is not None:
            return self.contours.of(recording)
        path = self.about(recording)["truth"]
        if not path:
            return {}
        truth = read_truth(path)
        truth = replace(truth, times=truth.times - first_frame_time(self.frames, recording))
        rate = self.frames.attributes(recording)["rate"]
        return truth_on_grid(truth, self.length(recording), rate)


def open_recordings(files: Mapping) -> RecordingSet:
    """Open ``files``: ``frames`` and, where given, ``embeddings``, ``codes``, ``split``,
    ``recordings`` and ``contours``.

    The first three are paths of shards, ``recordings`` is the path of the index, ``contours`` a
    list of at most one path. Other names are ignored, so the named inputs of a rule
    (``snakemake.input``) can be passed. Raises UserError for a missing or incomplete shard.
    """
    split, index = files.get("split"), files.get("recordings")
    (contours,) = files.get("contours") or [None]
    embeddings = files.get("embeddings")
    return RecordingSet(
        frames=Shards(files["frames"]),
        embeddings=Shards(embeddings) if embeddings else None,
        codes=Shards(files["codes"]) if files.get("codes") else None,
        split=read_split(split) if split else None,
        index=read_corpus(index) if index else None,
        contours=open_contours(contours) if contours else None,
    )
