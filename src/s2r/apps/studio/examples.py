"""Example clips to click: recordings of the phantom, whose true video is known.

Where the results beside the model hold a phantom corpus they are its recordings of a test set,
which the model was not trained on, by subjects that it can show; else the studio computes one.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from s2r.core.files import sha256_of
from s2r.core.media.encode import write_wav
from s2r.core.units import SAMPLE_RATE
from s2r.preparation.film import sound_of

MOST = 3
PHANTOMS = {Path("data/phantom"), Path("data/phantom_voices")}
"""Recordings elsewhere may be of people: they are not offered to everybody who opens the page."""

UNSEEN = "unseen_speech"
"""The set of speech that the model was not trained on, by subjects that it was trained on."""

COMPUTED = (2, "topic1", 0, "tiny")
"""Subject, stimulus, seed and profile of the example that is computed where there is no corpus."""


@dataclass(frozen=True)
class Example:
    """One of the clips."""

    label: str
    speaker: str
    film: Path | None
    """Its true video with sound; None for one that is computed when it is asked for."""


@dataclass(frozen=True)
class Opened:
    """An example that was asked for."""

    sound: Path
    film: Path
    speaker: str


def find_examples(results: Path, subjects: Sequence[str]) -> list[Example]:
    """The examples for a model that shows ``subjects``, whose results are in ``results``."""
    found: dict[str, Example] = {}
    for row in _test_recordings(results):
        speaker, film = row["subject"], Path(row["video"])
        known = speaker in subjects and PHANTOMS & {*film.parents} and film.is_file()
        if known and speaker not in found and len(found) < MOST:
            label = f"Phantom {speaker}, {row['stimulus']} ({float(row['video_seconds']):.1f} s)"
            found[speaker] = Example(label, speaker, film)
    if found:
        return list(found.values())
    subject, stimulus, *_ = COMPUTED
    return [Example(f"A computed voice, {stimulus}", f"sub{subject:03d}", None)]


def open_example(example: Example, work: Path) -> Opened:
    """Its sound as a file that browsers play, in ``work``, and its true video."""
    work.mkdir(exist_ok=True)
    film = example.film or _computed(work)
    sound = work / f"{film.stem.removesuffix('_video')}.wav"
    if not sound.exists():
        write_wav(sound, sound_of(film), SAMPLE_RATE)
    return Opened(sound, film, example.speaker)


def same_sound(opened: Sequence[Opened], speech: Path) -> Opened | None:
    """The example whose sound the file ``speech`` is, unchanged."""
    digest = sha256_of(speech) if opened else ""
    return next((one for one in opened if sha256_of(one.sound) == digest), None)


def _computed(work: Path) -> Path:
    from s2r.corpus.phantom.writer import recording_name, write_recording

    subject, stimulus, seed, profile = COMPUTED
    film = work / f"sub{subject:03d}" / "2drt" / "video"
    film /= f"{recording_name(subject, stimulus)}_video.mp4"
    if not film.exists():
        write_recording(work, subject, stimulus, seed, profile)
    return film


def _test_recordings(results: Path) -> list[dict[str, str]]:
    """The rows of recordings.csv that are of the set ``UNSEEN``; none where there is no table."""
    tables = [results / name for name in ("split.csv", "recordings.csv")]
    if not all(path.is_file() for path in tables):
        return []
    split, recordings = (list(csv.DictReader(path.open(newline=""))) for path in tables)
    unseen = {row.get("recording") for row in split if row.get("set") == UNSEEN}
    wanted = ("recording", "subject", "stimulus", "video", "video_seconds")
    return [
        row
        for row in recordings
        if row.get("recording") in unseen and all(row.get(name) for name in wanted)
    ]
