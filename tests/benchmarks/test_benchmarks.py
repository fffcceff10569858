"""The arithmetic of the benchmarks, and the way of making clips that they compare with."""

import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from helpers.sounds import voice
from s2r.core.media.encode import write_video
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
    stage = projection.Stage("train", "train", 3600, 1, "bfloat16")
    card = projection.Card("one", bfloat16=100, float32=10)
    cost = {"tflop": 20.0, "seconds": 7.0}
    share = projection.REACHED["bfloat16"]
    assert projection.hours(stage, cost, card) == pytest.approx(20 / (100 * share))
    assert projection.hours(stage, cost, None) == 7
    assert projection.hours(replace(stage, precision=None), cost, card) == 7


def test_amounts_follow_the_configuration(benchmark_module, default_config):
    projection = benchmark_module("projection")
    corpus = projection.Corpus(recordings=100, mean_seconds=10.0, training_recordings=80)
    default_config["encoders"]["hubert"] = {"kind": "huggingface", "model": "a", "size": "base"}
    evaluation = default_config["evaluation"]
    evaluation |= {"recordings": 4, "clips": 6, "draws": 2}
    found = {stage.cost: stage for stage in projection.stages(default_config, corpus)}
    assert found["decode"].amount == found["embed hubert-base"].amount == 1000
    assert found["embed hubert-large"].amount == 0
    # Three runs, three sets: 2 draws and the wrong speech of 40 s, and six windows of 0.26 s.
    assert found["train"].amount == 3 * default_config["training"]["clips"]
    assert found["generate"].amount == pytest.approx(3 * 3 * (3 * 40 + 6 * 0.26))
    # Three runs, their regressions, a recurrent one, three baselines; the true clips once.
    assert found["frechet"].amount == 18 * (10 + 1)
    assert found["score"].amount == 3 * 40 * (3 * 3 + 6)


def test_every_stage_is_in_the_tables(benchmark_module, default_config):
    projection = benchmark_module("projection")
    names = ("decode", "embed hubert-base", "embed hubert-large", "train", "generate")
    names = [*names, "frechet", "score"]
    costs = {one: {"seconds": 1, "tflop": 1, "unit": "s", "bytes": 1e6} for one in names}
    assert projection.hours_table(costs, default_config, None).count("\n") == 2 + 7
    disk = projection.disk_table(costs, default_config)
    # Bytes a second in megabytes, so gigabytes are seconds over a thousand.
    assert f"| frames and sound | {projection.USC75.seconds / 1e3:.1f} |" in disk
    training_frames = projection.USC75.training_recordings * 30.3
    assert f"state/ of one run | {training_frames / 1e3:.1f} |" in disk


def test_operations_and_amounts_go_with_the_batch(benchmark_module, small_config):
    workloads = benchmark_module("workloads")
    steps = [workloads.training_step(small_config, "cpu", batch) for batch in (1, 3)]
    assert [one.amount for one in steps] == [1, 3]
    before = [weights.clone() for weights in steps[0].model.denoiser.parameters()]
    counts = [workloads.operations(one.run) for one in steps]
    assert counts[1] == pytest.approx(3 * counts[0], rel=0.01)
    after = list(steps[0].model.denoiser.parameters())
    assert any((one != other).any() for one, other in zip(before, after, strict=True))
    videos = [workloads.generation(small_config, "cpu", 2, windows) for windows in (1, 2)]
    assert videos[1].amount == 2 * 2 * small_config["window"]["new"] / 50
    counts = [workloads.operations(one.run) for one in videos]
    assert counts[1] == pytest.approx(2 * counts[0], rel=0.01)


def test_share_of_the_matrix_rate(benchmark_module):
    workloads = benchmark_module("workloads")
    cost = {"seconds": 0.5, "tflop": 2.0, "memory": 3e9, "kind": "bfloat16", "rate": 16.0}
    row = workloads.table([(4, cost)], "clip").splitlines()[-1]
    assert row == "| 4 | 2 | 0.5 | 2e+03 | 4 | 16 (bfloat16) | 25% | 3.00 |"


def test_a_small_wavlm_can_be_read_by_both_classes(benchmark_module, tmp_path, monkeypatch):
    module = benchmark_module("reproduction_encoder")
    monkeypatch.setattr(module, "STEPS", 2)
    monkeypatch.setattr(module, "BATCH", 2)
    monkeypatch.setattr(module, "CLUSTERS", 5)
    monkeypatch.setitem(module.NETWORK, "conv_dim", (16,) * 7)
    frames = SimpleNamespace(read=lambda recording, name: voice(4.0))
    module.train_wavlm(frames, ["a", "b"], tmp_path / "wavlm")
    right, wrong = (
        load_encoder(EncoderConfig("huggingface", str(tmp_path / "wavlm"), as_wav2vec2=as_wav2vec2))
        for as_wav2vec2 in (False, True)
    )
    assert right.describe()["class"] == "WavLMModel"
    assert wrong.describe()["class"] == "Wav2Vec2Model"
    found = [encoder.encode(voice(1.0)) for encoder in (right, wrong)]
    assert found[0].shape == found[1].shape == (50, 192)
    assert np.abs(found[0] - found[1]).max() > 1e-3
