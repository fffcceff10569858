"""States of a training: damage is found, and numbers that are none never reach the disk."""

import math
import os

import pytest
import torch

from helpers.quick_training import QUICK, run
from helpers.tiny_corpus import write_tiny_corpus
from s2r.core.errors import UserError
from s2r.training import loop
from s2r.training import loss as loss_module
from s2r.training.checkpoints import check_finite, load_state, save_state
from s2r.training.loss import training_loss


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    torch.set_num_threads(1)
    return write_tiny_corpus(tmp_path_factory.mktemp("corpus"))


def state(value: float, seen: int) -> dict:
    weight = torch.full((1000,), value)
    return {
        "model": {"weight": weight},
        "optimizer": {"state": {0: {"step": weight}}},
        "seen": seen,
    }


def test_the_last_two_states_are_kept_and_the_last_is_read(tmp_path):
    assert load_state(tmp_path / "none") is None
    for seen in (800, 900, 1000):
        save_state(tmp_path, seen, state(1.0, seen))
    assert len(os.listdir(tmp_path)) == 2
    assert load_state(tmp_path)["seen"] == 1000


@pytest.mark.parametrize("kind", ["flipped", "cut short", "empty"])
def test_a_damaged_state_is_named_and_the_one_before_is_read(tmp_path, kind, capsys):
    for seen in (900, 1000):
        save_state(tmp_path, seen, state(1.0, seen))
    older, newest = sorted(tmp_path.iterdir())
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes({"flipped": content, "cut short": content[:2000], "empty": b""}[kind])
    assert load_state(tmp_path)["seen"] == 900
    assert f"Warning: {newest}: this checkpoint is damaged" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [older]
    older.write_bytes(b"")
    assert load_state(tmp_path) is None


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("place", ["model", "optimizer"])
def test_a_state_with_numbers_that_are_none_is_not_written(tmp_path, bad, place):
    save_state(tmp_path, 100, state(1.0, 100))
    wrong = state(1.0, 200) | {place: state(bad, 200)[place]}
    with pytest.raises(UserError, match="the weights are not finite after 200 clips"):
        save_state(tmp_path, 200, wrong)
    assert load_state(tmp_path)["seen"] == 100


def test_the_first_loss_that_is_none_is_named():
    check_finite(torch.ones(5), 80, 8, "x")
    losses = torch.tensor([1.0, 1.0, math.inf, 1.0, math.nan])
    with pytest.raises(UserError, match=r"at step 8 \(64 clips\); lower training\.learning_rate"):
        check_finite(losses, 80, 8, "training.learning_rate")


def test_a_loss_that_is_none_stops_before_the_next_checkpoint(corpus, tmp_path, monkeypatch):
    """Of 96 clips, with a checkpoint every 32 and a validation every 48."""

    def breaks(prepared, settings, seen, model):
        return training_loss(prepared, settings, seen, model) * (math.nan if seen == 56 else 1)

    monkeypatch.setattr(loss_module, "training_loss", breaks)
    with pytest.raises(UserError, match=r"not finite at step 8 \(64 clips\)"):
        run(corpus, tmp_path)
    kept = load_state(tmp_path / "state")
    assert kept["seen"] == QUICK.checkpoint_clips
    assert all(tensor.isfinite().all() for tensor in kept["model"].values())
    assert not (tmp_path / "model.safetensors").exists()


def test_weights_that_break_while_the_loss_is_fine(corpus, tmp_path, monkeypatch):
    """A gradient may be too large for a number where the loss is not."""
    optimizer_step = loop.optimizer_step

    def breaks(loss, model, optimizer, rate):
        optimizer_step(loss, model, optimizer, rate)
        if len(steps) == 7:
            next(model.parameters()).data.fill_(math.nan)
        steps.append(loss.item())

    steps = []
    monkeypatch.setattr(loop, "optimizer_step", breaks)
    with pytest.raises(UserError, match="the weights are not finite after 64 clips"):
        run(corpus, tmp_path)
    assert all(math.isfinite(loss) for loss in steps)
    assert load_state(tmp_path / "state")["seen"] == 32
