"""Recordings that occur twice: two files with one id, or one content under two names."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable

from s2r.core.files import sha256_of

SAMPLE = 64 * 1024
"""Bytes in the middle of a file that are compared before the whole file is read."""


def mark_same_id(rows: list[dict]) -> None:
    """Of several recordings with one id the first keeps it; the others get new ids.

    Rows have ``recording``, ``video`` and ``problem``, which is set where it is empty.
    """
    first: dict[str, str] = {}
    for row in rows:
        name = row["recording"]
        if name not in first:
            first[name] = row["video"]
            continue
        if not row["problem"]:
            row["problem"] = f"duplicate: {row['video']} has the same id as {first[name]}"
        copy = next(k for k in range(2, len(rows) + 2) if f"{name}_duplicate{k}" not in first)
        row["recording"] = f"{name}_duplicate{copy}"
        first[row["recording"]] = row["video"]


def mark_same_content(rows: list[dict]) -> None:
    """Of several videos with the same bytes under different names, the first by id is kept.

    Copies could put a recording into training and test at once. Only files of the same size are
    read, and they are read whole only where their middle is the same. Files that are empty or
    cannot be read are reported later, when they are probed.
    """
    files = [row for row in rows if row["video"] and not row["problem"]]
    files.sort(key=lambda row: row["recording"])
    for same_size in _groups(files, os.path.getsize):
        for same_middle in _groups(same_size, _middle):
            for first, *copies in _groups(same_middle, sha256_of):
                for copy in copies:
                    copy["problem"] = (
                        f"duplicate: {copy['video']} has the same content as {first['video']}, "
                        "which is kept"
                    )


def _groups(rows: Iterable[dict], key: Callable[[str], object]) -> list[list[dict]]:
    """Groups of at least two rows whose videos have the same key, without empty keys."""
    groups = defaultdict(list)
    for row in rows:
        try:
            groups[key(row["video"])].append(row)
        except OSError:
            continue  # the probe reports the reason
    return [group for value, group in groups.items() if value and len(group) > 1]


def _middle(path: str) -> bytes:
    with open(path, "rb") as file:
        file.seek(max(0, (os.path.getsize(path) - SAMPLE) // 2))
        return file.read(SAMPLE)
