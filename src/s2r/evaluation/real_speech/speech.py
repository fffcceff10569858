"""Speech of people in a folder, with what is said in it: TextGrids, or texts to align."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from s2r.core.errors import UserError
from s2r.core.media.decode import read_audio
from s2r.core.media.resample import resample
from s2r.core.phonetics import PHONES, Segment
from s2r.core.text_files import read_text
from s2r.core.units import SAMPLE_RATE
from s2r.corpus.names import safe_name
from s2r.corpus.textgrid import find_textgrid, read_textgrid
from s2r.corpus.walk import walk
from s2r.evaluation.words.alignment import Aligner
from s2r.speech.level import levelled

SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".m4a", ".mp4", ".mov", ".mkv", ".webm")
TRANSCRIPTION = "transcription"
"""Name of a file of CMU Sphinx with the texts of all recordings in its folder."""

_LINE = re.compile(r"(?:<s>)?\s*(.*?)\s*(?:</s>)?\s*\(([^()]+)\)\s*")


@dataclass(frozen=True)
class SpokenFile:
    """A recording of somebody who speaks, and what is known of what he says."""

    path: Path
    voice: str
    """The folder that it lies in: one for each voice."""
    textgrid: Path | None
    """A TextGrid of its stem, which goes before a text."""
    text: str
    """Words to align."""


def find_speech(root: str | Path) -> list[SpokenFile]:
    """All recordings below ``root`` of which the text or the phones are known.

    Beside a recording lie a TextGrid of its stem, or a ``.txt`` with what is said; or its folder
    has a file ``transcription`` with lines ``what is said (stem)``. The folder is the voice.
    Recordings without any of them are named on standard output. Raises UserError where none is
    left.
    """
    root = Path(root)
    if not root.is_dir():
        raise UserError(f"{root}: there is no such folder: correct speech.path.")
    found, without = [], []
    for path, problem in walk(root):
        if problem:
            print(f"Left out: {problem}.")
        if problem or path.suffix.lower() not in SUFFIXES:
            continue
        textgrid = find_textgrid(path)
        text = _text_of(path)
        if textgrid or text:
            found.append(SpokenFile(path, safe_name(path.parent.name), textgrid, text))
        else:
            without.append(path.name)
    if without:
        print(f"Left out, without a TextGrid or .txt of the same name: {', '.join(without)}.")
    if not found:
        raise UserError(
            f"{root}: it holds no recording with a TextGrid or a .txt of the same name: put one "
            "beside each recording, or correct speech.path."
        )
    return found


class PhoneFinder:
    """Finds the phones of recordings; the aligner is loaded only where one has no TextGrid."""

    def __init__(self, files: Iterable[SpokenFile]):
        """Raises UserError where the aligner is needed and not installed."""
        self._aligner = None if all(file.textgrid for file in files) else Aligner()

    def find(self, file: SpokenFile) -> tuple[np.ndarray, tuple[Segment, ...]]:
        """The sound (N,) float32 at 16 kHz in [-1, 1], and its phones in s from its first sample.

        Raises UserError, which names the file, where the sound cannot be read, the TextGrid is
        damaged or has no phones and there is no text, or the text cannot be aligned.
        """
        samples = resample(*read_audio(file.path), SAMPLE_RATE)
        spoken = read_textgrid(file.textgrid) if file.textgrid else None
        if spoken:
            return samples, spoken.phones
        if not file.text:
            raise UserError(f"{file.textgrid} has no tier of phones: add one, or a .txt.")
        self._aligner = self._aligner or Aligner()  # a TextGrid without phones
        try:
            items = self._aligner.align(levelled(samples), file.text)
        except UserError as error:
            raise UserError(f"{file.path}: {error}") from error
        return samples, tuple(phone for item in items for phone in item.phones)


def _text_of(path: Path) -> str:
    """What is said in a recording, "" where nobody says it."""
    own = path.with_suffix(".txt")
    if own.is_file():
        return words_of(read_text(own))
    together = path.parent / TRANSCRIPTION
    if together.is_file():
        return dict(_lines(read_text(together))).get(path.stem, "")
    return ""


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match:
            yield match[2], words_of(match[1])


def words_of(text: str) -> str:
    """Words in lower case without punctuation; apostrophes stay, and words that are spelled in
    ARPABET phones with hyphens, as ``AH-N-D-UW``."""
    words = re.findall(r"[^\W\d_]+(?:['-][^\W\d_]+)*", text.replace("\u2019", "'"))
    return " ".join(word if _is_spelled(word) else word.lower().replace("-", " ") for word in words)


def _is_spelled(word: str) -> bool:
    return "-" in word and set(PHONES).issuperset(word.split("-"))
