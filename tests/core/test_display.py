"""Films are read as players show them: turned, mirrored, with square pixels, in all their depth."""

from fractions import Fraction

import av
import numpy as np
import pytest

from s2r.core.media.decode import read_video
from s2r.core.media.open import MediaError

ONE = 1 << 16
PICTURE = np.zeros((48, 64), np.uint8)
PICTURE[:16, :32], PICTURE[32:, 48:] = 200, 100


def film(path, picture, codec="libx264", stored="yuv420p", given="gray", prepare=None):
    """A film of three equal pictures; ``prepare`` changes its stream before it is written."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = picture.shape[:2]
        stream.pix_fmt = stored
        if codec == "libx264":
            stream.options = {"crf": "5"}
        if prepare:
            prepare(stream)
        frame = av.VideoFrame.from_ndarray(picture, format=given)
        for number in range(3):
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize(
    "signs, upright",
    [
        ((1, 0, 0, 1), PICTURE),
        ((-1, 0, 0, 1), PICTURE[:, ::-1]),
        ((1, 0, 0, -1), PICTURE[::-1]),
        ((-1, 0, 0, -1), PICTURE[::-1, ::-1]),
        ((0, 1, 1, 0), PICTURE.T),
        ((0, 1, -1, 0), np.rot90(PICTURE, -1)),
        ((0, -1, 1, 0), np.rot90(PICTURE)),
        ((0, -1, -1, 0), PICTURE.T[::-1, ::-1]),
    ],
)
def test_turned_and_mirrored_films_are_read_upright(tmp_path, signs, upright):
    a, b, c, d = (ONE * sign for sign in signs)
    matrix = [a, b, 0, c, d, 0, 0, 0, 1 << 30]
    path = film(tmp_path / "a.mp4", PICTURE, prepare=lambda s: s.set_display_matrix(matrix))
    frames, _ = read_video(path)
    assert frames.shape == (3, *upright.shape)
    assert np.abs(frames[0].astype(int) - upright).mean() < 2


@pytest.mark.parametrize("aspect, shape", [("2/1", (48, 128)), ("1/2", (96, 64))])
def test_pixels_that_are_not_square_are_stretched(tmp_path, aspect, shape):
    def prepare(stream):
        stream.codec_context.sample_aspect_ratio = Fraction(aspect)

    frames, _ = read_video(film(tmp_path / "a.mp4", PICTURE, prepare=prepare))
    assert frames.shape[1:] == shape
    rows, columns = (np.arange(n) * m // n for n, m in zip(shape, PICTURE.shape, strict=True))
    assert np.abs(frames[0].astype(int) - PICTURE[rows][:, columns]).mean() < 3


def test_pixels_of_an_impossible_shape_are_refused(tmp_path):
    def prepare(stream):
        stream.codec_context.sample_aspect_ratio = Fraction(1, 60)

    path = film(tmp_path / "a.mp4", PICTURE, prepare=prepare)
    with pytest.raises(MediaError, match=r"said to be 0\.0167 times as wide as high"):
        read_video(path)


def test_dark_data_of_16_bits_keep_their_levels(tmp_path):
    """12-bit data in 16-bit samples fill 1/16 of the range: in 8 bits 17 levels would remain."""
    ramp = np.arange(48 * 64).reshape(48, 64).astype(np.uint16)
    path = film(tmp_path / "deep.mkv", ramp, "ffv1", "gray16le", "gray16le")
    frames, _ = read_video(path)
    assert frames.dtype == np.float32
    np.testing.assert_allclose(frames[0], ramp / 257, rtol=1e-6)


def test_ten_bits_and_eight_give_the_same_levels(tmp_path):
    frames = [
        read_video(film(tmp_path / f"{stored}.mkv", PICTURE, "ffv1", stored))[0]
        for stored in ("yuv420p", "yuv420p10le")
    ]
    assert np.abs(frames[1] - frames[0]).max() < 2


def test_transparent_parts_are_black(tmp_path):
    """Their colours are whatever a program left there, often white."""
    coloured = np.full((48, 64, 4), 255, np.uint8)
    coloured[..., 3] = np.where(PICTURE > 150, 255, 0)
    frames, _ = read_video(film(tmp_path / "a.mov", coloured, "qtrle", "argb", "rgba"))
    np.testing.assert_array_equal(frames[0], np.where(PICTURE > 150, 255, 0))
