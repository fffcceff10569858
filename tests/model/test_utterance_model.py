"""The utterance model and its draws: before training, with guidance, in stretches, pooled."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from s2r.config.model_blocks import (
    AutoencoderBlock,
    MeanNetwork,
    ResidualNetwork,
    SamplerConfig,
)
from s2r.core.errors import UserError
from s2r.model.autoencoder import Autoencoder
from s2r.model.diffusion import SIGMA_DATA
from s2r.model.dilated import dropout_mask
from s2r.model.model_file import write_model_file
from s2r.model.residual import AROUND, Residual
from s2r.model.sampler import heun_step, noise_levels
from s2r.model.utterance_model import (
    POOLED_FRAMES,
    UtteranceConfig,
    UtteranceModel,
    load_utterance_model,
    pooled,
    save_utterance_model,
)
from s2r.model.utterance_sampling import (
    draw_codes,
    gaussian_codes,
    mean_codes,
    mean_uncertainty,
    reach,
)

CODES, WIDTH, DIMENSION, SIZE = 3, 4, 6, 16
CONFIG = UtteranceConfig(
    AutoencoderBlock(CODES),
    MeanNetwork(hidden=8, dilations=(1, 3)),
    ResidualNetwork(hidden=8, dilations=(1, 2)),
)
SOLVERS = ("dpm_solver", "heun", "stochastic_heun")


def untrained(config: UtteranceConfig = CONFIG) -> UtteranceModel:
    """An untrained model whose residuals are as large and slow as made-up ones."""
    torch.manual_seed(0)
    model = UtteranceModel(config, Autoencoder(config.autoencoder, SIZE), DIMENSION, WIDTH)
    model.speech_basis.normal_()
    slow = torch.randn(4000, CODES).cumsum(0)
    slow = (slow[8:] - slow[:-8]) * torch.tensor([2.0, 0.7, 0.2])
    model.residual.fit([slow], [torch.zeros(len(slow))])
    model.code_scale.fill_(3.0)
    return model.eval()


@pytest.fixture
def model():
    return untrained()


@pytest.fixture
def trained(model):
    """Random weights stand in for trained ones."""
    for network in (model.mean, model.denoiser):
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    return model


def inputs(length: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    speech = torch.randn(1, length, WIDTH, generator=generator)
    return speech, torch.randn(1, CODES, generator=generator)


@torch.no_grad()
def draw(model, speech, speaker, sampler, seed=0, first=0):
    mean = mean_codes(model, speech, speaker)
    uncertainty = mean_uncertainty(model, speech, speaker, mean, first)
    return draw_codes(model, speech, speaker, mean, uncertainty, sampler, seed, first)


FINE = SamplerConfig(steps=60, sigma_min=0.002, sigma_max=80)


@torch.no_grad()
@pytest.mark.parametrize("solver", ["dpm_solver", "heun"])
def test_draws_of_the_untrained_denoiser_are_the_gaussian_ones(model, solver):
    """The untrained denoiser is the exact one for Gaussian data of the noise's covariance.

    The probability-flow equation then scales the noise: to the draw of `gaussian_codes`, but for
    sigma_max / (sigma_max^2 + SIGMA_DATA^2)^.5 = .99998 and for the errors of 60 steps.
    """
    speech, speaker = inputs(50)
    drawn = draw(model, speech, speaker, replace(FINE, solver=solver), seed=3, first=11)
    mean = mean_codes(model, speech, speaker)
    expected = gaussian_codes(model, mean, torch.zeros(1, 50), seed=3, first=11)
    torch.testing.assert_close(drawn, expected, atol=1e-4, rtol=0.02)


@torch.no_grad()
def test_fresh_noise_of_the_stochastic_solver_is_independent(model):
    """The untrained denoiser is linear: the draw's variance follows step by step from gamma.

    Tolerance: 20,000 independent frames, four standard errors.
    """
    model.residual.filters.copy_(Residual(CODES).filters)
    speech, speaker = inputs(20_000)
    sampler = replace(FINE, solver="stochastic_heun", steps=10, sigma_min=0.1, churn=3)
    mean, certain = torch.zeros(1, 20_000, CODES), torch.zeros(1, 20_000)
    drawn = draw_codes(model, speech, speaker, mean, certain, sampler, 0)[0]
    found = model.residual.to_data(drawn, certain[0]).square().mean(0)

    def shrink(x, sigma):
        return x * SIGMA_DATA**2 / (sigma**2 + SIGMA_DATA**2)

    levels = noise_levels(sampler)
    variance = levels[0] ** 2
    for sigma, following in pairwise(levels):
        gamma = 0.3 if 0.05 <= sigma <= 50 else 0.0
        variance += 1.003**2 * ((1 + gamma) ** 2 - 1) * sigma**2
        variance *= heun_step(shrink, 1.0, sigma * (1 + gamma), following) ** 2
    expected = torch.full((CODES,), variance)
    torch.testing.assert_close(found, expected, rtol=4 * (2 / 20_000) ** 0.5, atol=0)


@torch.no_grad()
def test_gaussian_codes_have_the_residuals_covariance_about_the_mean(model):
    mean, certain = 5 + torch.zeros(1, 20_000, CODES), torch.zeros(1, 20_000)
    noise = gaussian_codes(model, mean, certain, 0)[0] - 5
    residual = model.residual
    expected = residual.directions * residual.deviations.square() @ residual.directions.T
    size = expected.diagonal().mean().item()
    torch.testing.assert_close(noise.T @ noise / len(noise), expected, atol=0.06 * size, rtol=0)
    model.spread.fill_(0.5)
    torch.testing.assert_close(gaussian_codes(model, mean, certain, 0)[0] - 5, 0.5 * noise)


@torch.no_grad()
def test_uncertainty_is_the_variance_under_dropout_whatever_the_cut(trained, monkeypatch):
    """With many passes, that of networks whose units and speech are dropped one frame at a time."""
    speech, speaker = inputs(40)
    mean = mean_codes(trained, speech, speaker)
    whole = mean_uncertainty(trained, speech, speaker, mean, first=7)
    assert whole.shape == (1, 40)
    margin = trained.mean.radius + AROUND
    part = slice(20 - margin, 21 + margin)
    cut = mean_uncertainty(trained, speech[:, part], speaker, mean[:, part], first=7 + part.start)
    torch.testing.assert_close(cut[:, margin], whole[:, 20])
    monkeypatch.setattr("s2r.model.utterance_sampling.PASSES", 3000)
    many = mean_uncertainty(trained, speech, speaker, mean)[0, 20]
    generator, share = torch.Generator().manual_seed(0), trained.config.mean.dropout
    heard = dropout_mask((3000, 40, WIDTH), share, generator)
    kept = trained.mean.dropout_masks(3000, 40, share, generator)
    codes = trained.predict(trained.mean, speech * heard, speaker.expand(3000, -1), kept)
    around = (codes - mean)[:, 20 - AROUND : 21 + AROUND].square().sum(-1).mean()
    torch.testing.assert_close(many, around, rtol=0.1, atol=0)


@torch.no_grad()
def test_a_network_trained_without_dropout_is_certain(trained):
    trained.config = replace(CONFIG, mean=replace(CONFIG.mean, dropout=0.0))
    speech, speaker = inputs(9)
    mean = mean_codes(trained, speech, speaker)
    assert torch.equal(mean_uncertainty(trained, speech, speaker, mean), torch.zeros(1, 9))


@torch.no_grad()
def test_spread_scales_what_is_added_to_the_mean(trained):
    speech, speaker = inputs(30)
    mean = mean_codes(trained, speech, speaker)
    whole = draw(trained, speech, speaker, SamplerConfig(steps=3)) - mean
    trained.spread.fill_(0.25)
    quarter = draw(trained, speech, speaker, SamplerConfig(steps=3)) - mean
    torch.testing.assert_close(quarter, whole / 4, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_guidance_scale_1_is_no_guidance_and_others_change_the_draw(trained, monkeypatch):
    speech, speaker = inputs(20)
    sampler = SamplerConfig(steps=3, guidance_scale=1)
    kept = []
    original = UtteranceModel.denoise

    def watched(self, *arguments):
        kept.append(arguments[-1].item())
        return original(self, *arguments)

    monkeypatch.setattr(UtteranceModel, "denoise", watched)
    plain = draw(trained, speech, speaker, sampler)
    assert kept == [1, 1, 1]
    nearly = draw(trained, speech, speaker, replace(sampler, guidance_scale=1.000001))
    assert kept[3:] == [1, 0, 1, 0, 1, 0] or kept[3:] == [0, 1, 0, 1, 0, 1]
    torch.testing.assert_close(nearly, plain, atol=1e-3, rtol=0)
    guided = draw(trained, speech, speaker, replace(sampler, guidance_scale=3))
    assert (guided - plain).abs().max() > 0.01


@torch.no_grad()
def test_without_speech_the_denoiser_hears_nothing(trained):
    speech, speaker = inputs(20)
    noisy, mean = torch.randn(1, 20, CODES), torch.randn(1, 20, CODES)
    level = torch.ones(1)

    def denoised(keep, *known):
        return trained.denoise(trained.denoiser, noisy, level, *known, torch.tensor([keep]))

    other = (mean + 1, speech + 1, speaker + 1)
    assert torch.equal(denoised(0.0, mean, speech, speaker), denoised(0.0, *other))
    for number in range(3):
        known = [mean, speech, speaker]
        known[number] = other[number]
        assert not torch.equal(denoised(1.0, mean, speech, speaker), denoised(1.0, *known))


@torch.no_grad()
@pytest.mark.parametrize("solver", SOLVERS)
def test_the_same_seed_gives_the_same_codes_whatever_the_cut(trained, solver):
    sampler = SamplerConfig(solver=solver, steps=3, churn=20, guidance_scale=1.5)
    margin = reach(trained, sampler)
    length = 2 * margin + 60
    speech, speaker = inputs(length)
    whole = draw(trained, speech, speaker, sampler, seed=4, first=-7)
    for start, stop in (
        (0, 30),
        (30, margin + 20),
        (margin + 20, margin + 21),
        (length - 9, length),
    ):
        left = max(start - margin, 0)
        part = speech[:, left : stop + margin]
        codes = draw(trained, part, speaker, sampler, seed=4, first=left - 7)[:, start - left :]
        torch.testing.assert_close(
            codes[:, : stop - start], whole[:, start:stop], atol=1e-3, rtol=1e-3
        )
    assert not torch.allclose(whole, draw(trained, speech, speaker, sampler, seed=5, first=-7))


def test_pooled_frames_share_their_mean():
    speech = np.random.default_rng(0).normal(size=(27, 2)).astype(np.float32)
    made = pooled(speech)
    assert made.shape == speech.shape
    assert made.dtype == np.float32
    for start in range(0, 27, POOLED_FRAMES):
        group = speech[start : start + POOLED_FRAMES]
        expected = np.broadcast_to(group.mean(0), group.shape)
        np.testing.assert_allclose(made[start : start + POOLED_FRAMES], expected, atol=1e-6)


@pytest.mark.parametrize("pooling", [False, True])
def test_a_click_in_the_speech_of_a_pooled_model_changes_its_group_alone(pooling):
    model = untrained(replace(CONFIG, pooling=pooling))
    embeddings = np.random.default_rng(0).normal(size=(35, DIMENSION)).astype(np.float16)
    clicked = embeddings.copy()
    clicked[17] += 3
    changed = (model.project(embeddings) != model.project(clicked)).any(1)
    assert np.flatnonzero(changed).tolist() == (list(range(10, 20)) if pooling else [17])


@torch.no_grad()
def test_the_mean_depends_on_speech_and_speaker_and_is_in_units_of_codes(trained):
    speech, speaker = inputs(20)
    mean = mean_codes(trained, speech, speaker)
    assert not torch.allclose(mean, mean_codes(trained, speech + 0.1, speaker))
    assert not torch.allclose(mean, mean_codes(trained, speech, speaker + 0.1))
    trained.code_scale.mul_(2)
    torch.testing.assert_close(mean_codes(trained, speech, speaker), 2 * mean)
    trained.speaker_scale.fill_(2.0)
    torch.testing.assert_close(mean_codes(trained, speech, 2 * speaker), 2 * mean)


@torch.no_grad()
def test_the_posture_of_a_reference_is_taken_back(trained):
    """Where all of a reference's code is posture, frames do not depend on it."""
    speech, speaker = inputs(20)
    trained.mean.input.weight[:, WIDTH:] = 0  # the network does not hear who speaks
    trained.posture.copy_(torch.eye(CODES))
    trained.neutral.fill_(0.3)
    frames = mean_codes(trained, speech, speaker) + speaker[:, None]
    moved = speaker + torch.tensor([[0.5, -1.0, 2.0]])
    other = mean_codes(trained, speech, moved) + moved[:, None]
    torch.testing.assert_close(frames, other)
    trained.posture.zero_()
    neutral = mean_codes(trained, speech, speaker) + trained.neutral
    torch.testing.assert_close(frames, neutral)


@torch.no_grad()
def test_a_saved_model_draws_the_same(trained, tmp_path):
    path = tmp_path / "model.safetensors"
    save_utterance_model(trained, path, {"about": 1})
    loaded, info = load_utterance_model(path)
    assert info == {"about": 1}
    assert loaded.config == trained.config
    speech, speaker = inputs(20)
    sampler = SamplerConfig(steps=2)
    assert torch.equal(
        draw(loaded, speech, speaker, sampler), draw(trained, speech, speaker, sampler)
    )


def test_files_that_are_no_model_are_refused(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"nonsense")
    for name in ("x.safetensors", "absent.safetensors"):
        with pytest.raises(UserError, match=name):
            load_utterance_model(tmp_path / name)


def test_a_model_of_another_version_is_named_so(trained, tmp_path):
    path = tmp_path / "model.safetensors"
    write_model_file(trained, path, "s2r-utterance-1", trained.config, {})
    with pytest.raises(UserError, match=r"another version of s2r \(s2r-utterance-1"):
        load_utterance_model(path)
