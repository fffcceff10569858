"""The index of a corpus: one row for each recording, with what is known and wrong about it."""

import os
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pandas as pd

from s2r.config.data_blocks import FolderBlock, Limits, VolumesBlock
from s2r.core.damaged import read_table
from s2r.core.errors import UserError
from s2r.core.files import atomic_path, digest_of, sha256_of
from s2r.core.media.decode import read_audio
from s2r.core.media.open import MediaError
from s2r.core.progress import progress
from s2r.core.sound_level import bin_levels, mean_level
from s2r.core.units import FRAME_RATE
from s2r.corpus import folder, usc75
from s2r.corpus.content import find_recordings
from s2r.corpus.duplicates import mark_same_content, mark_same_id
from s2r.corpus.films import probe_film
from s2r.corpus.metafile import excluded_by_note, read_metafile
from s2r.corpus.names import printable, unique_names
from s2r.corpus.walk import unfetched

DTYPES = {
    "recording": "str",
    "subject": "str",
    "stimulus": "str",
    "repetition": "int64",
    "style": "str",
    "video": "str",
    "audio": "str",
    "truth": "str",
    "frame_rate": "float64",
    "frames": "int64",
    "width": "int64",
    "height": "int64",
    "video_seconds": "float64",
    "audio_seconds": "float64",
    "sample_rate": "int64",
    "note": "str",
    "shard": "str",
    "status": "str",
    "reason": "str",
    "silent": "str",
    "content": "str",
}
"""The columns of ``recordings.csv``. What is not known is empty or zero.

``audio`` is the file that the sound is taken from. ``silent`` says why a usable recording counts
as one without sound; it is empty where there is sound, and then ``audio`` is not. ``content``
is a digest of the files of a usable recording: one that is exchanged is prepared again.
"""


def index_corpus(
    kind: str,
    root: str | Path,
    *,
    files: FolderBlock | None = None,
    expected_subjects: int | None = None,
    metafile: str | Path | None = None,
    exclude_notes: Sequence[str] = (),
    shards: int = 8,
    limits: Limits | None = None,
    use_silent: bool = False,
    workers: int = 8,
) -> pd.DataFrame:
    """List and probe every recording under ``root``; one row for each, columns as in ``DTYPES``.

    ``kind`` is ``usc75``, ``phantom`` (the same layout) or ``folder``, for which ``files`` says
    what ``folder.find_recordings`` looks for. A recording that cannot be used has status
    ``defect`` and a sentence in ``reason`` that begins with one of: truncated, no audio, silent,
    zero frames, damaged, length mismatch, unreadable name, unreadable, too short, missing,
    duplicate.
    With ``use_silent``, what would be the reason no audio or silent stands in the column
    ``silent`` instead, and the recording can be used for its pictures. ``workers`` files are read
    at the same time.

    The ``metafile`` of the USC corpus (see ``metafile``) gives the column ``note``; recordings
    that it names and that do not exist become rows with the reason missing, and those whose note
    matches one of ``exclude_notes`` get the status ``excluded``. With fewer subjects than
    ``expected_subjects`` (an empty folder counts) the corpus was not unpacked completely.

    Raises UserError if the folder does not exist, holds no recording at all or too few subjects,
    or if the metafile cannot be read, or is missing where ``exclude_notes`` needs it.
    """
    root = Path(root)
    if root.is_file():
        raise UserError(
            f"{root}: this is a file; unpack it and set corpus.path to the resulting folder."
        )
    if not root.is_dir():
        raise UserError(f"{root}: there is no such folder; set corpus.path to the recordings.")
    if kind not in ("usc75", "phantom", "folder"):
        raise UserError(f"corpus.kind: {kind!r} is not known; use phantom, usc75 or folder.")
    files = files or FolderBlock()
    entries = find_recordings(kind, root, files)
    if kind != "folder":
        usc75.check_archive(root, entries)
    elif not entries:
        raise folder.nothing_found(root, files.suffixes)
    _check_subjects(entries, expected_subjects or 0, root)
    rows = [_blank_row() | {k: _plain(v) for k, v in entry.items()} for entry in entries]
    for column in ("recording", "subject", "stimulus"):
        names = unique_names(row[column] for row in rows if row[column])
        for row in rows:
            row[column] = names.get(row[column], "")
    mark_same_id(rows)
    mark_same_content(rows)
    if exclude_notes and not metafile:
        raise UserError(
            f"recordings.exclude_notes: there is no metafile in {root} or one folder above; put it "
            "there, or set corpus.metafile."
        )
    if metafile:
        rows = _with_notes(rows, read_metafile(metafile), exclude_notes)
    volumes = files.volumes if kind == "folder" else usc75.RECON
    limits = limits or Limits()
    examine = partial(_examine, limits=limits, use_silent=use_silent, volumes=volumes)
    with ThreadPoolExecutor(workers) as pool:
        rows = list(progress(pool.map(examine, rows), "probe recordings", total=len(rows)))
    for row in rows:
        row["shard"] = shard_of(row["recording"], shards)
        row["status"] = _status(row["reason"])
    table = pd.DataFrame(rows)[list(DTYPES)].astype(DTYPES)
    return table.sort_values("recording", ignore_index=True)


def shard_of(recording: str, shards: int) -> str:
    """The shard of a recording, e.g. ``03``: CRC-32 of its id, modulo the number of shards."""
    return f"{zlib.crc32(recording.encode()) % shards:02d}"


def write_recordings(path: str | Path, recordings: pd.DataFrame) -> None:
    """Write the index as CSV, atomically."""
    with atomic_path(path) as temporary:
        recordings.to_csv(temporary, index=False)


def read_recordings(path: str | Path) -> pd.DataFrame:
    """Read an index written by ``write_recordings``; empty text stays empty text.

    Raises UserError where it cannot be read.
    """
    return read_table(path, DTYPES, "delete it and call snakemake again", columns=("recording",))


def read_corpus(recordings: str | Path) -> pd.DataFrame:
    """The table of the corpus with the recording as its index; empty cells are ""."""
    return read_recordings(recordings).set_index("recording")


def _blank_row() -> dict:
    return {column: "" if dtype == "str" else 0 for column, dtype in DTYPES.items()} | {
        "problem": ""
    }


def _plain(value: object) -> object:
    """Paths and text as UTF-8, which a table can hold."""
    return printable(value) if isinstance(value, str | Path) else value


def _status(reason: str) -> str:
    if not reason:
        return "ok"
    return "excluded" if reason.startswith("excluded:") else "defect"


def _check_subjects(entries: list[dict], expected: int, root: Path) -> None:
    present = {entry["subject"] for entry in entries if entry.get("subject")}
    if len(present) >= expected:
        return
    nominal = [f"sub{number:03d}" for number in range(1, expected + 1)]
    absent = [subject for subject in nominal if subject not in present]
    # Only subjects with names of this layout can be listed as absent.
    named = f" (not {', '.join(absent[:5])}{', ...' * (len(absent) > 5)})"
    raise UserError(
        f"{root}: {len(present)} of the {expected} subjects are there"
        f"{named if len(absent) < expected else ''}; unpack the corpus completely, or set "
        f"corpus.expected_subjects to {len(present)}, or to null for any number."
    )


def _with_notes(rows: list[dict], notes: dict[str, str], exclude: Sequence[str]) -> list[dict]:
    """Rows with notes and exclusions by notes, and new rows for recordings that do not exist."""
    for row in rows:
        row["note"] = notes.get(row["recording"], "")
        row["problem"] = row["problem"] or excluded_by_note(row["note"], exclude)
    present = {row["recording"] for row in rows}
    absent = [
        _blank_row() | usc75.parse_stem(stem) | {"note": notes[stem], "problem": usc75.absent(stem)}
        for stem in notes
        if stem not in present and usc75.parse_stem(stem)
    ]
    # The rows of its recordings replace the row of an empty folder.
    named = {row["subject"] for row in absent}
    return [row for row in rows if row["recording"] not in named] + absent


def _examine(row: dict, limits: Limits, use_silent: bool, volumes: VolumesBlock) -> dict:
    """The row with the properties of its files, and the reason if it cannot be used."""
    row = dict(row)
    row["reason"] = row.pop("problem")
    if row["reason"]:
        return row
    try:
        for path in filter(os.path.isfile, (row["video"], row["audio"])):
            row["reason"] = row["reason"] or unfetched(path)
        if row["reason"]:
            return row
        _probe_files(row, volumes)
        no_sound = _check_sound(row, limits)
        if no_sound and use_silent:
            row["silent"], row["audio"] = no_sound, ""
            no_sound = ""
        row["reason"] = no_sound or _check_lengths(row, limits)
        if not row["reason"]:
            files = dict.fromkeys(filter(None, (row["video"], row["audio"], row["truth"])))
            row["content"] = digest_of([sha256_of(path) for path in files])
    except MediaError as error:
        row["reason"] = _sentence(error)
    except PermissionError as error:
        row["reason"] = f"unreadable: {Path(error.filename).name}: {error.strerror}"
    except Exception as error:  # no single file may stop the index
        row["reason"] = f"unreadable: {type(error).__name__}: {error}"
    return row


def _probe_files(row: dict, volumes: VolumesBlock) -> None:
    """Fill in sizes and lengths; ``audio`` becomes the file that the sound is taken from."""
    media = probe_film(row["video"], volumes)
    row["frames"], row["height"], row["width"] = media.frames, media.height, media.width
    row["frame_rate"] = float(media.frame_rate)
    row["video_seconds"] = media.video_seconds
    if media.sample_rate:
        row["audio"] = row["video"]


def _check_sound(row: dict, limits: Limits) -> str:
    """Fill in the length of the sound; why a recording counts as one without sound, or ""."""
    name = Path(row["video"]).name
    if not row["audio"]:
        return f"no audio: {name} has no sound and there is no wav beside it"
    try:
        audio, rate = read_audio(row["audio"])
    except MediaError as error:
        if error.reason != "no audio":
            raise
        return _sentence(error)
    row["audio_seconds"], row["sample_rate"] = len(audio) / rate, rate
    levels = bin_levels(audio, rate)
    level = mean_level(levels)
    if level < limits.silence_threshold:
        floor = limits.silence_threshold
        return (
            f"silent: the sound of {name} has {level:.0f} dB of full scale, without offset and "
            f"hum, below {floor:.0f} (recordings.silence_threshold)"
        )
    return ""


def _check_lengths(row: dict, limits: Limits) -> str:
    """The reason why a recording is too short, or its sound not that of its video, or ""."""
    name = Path(row["video"]).name
    video_seconds = row["video_seconds"]
    audio_seconds = video_seconds if row["silent"] else row["audio_seconds"]
    if abs(video_seconds - audio_seconds) > limits.length_tolerance:
        return (
            f"length mismatch: {name} has {video_seconds:.2f} s of video and "
            f"{audio_seconds:.2f} s of sound; up to {limits.length_tolerance:g} s may differ"
        )
    shared = int(min(video_seconds, audio_seconds) * FRAME_RATE)
    if shared < limits.minimum_frames:
        return (
            f"too short: {name} ({row['frames']} frames) fills {shared} frames of 20 ms; "
            f"at least {limits.minimum_frames} are needed"
        )
    return ""


def _sentence(error: MediaError) -> str:
    return f"{error.reason}: {error.path.name}: {error.detail}"
