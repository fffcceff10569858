"""Rule ``real_speech``: whether the movements that phones demand are seen in videos of speech.

Kinds of speech (`KINDS`): ``people``, that of the folder ``speech.path``; ``shuffled``, the same
videos, judged by phones of another time: chance; ``corpus``, test recordings of subjects that
training never heard: what the model does with speech like that it was trained on; and ``true``, the
true videos of these recordings: what the reading of contours can find at all.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from s2r.core.errors import UserError
from s2r.core.files import write_csv
from s2r.core.phonetics import Segment
from s2r.core.progress import progress
from s2r.core.units import FRAME_RATE
from s2r.evaluation.data import EvaluationData
from s2r.evaluation.metrics.tract_variables import tract_variables
from s2r.evaluation.phones.times import read_phone_times
from s2r.evaluation.real_speech.areas import areas
from s2r.evaluation.real_speech.demands import phone_values
from s2r.evaluation.real_speech.speech import PhoneFinder, find_speech
from s2r.generation.model_folder import SpeechModel
from s2r.generation.speech_file import generated_frames

PEOPLE, SHUFFLED, CORPUS, TRUE = KINDS = ("people", "shuffled", "corpus", "true")


Generator = Callable[[np.ndarray], np.ndarray]
"""From sound (N,) float32 at 16 kHz to frames (T, H, W) uint8."""


@dataclass(frozen=True)
class Judged:
    """A video, and what is said in it."""

    speech: str
    """One of `KINDS`."""
    voice: str
    recording: str
    frames: np.ndarray
    """(T, H, W) uint8."""
    phones: tuple[Segment, ...]


def measure_real_speech(
    speech_model: SpeechModel,
    data: EvaluationData,
    *,
    folder: str | Path,
    phone_times: str | Path,
    sets: Sequence[str],
    recordings: int | None,
    table: str | Path,
    values: str | Path,
    seed: int = 0,
    resamples: int = 2000,
) -> pd.DataFrame:
    """Generate the videos of all speech, read their tract variables and write both tables;
    returns the first.

    All videos show the model's first subject. ``data`` with split, index and a probe; of each of
    ``sets`` at most ``recordings`` count. ``table`` has the areas (`areas.areas`), ``values`` a row
    for each phone and demand. Memory holds one recording at a time. Raises UserError without a
    probe, and where the folder holds no speech with phones.
    """
    if data.instruments.probe is None:
        raise UserError(
            "Speech of people is judged by contours that a probe reads off the video, and this "
            "corpus has no contours to train it on: see corpus.contours."
        )
    reference = next(iter(speech_model.references.values()))

    def generated(samples: np.ndarray) -> np.ndarray:
        return generated_frames(samples, speech_model, reference, seed=seed)

    rows = []
    for judged in _videos_of_people(folder, generated):
        rows.append(_rows(judged, data))
        rows.append(_rows(replace(judged, speech=SHUFFLED, phones=_moved(judged)), data))
    if not any(map(len, rows)):
        raise UserError(
            f"{folder}: the phones of no recording are known: see the lines above, and correct the "
            "texts or TextGrids."
        )
    for judged in _videos_of_corpus(data, phone_times, sets, recordings, generated):
        rows.append(_rows(judged, data))
    found = pd.concat([part for part in rows if len(part)], ignore_index=True)
    write_csv(found, values)
    found_areas = areas(found, resamples, seed)
    write_csv(found_areas, table)
    return found_areas


def _rows(judged: Judged, data: EvaluationData) -> pd.DataFrame:
    variables = tract_variables(data.instruments.contours(judged.frames))
    phones = phone_values(variables, judged.phones, len(judged.frames))
    for column in ("recording", "voice", "speech"):
        phones.insert(0, column, getattr(judged, column))
    return phones


def _moved(judged: Judged) -> tuple[Segment, ...]:
    """The phones half the length of the video later, those at the end at its start.

    They are as many and as long as before, and say nothing about these frames.
    """
    length = len(judged.frames) / FRAME_RATE
    moved = []
    for phone in judged.phones:
        start = (phone.start + length / 2) % length
        moved.append(replace(phone, start=start, end=start + phone.end - phone.start))
    return tuple(moved)


def _videos_of_people(folder: str | Path, generated: Generator) -> Iterator[Judged]:
    files = find_speech(folder)
    finder = PhoneFinder(files)
    for file in progress(files, "speech of people"):
        try:
            samples, phones = finder.find(file)
            frames = generated(samples)
        except UserError as error:
            print(f"  left out: {error}")
            continue
        name = file.path.relative_to(folder).as_posix()
        yield Judged(PEOPLE, file.voice, name, frames, phones)


def _videos_of_corpus(
    data: EvaluationData,
    phone_times: str | Path,
    sets: Sequence[str],
    most: int | None,
    generated: Generator,
) -> Iterator[Judged]:
    times = read_phone_times(phone_times)
    names = [name for set_name in sets for name in data.members(set_name, most) if name in times]
    for recording in progress(names, "speech of the corpus"):
        voice, phones = data.about(recording)["subject"], times[recording].phones
        frames = generated(data.audio(recording))
        yield Judged(CORPUS, voice, recording, frames, phones)
        yield Judged(TRUE, voice, recording, data.video(recording), phones)
