"""Rule ``agreement``: the instrument, trained on true pairs of training recordings."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from s2r.core.errors import UserError
from s2r.core.progress import progress
from s2r.evaluation.agreement.instrument import Instrument, Usual, save_instrument
from s2r.evaluation.agreement.network import WINDOW, heard, seen
from s2r.evaluation.agreement.retrieval import match
from s2r.evaluation.agreement.train import STEPS, train_network
from s2r.preparation.embeddings import fit_audio, to_half
from s2r.preparation.recordings import RecordingSet
from s2r.preparation.selection import evenly
from s2r.speech.level import levelled
from s2r.speech.logmel import log_mel

MOST_RECORDINGS = 300
"""Recordings of a large corpus that are trained on, at even distances."""

MOST_FRAMES = 300
"""Frames of a long recording that are trained on, from its middle."""

MOST_VALIDATION = 40
"""Validation recordings that say what is usual."""


def speech_of(recordings: RecordingSet, recording: str) -> np.ndarray:
    """Embeddings (T, D) of a recording, float16: those opened with ``recordings``, else log-mel.

    None at all, (0, 1), for a recording without sound. Raises UserError where sound and frames do
    not have the same length.
    """
    if recordings.embeddings is not None:
        if recording in recordings.embeddings.failed:
            return np.empty((0, 1), np.float16)
        return recordings.embedded(recording)
    sound = recordings.audio(recording)
    if not len(sound):
        return np.empty((0, 1), np.float16)
    length = recordings.length(recording)
    return to_half(log_mel(levelled(fit_audio(sound, length)))[:length])


def fit_instrument(
    recordings: RecordingSet,
    path: str | Path,
    *,
    encoder: str,
    settings: Mapping[str, str | int | bool | None],
    seed: int = 0,
    steps: int = STEPS,
) -> None:
    """Train on the set ``train``, see what is usual on ``validation``, and write the instrument.

    ``recordings`` with their split, and with the embeddings of ``encoder`` unless that is log-mel;
    ``settings`` are those of the encoder (`s2r.speech.encoder.EncoderConfig`). At most 300
    recordings are held, shrunk, 6 s of each: below 1 GB. Raises UserError where no training
    recording has sound and 10 frames.
    """
    pictures, speech = [], []
    for recording in progress(recordings.members("train", MOST_RECORDINGS), "true pairs"):
        embeddings = speech_of(recordings, recording)
        if len(embeddings) < WINDOW:
            continue
        first = max(0, (len(embeddings) - MOST_FRAMES) // 2)
        stop = min(first + MOST_FRAMES, len(embeddings))
        pictures.append(seen(recordings.video(recording, first, stop)))
        speech.append(heard(embeddings[first:stop]))
    if not pictures:
        raise UserError(
            f"No recording of the set train has sound and {WINDOW} frames, so nothing can learn "
            "which video belongs to which sound: change the block split of the configuration."
        )
    network = train_network(pictures, speech, seed, steps)
    instrument = Instrument(network, encoder, settings)
    usual = usual_values(instrument, recordings)
    save_instrument(Instrument(network, encoder, settings, usual), path)
    if usual:
        print(
            f"Agreement of true videos by {encoder}: {usual.own[1]:.2f} (median of "
            f"{usual.recordings} validation recordings), {usual.other[1]:.2f} with other speech."
        )


def usual_values(instrument: Instrument, recordings: RecordingSet) -> Usual | None:
    """Agreement of validation videos with their own sound, and with that of the next recording.

    None where there are fewer than two of them with sound.
    """
    pairs = []
    for recording in recordings.members("validation"):
        embeddings = speech_of(recordings, recording)
        if len(embeddings) >= 2 * WINDOW:
            vectors = instrument.video(recordings.video(recording))
            pairs.append((vectors, instrument.speech(embeddings)))
    pairs = evenly(pairs, MOST_VALIDATION)
    if len(pairs) < 2:
        return None
    own, other = [], []
    for (video, speech), (_, next_speech) in zip(pairs, [*pairs[1:], pairs[0]], strict=True):
        nobody = speech[:0]
        own.append(match(video, speech, nobody).agreement)
        length = min(len(video), len(next_speech))
        other.append(match(video[:length], next_speech[:length], nobody).agreement)
    low_median_high = [0.05, 0.5, 0.95]
    return Usual(
        own=tuple(map(float, np.quantile(own, low_median_high))),
        other=tuple(map(float, np.quantile(other, low_median_high))),
        recordings=len(pairs),
    )
