"""The layout of the USC 75-speaker Speech MRI corpus (Lim et al. 2021, Scientific Data 8:187).

``subNNN/2drt/{video,audio,recon,truth}/subNNN_2drt_<ii>_<stimulus>[_r<k>]_{video.mp4,audio.wav,
recon.h5,truth.h5}``, directly under the root or one folder below it. The numerical phantom uses
the same layout; only the phantom has ``truth/``.
"""

import os
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from s2r.config.data_blocks import VolumesBlock
from s2r.core.errors import UserError
from s2r.corpus.names import is_utf8, nfc, printable
from s2r.corpus.walk import listed, walk

FRAME_RATE = Fraction(1_000_000, 12_008)
"""Each frame is two spiral arms of 6.004 ms: 83.28 Hz."""

RECON = VolumesBlock(dataset="recon", axes="twh", frame_rate=float(FRAME_RATE))
"""How the reconstructed images ``/recon`` (T, 84, 84) of ``recon.h5`` are read: as magnitude.
MATLAB stores columns first, so height and width are exchanged; a public loader does the same as a
rotation by ``rot90(k=3)`` and a left-right flip."""

SPONTANEOUS = ("picture", "topic")
"""Stimuli of free speech (describe a picture, talk about a topic); all others are read."""

RECORDINGS_PER_SUBJECT = 32
"""Eleven stimuli are read twice; ten are free speech, recorded once."""

ARCHIVE = "dataset_2drt_video_only.zip"

_SUBJECT = re.compile(r"sub\d{3}")
_STEM = re.compile(r"(?P<subject>sub\d{3})_2drt_\d{2}_(?P<stimulus>.+?)(?:_r(?P<repetition>\d+))?")
_NAME = re.compile(rf"(?P<stem>{_STEM.pattern})_(?P<kind>video\.mp4|audio\.wav|recon\.h5)")


def find_recordings(root: Path) -> Iterator[dict]:
    """Yield one entry for each recording: ``recording, subject, stimulus, repetition, style, video,
    audio, truth, problem``; ``problem`` is empty or says what is wrong with the name or files.

    ``audio`` is the wav beside a video, used where the video has no sound. Where both exist the
    mp4 is read, not ``recon.h5``: the paper used it, it contains sound and is far smaller. Hidden
    files are ignored. Videos in folders that are not named like a subject, or elsewhere beside
    recordings, are listed as a problem; so are folders that cannot be read and links to nothing.
    """
    entries = [entry for folder in _subject_folders(root) for entry in _entries(folder)]
    entries += _misnamed_folders(root)
    yield from entries
    known = {path for entry in entries for path in (entry["video"], entry.get("audio"))}
    elsewhere = list(_elsewhere(root, known))
    if entries:  # else the folder is another one, which `check_archive` says
        yield from elsewhere
    named = {entry["subject"] for entry in (*entries, *elsewhere) if "subject" in entry}
    for folder in _subject_folders(root):
        if folder.name not in named:
            problem = f"missing: the folder {folder} holds no recording under 2drt/"
            yield {"recording": folder.name, "subject": folder.name, "problem": problem}


def check_archive(root: Path, entries: list[dict]) -> None:
    """Raise UserError if none of the entries under ``root`` has a file, saying what is there."""
    if any(entry.get("video") or entry.get("audio") for entry in entries):
        return
    folders = _subject_folders(root)
    inside = {path.relative_to(top).as_posix() for top in folders for path in top.glob("*")}
    raw = any((top / "2drt" / "raw").is_dir() for top in folders)
    if inside & {"3d", "t2w"} or raw:
        kinds = ", ".join(sorted((inside & {"3d", "t2w"}) | ({"2drt/raw"} if raw else set())))
        raise UserError(
            f"{root}: the subjects have {kinds} but no video; this is another archive of the data "
            f"set, unpack {ARCHIVE} and set corpus.path to its folder."
        )
    if zips := sorted(root.glob("*.zip")):
        raise UserError(f"{zips[0]}: this archive is not unpacked; unpack it and start again.")
    raise UserError(
        f"{root}: the folder holds no subject in the USC layout (sub001/2drt/video/...); check "
        "corpus.path and corpus.kind."
    )


def parse_stem(stem: str) -> dict | None:
    """``recording, subject, stimulus, repetition, style`` of ``sub001_2drt_06_rainbow_r1``.

    None for a name that is not of this form.
    """
    name = _STEM.fullmatch(stem)
    return name and {
        "recording": stem,
        "subject": name["subject"],
        "stimulus": name["stimulus"],
        "repetition": int(name["repetition"] or 0),
        "style": "spontaneous" if name["stimulus"].startswith(SPONTANEOUS) else "scripted",
    }


def absent(stem: str) -> str:
    """The reason for a recording that the metafile names and that is not on the disk."""
    return f"missing: the metafile names {stem}, but there is no such file"


def _subject_folders(root: Path) -> list[Path]:
    folders = [*sorted(root.glob("sub*")), *sorted(root.glob("*/sub*"))]
    return [folder for folder in folders if _SUBJECT.fullmatch(folder.name)]


def _misnamed_folders(root: Path) -> Iterator[dict]:
    """Recordings in folders that have the content of a subject but not the name of one."""
    folders = {path.parent for path in (*root.glob("*/2drt"), *root.glob("*/*/2drt"))}
    for folder in sorted(folders):
        if _SUBJECT.fullmatch(folder.name):
            continue
        for kind in ("video", "recon"):
            for path in listed(folder / "2drt" / kind):
                yield {
                    "recording": f"{folder.name}/{path.stem}",
                    "video": path,
                    "problem": f"unreadable name: the folder {folder} is not named sub and three "
                    f"digits, as sub001; rename it, and {path.name} if its name is wrong too",
                }


def _elsewhere(root: Path, known: set[Path | str]) -> Iterator[dict]:
    """What is not ``known``: videos, and what cannot be read and may hold some."""
    for path, problem in walk(root):
        may_hold = path.suffix.lower() == ".mp4" or (
            problem and (os.path.isdir(path) or not path.suffix)
        )
        if not may_hold or path in known:
            continue
        inner = path.relative_to(root)
        subjects = [part for part in inner.parts if _SUBJECT.fullmatch(part)]
        yield {
            "recording": inner.as_posix(),
            "subject": subjects[0] if subjects else "",
            "video": path,
            "problem": problem or f"unreadable name: {path} is not in subNNN/2drt/video/",
        }


def _entries(folder: Path) -> Iterator[dict]:
    stems: dict[str, dict[str, Path]] = {}
    for kind in ("video", "audio", "recon"):
        for path in listed(folder / "2drt" / kind):
            name = _NAME.fullmatch(nfc(path.name)) if is_utf8(path) else None
            if name and name["kind"].startswith(kind):
                stems.setdefault(name["stem"], {})[kind] = path
            elif kind != "audio":
                yield {
                    "recording": path.stem,
                    "subject": folder.name,
                    "video": path,
                    "problem": f"unreadable name: {printable(path.name)} is not "
                    f"subNNN_2drt_II_stimulus[_rK]_{kind}.{'mp4' if kind == 'video' else 'h5'}",
                }
    for stem, files in stems.items():
        yield _entry(folder, stem, files)


def _entry(folder: Path, stem: str, files: dict[str, Path]) -> dict:
    about = parse_stem(stem)
    truth = folder / "2drt" / "truth" / f"{stem}_truth.h5"
    problem = ""
    if not files.keys() & {"video", "recon"}:
        problem = f"missing: {files['audio'].name} has no video/{stem}_video.mp4 beside it"
    elif about["subject"] != folder.name:
        problem = f"unreadable name: {stem} lies in the folder of {folder.name}"
    return about | {
        "subject": folder.name,
        "video": files.get("video") or files.get("recon", ""),
        "audio": files.get("audio", ""),
        "truth": truth if os.path.exists(truth) else "",
        "problem": problem,
    }
