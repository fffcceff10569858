"""A plain folder of videos; subject and stimulus are read from the path by a pattern."""

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from s2r.config.data_blocks import VOLUME_SUFFIXES
from s2r.config.patterns import compile_pattern
from s2r.core.errors import UserError
from s2r.corpus.names import is_utf8, nfc, printable
from s2r.corpus.walk import walk

STYLES = ("scripted", "spontaneous")


def find_recordings(root: Path, pattern: str, suffixes: Collection[str]) -> Iterator[dict]:
    """Yield one entry for each video under ``root``, as ``usc75.find_recordings`` does.

    Videos are files of these ``suffixes``, whatever their case, at any level, also in linked
    folders. ``pattern`` is a regular expression that must match the whole path relative to
    ``root`` (NFC, without suffix and with ``/`` between folders), which is the recording's name.
    Its groups ``subject`` and ``stimulus`` are required, ``repetition`` (a number) and ``style``
    (``scripted``, the default, or ``spontaneous``) optional. A wav of the same stem beside the
    video is its sound where the video has none. What cannot be read, such as a folder or a link
    to a file that is not there, is an entry with its problem. Hidden files and folders are ignored.
    """
    expression = compile_pattern(nfc(pattern))
    wanted = {suffix.lower() for suffix in suffixes}
    found = list(walk(root))
    sounds = {path.with_suffix(""): path for path, _ in found if path.suffix.lower() == ".wav"}
    for path, problem in found:
        inner = path.relative_to(root)
        if path.suffix.lower() in wanted:
            name = printable(nfc(inner.with_suffix("").as_posix()))
            yield _entry(path, name, sounds.get(path.with_suffix(""), ""), expression, problem)
        elif problem and (os.path.isdir(path) or not path.suffix):
            # It may hold videos. Whose they are can be told from what one in it would be named.
            name = printable(nfc(inner.as_posix()))
            about = _about(f"{name}/_", expression) | {"stimulus": ""}
            yield about | {"recording": name, "video": path, "problem": problem}


def nothing_found(root: Path, suffixes: Collection[str]) -> UserError:
    """The error to raise where ``root`` holds no video; it says what ``root`` holds."""
    held = sorted({printable(path.suffix) for path, _ in walk(root) if path.suffix})
    arrays = [suffix for suffix in held if suffix.lower() in VOLUME_SUFFIXES]
    said = f": there are files with {', '.join(held[:8])}." if held else "."
    if arrays:
        said += f" Arrays of frames are read where corpus.folder.suffixes has {arrays[0]}."
    return UserError(
        f"{root}: the folder holds no video; check corpus.path, corpus.kind and "
        f"corpus.folder.suffixes ({', '.join(suffixes)}){said}"
    )


def _entry(path: Path, name: str, sound: Path | str, expression: re.Pattern, problem: str) -> dict:
    about = _about(name, expression)
    if not problem and not is_utf8(path):
        problem = f"unreadable name: {printable(path)} is not UTF-8; rename it"
    if not problem and not about:
        problem = (
            f"unreadable name: {name} does not match corpus.folder.pattern {expression.pattern}"
        )
    if not problem and about["style"] not in STYLES:
        problem = (
            f"unreadable name: {name} has the style {about['style']}, which is none of "
            f"{', '.join(STYLES)}"
        )
    return about | {"recording": name, "video": path, "audio": sound, "problem": problem}


def _about(name: str, expression: re.Pattern) -> dict:
    """``subject, stimulus, repetition, style`` of a name; empty where it does not match."""
    match = expression.fullmatch(name)
    groups = {group: text for group, text in match.groupdict().items() if text} if match else {}
    repetition = groups.get("repetition", "0")
    if not {"subject", "stimulus"} <= groups.keys() or not repetition.isdecimal():
        return {}
    return {
        "subject": groups["subject"],
        "stimulus": groups["stimulus"],
        "repetition": int(repetition),
        "style": groups.get("style", "scripted"),
    }
