"""The arithmetic of the benchmarks, and the way of making clips that they compare with."""

import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from helpers.sounds import voice
from s2r.config.model_blocks import SamplerConfig
from s2r.core.errors import UserError
from s2r.core.media.encode import write_video
from s2r.model.utterance_sampling import reach
from s2r.speech.encoder import EncoderConfig
from s2r.speech.load import load_encoder


def test_the_released_clips_leave_out_the_end(benchmark_module):
    clip_starts = benchmark_module("prepare").clip_starts
    assert clip_starts(3.9) == [round(0.2 * k, 1) for k in range(10)]
    assert clip_starts(30.13)[-1] == 28.8
    assert len(clip_starts(30.13)) == 145
    assert clip_starts(1.5) == []


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not on the PATH: make extras")
def test_the_gifs_show_what_the_video_shows(benchmark_module, tmp_path):
    prepare = benchmark_module("prepare")
    levels = np.linspace(20, 230, 250).astype(np.uint8)
    write_video(tmp_path / "a.mp4", np.tile(levels[:, None, None], (1, 84, 84)), 83)
    clips = prepare.gif_clips(tmp_path / "a.mp4", prepare.clip_starts(3.0), tmp_path)
    assert clips.shape == (10, 10, 64, 64)
    expected = np.interp(np.arange(100) / 50, np.arange(250) / 83, levels)
    # A clip starts at the next frame of the file, up to 12 ms late.
    np.testing.assert_allclose(clips.mean(axis=(2, 3)).ravel(), expected, atol=4)
    assert prepare.plain_decode(tmp_path / "a.mp4") == 250


def test_jobs_side_by_side_come_in_rounds(benchmark_module):
    side_by_side = benchmark_module("projection").side_by_side
    assert side_by_side(11.0, 11, 1) == 11
    assert side_by_side(11.0, 11, 4) == 3
    assert side_by_side(32.0, 32, 32) == 1


def test_hours_follow_from_operations_and_from_measured_seconds(benchmark_module):
    projection = benchmark_module("projection")
    stage = projection.Stage("train", "generate", 3600, 1, "bfloat16")
    card = projection.Card("one", bfloat16=100, float32=10)
    cost = {"tflop": 20.0, "seconds": 7.0}
    share = projection.REACHED["generate"]
    assert projection.hours(stage, cost, card) == pytest.approx(20 / (100 * share))
    assert projection.hours(stage, cost, None) == 7
    assert projection.hours(replace(stage, precision=None), cost, card) == 7


def test_amounts_follow_the_configuration(benchmark_module, default_config):
    projection = benchmark_module("projection")
    corpus = projection.Corpus(recordings=100, mean_seconds=10.0, training_recordings=80)
    default_config["encoders"]["hubert"] = {"kind": "huggingface", "model": "a", "size": "base"}
    evaluation = default_config["evaluation"]
    evaluation |= {"recordings": 4, "clips": 6, "draws": 2}
    found = projection.stages(default_config, corpus)
    amounts = {stage.name: stage.amount for stage in found}
    assert amounts["frames"] == amounts["embed, 1 base encoders"] == 1000
    assert amounts["embed, 0 large encoders"] == 0
    # The three runs share stage 1, which encodes the recordings that they are trained on.
    assert amounts["stage 1: register"] == 80
    assert amounts["stage 1: fit and encode"] == 120 + 40 * 10 + 800
    # Two folds of 0.12 of the training each.
    assert amounts["train the mean, 3 runs"] == pytest.approx(3 * 1.24 * 8800)
    assert amounts["train the residual, 3 runs"] == 3 * 10_800
    # Three sets of 40 s and six clips. Three runs and noise in place of diffusion: 2 draws and the
    # wrong speech; three means. A clip depends on 31 + 5 * 15 frames on each side.
    clips = 6 * (10 + 2 * 106) / 50
    made = 3 * (4 * (3 * 40 + clips) + 3 * (40 + clips))
    assert amounts["generate, 3 runs"] == pytest.approx(made)
    # Three runs, their means, noise, a recurrent one, three baselines; the true clips once.
    assert amounts["Fréchet features"] == 18 * (11 + 1)
    assert amounts["paired metrics"] == 3 * 40 * (4 * 3 + 7)


def test_costs_of_another_preset_are_not_known(benchmark_module, default_config):
    default_config["runs"]["logmel"]["preset"] = "paper"
    with pytest.raises(UserError, match="preset paper"):
        benchmark_module("projection").stages(default_config)


def test_a_clip_costs_what_it_depends_on(benchmark_module, small_config):
    projection, workloads = benchmark_module("projection"), benchmark_module("workloads")
    model = benchmark_module("utterance_work").untrained(small_config, "cpu")
    settings = workloads.first_settings(small_config)
    for sampler in (SamplerConfig(), SamplerConfig(steps=2, solver="heun")):
        settings["sampler"] = {"steps": sampler.steps, "solver": sampler.solver}
        expected = (10 + 2 * reach(model, sampler)) / 50
        assert projection.clip_seconds(settings) == pytest.approx(expected)


def test_every_stage_is_in_the_tables(benchmark_module, default_config):
    projection = benchmark_module("projection")
    names = ("decode", "register", "encode", "embed hubert-base", "embed hubert-large")
    names = [*names, "train mean", "train residual", "generate", "frechet", "score"]
    costs = {one: {"seconds": 1, "tflop": 1, "unit": "s", "bytes": 1e6} for one in names}
    assert projection.hours_table(costs, default_config, None).count("\n") == 2 + 10
    disk = projection.disk_table(costs, default_config)
    # Bytes a second in megabytes, so gigabytes are seconds over a thousand.
    assert f"| frames and sound | {projection.USC75.seconds / 1e3:.1f} |" in disk


def test_the_costs_of_preset_s2r_are_measured(benchmark_module, small_config):
    costs = benchmark_module("costs")
    small_config["mean"]["batch"] = small_config["residual"]["batch"] = 2
    found = [costs.train(small_config, "cpu", network) for network in ("mean", "residual")]
    found += [costs.generate(small_config, "cpu"), costs.encode(small_config, "cpu")]
    assert [one["unit"] for one in found] == ["segment"] * 2 + ["s generated", "s of recording"]
    assert all(one["seconds"] > 0 for one in found)
    assert all(one["tflop"] > 0 for one in found[:3])
    assert costs.register(small_config, "cpu")["seconds"] > 0


def test_operations_and_amounts_go_with_the_batch(benchmark_module, small_config):
    workloads = benchmark_module("workloads")
    for module, names in (
        ("utterance_work", {"mean_step": "mean", "residual_step": "denoiser"}),
        ("window_work", {"window_step": "denoiser"}),
    ):
        if module == "window_work":
            run = {"encoder": "logmel", "pooling": False, "preset": "paper"}
            small_config["runs"] = {"paper": run}
        for name, network in names.items():
            make = getattr(benchmark_module(module), name)
            steps = [make(small_config, "cpu", batch) for batch in (1, 3)]
            assert [one.amount for one in steps] == [1, 3]
            before = [w.clone() for w in getattr(steps[0].model, network).parameters()]
            counts = [workloads.operations(one.run) for one in steps]
            assert counts[1] == pytest.approx(3 * counts[0], rel=0.01)
            after = list(getattr(steps[0].model, network).parameters())
            assert any((one != two).any() for one, two in zip(before, after, strict=True))
    windows = [
        benchmark_module("window_work").window_generation(small_config, "cpu", count)
        for count in (1, 2)
    ]
    assert windows[1].amount == 2 * small_config["window"]["new"] / 50
    counts = [workloads.operations(one.run) for one in windows]
    assert counts[1] == pytest.approx(2 * counts[0], rel=0.01)


def test_operations_of_a_draw_go_with_its_length(benchmark_module, small_config):
    workloads, generation = benchmark_module("workloads"), benchmark_module("utterance_work")
    videos = [generation.generation(small_config, "cpu", frames) for frames in (100, 200, 300)]
    assert [one.amount for one in videos] == [2, 4, 6]
    counts = [workloads.operations(one.run) for one in videos]
    # Registration is done once for a video.
    assert counts[2] - counts[1] == pytest.approx(counts[1] - counts[0], rel=0.01)


def test_a_small_wavlm_can_be_read_by_both_classes(benchmark_module, tmp_path, monkeypatch):
    module = benchmark_module("reproduction_encoder")
    monkeypatch.setattr(module, "STEPS", 2)
    monkeypatch.setattr(module, "BATCH", 2)
    monkeypatch.setattr(module, "CLUSTERS", 5)
    monkeypatch.setitem(module.NETWORK, "conv_dim", (16,) * 7)
    seconds = {"a": 4.0, "b": 2.5, "short": 1.9}
    frames = SimpleNamespace(
        read=lambda recording, name: voice(seconds[recording]),
        length=lambda recording: int(seconds[recording] * 50),
    )
    module.train_wavlm(frames, list(seconds), tmp_path / "wavlm")
    right, wrong = (
        load_encoder(EncoderConfig("huggingface", str(tmp_path / "wavlm"), as_wav2vec2=as_wav2vec2))
        for as_wav2vec2 in (False, True)
    )
    assert right.describe()["class"] == "WavLMModel"
    assert wrong.describe()["class"] == "Wav2Vec2Model"
    found = [encoder.encode(voice(1.0)) for encoder in (right, wrong)]
    assert found[0].shape == found[1].shape == (50, 192)
    assert np.abs(found[0] - found[1]).max() > 1e-3
