"""Make the pictures of docs/ from the results of the default experiment.

python docs/images/make.py [folder of the results [real recording]]

With a real recording people.png and adapted.png are made too: they show
``sub001_2drt_01_vcv1_r1_video.mp4`` of the USC 75-speaker corpus (CC BY 4.0).
"""

import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from s2r.apps.adapt import adapt_folder
from s2r.core.media.decode import read_video
from s2r.core.media.encode import write_wav
from s2r.core.units import SAMPLE_RATE
from s2r.generation.model_folder import load_model_folder
from s2r.generation.speech_file import generate_file
from s2r.preparation.frames import FramesConfig, prepare_recording
from s2r.preparation.pictures import shrink
from s2r.preparation.resting import resting_frame
from s2r.report.overview import most_active_stretch
from s2r.report.strips import save_blocks, strip_block

HERE = Path(__file__).parent
GREY_LEVELS = 24
"""Enough for small pictures; fewer levels make smaller files."""

COLOURS = 64
"""The same of the figure of Table 1."""

PEOPLE = np.arange(300, 400, 10)
"""Frames of the real recording that are shown: two seconds of speech."""

MOVING = 110
"""Frames (20 ms) of the moving picture."""

ADAPTED = np.arange(60, 260, 20)
"""Frames of its second half: four seconds of speech."""


def main(results: Path, film: Path | None = None) -> None:
    """Write the pictures beside this file: contact_sheet.png is its first set."""
    save(Image.open(results / "report" / "overview.png"), "overview.png")
    sheet = Image.open(results / "samples" / "contact_sheet.png")
    save(sheet.crop((0, 0, sheet.width, first_block(sheet))), "contact_sheet.png")
    save(Image.open(results / "table1.png").convert("RGB"), "table1.png", COLOURS)
    moving(results / "samples" / "whisper-tiny.en")
    if film is not None:
        people(results / "model", film)
        adapted(results / "model", film)


def first_block(sheet: Image.Image) -> int:
    """Height of the note and of the first set: up to the second wide gap below pictures."""
    column = np.asarray(sheet.convert("L"))[:, sheet.width - 60]
    paper = np.flatnonzero(np.diff(np.concatenate([[0], column == 255, [0]]).astype(int)))
    gaps = [(start, stop) for start, stop in zip(paper[::2], paper[1::2], strict=True)]
    wide = [start for start, stop in gaps if stop - start > 10 and start > 0]
    return int(wide[0]) + 10


def moving(samples: Path) -> None:
    """Write moving.webp: a sample of each set in real time, every second frame, the
    true one at the left."""
    pairs = []
    for folder in sorted(path for path in samples.iterdir() if path.is_dir()):
        video, _ = read_video(min(folder.glob("*.mp4")))
        start = most_active_stretch(video, MOVING)
        pairs.append(video[start : start + MOVING : 2])
    shown = min(map(len, pairs))
    first, *others = (
        Image.fromarray(picture).reduce(2)
        for picture in np.concatenate([pair[:shown] for pair in pairs], axis=2)
    )
    first.save(
        HERE / "moving.webp",
        save_all=True,
        append_images=others,
        duration=40,
        loop=0,
        quality=20,
        method=6,
    )


def people(model: Path, film: Path) -> None:
    """Write people.png: a real film, and what a model makes of its sound and its resting frame."""
    row = {"recording": film.stem, "video": str(film), "audio": str(film)}
    prepared = prepare_recording(row, FramesConfig(onset_trim=1.5))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sound, frames = folder / "a.wav", folder / "a.h5"
        write_wav(sound, prepared["audio"], SAMPLE_RATE)
        reference = resting_frame(prepared["frames"], prepared["audio"])
        loaded = load_model_folder(model)
        generate_file(sound, folder / "a.mp4", loaded, reference, frames_path=frames)
        with h5py.File(frames) as file:
            generated = file["frames"][: PEOPLE[-1] + 1]
        strips = [("filmed", prepared["frames"][PEOPLE]), ("generated", generated[PEOPLE])]
        block = strip_block(film.stem, strips, PEOPLE, 2)
        save_blocks(folder / "people.png", [block], "", 0)
        save(Image.open(folder / "people.png"), "people.png")


def adapted(model: Path, film: Path) -> None:
    """Write adapted.png: the second half of a real film, and what a model makes of its sound before
    and after it was adapted to the first half."""
    with tempfile.TemporaryDirectory() as name:
        own = Path(name) / "own"
        print(adapt_folder(model, [film], own, hold_out=0.5))
        video, _ = read_video(own.with_suffix(".mp4"))
        panels = np.split(video[ADAPTED], 3, axis=2)
        strips = [
            (label, np.rint(shrink(panel, 64)).astype(np.uint8))
            for label, panel in zip(("filmed", "before", "after"), panels, strict=True)
        ]
        block = strip_block(f"{film.stem}, second half", strips, ADAPTED, 2)
        save_blocks(Path(name) / "adapted.png", [block], "", 0)
        save(Image.open(Path(name) / "adapted.png"), "adapted.png")


def save(picture: Image.Image, name: str, levels: int = GREY_LEVELS) -> None:
    """Write a picture with few grey levels, or colours."""
    picture.quantize(levels, dither=Image.Dither.NONE).save(HERE / name, optimize=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:] or ["results"]))
