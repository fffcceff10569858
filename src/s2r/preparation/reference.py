"""Still pictures of a speaker: read one, and judge whether it is a midsagittal rtMRI frame."""

from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from s2r.core.errors import UserError

PICTURE_FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "GIF", "PPM")
"""What Pillow may read, whatever a file is called: for some others it starts programs."""


def read_grey(path: str | Path) -> np.ndarray:
    """A picture as (H, W) uint8 grey levels; UserError where it is none."""
    try:
        with Image.open(path, formats=PICTURE_FORMATS) as picture:
            return np.asarray(picture.convert("L"))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError) as error:
        raise UserError(f"{path} is not a readable picture: give a PNG, a JPEG or a video.") from (
            error
        )


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's correlation of two pictures' grey levels; 0 for an even picture."""
    one, other = (x.astype(np.float64).ravel() - x.mean() for x in (one, other))
    norm = np.linalg.norm(one) * np.linalg.norm(other)
    return float(one @ other / norm) if norm > 0 else 0.0


def likeness_of(references: list[np.ndarray]) -> float:
    """The correlation with the mean reference that tells midsagittal frames from other pictures.

    Half of the least that any reference reaches with the mean of the others: subjects differ,
    but a picture of something else is nearly uncorrelated. 0.4 where there is one reference.
    """
    if len(references) < 2:
        return 0.4
    pictures = np.stack(references).astype(np.float64)
    total = pictures.sum(0)
    return 0.5 * min(correlation(one, (total - one) / (len(pictures) - 1)) for one in pictures)
