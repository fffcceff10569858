"""Make the pictures of docs/ from the results of the default experiment.

python docs/images/make.py [folder of the results]
"""

import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
GREY_LEVELS = 24
"""Enough for small pictures; fewer levels make smaller files."""


def main(results: Path) -> None:
    """Write overview.png, contact_sheet.png (its first set) and table1.png beside this file."""
    save(Image.open(results / "report" / "overview.png"), "overview.png")
    sheet = Image.open(results / "samples" / "contact_sheet.png")
    save(sheet.crop((0, 0, sheet.width, first_block(sheet))), "contact_sheet.png")
    shutil.copyfile(results / "table1.png", HERE / "table1.png")


def first_block(sheet: Image.Image) -> int:
    """Height of the note and of the first set: up to the second wide gap below pictures."""
    column = np.asarray(sheet.convert("L"))[:, sheet.width - 60]
    paper = np.flatnonzero(np.diff(np.concatenate([[0], column == 255, [0]]).astype(int)))
    gaps = [(start, stop) for start, stop in zip(paper[::2], paper[1::2], strict=True)]
    wide = [start for start, stop in gaps if stop - start > 10 and start > 0]
    return int(wide[0]) + 10


def save(picture: Image.Image, name: str) -> None:
    """Write a grey picture with few grey levels."""
    picture.quantize(GREY_LEVELS, dither=Image.Dither.NONE).save(HERE / name, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results"))
