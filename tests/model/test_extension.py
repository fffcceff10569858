"""More codes for a trained model: what it did before, it does still."""

import pytest
import torch

from s2r.config.model_blocks import AutoencoderBlock, MeanNetwork, ResidualNetwork, SamplerConfig
from s2r.model.autoencoder import Autoencoder
from s2r.model.extension import extended, set_new_residual
from s2r.model.utterance_model import UtteranceConfig, UtteranceModel
from s2r.model.utterance_sampling import draw_codes, mean_codes

CODES, NEW, SIZE, SPEECH = 5, 3, 8, 5
"""As many codes as values of speech, so that columns are not told apart by their number."""


@pytest.fixture
def model() -> UtteranceModel:
    torch.manual_seed(0)
    block = AutoencoderBlock(codes=CODES)
    config = UtteranceConfig(
        block, MeanNetwork(hidden=8, dilations=(1, 2)), ResidualNetwork(hidden=8, dilations=(1,))
    )
    model = UtteranceModel(config, Autoencoder(block, SIZE), 6, SPEECH).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    model.posture.normal_()
    model.neutral.normal_()
    directions = torch.linalg.qr(torch.randn(SIZE * SIZE, CODES + NEW))[0].T
    model.autoencoder.components.copy_(directions[:CODES])
    model.new = directions[CODES:]
    return model


@torch.no_grad()
def test_old_codes_keep_their_mean_and_their_draws(model):
    larger = extended(model, model.new)
    speech, speaker = torch.randn(1, 20, SPEECH), torch.randn(1, CODES)
    more = torch.cat([speaker, torch.randn(1, NEW)], 1)
    mean, longer = mean_codes(model, speech, speaker), mean_codes(larger, speech, more)
    torch.testing.assert_close(longer[..., :CODES], mean)
    assert not longer[..., CODES:].any()
    white = torch.randn(1, 20, CODES + NEW)
    sigma, keep = torch.tensor([0.7]), torch.ones(1)
    old = model.denoise(model.denoiser, white[..., :CODES], sigma, mean, speech, speaker, keep)
    new = larger.denoise(larger.denoiser, white, sigma, longer, speech, more, keep)
    torch.testing.assert_close(new[..., :CODES], old)
    torch.testing.assert_close(larger.autoencoder.components[:CODES], model.autoencoder.components)
    assert len(model.autoencoder.components) == CODES


@torch.no_grad()
def test_new_codes_are_drawn_with_the_deviation_of_their_residuals(model):
    larger = extended(model, model.new)
    deviations = torch.tensor([2.0, 1.0, 0.5])
    set_new_residual(larger, [deviations * torch.randn(2000, NEW)], [torch.ones(2000, 1)])
    speech, speaker = torch.zeros(1, 400, SPEECH), torch.zeros(1, CODES + NEW)
    mean, certain = mean_codes(larger, speech, speaker), torch.zeros(1, 400)
    drawn = draw_codes(larger, speech, speaker, mean, certain, SamplerConfig(steps=8), 0) - mean
    found = drawn[0, :, CODES:].std(0)
    assert torch.allclose(found, deviations, rtol=0.25), found


def test_no_new_codes_change_nothing(model):
    same = extended(model, model.new[:0])
    set_new_residual(same, [torch.zeros(10, 0)], [torch.ones(10, 1)])
    for name, value in model.state_dict().items():
        assert torch.equal(same.state_dict()[name], value), name
