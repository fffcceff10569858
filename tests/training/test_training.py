"""Training end to end on a made-up corpus: it learns, resumes exactly, and stops cleanly."""

import math
from dataclasses import replace

import pandas as pd
import pytest
import torch

from helpers.quick_training import PAPER, QUICK, check_killed_and_resumed, run
from helpers.tiny_corpus import write_tiny_corpus
from s2r.config.window_blocks import TrainingConfig
from s2r.core.errors import UserError
from s2r.model.ema import averaged, exponent
from s2r.model.window_model import load_model
from s2r.training import loss as loss_module
from s2r.training.fitting import prepare
from s2r.training.loop import learning_rate
from s2r.training.loss import training_loss


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    torch.set_num_threads(1)
    return write_tiny_corpus(tmp_path_factory.mktemp("corpus"))


def test_a_killed_training_goes_on_to_bit_identical_weights(corpus, tmp_path, monkeypatch):
    check_killed_and_resumed(
        lambda folder: run(corpus, folder),
        tmp_path,
        monkeypatch,
        (loss_module, "training_loss"),
        seen_at=2,
    )


def test_another_seed_gives_another_model(corpus, tmp_path):
    quick = TrainingConfig(**{**QUICK.__dict__, "clips": 16})
    other = TrainingConfig(**{**quick.__dict__, "seed": 1})
    a, b = run(corpus, tmp_path / "a", training=quick), run(corpus, tmp_path / "b", training=other)
    assert any(not torch.equal(a[name], b[name]) for name in a)


def test_first_loss_is_one(corpus, tmp_path):
    prepared = prepare(PAPER, QUICK, corpus, tmp_path)
    losses = [training_loss(prepared, QUICK, step, prepared.model).item() for step in range(40)]
    assert sum(losses) / len(losses) == pytest.approx(1.0, abs=0.15)


def test_training_learns_from_the_speech(corpus, tmp_path):
    """At high noise levels, where the pictures say little and speech is learned first."""
    longer = TrainingConfig(
        **{**QUICK.__dict__, "clips": 1600, "batch": 16, "learning_rate": 8e-3, "sigma_mean": 0.5,
           "validate_clips": 1600, "checkpoint_clips": 1600},
    )  # fmt: skip
    run(corpus, tmp_path, training=longer)
    last = pd.read_csv(tmp_path / "curve.csv").iloc[-1]
    assert last["loss"] < 0.8
    assert last["validation_error"] < 0.8 * last["wrong_speech_error"]


def test_model_file_knows_how_it_was_made(corpus, tmp_path):
    run(corpus, tmp_path, training=TrainingConfig(**{**QUICK.__dict__, "clips": 8}))
    model, info = load_model(tmp_path / "model.safetensors")
    assert model.config.window == PAPER.window
    assert model.config.denoiser == replace(PAPER.denoiser, speech_dimension=4 * 3)
    assert info["training"]["clips"] == 8
    assert info["training_recordings"] == 6


def test_pooled_model_receives_one_vector_per_window(corpus, tmp_path):
    prepared = prepare(replace(PAPER, pooling=True), QUICK, corpus, tmp_path)
    speech = torch.randn(3, 10, 1, 4)
    condition = prepared.model.speech_condition(speech)
    torch.testing.assert_close(condition, speech[:, 1:].mean(1).expand(3, 10, 4))
    assert training_loss(prepared, QUICK, 0, prepared.model).isfinite()


def test_no_training_recordings_is_one_sentence(corpus, tmp_path):
    without = corpus.split[corpus.split["set"] != "train"]
    with pytest.raises(UserError, match="no training recordings"):
        prepare(PAPER, QUICK, replace(corpus, split=without), tmp_path)


def test_a_loss_that_is_not_finite_stops_training(corpus, tmp_path, monkeypatch):
    def infinite(prepared, settings, seen, model):
        return training_loss(prepared, settings, seen, model) * math.inf

    monkeypatch.setattr(loss_module, "training_loss", infinite)
    with pytest.raises(UserError, match="learning_rate"):
        run(corpus, tmp_path)


def test_files_that_are_no_model_are_refused(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"nonsense")
    for name in ("x.safetensors", "absent.safetensors"):
        with pytest.raises(UserError, match=name):
            load_model(tmp_path / name)


def test_learning_rate_rises_and_falls():
    config = TrainingConfig(clips=1000, batch=10, warmup_clips=100, learning_rate=1.0)
    rates = [learning_rate(config, seen) for seen in range(0, 1000, 10)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1.0)
    assert rates.index(max(rates)) in (9, 10)
    assert rates[-1] < 0.01


def test_average_of_weights_has_the_profile_of_a_power_function():
    gamma = exponent(0.1)
    assert gamma == pytest.approx(6.94, abs=0.01)
    model = torch.nn.Linear(1, 1, bias=False)
    average = averaged(model, 0.1)
    steps = 200
    for step in range(1, steps + 1):
        torch.nn.init.constant_(model.weight, step)
        average.update_parameters(model)
    profile = [(step / steps) ** gamma for step in range(1, steps + 1)]
    expected = sum(p * s for p, s in zip(profile, range(1, steps + 1), strict=True)) / sum(profile)
    assert average.module.weight.item() == pytest.approx(expected, rel=0.01)
