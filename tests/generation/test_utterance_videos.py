"""Videos of the utterance model: seeds, parts of videos, noise, speakers registered once."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from helpers.quick_utterance import CONFIG, MEAN, RESIDUAL, train, write_corpus
from s2r.config.keys import plain
from s2r.config.model_blocks import SamplerConfig
from s2r.generation.utterance import UtteranceVideos, load_utterance_videos
from s2r.model.autoencoder import Autoencoder
from s2r.model.family import VideoTask
from s2r.model.utterance_sampling import reach
from s2r.preparation.resting import reference_frame

SAMPLER = SamplerConfig(steps=2, guidance_scale=1.5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("corpus")


@pytest.fixture(scope="module")
def corpus(folder):
    return write_corpus(folder)


@pytest.fixture(scope="module")
def path(corpus, folder):
    longer = replace(MEAN, clips=1600, validate_clips=1600)
    train(corpus, folder / "autoencoder.safetensors", folder / "run", longer, RESIDUAL)
    return folder / "run/model.safetensors"


@pytest.fixture
def model(path):
    model = load_utterance_videos(path, {"sampler": plain(SAMPLER)}, "cpu")
    torch.manual_seed(0)  # a denoiser that depends on all that is around a frame
    for parameter in model.model.denoiser.parameters():
        torch.nn.init.normal_(parameter, std=0.6)
    return model


@pytest.fixture
def task(corpus, model):
    def make(recording: str = "s1_c", seed: int = 0, **changes) -> VideoTask:
        speech = model.project(corpus.embedded(recording))
        return VideoTask(speech, reference_frame(corpus, recording), seed, **changes)

    return make


def differ(one: np.ndarray, other: np.ndarray) -> int:
    """Most grey levels by which two videos differ; rounding may be one."""
    return int(np.abs(one.astype(int) - other).max())


def test_the_sampler_is_that_of_the_settings(model):
    assert model.sampler == SAMPLER
    assert model.resampled(7, None).sampler == replace(SAMPLER, steps=7)
    assert model.resampled(None, 3.0).sampler == replace(SAMPLER, guidance_scale=3.0)


def test_a_video_has_the_speech_s_length_and_shows_what_is_said(model, task, corpus):
    quiet = replace(model, noise=False)
    truth = corpus.video("s1_c").astype(float)
    made = quiet.mean(task())
    assert made.shape == truth.shape
    assert made.dtype == np.uint8
    copied = np.square(truth - truth[:1]).mean()
    assert np.square(made - truth).mean() < 0.7 * copied


def test_a_seed_gives_the_same_video_whatever_the_batch_and_the_order(path, task):
    tasks = [task("s1_c", 1), task("s2_c", 2, first=5), task("s3_d", 3, count=17)]
    videos = []
    for order in ([0, 1, 2], [2, 0, 1], [0], [1], [2]):
        fresh = load_utterance_videos(path, {"sampler": plain(SAMPLER)}, "cpu")
        made = fresh.videos([tasks[number] for number in order], batch=2)
        videos.append(dict(zip(order, made, strict=True)))
    for others in videos[1:]:
        for number, video in others.items():
            assert differ(video, videos[0][number]) <= 1


def test_seeds_and_speakers_differ(model, task):
    first, again, other = model.videos([task(seed=1), task(seed=1), task(seed=2)])
    assert np.array_equal(first, again)
    assert differ(first, other) > 10
    elsewhere = replace(task(seed=1), reference=task("s2_c").reference)
    assert differ(model.videos([elsewhere])[0], first) > 10


@pytest.mark.parametrize(("first", "count"), [(0, 10), (33, 10), (60, 10), (25, None)])
def test_clips_are_the_same_frames_of_the_whole_video(model, task, first, count):
    (whole,) = model.videos([task(seed=4)])
    (clip,) = model.videos([task(seed=4, first=first, count=count)])
    expected = whole[first:] if count is None else whole[first : first + count]
    assert differ(clip, expected) <= 1
    assert len(clip) == len(expected)


def test_a_stretch_with_margins_is_that_part_of_the_whole(model, task):
    """As long sounds are made: a part of the speech, and the number of its first frame."""
    whole, margin = task(seed=4), reach(model.model, SAMPLER)
    assert 0 < margin < 25
    (expected,) = model.videos([whole])
    start = 30 - margin
    part = replace(
        whole, speech=whole.speech[start : 42 + margin], first=margin, count=12, origin=start
    )
    assert differ(model.videos([part])[0], expected[30:42]) <= 1
    moved = replace(part, origin=start + 1)
    assert differ(model.videos([moved])[0], expected[30:42]) > 10


def test_a_video_longer_than_its_speech_ends_with_the_last_frame(model, task):
    quiet = replace(model, noise=False)
    length = len(task().speech)
    plain_video, longer = quiet.videos([task(), task(count=length + 15)])
    assert longer.shape[0] == length + 15
    assert differ(longer[:length], plain_video) <= 1
    assert (longer[length:] == longer[length - 1]).all()
    (noisy,) = model.videos([task(count=length + 15)])
    assert differ(noisy[-1], noisy[-2]) > 0


def test_noise_is_that_of_the_autoencoder_and_can_be_left_out(model, task):
    (noisy,) = model.videos([task(seed=9)])
    (clean,) = replace(model, noise=False).videos([task(seed=9)])
    (speaker,) = model._register([task()])
    noise = model.model.autoencoder.noise_for(speaker, 0, len(clean), 9)[:, 0] * 127.5
    inside = (clean > 40) & (clean < 215) & (noisy > 0) & (noisy < 255)
    assert inside.mean() > 0.2
    found = noisy.astype(float) - clean
    assert np.abs(found - noise.numpy())[inside].max() <= 1.01
    assert found[inside].std() > 2


def test_the_mean_has_no_noise_and_no_seed(model, path, task):
    assert np.array_equal(model.mean(task(seed=1)), model.mean(task(seed=2)))
    assert np.array_equal(model.mean(task()), replace(model, noise=False).mean(task()))
    trained = replace(load_utterance_videos(path, {"sampler": plain(SAMPLER)}, "cpu"), noise=False)
    draws = np.stack(trained.videos([task(seed=seed) for seed in range(8)]))
    spread = draws.std(0).mean()
    assert np.abs(draws.mean(0) - trained.mean(task())).mean() < spread


def test_a_reference_frame_is_registered_once(model, task, monkeypatch):
    registered = []
    original = Autoencoder.speakers

    def watched(self, references):
        registered.append(len(references))
        return original(self, references)

    monkeypatch.setattr(Autoencoder, "speakers", watched)
    model.videos([task(seed=1, count=3), task(seed=2, count=3), task("s2_c", count=3)])
    assert registered == [2]
    model.videos([task(seed=3, count=3)])
    model.mean(task(count=3))
    replace(model, noise=False).videos([task(count=3)])
    model.resampled(3, None).videos([task(count=3)])
    assert registered == [2]
    model.videos([task("s3_c", count=3)])
    assert registered == [2, 1]


def test_frames_are_counted(model, task):
    counted = []
    model.videos([task(count=12), task(first=60)], on_frames=counted.append)
    assert counted == [12, len(task().speech) - 60]


def test_a_pooled_model_is_given_groups_of_frames(path):
    videos = UtteranceVideos(load_utterance_videos(path, {"sampler": {}}, "cpu").model, SAMPLER)
    videos.model.config = replace(CONFIG, pooling=True)
    speech = videos.project(np.random.default_rng(0).normal(size=(2 * videos.window, 5)))
    assert len(np.unique(speech[:, 0])) == 2
