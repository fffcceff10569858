"""What systems are scored with: the recordings and the instruments, opened by one call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from s2r.core.errors import UserError
from s2r.evaluation.instruments import Instruments, read_instruments
from s2r.generation.generated_file import Generated
from s2r.preparation.recordings import RecordingSet, open_recordings

if TYPE_CHECKING:
    from s2r.evaluation.phones.scores import PhoneReader


@dataclass(frozen=True, kw_only=True)
class EvaluationData(RecordingSet):
    """Recordings, and the instruments that generated videos of them are measured with."""

    instruments: Instruments
    phones: "PhoneReader | None" = None
    """Reads phones off videos; None where no phones of the corpus are known."""

    def probed_contours(self, recording: str) -> dict[str, np.ndarray]:
        """The true contours {articulator: (T, P, 2)} in mm that the probe is compared with.

        {} without a probe, and without a truth.
        """
        return {} if self.instruments.probe is None else self.true_contours(recording)


def open_evaluation_data(
    files: Mapping, word_lists: Sequence[Sequence[str]] = (), seed: int = 0
) -> EvaluationData:
    """Open the files of `open_recordings`, and ``region`` and ``probe`` of `fit_instruments`.

    ``probe`` is a list of at most one path, or missing. Where ``recogniser`` and ``phone_times``
    are given, phones are read with them; ``word_lists`` and ``seed`` choose the words that a word
    is to be told from (`s2r.evaluation.phones.words.Vocabulary`). Raises UserError where a file is
    missing or damaged.
    """
    recordings = open_recordings(files)
    (probe,) = files.get("probe") or [None]
    phones = None
    if files.get("recogniser"):
        from s2r.evaluation.phones.scores import read_phone_reader  # here: it loads torchaudio

        phones = read_phone_reader(files["recogniser"], files["phone_times"], word_lists, seed)
    return EvaluationData(
        frames=recordings.frames,
        split=recordings.split,
        index=recordings.index,
        contours=recordings.contours,
        instruments=read_instruments(files["region"], probe),
        phones=phones,
    )


def check_length(content: Generated, name: str, length: int, true_length: int) -> None:
    """Raise UserError where the video ``name`` does not have the length of the true one."""
    if length != true_length:
        raise UserError(
            f"{content.path}: {name} has {length} frames and the true video {true_length}: delete "
            "the file and run the generate stage again."
        )
