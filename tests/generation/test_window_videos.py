"""Videos of the window model: context, window boundaries without repeats, any length and batch."""

import numpy as np
import pytest
import torch

from helpers.tiny_corpus import SIZE, write_tiny_corpus
from helpers.tiny_model import draw_weights
from s2r.config.model_blocks import SamplerConfig
from s2r.config.result_blocks import GenerationConfig
from s2r.generation import window_videos as rollout_module
from s2r.generation.generate import generate_run, lead_ins, other_speech
from s2r.generation.generated_file import read_generated
from s2r.generation.window_videos import WindowVideos, generate_videos, window_starts
from s2r.model.denoiser import DenoiserConfig
from s2r.model.diffusion import SIGMA_GIVEN
from s2r.model.family import VideoTask
from s2r.model.window import Window
from s2r.model.window_model import ModelConfig, WindowModel
from s2r.model.window_sampling import FrameNoise, generate_window

SAMPLER = SamplerConfig(steps=3, sigma_max=2.0)
SMALL = {"channels": (8, 16), "patch": 2, "condition": 16, "heads": 2}


@pytest.fixture(params=[1, 3], ids=["one context frame", "three"])
def model(request):
    torch.manual_seed(0)
    denoiser = DenoiserConfig(**SMALL, speech_dimension=4 * 3)
    config = ModelConfig(speech_radius=1, window=Window(request.param, 9), denoiser=denoiser)
    model = WindowModel(config, dimension=5, projected=4)
    draw_weights(model)
    return model.eval()


def task(length, seed=0, **changes):
    rng = np.random.default_rng(length)
    speech = rng.normal(size=(length, 4)).astype(np.float32)
    reference = np.tanh(rng.normal(size=(SIZE, SIZE))).astype(np.float32)
    return VideoTask(speech, reference, seed, **changes)


def own_speech(model, condition):
    """The first number of the speech of each new frame itself, without its neighbours."""
    width = model.speech_basis.shape[1]
    return condition[:, model.config.window.context :, model.config.radius * width]


@pytest.mark.parametrize("length", [1, 5, 6, 7, 9, 20])
def test_exactly_as_many_frames_as_the_speech_has(model, length):
    (video,) = generate_videos(model, [task(length)], SAMPLER)
    assert video.shape == (length, SIZE, SIZE)
    assert video.dtype == np.uint8


def test_a_video_does_not_depend_on_its_batch(model):
    tasks = [task(9, 1), task(20, 2), task(14, 3)]
    together = generate_videos(model, tasks, SAMPLER, batch=3)
    for one, video in zip(tasks, together, strict=True):
        (alone,) = generate_videos(model, [one], SAMPLER)
        # convolutions of another batch size round differently: at most one grey level
        assert np.abs(video.astype(int) - alone).max() <= 1
    assert not np.array_equal(*generate_videos(model, [task(9, 1), task(9, 2)], SAMPLER))


def test_given_frames_have_hardly_any_noise_and_do_not_change_in_sampling(model, monkeypatch):
    seen = []
    whole = WindowModel.denoise

    def watch(self, noisy, sigma, *rest):
        seen.append((noisy.clone(), sigma.clone()))
        return whole(self, noisy, sigma, *rest)

    monkeypatch.setattr(WindowModel, "denoise", watch)
    window = model.config.window
    given = torch.randn(2, window.context, 1, SIZE, SIZE).clamp(-1, 1)
    kept = given.clone()
    speech = torch.randn(2, window.frames, 2 * model.config.radius + 1, 4)
    condition = model.speech_condition(speech)
    generate_window(model, SAMPLER, given, condition, FrameNoise((0, 1), given))
    assert torch.equal(given, kept)
    clean = model.encode(given)
    first = seen[0][0][:, : window.context]
    for noisy, sigma in seen:
        assert torch.equal(noisy[:, : window.context], first), "given frames change in sampling"
        assert (sigma[:, : window.context] == SIGMA_GIVEN).all()
    assert (first - clean).std().item() == pytest.approx(SIGMA_GIVEN, rel=0.1)


def test_no_frame_is_repeated_or_skipped_at_a_window_boundary(model, monkeypatch):
    """A network that answers with the number of each frame's speech must count without a gap."""

    def counting(model, sampler, given, condition, noise):
        here = own_speech(model, condition)
        return here[:, :, None, None, None].expand(-1, -1, 1, SIZE, SIZE)

    monkeypatch.setattr(rollout_module, "generate_window", counting)
    numbers = np.linspace(-1, 1, 41, dtype=np.float32)
    speech = np.repeat(numbers[:, None], 4, 1)
    reference = np.zeros((SIZE, SIZE), np.float32)
    (video,) = generate_videos(model, [VideoTask(speech, reference, 0)], SAMPLER)
    assert video[:, 0, 0].tolist() == np.round((numbers + 1) * 127.5).astype(int).tolist()
    (part,) = generate_videos(model, [VideoTask(speech, reference, 0, 13, 10)], SAMPLER)
    assert np.array_equal(part, video[13:23])
    (with_lead_in,) = generate_videos(model, [VideoTask(speech, reference, 0, lead_in=5)], SAMPLER)
    assert np.array_equal(with_lead_in, video)


def test_context_is_the_reference_frame_and_then_the_frames_just_generated(model, monkeypatch):
    given_frames = []

    def counting(model, sampler, given, condition, noise):
        given_frames.append(given.clone())
        new = model.config.window.new
        step = len(given_frames) * new
        values = torch.arange(step - new, step) / 100.0
        return values[None, :, None, None, None].expand(len(given), -1, 1, SIZE, SIZE)

    monkeypatch.setattr(rollout_module, "generate_window", counting)
    one = task(40)
    generate_videos(model, [one], SAMPLER)
    window = model.config.window
    for index, given in enumerate(given_frames):
        if index == 0:
            reference = torch.from_numpy(one.reference)
            assert torch.equal(given[0, :, 0], reference.expand(window.context, -1, -1))
        else:
            last = torch.arange(index * window.new - window.context, index * window.new) / 100
            torch.testing.assert_close(given[0, :, 0, 0, 0], last)


def test_window_boundaries_are_the_first_frames_of_windows():
    assert np.flatnonzero(window_starts(25, 12)).tolist() == [12, 24]
    assert np.flatnonzero(window_starts(25, 12, lead_in=5)).tolist() == [7, 19]
    assert not window_starts(12, 12).any()


def test_window_boundaries_of_the_draws_are_spread_over_the_window():
    assert lead_ins(3, 13) == [0, 4, 8]
    assert lead_ins(1, 13) == [0]


def test_a_lead_in_is_the_first_sound_and_moves_the_window_boundaries(model, monkeypatch):
    received = []

    def listen(model, sampler, given, condition, noise):
        received.append(own_speech(model, condition))
        return torch.zeros(len(given), model.config.window.new, 1, SIZE, SIZE)

    monkeypatch.setattr(rollout_module, "generate_window", listen)
    speech = np.repeat(np.arange(10, 30, dtype=np.float32)[:, None], 4, 1)
    reference = np.zeros((SIZE, SIZE), np.float32)
    tasks = [VideoTask(speech, reference, 0, lead_in=lead_in) for lead_in in (0, 3)]
    videos = generate_videos(model, tasks, SAMPLER)
    assert [len(video) for video in videos] == [20, 20]
    with_lead_in, plain = received[0]  # the longer one, with its lead-in, comes first
    new = model.config.window.new
    assert plain.tolist() == list(range(10, 10 + new))
    assert with_lead_in.tolist() == [10, 10, 10, *range(10, 10 + new - 3)]


def test_guidance_calls_the_network_without_speech(model):
    model.denoiser.no_speech.data.normal_()
    received = task(6, 4)
    plain, guided = (
        generate_videos(model, [received], SamplerConfig(steps=3, sigma_max=2.0, guidance_scale=g))[
            0
        ]
        for g in (1.0, 3.0)
    )
    assert not np.array_equal(plain, guided)


def test_wrong_speech_is_the_same_subjects_where_possible(tmp_path):
    split = write_tiny_corpus(tmp_path).split
    names = ["s1_a", "s1_b", "s2_a"]
    assert other_speech("s1_a", names, split) == "s1_b"
    assert other_speech("s1_b", names, split) == "s1_a"
    assert other_speech("s2_a", names, split) == "s1_a"
    assert other_speech("s2_a", ["s2_a"], split) == "s2_a"


def test_generated_files_hold_clips_rollouts_and_controls(model, tmp_path):
    recordings = write_tiny_corpus(tmp_path, length=40)
    generate_run(
        WindowVideos(model, SAMPLER),
        recordings,
        {"unseen_speech": tmp_path / "draws.h5"},
        {},
        GenerationConfig(draws=2, clips=4, recordings=2, batch=4),
        {"system": "x", "encoder": "e", "size": "-", "pooling": "no", "preset": "p"},
    )
    with read_generated(tmp_path / "draws.h5") as made:
        assert len(made.rollouts) == 2
        rollout = made.rollout(made.rollouts[0])
        assert rollout.draws.shape == (2, 40, SIZE, SIZE)
        assert not np.array_equal(*rollout.draws)
        assert rollout.speech_of not in ("", made.rollouts[0])
        new = model.config.window.new
        expected = [window_starts(40, new), window_starts(40, new, new // 2)]
        assert np.array_equal(rollout.window_starts, expected)
        starts = [start for one in made.clip_recordings for start in made.clips(one)[0]]
        assert len(starts) == 4
        assert min(starts) >= 10
        assert made.clips(made.clip_recordings[0])[1].shape[1:] == (1, 10, SIZE, SIZE)


def test_noise_is_white_and_follows_the_seed_of_its_video():
    like = torch.zeros(1, 64, 64)
    noise = FrameNoise(range(4), like)
    video = torch.cat([noise.draw(7), noise.draw(7)], 1)
    assert video.std().item() == pytest.approx(1, abs=0.02)
    pairs = [(video[:, t] * video[:, t + 1]).mean().item() for t in range(13)]
    assert pairs == pytest.approx([0] * 13, abs=0.04)
    assert torch.equal(FrameNoise([2], like).draw(7)[0], video[2, :7])
    noise = FrameNoise(range(4), like)
    noise.draw(7)
    noise.keep(2)
    assert torch.equal(noise.draw(7), video[:2, 7:])
