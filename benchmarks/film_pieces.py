"""A corpus of pieces of a few films, to see what a training on people from scratch gives.

    python benchmarks/film_pieces.py ../shared/data pieces
    snakemake --cores 2 results/pieces/table1.csv --configfile pieces/config.yaml

All films (mp4 with sound) in a folder of FOLDER, or below it, are of one speaker. Each is cut into
pieces of about 3 s, which are written as arrays of frames with the sound beside them; the last
quarter of a speaker's pieces is held out, the piece before it follows the training. Pieces begin in
the middle of speech, so their reference frames are not at rest.
"""

import argparse
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import yaml

from s2r.config.data_blocks import FramesBlock
from s2r.core.errors import UserError
from s2r.core.media.encode import write_wav
from s2r.core.units import FRAME_RATE, HOP, SAMPLE_RATE
from s2r.preparation.film import sound_of
from s2r.preparation.frames import FramesConfig, video_on_clock

SECONDS = 3.2
"""About how long a piece is."""

HELD_OUT = 1 / 4
"""Share of a speaker's pieces."""


def pieces(path: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Frames (T, H, W) uint8 at 50 Hz and sound (320 T,) of each piece of a film."""
    sound = sound_of(path)
    if sound is None:
        raise UserError(f"{path} is silent.")
    frames = video_on_clock(path, FramesConfig(size=FramesBlock().size))
    frames = np.rint(frames.clip(0, 255)).astype(np.uint8)[: len(sound) // HOP]
    count = max(1, round(len(frames) / FRAME_RATE / SECONDS))
    for start, stop in pairwise(np.linspace(0, len(frames), count + 1).astype(int)):
        yield frames[start:stop], sound[start * HOP : stop * HOP]


def write_pieces(folder: Path, output: Path) -> dict[str, list[str]]:
    """Write the pieces of all films; the names of those of each speaker, in their order."""
    names: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*.mp4")):
        speaker = path.relative_to(folder).parts[0]
        for frames, sound in pieces(path):
            of_speaker = names.setdefault(speaker, [])
            place = output / speaker / f"{speaker}-{len(of_speaker):03d}.h5"
            place.parent.mkdir(parents=True, exist_ok=True)
            with h5py.File(place, "w") as file:
                file["frames"] = frames
                file["frames"].attrs["frame_rate"] = float(FRAME_RATE)
            write_wav(place.with_suffix(".wav"), sound, SAMPLE_RATE)
            of_speaker.append(place.stem)
    return names


def settings(output: Path, names: dict[str, list[str]]) -> dict:
    """What differs from the default experiment."""
    test, validation = [], []
    for speaker, own in names.items():
        held_out = max(1, round(HELD_OUT * len(own)))
        if len(own) < held_out + 2:
            raise UserError(f"{speaker}: {len(own)} pieces are too few: give longer films.")
        test += own[-held_out:]
        validation.append(own[-held_out - 1])
    return {
        "pathvars": {"results": "results/pieces"},
        "corpus": {"kind": "folder", "path": str(output), "folder": {"suffixes": [".h5"]}},
        "recordings": {"shards": 1},
        "split": {
            "unseen_subjects": 0,
            "unseen_stimuli": test,
            "validation_stimuli": validation,
        },
        "runs": {"whisper-tiny.en-pooled": None},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    if not arguments.folder.is_dir():
        parser.error(f"{arguments.folder} is no folder: name one with films.")
    try:
        names = write_pieces(arguments.folder, arguments.output)
        if not names:
            raise UserError(f"{arguments.folder} holds no mp4 files.")
        config = settings(arguments.output, names)
    except UserError as error:
        parser.error(str(error))
    path = arguments.output / "config.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    total = {speaker: len(own) for speaker, own in names.items()}
    print(f"{total} pieces; snakemake results/pieces/table1.csv --configfile {path}")


if __name__ == "__main__":
    main()
