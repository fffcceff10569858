"""Preconditioning and loss."""

import torch

from s2r.model.diffusion import SIGMA_DATA, coefficients, draw_sigmas, frame_losses, precondition


def silent(video, noise, *conditions):
    return torch.zeros_like(video)


def test_untrained_network_has_loss_one_at_every_noise_level():
    noise = torch.Generator().manual_seed(0)
    for level in (0.01, 0.5, 20.0):
        clean = SIGMA_DATA * torch.randn(8, 4, 1, 64, 64, generator=noise)
        sigma = torch.full((8, 4), level)
        noisy = clean + level * torch.randn(clean.shape, generator=noise)
        losses = frame_losses(precondition(silent, noisy, sigma), clean, sigma)
        torch.testing.assert_close(losses.mean(), torch.tensor(1.0), atol=0.02, rtol=0)


def test_denoiser_returns_its_input_as_sigma_vanishes():
    noisy = torch.randn(2, 3, 1, 8, 8)
    sigma = torch.full((2, 3), 1e-4)
    loud = precondition(lambda video, noise: torch.ones_like(video), noisy, sigma)
    torch.testing.assert_close(loud, noisy, atol=2e-4, rtol=0)


def test_network_sees_unit_variance_and_its_own_noise_level():
    sigma = torch.tensor([[0.02, 0.5, 30.0]])
    seen = {}

    def network(video, noise):
        seen["video"], seen["noise"] = video, noise
        return video

    generator = torch.Generator().manual_seed(1)
    clean = SIGMA_DATA * torch.randn(1, 3, 1, 64, 64, generator=generator)
    noisy = clean + sigma[..., None, None, None] * torch.randn(clean.shape, generator=generator)
    precondition(network, noisy, sigma)
    spread = seen["video"].std(dim=(0, 2, 3, 4))
    torch.testing.assert_close(spread, torch.ones(3), atol=0.05, rtol=0)
    torch.testing.assert_close(seen["noise"], sigma.log() / 4)


def test_coefficients_are_those_of_the_paper():
    c_skip, c_out, c_in, c_noise = coefficients(torch.tensor(0.5))
    assert abs(c_skip.item() - 0.5) < 1e-6
    assert abs(c_out.item() - 0.5 / 2**0.5) < 1e-6
    assert abs(c_in.item() - 2**0.5) < 1e-6
    assert abs(c_noise.item() - torch.tensor(0.5).log().item() / 4) < 1e-6


def test_drawn_sigmas_are_log_normal_and_repeatable():
    sigmas = draw_sigmas(4096, -1.0, 1.4, torch.Generator().manual_seed(3))
    again = draw_sigmas(4096, -1.0, 1.4, torch.Generator().manual_seed(3))
    assert torch.equal(sigmas, again)
    assert abs(sigmas.log().mean().item() + 1.0) < 0.01
    assert abs(sigmas.log().std().item() - 1.4) < 0.01
    assert (sigmas.diff() > 0).any(), "levels must not arrive sorted"
    assert (sigmas.diff() < 0).any(), "levels must not arrive sorted"
