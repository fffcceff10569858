"""What is compared, in one picture: titles, contours, names of the articulators."""

import numpy as np
import pytest

from s2r.apps.overlay import COLOURS
from s2r.apps.studio.names import PLACES, name_masks
from s2r.apps.studio.panels import Lines, Panel, Panels, title_block
from s2r.corpus.articulators import ARTICULATORS
from s2r.generation.appearance import GAP

SIDE = 128


def film(value: int, count: int = 60) -> np.ndarray:
    return (
        np.full((count, 16, 16), value, np.uint8) + np.arange(count, dtype=np.uint8)[:, None, None]
    )


def drawn(*panels) -> np.ndarray:
    return np.concatenate(list(Panels(panels, SIDE).pictures()))


def test_panels_stand_side_by_side_with_their_titles():
    pictures = drawn(Panel("true", film(10, 40)), Panel("model", film(100)))
    assert pictures.shape[1:] == Panels([Panel("true", film(10)), Panel("m", film(1))], SIDE).shape
    assert pictures.shape[0] == 60  # of the longest
    assert (pictures[:40, :SIDE, :SIDE] == film(10, 40)[:, :1, :1]).all()
    assert (pictures[40:, :SIDE, :SIDE] == 49).all()
    assert (pictures[:, :SIDE, SIDE : SIDE + GAP] == 0).all()
    assert (pictures[:, :SIDE, SIDE + GAP :] == film(100)[:, :1, :1]).all()
    titles = pictures[0, SIDE:, :SIDE], pictures[0, SIDE:, SIDE + GAP :]
    assert all(title.max() > 100 for title in titles)
    assert not np.array_equal(*titles)
    # one alone has no title; a shorter one holds its last frame
    assert drawn(Panel("alone", film(10))).shape == (60, SIDE, SIDE)
    held = drawn(Panel("a", film(10)), Panel("b", film(100, 5)))[:, 0, SIDE + GAP]
    assert held.tolist() == [100, 101, 102, 103] + [104] * 56


def test_a_long_title_loses_its_beginning():
    assert title_block("/a/very/long/folder/" * 20 + "tiny", 64).shape[1] == 64


def contours(count: int) -> dict[str, np.ndarray]:
    """Every articulator a short line in a place of its own."""
    line = np.linspace(0, 0.05, 5)[:, None] + [0.2, 0.1]
    return {
        name: np.broadcast_to(line + np.array([0.05, 0.1]) * n, (count, 5, 2))
        for n, name in enumerate(ARTICULATORS)
    }


def test_contours_have_their_colours_and_names():
    pictures = drawn(Panel("a", film(10), [Lines(contours(60))]), Panel("b", film(100)))
    assert pictures.shape[-1] == 3
    colours = {tuple(map(int, pixel)) for pixel in pictures[0, :SIDE, :SIDE].reshape(-1, 3)}
    assert set(COLOURS.values()) < colours
    assert Panels([Panel("a", film(10), [Lines(contours(60))])], SIDE).colours == list(
        dict.fromkeys(COLOURS.values())
    )
    blue = (86, 180, 233)
    one = drawn(Panel("a", film(10), [Lines(contours(60), blue)]))
    lit = {tuple(map(int, pixel)) for pixel in one[0].reshape(-1, 3)}
    assert lit == {blue, (10, 10, 10)}


@pytest.mark.parametrize("side", [128, 256])
def test_names_stand_inside_and_apart(side):
    outline, *letters = name_masks(side, contours(3))
    assert len(letters) == len(PLACES)
    masks = np.stack([mask for mask, _ in letters])
    assert masks.any((1, 2)).all()
    assert masks.sum(0).max() == 1  # no two names on one pixel
    assert (outline[0] >= masks.any(0)).all()
    # an articulator that the probe does not read, or does not know, has no name
    known = contours(3) | {"tongue": np.full((3, 5, 2), np.nan)}
    del known["velum"]
    assert len(name_masks(side, known)) == 1 + len(PLACES) - 2
    assert name_masks(side, {}) == []
