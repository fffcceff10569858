"""The layout of the USC 75-speaker Speech MRI corpus (Lim et al. 2021, Scientific Data 8:187).

``subNNN/2drt/{video,audio,recon,truth}/subNNN_2drt_<ii>_<stimulus>[_r<k>]_{video.mp4,audio.wav,
recon.h5,truth.h5}``, directly under the root or one folder below it. The numerical phantom uses
the same layout; only the phantom has ``truth/``.
"""

import contextlib
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import h5py
import numpy as np

from s2r.corpus.folder import safe_name
from s2r.media import MediaError

FRAME_RATE = Fraction(1_000_000, 12_008)
"""Two spiral arms of 6.004 ms a frame: 83.28 Hz."""

SPONTANEOUS = ("picture", "topic")
"""Stimuli that are described or talked about freely; all others are read."""

_NAME = re.compile(
    r"(?P<stem>(?P<subject>sub\d{3})_2drt_\d{2}_(?P<stimulus>.+?)(?:_r(?P<repetition>\d+))?)"
    r"_(?P<kind>video\.mp4|audio\.wav|recon\.h5)"
)


def find_recordings(root: Path) -> Iterator[dict]:
    """Yield one entry a recording: ``recording, subject, stimulus, repetition, style, video,
    audio, truth, problem``; ``problem`` is empty or says what is wrong with the name or files.

    ``audio`` is the wav beside a video, used where the video has no sound of its own. The mp4 is
    preferred to ``recon.h5``. Hidden files are passed over.
    """
    folders = [*sorted(root.glob("sub*")), *sorted(root.glob("*/sub*"))]
    for folder in folders:
        if not re.fullmatch(r"sub\d{3}", folder.name):
            continue
        entries = list(_entries(folder))
        yield from entries
        if not entries:
            problem = f"missing: the folder {folder} holds no recording under 2drt/"
            yield {"recording": folder.name, "subject": folder.name, "problem": problem}


def _entries(folder: Path) -> Iterator[dict]:
    stems: dict[str, dict[str, Path]] = {}
    for kind in ("video", "audio", "recon"):
        for path in sorted((folder / "2drt" / kind).glob("[!.]*")):
            name = _NAME.fullmatch(path.name)
            if name and name["kind"].startswith(kind):
                stems.setdefault(name["stem"], {})[kind] = path
            elif kind != "audio":
                yield {
                    "recording": safe_name(path.stem),
                    "subject": folder.name,
                    "video": path,
                    "problem": f"unreadable name: {path.name} is not subNNN_2drt_II_stimulus[_rK]_"
                    f"{kind}.{'mp4' if kind == 'video' else 'h5'}",
                }
    for stem, files in stems.items():
        yield _entry(folder, stem, files)


def _entry(folder: Path, stem: str, files: dict[str, Path]) -> dict:
    name = _NAME.fullmatch(f"{stem}_video.mp4")
    stimulus = name["stimulus"]
    truth = folder / "2drt" / "truth" / f"{stem}_truth.h5"
    problem = ""
    if not files.keys() & {"video", "recon"}:
        problem = f"missing: {files['audio'].name} has no video/{stem}_video.mp4 beside it"
    elif name["subject"] != folder.name:
        problem = f"unreadable name: {stem} lies in the folder of {folder.name}"
    return {
        "recording": stem,
        "subject": folder.name,
        "stimulus": stimulus,
        "repetition": int(name["repetition"] or 0),
        "style": "spontaneous" if stimulus.startswith(SPONTANEOUS) else "scripted",
        "video": files.get("video") or files.get("recon", ""),
        "audio": files.get("audio", ""),
        "truth": truth if truth.exists() else "",
        "problem": problem,
    }


def recon_shape(path: str | Path) -> tuple[int, int, int]:
    """Frames, height and width of ``recon.h5``. Raises MediaError."""
    with _dataset(path) as recon:
        frames, width, height = recon.shape
        return frames, height, width


def read_recon(
    path: str | Path, transform: Callable[[np.ndarray], np.ndarray], block: int = 128
) -> tuple[np.ndarray, Fraction]:
    """Read the reconstructed images ``/recon`` (T, 84, 84) as magnitude, float32.

    MATLAB stores columns first, so height and width are exchanged here; a public loader does the
    same as a rotation by ``rot90(k=3)`` and a left-right flip. ``transform`` is applied to blocks
    (n, H, W); returns what it gives, joined, and the frame rate. Raises MediaError.
    """
    with _dataset(path) as recon:
        blocks = [
            transform(np.abs(recon[start : start + block]).swapaxes(1, 2).astype(np.float32))
            for start in range(0, len(recon), block)
        ]
    return np.concatenate(blocks), FRAME_RATE


@contextlib.contextmanager
def _dataset(path: str | Path) -> Iterator[h5py.Dataset]:
    """The dataset ``/recon`` of a file, with every fault of the file as MediaError."""
    try:
        with h5py.File(path, "r") as file:
            recon = file.get("recon")
            if not isinstance(recon, h5py.Dataset) or recon.ndim != 3:
                raise MediaError("unreadable", path, "it holds no dataset /recon of three axes")
            if not len(recon):
                raise MediaError("zero frames", path, "its dataset /recon is empty")
            yield recon
    except OSError as fault:
        raise MediaError("truncated", path, f"not a whole HDF5 file ({fault})") from fault
