"""The video U-Net: shapes, gradients, and what can reach what."""

import pytest
import torch

from s2r.model.denoiser import (
    Denoiser,
    DenoiserConfig,
    TimeAttention,
    shift_in_time,
    time_positions,
)


def network(**changes):
    torch.manual_seed(0)
    config = DenoiserConfig(channels=(8, 16), condition=16, heads=2, speech_dimension=6, **changes)
    made = Denoiser(config)
    for parameter in made.parameters():  # zero-initialised layers would hide every path
        torch.nn.init.normal_(parameter, std=0.15)
    return made


def inputs(frames=5, windows=2):
    generator = torch.Generator().manual_seed(1)
    video = torch.randn(windows, frames, 1, 32, 32, generator=generator)
    noise = torch.zeros(windows, frames)
    speech = torch.randn(windows, frames, 6, generator=generator)
    keep = torch.ones(windows, 1, dtype=torch.bool)
    return video, noise, speech, keep


@pytest.mark.parametrize("patch", [2, 4])
def test_output_has_the_shape_of_the_video_and_gradients_reach_everything(patch):
    made = network(patch=patch)
    video, noise, speech, keep = inputs()
    keep = torch.tensor([[True], [False]])  # the vector for "no speech" learns too
    out = made(video, noise, speech, keep)
    assert out.shape == video.shape
    out.square().mean().backward()
    idle = [name for name, p in made.named_parameters() if p.grad is None or not p.grad.any()]
    assert not idle


def test_untrained_network_answers_zero():
    torch.manual_seed(0)
    config = DenoiserConfig(channels=(8, 16), condition=16, heads=2, speech_dimension=6)
    made = Denoiser(config)
    video, noise, speech, keep = inputs()
    assert not made(video, noise, speech, keep).any()


def test_without_attention_over_time_a_frame_reaches_only_its_neighbourhood():
    made = network(attention_from=9)
    video, noise, speech, keep = inputs(frames=12)
    video.requires_grad_()
    out = made(video, noise, speech, keep)
    (reach,) = torch.autograd.grad(out[:, 2].square().sum(), video)
    assert reach[:, 2].any()
    # four residual blocks, each of which looks one frame back and one ahead
    assert reach[:, 6].any()
    assert not reach[:, 7:].any()


def test_time_shift_takes_channels_of_both_neighbours():
    frames = torch.arange(1.0, 5.0)[:, None, None, None].expand(4, 8, 1, 1)
    shifted = shift_in_time(torch.cat([frames, 10 * frames]), 4)[:, :, 0, 0]
    assert shifted[:4, 0].tolist() == [0, 1, 2, 3]
    assert shifted[:4, 1].tolist() == [2, 3, 4, 0]
    assert shifted[:4, 2].tolist() == [1, 2, 3, 4]
    assert shifted[4:, 0].tolist() == [0, 10, 20, 30]


def test_with_attention_over_time_every_frame_reaches_every_frame():
    made = network()
    video, noise, speech, keep = inputs()
    video.requires_grad_()
    (reach,) = torch.autograd.grad(made(video, noise, speech, keep)[:, 4].square().sum(), video)
    assert all(reach[:, frame].any() for frame in range(5))


def test_cross_attention_receives_all_frames_and_knows_their_order():
    made = network(attention_from=9)
    video, noise, speech, keep = inputs()
    out = made(video, noise, speech, keep)
    assert not torch.allclose(out, made(video, noise, speech.flip(1), keep), atol=1e-5)
    speech.requires_grad_()
    (reach,) = torch.autograd.grad(made(video, noise, speech, keep)[:, 0].square().sum(), speech)
    assert all(reach[:, frame].any() for frame in range(5))


def test_withheld_speech_makes_no_difference():
    made = network()
    video, noise, speech, keep = inputs()
    assert torch.equal(
        made(video, noise, speech, ~keep), made(video, noise, torch.zeros_like(speech), ~keep)
    )
    assert not torch.allclose(
        made(video, noise, speech, keep), made(video, noise, torch.zeros_like(speech), keep)
    )


def test_windows_do_not_mix():
    made = network()
    video, noise, speech, keep = inputs()
    together = made(video, noise, speech, keep)
    alone = made(video[:1], noise[:1], speech[:1], keep[:1])
    torch.testing.assert_close(together[:1], alone, atol=1e-5, rtol=1e-5)


def test_time_attention_is_scaled_dot_product_attention():
    torch.manual_seed(0)
    attention = TimeAttention(8, 2)
    torch.nn.init.normal_(attention.out.weight)
    x = torch.randn(10, 8, 4, 4)
    made = attention(x, 5)
    assert not torch.allclose(made, x)
    h = attention.norm(x.view(2, 5, 8, 16).permute(0, 3, 1, 2))
    h = h + attention.position(time_positions(5, x.device))
    q, k, v = attention.qkv(h).unflatten(-1, (3, 2, 4)).permute(3, 0, 1, 4, 2, 5)
    expected = attention.out(
        torch.nn.functional.scaled_dot_product_attention(q, k, v).transpose(2, 3).flatten(-2)
    )
    expected = expected.permute(0, 2, 3, 1).reshape(10, 8, 4, 4)
    torch.testing.assert_close(made - x, expected, atol=1e-5, rtol=1e-4)
