"""A plain folder of videos; subject and stimulus are read from the path by a pattern."""

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from s2r.config.patterns import compile_pattern


def find_recordings(root: Path, pattern: str, suffixes: Collection[str]) -> Iterator[dict]:
    """Yield one entry for each video under ``root``, as ``usc75.find_recordings`` does.

    Videos are files of these ``suffixes`` at any level. ``pattern`` is a regular expression that
    must match the whole path relative to ``root``, without suffix and with ``/`` between folders.
    Its groups ``subject`` and ``stimulus`` are required, ``repetition`` (a number) and ``style``
    (``scripted``, the default, or ``spontaneous``) optional. The recording id is that path made
    safe as a file name. A wav of the same stem beside the video is its sound where the video has
    none. Hidden files and folders are ignored.
    """
    expression = compile_pattern(pattern)
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        hidden = any(part.startswith(".") for part in relative.parts)
        if path.suffix.lower() in suffixes and path.is_file() and not hidden:
            yield _entry(path, relative.with_suffix("").as_posix(), expression)


def _entry(path: Path, relative: str, expression: re.Pattern) -> dict:
    sound = next(
        (s for s in (path.with_suffix(".wav"), path.with_suffix(".WAV")) if s.exists()), ""
    )
    entry = {"recording": safe_name(relative), "video": path, "audio": sound}
    name = expression.fullmatch(relative)
    groups = {group: text for group, text in name.groupdict().items() if text} if name else {}
    repetition = groups.get("repetition", "0")
    if not {"subject", "stimulus"} <= groups.keys() or not repetition.isdecimal():
        problem = (
            f"unreadable name: {relative} does not match corpus.folder.pattern {expression.pattern}"
        )
        return entry | {"problem": problem}
    return entry | {
        "subject": safe_name(groups["subject"]),
        "stimulus": safe_name(groups["stimulus"]),
        "repetition": int(repetition),
        "style": groups.get("style", "scripted"),
        "problem": "",
    }


def safe_name(text: str) -> str:
    """Keep letters, digits, ``-``, ``_`` and inner dots; every run of others becomes one ``_``."""
    return re.sub(r"[^\w.-]+", "_", text).lstrip(".") or "_"
