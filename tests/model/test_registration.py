"""Registration of reference frames: fields do not fold, are inverted, and say what was done."""

import pytest
import torch
import torch.nn.functional as F

from helpers.phantom_pictures import references
from s2r.model.registration import areas, fit_template, identity, invert, register, warp

SPEAKERS = 4


@pytest.fixture(scope="module")
def template():
    torch.set_num_threads(1)
    return fit_template(references(SPEAKERS))


@pytest.fixture(scope="module")
def found(template):
    return register(references(SPEAKERS), template)


def blobs(count: int, size: int = 64, spread: float = 4.0) -> torch.Tensor:
    """Pictures (count, 1, size, size) of smooth random blobs, which have nothing in common."""
    white = torch.randn(count, 1, size, size, generator=torch.Generator().manual_seed(0))
    line = torch.exp(-torch.arange(-12, 13).square() / (2 * spread**2))
    smooth = F.conv2d(F.pad(white, [12] * 4, mode="circular"), line[None, None, :, None])
    smooth = F.conv2d(smooth, line[None, None, None])
    return (smooth / smooth.std()).clamp(-1, 1)


@pytest.fixture(scope="module")
def hard():
    """Fields that lead from one picture of blobs to others, and to ones that are moved far."""
    pictures = blobs(8)
    moved = pictures[:4].roll((20, -15), (2, 3))
    return register(torch.cat([pictures[1:], moved]), pictures[:1])


def misses(found) -> torch.Tensor:
    """By how many pixels (B, H, W) a way to the template and back ends beside its start."""
    size = found.to_speaker.shape[1]
    still = identity((size, size))
    moved = F.grid_sample(
        (found.to_speaker - still).permute(0, 3, 1, 2),
        found.to_template,
        padding_mode="border",
        align_corners=False,
    )
    ends = found.to_template + moved.permute(0, 2, 3, 1)
    return (ends - still).norm(dim=-1) * size / 2


def test_fields_of_speakers_do_not_fold(found):
    assert areas(found.to_speaker).min() > 0.1
    assert areas(found.to_template).min() > 0.1


def test_fields_between_unlike_pictures_do_not_fold(hard):
    assert areas(hard.to_speaker).min() > 0
    assert (hard.to_speaker - identity((64, 64))).norm(dim=-1).max() * 32 > 8, "must be hard"


def test_the_inverse_undoes_the_fields_of_speakers(found):
    assert misses(found).max() < 0.02


def test_the_inverse_undoes_hard_fields_but_for_places_at_the_edge(hard):
    # beyond its edges a field goes on unchanged, which has no inverse everywhere
    assert misses(hard).flatten().quantile(0.99) < 0.05


def test_the_inverse_of_an_affine_field_is_its_closed_form():
    matrix = torch.tensor([[0.8, 0.1], [-0.15, 0.7]])
    still = identity((40, 40))
    inverse = invert(still @ matrix.T)
    expected = still @ torch.linalg.inv(matrix).T
    inside = expected.abs().amax(-1) < 0.97
    assert inside.float().mean() > 0.4
    torch.testing.assert_close(inverse[inside], expected[inside], atol=1e-4, rtol=0)


def test_areas_of_a_linear_field_are_its_determinant():
    matrix = torch.tensor([[0.8, 0.1], [-0.15, 0.7]])
    still = identity((12, 20))
    expected = torch.linalg.det(matrix).expand(1, 11, 19)
    torch.testing.assert_close(areas(still @ matrix.T), expected, atol=1e-5, rtol=0)
    assert areas(still * torch.tensor([-1.0, 1.0])).max() < 0


def test_a_picture_registers_the_same_alone_and_in_a_batch(found, template):
    alone = register(references(SPEAKERS)[2:3], template)
    torch.testing.assert_close(alone.to_speaker, found.to_speaker[2:3], atol=1e-4, rtol=0)
    torch.testing.assert_close(alone.gain, found.gain[2:3], atol=1e-4, rtol=0)


def test_registration_is_deterministic(found, template):
    again = register(references(SPEAKERS), template)
    assert torch.equal(again.to_speaker, found.to_speaker)
    assert torch.equal(again.offset, found.offset)


@pytest.mark.parametrize(("left", "top"), [(1, 4), (4, 7)])
def test_a_reference_shifted_by_3_pixels_gives_a_field_shifted_by_3_pixels(left, top):
    """Median over places within 0.5 pixels: where nothing is to be seen, fields are free."""

    def cut(left, top):
        return references(SPEAKERS)[:, :, top : top + 76, left : left + 76]

    template = fit_template(cut(4, 4))
    before, after = (register(cut(*corner), template) for corner in ((4, 4), (left, top)))
    moved = (after.to_speaker - before.to_speaker).flatten(1, 2).median(1).values * 38
    expected = torch.tensor([4.0 - left, 4.0 - top]).expand(SPEAKERS, 2)
    torch.testing.assert_close(moved, expected, atol=0.5, rtol=0)


def test_gain_and_offset_are_found(found, template):
    """A picture of 0.8 times the contrast, 0.1 brighter, needs 1.25 times the gain."""
    changed = register(0.8 * references(SPEAKERS) + 0.1, template)
    torch.testing.assert_close(changed.gain, found.gain / 0.8, atol=0.03, rtol=0)
    expected = found.offset - 0.1 * found.gain / 0.8
    torch.testing.assert_close(changed.offset, expected, atol=0.03, rtol=0)


def test_registered_pictures_are_nearer_to_the_template(found, template):
    registered = found.gain * warp(references(SPEAKERS), found.to_speaker) + found.offset
    errors = [(p - template).square().mean((1, 2, 3)) for p in (registered, references(SPEAKERS))]
    assert (errors[0] < 0.35 * errors[1]).all()


def spots(*centres: float) -> torch.Tensor:
    """Pictures (B, 1, 32, 32) in [-1, 1] of a spot at each of the places, in [-1, 1]."""
    x, y = identity((32, 32))[0].unbind(-1)
    pictures = [torch.exp(-8 * ((x - place).square() + y.square())) for place in centres]
    return 2 * torch.stack(pictures)[:, None] - 1


def test_registration_finds_a_shift():
    found = register(spots(0.2), spots(0.0))
    assert (
        abs(float(found.to_speaker[0, 16, 16, 0] - identity((32, 32))[0, 16, 16, 0]) - 0.2) < 0.03
    )


def test_registration_is_the_same_in_inference_mode_and_after_it():
    identity.cache_clear()
    with torch.inference_mode():
        there = register(spots(0.2), spots(0.0))
    after = register(spots(0.2), spots(0.0))
    torch.testing.assert_close(there.to_speaker, after.to_speaker, rtol=0, atol=0)


def test_rounding_decides_nothing():
    generator = torch.Generator().manual_seed(0)
    noise = 0.1 * torch.randn((4, 1, 32, 32), generator=generator)
    pictures = spots(-0.3, -0.1, 0.1, 0.3) + noise
    # another order of the pictures is another order of sums
    templates = fit_template(pictures), fit_template(pictures.flip(0))
    torch.testing.assert_close(*templates, rtol=0, atol=1e-5)
    fields = [register(pictures, template).to_speaker for template in templates]
    torch.testing.assert_close(*fields, rtol=0, atol=1e-5)
