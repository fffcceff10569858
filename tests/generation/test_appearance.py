"""How generated frames are shown: a label that can be read, truth on the left, contours."""

import numpy as np
import pytest

from s2r.core.errors import UserError
from s2r.generation.appearance import GAP, GROUND, INK, PLAIN, Appearance, label_block

FRAMES = np.full((3, 16, 16), 120, np.uint8)


class Dots:
    """Marks one place of every picture."""

    colours = ((255, 0, 0),)

    def __call__(self, frames, shown):
        pictures = shown[..., None].repeat(3, -1)
        pictures[:, 2, 5] = self.colours[0]
        return pictures


def test_frames_alone_are_as_they_were():
    assert np.array_equal(Appearance(size=16).pictures(FRAMES), FRAMES)
    assert PLAIN.pictures(FRAMES).shape == (3, 256, 256)
    assert PLAIN.colours == ()


@pytest.mark.parametrize("width", [96, 128, 256, 1024])
def test_a_label_is_light_on_dark_and_no_letter_is_cut(width):
    block = label_block("synthetic (s2r 0.1.0)\nlogmel, seed 0", width)
    assert block.shape[1] == width
    assert block.max() > INK - 60
    assert (block == GROUND).mean() > 0.5
    rims = [block[0], block[-1], block[:, 0], block[:, -1]]
    assert all((rim == GROUND).all() for rim in rims)
    assert len(block) < width / 5


def test_a_label_that_does_not_fit_is_refused_before_any_work():
    with pytest.raises(UserError, match="does not fit into 48 pixels: use a larger --size"):
        Appearance(size=48, label="synthetic (s2r 0.1.0)\nlogmel, seed 0")


def test_a_label_stands_below_in_the_generated_picture_only():
    truth = np.full((2, 16, 16), 200, np.uint8)
    look = Appearance(size=128, label="synthetic", truth=truth)
    frames = FRAMES.copy()
    shown = look.pictures(frames)
    block = label_block("synthetic", 128)
    assert shown.shape == (3, 128, look.width) == (3, 128, 256 + GAP)
    assert (shown[:, -len(block) :, 128 + GAP :] == block).all()
    assert (shown[:, : -len(block), 128 + GAP :] == 120).all()
    assert (shown[:, :, :128] == 200).all()
    assert (frames == 120).all()
    Appearance(size=16, label="x").pictures(frames)
    assert (frames == 120).all()  # the lossless frames have no label, at any size


def test_truth_is_held_before_its_first_and_after_its_last_picture():
    truth = np.array([10, 20, 30], np.uint8)[:, None, None].repeat(16, 1).repeat(16, 2)
    shown = Appearance(size=16, truth=truth).pictures(np.zeros((6, 16, 16), np.uint8), first=-2)
    assert shown[:, 0, 0].tolist() == [10, 10, 10, 20, 30, 30]


def test_drawn_contours_have_their_colours_beside_a_grey_truth():
    look = Appearance(size=16, overlay=Dots(), truth=np.full((1, 16, 16), 200, np.uint8))
    shown = look.pictures(FRAMES)
    assert look.colours == Dots.colours
    assert shown.shape == (3, 16, 32 + GAP, 3)
    assert (shown[:, 2, 16 + GAP + 5] == (255, 0, 0)).all()
    assert (shown[:, :, :16] == 200).all()
