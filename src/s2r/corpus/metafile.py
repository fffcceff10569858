"""The metafile of the USC 75-speaker corpus: which recordings were made, and notes on them.

``{"sub001": {..., "task": [{"prefix": "sub001_2drt_06_rainbow_r1", "note": "..."}, ...]}, ...}``.
The notes say what is wrong with a recording (artefacts, interruptions).
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from s2r.core.errors import UserError

NAME = "metafile_public_20210129.json"


def find_metafile(root: str | Path) -> Path | None:
    """The metafile in ``root`` or one folder above, None where there is none."""
    root = Path(root)
    folders = (root, root.resolve().parent)
    return next((folder / NAME for folder in folders if (folder / NAME).is_file()), None)


def read_metafile(path: str | Path) -> dict[str, str]:
    """Notes by recording, ``{"sub001_2drt_06_rainbow_r1": "", ...}``, in the order of the names.

    A subject without ``task`` has no recordings, a task without ``note`` an empty one. Raises
    UserError if the file cannot be read or has another shape.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _metafile_error(path, f"it cannot be read as JSON ({error})") from error
    if not isinstance(content, dict):
        raise _metafile_error(path, "it does not hold subjects by name")
    notes = {}
    for subject, about in content.items():
        tasks = about.get("task", []) if isinstance(about, dict) else None
        if not isinstance(tasks, list):
            raise _metafile_error(path, f"{subject} has no list of recordings under task")
        for task in tasks:
            prefix = task.get("prefix") if isinstance(task, dict) else None
            if not isinstance(prefix, str):
                raise _metafile_error(path, f"a recording of {subject} has no prefix")
            notes[prefix] = str(task.get("note") or "")
    if not notes:
        raise _metafile_error(path, "it names no recording")
    return dict(sorted(notes.items()))


def excluded_by_note(note: str, patterns: Sequence[str]) -> str:
    """Why a recording with this note is excluded, or "".

    ``patterns`` are regular expressions that may match anywhere in the note, whatever the case.
    """
    for pattern in patterns:
        if note and re.search(pattern, note, re.IGNORECASE):
            return f"excluded: its note in the metafile, {note!r}, matches {pattern!r}"
    return ""


def _metafile_error(path: str | Path, what: str) -> UserError:
    shown = "".join(c if c.isprintable() else "?" for c in what)
    return UserError(
        f"{path}: this is not the metafile of the corpus, {shown}; fetch it again, or set "
        "corpus.metafile to another file."
    )
