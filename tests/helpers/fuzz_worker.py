"""Index mutants and prepare what the index lets through; lines of JSON on standard output.

    python fuzz_worker.py FILES SILENT FIRST END

Mutant ``i`` is drawn from the files in the folder FILES in turn, with seed ``i``. That of a sound
lies beside the video SILENT. A line goes before each mutant and another after it.
"""

import json
import resource
import sys
import tempfile
from pathlib import Path

import numpy as np
from mutants import mutate

from s2r.core.errors import UserError
from s2r.corpus.index import index_corpus
from s2r.preparation.frames import FramesConfig, prepare_recording

SOUNDS = (".wav", ".ogg", ".mp3")
MEMORY = 4 << 30
"""Bytes of data that this process may ask for: the machine must not suffer from an error."""


def main(files: Path, silent: Path, first: int, end: int) -> None:
    files = sorted(files.iterdir())
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "anna").mkdir()
        # What the libraries themselves need is there before anything is measured.
        for file in files:
            assert "frames" in examine(root, silent, file.suffix, file.read_bytes())
        for number in range(first, end):
            print(json.dumps({"mutant": number}), flush=True)
            file = files[number % len(files)]
            content = mutate(file.read_bytes(), np.random.default_rng(number))
            before = _peak()
            said = examine(root, silent, file.suffix, content)
            said |= {"mutant": number, "file": file.name, "megabytes": _peak() - before}
            print(json.dumps(said), flush=True)


def examine(root: Path, silent: Path, suffix: str, content: bytes) -> dict:
    """What the index says of the one recording with this ``content``, and of its frames."""
    video, sound = root / "anna/speech.mp4", root / "anna/speech.wav"
    sound.unlink(missing_ok=True)
    if suffix in SOUNDS:
        sound.write_bytes(content)
        content = silent.read_bytes()
    video.write_bytes(content)
    (row,) = index_corpus("folder", root, workers=1).to_dict("records")
    said = {"status": row["status"], "reason": row["reason"]}
    if row["status"] != "ok":
        return said
    try:
        made = prepare_recording(row, FramesConfig())
    except UserError as error:
        return said | {"refused": str(error)}
    except Exception as error:
        return said | {"error": f"{type(error).__name__}: {error}"}
    frames, audio = made["frames"], made["audio"]
    pictures = frames.dtype == np.uint8 and frames.shape[1:] == (64, 64)
    if not pictures or audio.shape != (320 * len(frames),) or not np.isfinite(audio).all():
        return said | {"error": f"frames {frames.shape}, audio {audio.shape}"}
    return said | {"frames": len(frames)}


def _peak() -> int:
    """Most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
