"""Embeddings on disk: one shard of them beside each shard of frames."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from s2r.core.errors import UserError
from s2r.core.progress import progress
from s2r.core.shards import Shards, write_shard
from s2r.core.units import HOP
from s2r.speech.changed import changed_copy
from s2r.speech.encoder import Encoder
from s2r.speech.level import levelled


def embed_shard(
    frames_shard: str | Path,
    path: str | Path,
    encoder: Encoder,
    copies: int = 0,
) -> None:
    """Write the ``embeddings`` (T, D) float16 of every recording in ``frames_shard`` to ``path``.

    T is the recording's number of video frames. Those of ``copies`` changed copies of each sound
    (`s2r.speech.changed`) are written too, as `copy_name` names them: of all recordings, since a
    split that changes must not make every shard again.
    Very soft or loud speech is brought to the level that encoders expect (`s2r.speech.level`).
    Recordings without sound have none: they are listed as left out (``failed``). The encoder's
    description becomes the shard's attributes. Raises UserError, naming the recording, when sound
    and video differ by more than one frame or when an embedding does not fit float16.
    """
    left_out: dict[str, str] = {}
    shards = Shards([frames_shard])
    embedded = _embedded_recordings(shards, frames_shard, encoder, copies, left_out)
    write_shard(path, embedded, encoder.describe(), left_out)


def copy_name(number: int) -> str:
    """The dataset with the embeddings of changed copy ``number``, from 0, of a sound."""
    return f"changed{number}"


def _embedded_recordings(
    shards: Shards,
    source: str | Path,
    encoder: Encoder,
    copies: int,
    left_out: dict[str, str],
) -> Iterator[tuple]:
    """Items of the shard."""

    def embedded(audio: np.ndarray, length: int) -> np.ndarray:
        return to_half(encoder.encode(levelled(audio))[:length])

    for recording in progress(shards.recordings, "embed"):
        sound = shards.read(recording, "audio")
        if not len(sound):
            left_out[recording] = "it has no sound"
            continue
        try:
            length = shards.length(recording)
            audio = fit_audio(sound, length)
            datasets = {"embeddings": embedded(audio, length)}
            for number in range(copies):
                changed = changed_copy(audio, recording, number)
                datasets[copy_name(number)] = embedded(changed, length)
        except UserError as error:
            raise UserError(f"{recording} in {source}: {error}") from error
        yield recording, datasets, {}


def fit_audio(audio: np.ndarray, frames: int) -> np.ndarray:
    """Audio (N,) at 16 kHz with enough samples for ``frames`` embeddings, padded with zeros.

    Raises UserError when it holds more than one frame too many or too few.
    """
    filled = len(audio) // HOP
    if abs(filled - frames) > 1:
        raise UserError(
            f"the sound fills {filled} frames but the video has {frames}: make the frames again."
        )
    return np.pad(audio, (0, max(0, frames * HOP - len(audio))))


def to_half(embeddings: np.ndarray) -> np.ndarray:
    """Embeddings as float16; raises UserError where a value is not finite or too large for it."""
    with np.errstate(over="ignore"):
        half = embeddings.astype(np.float16)
    if not np.isfinite(half).all():
        raise UserError(
            "the encoder gave values that are not finite or beyond 65504: take another layer."
        )
    return half
