"""The dilated network: what an output depends on, stretches, noise level, dropout."""

import pytest
import torch

from s2r.model.dilated import DilatedNetwork, dropout_mask

LENGTH = 60


@pytest.fixture(params=[(1, 2, 4), (3,), (1, 1, 5)], ids=str)
def network(request):
    """Untrained, but with random output weights."""
    torch.manual_seed(0)
    network = DilatedNetwork(3, 2, 8, request.param, noise_level=True)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    return network


@torch.no_grad()
def test_a_click_changes_the_outputs_within_the_radius_and_no_others(network):
    features = torch.randn(1, LENGTH, 3)
    clicked = features.clone()
    clicked[0, 30] += 5
    level = torch.zeros(1)
    changed = (network(features, level) != network(clicked, level)).any(-1)[0]
    places = changed.nonzero().flatten().tolist()
    assert (places[0], places[-1]) == (30 - network.radius, 30 + network.radius)


@torch.no_grad()
def test_stretches_that_overlap_by_the_radius_give_the_whole(network):
    features, level = torch.randn(2, LENGTH, 3), torch.tensor([0.3, -1.0])
    whole = network(features, level)
    margin = network.radius
    for first, last in ((0, 20), (20, 45), (45, LENGTH)):
        start = max(first - margin, 0)
        part = network(features[:, start : last + margin], level)
        part = part[:, first - start :][:, : last - first]
        torch.testing.assert_close(part, whole[:, first:last], atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_one_frame_less_than_the_radius_is_too_little(network):
    features, level = torch.randn(1, LENGTH, 3), torch.zeros(1)
    start = 30 - network.radius + 1
    part = network(features[:, start:], level)[0, 30 - start]
    assert (part - network(features, level)[0, 30]).abs().max() > 1e-4


@torch.no_grad()
def test_the_untrained_network_gives_zero():
    network = DilatedNetwork(3, 2, 8, (1, 2))
    assert torch.equal(network(torch.randn(1, 9, 3)), torch.zeros(1, 9, 2))


@torch.no_grad()
def test_the_noise_level_changes_the_output(network):
    features = torch.randn(1, 9, 3)
    assert not torch.equal(network(features, torch.zeros(1)), network(features, torch.ones(1)))


@torch.no_grad()
def test_dropout_masks_zero_their_share_and_keep_the_mean(network):
    masks = network.dropout_masks(64, 100, 0.25, torch.Generator().manual_seed(0))
    assert masks.shape == (len(network.blocks), 64, 100, 8)
    assert masks.unique().tolist() == pytest.approx([0, 4 / 3])
    # at least 51,200 numbers: 0.01 is more than five standard errors of the share
    assert (masks == 0).float().mean().item() == pytest.approx(0.25, abs=0.01)
    assert masks.mean().item() == pytest.approx(1, abs=0.013)


def test_a_share_of_nearly_everything_leaves_something():
    masks = dropout_mask((5000,), 0.999, torch.Generator().manual_seed(0))
    assert masks.unique().tolist() == [0, 256]


@torch.no_grad()
def test_what_dropout_leaves_of_layers(network):
    features, level = torch.randn(1, 9, 3), torch.zeros(1)
    ones = torch.ones(len(network.blocks), 1, 9, 8)
    torch.testing.assert_close(network(features, level, ones), network(features, level))
    # without any layer, what is left is the two linear maps
    alone = network.output(torch.nn.functional.silu(network.input(features)))
    torch.testing.assert_close(network(features, level, 0 * ones), alone)
