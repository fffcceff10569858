"""Still pictures of a speaker: read one, and judge whether it is a midsagittal rtMRI frame."""

from pathlib import Path

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from s2r.core.errors import UserError
from s2r.core.media.display import shown

PICTURE_FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "GIF", "PPM", "WEBP")
"""Formats that Pillow may read, whatever the suffix: for some others it starts programs."""

DEEP_FORMATS = "png_pipe,tiff_pipe,ppm_pipe"
"""FFmpeg's names of formats with colours of 16 bits, of which Pillow reads the upper 8 only."""

PHOTOMETRIC, WHITE_IS_ZERO, SUBFILE, REDUCED_OR_MASK = 262, 0, 254, 0b101
"""Tags of TIFF and their values."""


class NoPictureError(UserError):
    """The content of a file is none of PICTURE_FORMATS."""


def read_grey(path: str | Path) -> np.ndarray:
    """The first picture of a file, (H, W), as `read_pages` reads it."""
    return read_pages(path)[0]


def read_pages(path: str | Path) -> list[np.ndarray]:
    """All pictures of a file, (H, W) grey levels each, as viewers show them.

    They are turned as their EXIF data say; transparent parts are black. Levels are uint8, or any
    number type where the file has more than 256 of them. Thumbnails and masks in a TIFF, and the
    second pictures of phones, do not count. Raises NoPictureError where the content is no picture
    (an animated GIF is a film), else UserError where it cannot be read.
    """
    try:
        # An open file: by name Pillow 12 maps a turned TIFF into memory with its sides exchanged.
        with open(path, "rb") as file, Image.open(file, formats=PICTURE_FORMATS) as picture:
            if picture.format == "GIF" and picture.is_animated:
                raise NoPictureError(f"{path} is an animated GIF, which is a film.")
            if _is_deep_colour(picture):
                return [_deep_grey(path)]
            first_only = picture.format == "MPO"
            pages = [_grey(page) for page in ImageSequence.Iterator(picture) if _counts(page)]
            return pages[:1] if first_only else pages
    except UnidentifiedImageError as error:
        raise NoPictureError(f"{path} is not a readable picture.") from error
    except UserError:
        raise
    except PermissionError as error:
        raise UserError(f"{path} may not be read: change its permissions.") from error
    except Exception as error:  # damaged files make Pillow and FFmpeg raise about any
        raise UserError(
            f"{path} is a damaged or unusual picture ({error}): save it as PNG and give that."
        ) from error


def _counts(page: Image.Image) -> bool:
    return not getattr(page, "tag_v2", {}).get(SUBFILE, 0) & REDUCED_OR_MASK


def _is_deep_colour(picture: Image.Image) -> bool:
    """Whether the file has several samples of 16 bits for each pixel."""
    if not picture.tile:
        return False
    arguments = picture.tile[0].args
    raw_mode = arguments[0] if isinstance(arguments, tuple) else arguments
    return picture.mode[0] not in "IF" and ";16" in str(raw_mode)


def _grey(page: Image.Image) -> np.ndarray:
    """The grey levels (H, W) of one picture, upright, over black where it is transparent."""
    white_is_zero = getattr(page, "tag_v2", {}).get(PHOTOMETRIC) == WHITE_IS_ZERO
    page.load()  # which turns a TIFF
    page = ImageOps.exif_transpose(page)
    if page.mode[0] in "IF":
        levels = np.asarray(page)
        if not np.isfinite(levels).all():
            raise ValueError("it holds values that are not numbers")
        # Pillow inverts such pictures where they have 8 bits.
        return levels.max() - levels if white_is_zero else levels
    if page.has_transparency_data:
        coloured = page.convert("RGBA")
        black = Image.new("RGBA", coloured.size, (0, 0, 0, 255))
        page = Image.alpha_composite(black, coloured)
    return np.asarray(page.getchannel(0) if page.mode == "LAB" else page.convert("L"))


def _deep_grey(path: str | Path) -> np.ndarray:
    options = {"protocol_whitelist": "file", "format_whitelist": DEEP_FORMATS}
    with av.open(f"file:{path}", options=options) as container:
        return shown(next(container.decode(video=0)), VideoReformatter())


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
