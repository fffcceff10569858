"""Articulation codes and speech of the training recordings, and random segments of them."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from s2r.model.autoencoder import Speaker
from s2r.model.utterance_model import UtteranceModel
from s2r.preparation.recordings import RecordingSet
from s2r.training.recording_codes import recording_codes


@dataclass(frozen=True)
class CodeSet:
    """Recordings one after another, on the device of the training."""

    recordings: list[str]
    """Their names; those of recordings whose sound is there in changed copies come again."""
    codes: Tensor
    """(N, K) articulation codes of all frames."""
    speech: Tensor
    """(N, P) projected embeddings."""
    speakers: Tensor
    """(R, K) code of each recording's reference frame."""
    first: np.ndarray
    """(R,) index of each recording's first frame."""
    lengths: np.ndarray
    """(R,) frames of each recording."""

    def part(self, recording: int) -> slice:
        """Where a recording lies."""
        return slice(self.first[recording], self.first[recording] + self.lengths[recording])

    def draw(
        self, chosen: np.ndarray, count: int, length: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, Tensor]:
        """Random segments of the recordings ``chosen``, drawn by their lengths.

        Returns recordings (count,) and frames (count, length). A recording that is shorter than a
        segment is continued with its last frame.
        """
        share = self.lengths[chosen] / self.lengths[chosen].sum()
        recording = chosen[rng.choice(len(chosen), count, p=share)]
        lengths = self.lengths[recording]
        start = rng.integers(0, np.maximum(lengths - length, 0) + 1)
        places = np.minimum(start[:, None] + np.arange(length), lengths[:, None] - 1)
        frames = torch.from_numpy(self.first[recording][:, None] + places)
        return recording, frames.to(self.codes.device)


def load_codes(
    model: UtteranceModel, recordings: RecordingSet, names: list[str], copies: int = 0
) -> CodeSet:
    """The codes and the speech of the recordings ``names``.

    They are followed by the same recordings with the speech of ``copies`` changed copies of their
    sound, copy by copy.
    """
    return with_speech(
        model, recordings, names, *recording_codes(model.autoencoder, recordings, names), copies
    )


def with_speech(
    model: UtteranceModel,
    recordings: RecordingSet,
    names: list[str],
    codes: list[Tensor],
    speakers: Speaker,
    copies: int = 0,
) -> CodeSet:
    """`load_codes` where codes and speakers are known."""
    speech = [torch.from_numpy(model.project(recordings.embedded(name))) for name in names]
    copied = [recordings.embedded_copies(name, copies) for name in names]
    for number in range(copies):
        speech += [torch.from_numpy(model.project(changed[number])) for changed in copied]
    codes = codes * (copies + 1)
    lengths = np.array([len(part) for part in codes])
    first = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(int)
    return CodeSet(
        names * (copies + 1),
        torch.cat(codes),
        torch.cat(speech).to(model.code_scale.device),
        speakers.code.repeat(copies + 1, 1),
        first,
        lengths,
    )
