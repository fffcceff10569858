"""Still pictures of a speaker: read one, and judge whether it is a midsagittal rtMRI frame."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence, UnidentifiedImageError

from s2r.core.errors import UserError

PICTURE_FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "GIF", "PPM")
"""Formats that Pillow may read, whatever the suffix: for some others it starts programs."""


DAMAGED = (OSError, ValueError, SyntaxError)
"""What Pillow raises in the middle of a file."""


def read_grey(path: str | Path) -> np.ndarray:
    """A picture as (H, W) uint8 grey levels; UserError where it cannot be read."""
    return read_pages(path)[0]


def read_pages(path: str | Path) -> list[np.ndarray]:
    """All pictures of a file, (H, W) grey levels each; UserError where it cannot be read.

    uint8; int32, uint16 or float32 where the file has more than 256 grey levels.
    """
    try:
        with Image.open(path, formats=PICTURE_FORMATS) as picture:
            return [
                np.asarray(page if page.mode[0] in "IF" else page.convert("L"))
                for page in ImageSequence.Iterator(picture)
            ]
    except (UnidentifiedImageError, Image.DecompressionBombError, *DAMAGED) as error:
        raise UserError(f"{path} is not a readable picture: give a PNG, a JPEG or a video.") from (
            error
        )


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson's correlation of two pictures' grey levels; 0 where all pixels of one are equal."""
    first, second = (
        picture.astype(np.float64).ravel() - picture.mean() for picture in (first, second)
    )
    norm = np.linalg.norm(first) * np.linalg.norm(second)
    return float(first @ second / norm) if norm > 0 else 0.0


def least_correlation(references: list[np.ndarray]) -> float:
    """The correlation with the mean reference above which a picture counts as a midsagittal frame.

    Half of the lowest correlation of a reference with the mean of the others: subjects differ,
    but a picture of something else is nearly uncorrelated. 0.4 where there is one reference.
    """
    if len(references) < 2:
        return 0.4
    pictures = np.stack(references).astype(np.float64)
    total = pictures.sum(0)
    return 0.5 * min(
        correlation(picture, (total - picture) / (len(pictures) - 1)) for picture in pictures
    )
