"""Rule ``real_speech``: whether the movements that phones demand are seen in videos of speech.

Three kinds of speech: ``people`` (of the folder ``speech.path``), ``corpus`` (test recordings of
subjects that training never heard: with a model of the phantom what can be reached), and
``shuffled`` (the videos of people, judged by the phones of another of their recordings: chance).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from s2r.core.errors import UserError
from s2r.core.files import write_csv
from s2r.core.media.decode import open_audio
from s2r.core.media.resample import to_clock
from s2r.core.phonetics import Segment
from s2r.core.progress import progress
from s2r.corpus.textgrid import read_textgrid
from s2r.evaluation.data import EvaluationData
from s2r.evaluation.metrics.tract_variables import tract_variables
from s2r.evaluation.phones.times import read_phone_times
from s2r.evaluation.real_speech.demands import phone_values, summary
from s2r.evaluation.real_speech.folder import SpokenFile, find_speech
from s2r.evaluation.words.alignment import Aligner
from s2r.generation.model_folder import SpeechModel
from s2r.generation.speech_file import generated_frames
from s2r.speech.level import measure

PEOPLE, CORPUS, SHUFFLED = "people", "corpus", "shuffled"


@dataclass(frozen=True)
class Spoken:
    """A recording at 16 kHz with its phones."""

    voice: str
    name: str
    samples: np.ndarray
    """(N,) float32 in [-1, 1]."""
    phones: tuple[Segment, ...]


def measure_real_speech(
    speech_model: SpeechModel,
    reference: np.ndarray,
    data: EvaluationData,
    *,
    folder: str | Path,
    phone_times: str | Path,
    sets: Sequence[str],
    table: str | Path,
    values: str | Path,
    seed: int = 0,
    resamples: int = 2000,
) -> None:
    """Generate the videos of all speech, read their tract variables and write both tables.

    ``data`` with split, index and a probe; ``reference`` (H, W) uint8 is the speaker whom all
    videos show. ``table`` has the areas (`demands.summary`), ``values`` a row for each phone and
    demand. Raises UserError without a probe, and where the folder holds no speech with phones.
    """
    if data.instruments.probe is None:
        raise UserError(
            "The real speech is judged by contours that a probe reads off the video, and this "
            "corpus has no contours to train it on: see corpus.contours."
        )
    kinds = {PEOPLE: list(_people(folder)), CORPUS: list(_corpus(data, phone_times, sets))}
    rows = []
    for kind, recordings in kinds.items():
        variables = {}
        for spoken in progress(recordings, f"real speech, {kind}"):
            frames = generated_frames(speech_model, spoken.samples, reference, seed)
            variables[spoken.name] = tract_variables(data.instruments.probe.predict(frames))
            rows.append(_rows(kind, spoken, spoken.phones, variables[spoken.name]))
        if kind == PEOPLE:
            for spoken, other in zip(recordings, recordings[1:] + recordings[:1], strict=True):
                if other is not spoken:
                    rows.append(_rows(SHUFFLED, spoken, other.phones, variables[spoken.name]))
    found = pd.concat(rows, ignore_index=True)
    write_csv(found, values)
    write_csv(summary(found, resamples, seed), table)


def _rows(
    kind: str, spoken: Spoken, phones: Sequence[Segment], variables: dict[str, np.ndarray]
) -> pd.DataFrame:
    length = len(next(iter(variables.values())))
    labels = {"speech": kind, "voice": spoken.voice, "recording": spoken.name}
    return phone_values(variables, phones, length).assign(**labels)


def _people(folder: str | Path) -> Iterator[Spoken]:
    aligner = None
    for file in progress(find_speech(folder), "phones of real speech"):
        samples = read_speech(file.path)
        if file.textgrid:
            phones = read_textgrid(file.textgrid).phones
        else:
            aligner = aligner or Aligner()
            try:
                items = aligner.align(samples, file.text)
            except UserError as error:
                print(f"  left out: {file.path.name}: {error}")
                continue
            phones = tuple(phone for item in items for phone in item.phones)
        yield Spoken(file.voice, _name(file), samples, phones)


def _name(file: SpokenFile) -> str:
    return f"{file.voice}/{file.path.stem}"


def read_speech(path: str | Path) -> np.ndarray:
    """The sound of a file, (N,) float32 at 16 kHz, its level brought to that of speech."""
    with open_audio(path) as sound:
        samples = np.concatenate([np.zeros(0, np.float32), *to_clock(sound.blocks, sound.rate)])
    return measure([samples]).applied(samples)


def _corpus(data: EvaluationData, phone_times: str | Path, sets: Sequence[str]) -> Iterator[Spoken]:
    times = read_phone_times(phone_times)
    for set_name in sets:
        for recording in data.members(set_name):
            if recording in times:
                about = data.about(recording)
                phones = times[recording].phones
                yield Spoken(about["subject"], recording, data.audio(recording), phones)
