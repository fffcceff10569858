"""Registration of still pictures to a template."""

import torch

from s2r.model.registration import fit_template, identity, register


def blobs(*centres: float) -> torch.Tensor:
    """Pictures (B, 1, 32, 32) in [-1, 1] of a spot at each of the places, in [-1, 1]."""
    x, y = identity((32, 32))[0].unbind(-1)
    spots = [torch.exp(-8 * ((x - place).square() + y.square())) for place in centres]
    return 2 * torch.stack(spots)[:, None] - 1


def test_registration_finds_a_shift():
    found = register(blobs(0.2), blobs(0.0))
    assert (
        abs(float(found.to_speaker[0, 16, 16, 0] - identity((32, 32))[0, 16, 16, 0]) - 0.2) < 0.03
    )


def test_registration_is_the_same_in_inference_mode_and_after_it():
    identity.cache_clear()
    with torch.inference_mode():
        there = register(blobs(0.2), blobs(0.0))
    after = register(blobs(0.2), blobs(0.0))
    torch.testing.assert_close(there.to_speaker, after.to_speaker, rtol=0, atol=0)


def test_rounding_decides_nothing():
    generator = torch.Generator().manual_seed(0)
    noise = 0.1 * torch.randn((4, 1, 32, 32), generator=generator)
    pictures = blobs(-0.3, -0.1, 0.1, 0.3) + noise
    # another order of the pictures is another order of sums
    templates = fit_template(pictures), fit_template(pictures.flip(0))
    torch.testing.assert_close(*templates, rtol=0, atol=1e-5)
    fields = [register(pictures, template).to_speaker for template in templates]
    torch.testing.assert_close(*fields, rtol=0, atol=1e-5)
