"""Speech of people in a folder, with what is said in it: TextGrids, or texts to align."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from s2r.core.errors import UserError
from s2r.core.text_files import read_text
from s2r.corpus.names import safe_name
from s2r.corpus.textgrid import find_textgrid
from s2r.corpus.walk import walk

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
    text: str
    """Words to align; "" where there is a TextGrid."""


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
        if problem or path.suffix.lower() not in SUFFIXES:
            continue
        textgrid = find_textgrid(path)
        text = "" if textgrid else _text_of(path)
        if textgrid or text:
            found.append(SpokenFile(path, safe_name(path.parent.name), textgrid, text))
        else:
            without.append(path.name)
    if without:
        print(f"Nobody says what is spoken in {', '.join(without)}: put a TextGrid or .txt beside.")
    if not found:
        raise UserError(
            f"{root}: it holds no recording with a TextGrid or a .txt of the same name: put one "
            "beside each recording, or correct speech.path."
        )
    return found


def _text_of(path: Path) -> str:
    """What is said in a recording, "" where nobody says it."""
    own = path.with_suffix(".txt")
    if own.is_file():
        return _words(read_text(own))
    together = path.parent / TRANSCRIPTION
    if together.is_file():
        return dict(_lines(read_text(together))).get(path.stem, "")
    return ""


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match:
            yield match[2], _words(match[1])


def _words(text: str) -> str:
    """Words in lower case without punctuation; apostrophes stay."""
    plain = text.lower().replace("\u2019", "'")
    return " ".join(re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", plain))
