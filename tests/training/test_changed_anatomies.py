"""Subjects with changed anatomy: maps of codes that do what displaced pictures do."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from s2r.config.model_blocks import AutoencoderBlock, MeanBlock
from s2r.model import registration
from s2r.model.autoencoder import Autoencoder
from s2r.training import changed_anatomies as module
from s2r.training.changed_anatomies import changed_anatomies

SIZE, CODES = 32, 6


@pytest.fixture
def autoencoder() -> Autoencoder:
    """Smooth components, orthonormal as fitted ones are, and a smooth template."""
    generator = torch.Generator().manual_seed(0)
    rough = torch.randn(CODES + 1, 1, 5, 5, generator=generator)
    smooth = F.interpolate(rough, (SIZE, SIZE), mode="bicubic", align_corners=True)
    model = Autoencoder(AutoencoderBlock(codes=CODES), SIZE)
    model.components.copy_(torch.linalg.qr(smooth[:CODES].flatten(1).T)[0].T)
    model.template.copy_(0.3 * smooth[CODES:])
    return model


def codes_of(frames: torch.Tensor, autoencoder: Autoencoder) -> torch.Tensor:
    return frames.flatten(1) @ autoencoder.components.T


def test_codes_are_those_of_displaced_pictures(autoencoder, monkeypatch):
    """The codes of a reference frame and of changes, moved in the picture and read again."""
    seen = []
    warp = registration.warp
    monkeypatch.setattr(module, "warp", lambda p, grids: seen.append(grids) or warp(p, grids))
    anatomies = changed_anatomies(autoencoder, 0.01, seed=3)
    assert len(anatomies.maps) == len(seen) == module.COUNT
    rng = torch.Generator().manual_seed(1)
    speakers = torch.randn(module.COUNT, CODES, generator=rng)
    codes = torch.randn(module.COUNT, 7, CODES, generator=rng)
    found = anatomies.of_speakers(speakers), anatomies.of_codes(codes)
    for number in (0, 17, 63):
        changes = (codes[number] @ autoencoder.components).view(-1, 1, SIZE, SIZE)
        difference = (speakers[number] @ autoencoder.components).view(1, 1, SIZE, SIZE)
        reference = warp(autoencoder.template + difference, seen[number])
        expected = codes_of(reference - autoencoder.template, autoencoder)[0]
        assert torch.allclose(found[0][number], expected, atol=1e-4)
        expected = codes_of(warp(changes, seen[number]), autoencoder)
        assert torch.allclose(found[1][number], expected, atol=1e-4)


def test_displacements_have_the_size_asked_for(autoencoder, monkeypatch):
    """Their standard deviation; pictures have a side of 2, and a spline smooths a little."""
    seen = []
    warp = registration.warp
    monkeypatch.setattr(module, "warp", lambda p, grids: seen.append(grids) or warp(p, grids))
    changed_anatomies(autoencoder, 0.004, seed=3)
    displacements = torch.cat(seen) - registration.identity((SIZE, SIZE))
    assert 0.6 * 0.004 < displacements.std().item() / 2 < 0.004


def test_the_largest_displacements_that_the_configuration_takes_do_not_fold():
    limits = MeanBlock.__pydantic_fields__["anatomy_change"].metadata
    (largest,) = (limit.le for limit in limits if hasattr(limit, "le"))
    points = registration.CONTROL_POINTS
    generator = torch.Generator().manual_seed(0)
    spline = 2 * largest * torch.randn(2000, 2, points, points, generator=generator)
    grids = registration.identity((64, 64)) + registration.spline_field(spline, (64, 64))
    assert (registration.areas(grids) > 0).all()


def test_no_displacement_changes_nothing(autoencoder):
    anatomies = changed_anatomies(autoencoder, 0.0, seed=3)
    codes = torch.randn(module.COUNT, 5, CODES)
    assert torch.allclose(anatomies.of_codes(codes), codes, atol=1e-5)
    assert torch.allclose(anatomies.of_speakers(codes[:, 0]), codes[:, 0], atol=1e-5)


def test_a_seed_gives_the_same_changes_and_segments_draw_among_them(autoencoder):
    one, same, other = (changed_anatomies(autoencoder, 0.004, seed) for seed in (3, 3, 4))
    assert torch.equal(one.maps, same.maps) and torch.equal(one.offsets, same.offsets)
    assert not torch.allclose(one.maps, other.maps, atol=1e-3)
    drawn = one.draw(500, np.random.default_rng(0))
    places = (drawn.offsets[:, None] == one.offsets).all(-1).int().argmax(1)
    assert torch.equal(drawn.maps, one.maps[places])
    assert len(places.unique()) > 0.9 * module.COUNT
