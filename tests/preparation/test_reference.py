"""Still pictures are read as viewers show them: upright, in all their depth, on black."""

import numpy as np
import pytest
from PIL import Image

from s2r.core.errors import UserError
from s2r.preparation.reference import NoPictureError, read_grey, read_pages

PICTURE = np.zeros((24, 32), np.uint8)
PICTURE[:8, :16], PICTURE[16:, 24:] = 200, 100
DEEP = PICTURE.astype(np.uint16) * 16
ORIENTATION = 274
STORED = {
    1: PICTURE,
    2: PICTURE[:, ::-1],
    3: PICTURE[::-1, ::-1],
    4: PICTURE[::-1],
    5: PICTURE.T,
    6: np.rot90(PICTURE),
    7: PICTURE[::-1, ::-1].T,
    8: np.rot90(PICTURE, -1),
}
"""What a file stores of PICTURE, by its EXIF orientation."""


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "deep.tif", "deep.png"])
def test_exif_turns_a_picture_upright(tmp_path, name, orientation):
    stored = np.ascontiguousarray(STORED[orientation])
    image = Image.fromarray(stored.astype(np.uint16) * 16 if "deep" in name else stored)
    if name.endswith("tif"):
        image.save(tmp_path / name, tiffinfo={ORIENTATION: orientation})
    else:
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        options = {"lossless": True} if name.endswith("webp") else {}
        image.save(tmp_path / name, exif=exif, **options)
    found = read_grey(tmp_path / name).astype(int)
    expected = PICTURE.astype(int) * (16 if "deep" in name else 1)
    assert found.shape == expected.shape
    assert np.abs(found - expected).mean() < (2 if name.endswith("jpg") else 0.1)


def test_pictures_of_more_than_8_bits_keep_their_levels(tmp_path):
    Image.fromarray(DEEP).save(tmp_path / "a.png")
    Image.fromarray(DEEP.astype(">u2")).save(tmp_path / "big-endian.tif")
    Image.fromarray(DEEP.astype(np.int32)).save(tmp_path / "whole.tif")
    Image.fromarray(DEEP / np.float32(4095)).save(tmp_path / "share.tif")
    for path in tmp_path.iterdir():
        found = read_grey(path)
        scale = 4095 if path.stem == "share" else 1
        np.testing.assert_allclose(found * scale, DEEP, rtol=1e-6, err_msg=path.name)


@pytest.mark.parametrize("stored", ["rgb48be", "ya16be", "rgba64be"])
def test_dark_colours_of_16_bits_keep_their_levels(tmp_path, stored):
    """Of such files Pillow keeps the upper 8 bits: 12-bit data would have 13 levels left."""
    import av

    ramp = np.arange(24 * 32).reshape(24, 32).astype(np.uint16) * 4
    with av.open(str(tmp_path / "a.png"), "w", format="image2") as container:
        stream = container.add_stream("png", rate=1)
        stream.height, stream.width, stream.pix_fmt = 24, 32, stored
        frame = av.VideoFrame.from_ndarray(ramp, format="gray16le")
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    found = read_grey(tmp_path / "a.png")
    assert len(np.unique(found)) > 500
    assert np.corrcoef(found.ravel(), ramp.ravel())[0, 1] > 0.9999


def test_white_is_zero(tmp_path):
    """Some scanners' programs store the negative and say so in the header."""
    Image.fromarray(np.uint16(3200) - DEEP).save(tmp_path / "a.tif", tiffinfo={262: 0})
    np.testing.assert_array_equal(read_grey(tmp_path / "a.tif"), DEEP)


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif"])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_parts_are_black(tmp_path, name, mode):
    grey, alpha = (
        Image.new("L", (32, 24), 255),
        Image.fromarray(np.where(PICTURE, 255, 0).astype("u1")),
    )
    bands = [grey] * (len(mode) - 1)
    options = {"lossless": True} if name.endswith("webp") else {}
    Image.merge(mode, [*bands, alpha]).save(tmp_path / name, **options)
    np.testing.assert_array_equal(read_grey(tmp_path / name), np.where(PICTURE, 255, 0))


def test_a_transparent_colour_is_black(tmp_path):
    Image.fromarray(np.where(PICTURE, PICTURE, 255).astype("u1")).save(
        tmp_path / "a.png", transparency=255
    )
    np.testing.assert_array_equal(read_grey(tmp_path / "a.png"), PICTURE)


def test_a_thumbnail_is_not_a_picture_of_the_speaker(tmp_path):
    pages = [Image.fromarray(PICTURE), Image.fromarray(PICTURE[::4, ::4].copy())]
    pages[1].encoderinfo = {"tiffinfo": {254: 1}}
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    assert [page.shape for page in read_pages(tmp_path / "a.tif")] == [PICTURE.shape]


def test_the_content_decides(tmp_path):
    for kind in ("JPEG", "WEBP", "PNG"):
        Image.fromarray(PICTURE).save(tmp_path / "a.film", format=kind)
        assert np.abs(read_grey(tmp_path / "a.film").astype(int) - PICTURE).mean() < 3
    frames = [Image.fromarray(PICTURE // part) for part in (1, 2)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(NoPictureError, match="which is a film"):
        read_pages(tmp_path / "a.gif")


def test_a_damaged_picture_is_named(tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64)).astype("u1")).save(
        tmp_path / "a.png"
    )
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:2000])
    Image.fromarray(np.full((8, 8), np.nan, np.float32)).save(tmp_path / "b.tif")
    for name, cause in (("a.png", "truncated"), ("b.tif", "not numbers")):
        with pytest.raises(UserError, match=f"{name} is a damaged or unusual picture .*{cause}"):
            read_pages(tmp_path / name)
