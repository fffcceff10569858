"""Several processes train what one would, with the same batches, and end together."""

import json
import socket
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from helpers.listening import listening
from helpers.quick_training import training_job
from helpers.repository import HELPERS
from helpers.tiny_corpus import write_tiny_corpus
from s2r.config.build import build
from s2r.config.window_blocks import TrainingConfig
from s2r.core.errors import UserError
from s2r.model.family import TrainingJob
from s2r.model.window import Window
from s2r.model.window_model import model_config
from s2r.preparation.recordings import open_recordings
from s2r.training import distributed
from s2r.training import loss as loss_module
from s2r.training.fitting import prepare
from s2r.training.launch import _sentence, launch, train_run
from s2r.training.loss import training_loss
from s2r.training.windows import WindowDataset

WORKER = HELPERS / "failing_worker.py"
TRAINING = {
    "clips": 40, "batch": 8, "warmup_clips": 16, "speech_dimensions": 4, "validate_clips": 8,
    "checkpoint_clips": 16,
}  # fmt: skip
SETTINGS = {
    "preset": "paper",
    "pooling": False,
    "window": {"context": 1, "new": 5},
    "denoiser": {"channels": [8, 16], "patch": 2, "condition": 16, "heads": 2},
    "model": {"speech_radius": 1},
    "training": TRAINING,
    "sampler": {"steps": 2},
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("corpus")
    write_tiny_corpus(folder).split.to_csv(folder / "split.csv", index=False)
    return folder


def job(corpus, folder, **changes) -> TrainingJob:
    return training_job(corpus, folder, SETTINGS, **changes)


def assert_same_but_for_rounding(one, other):
    curves = [pd.read_csv(folder / "curve.csv") for folder in (one, other)]
    assert len(curves[0]) == TRAINING["clips"] // TRAINING["validate_clips"]
    for column in ("clips", "loss", "validation_error"):
        np.testing.assert_allclose(curves[0][column], curves[1][column], rtol=1e-4)
    first, second = (load_file(folder / "model.safetensors") for folder in (one, other))
    assert first.keys() == second.keys()
    # Adam divides by the size of the gradient: where that is all but zero, rounding shows in single
    # weights, so they are compared as one vector.
    names = [name for name in first if name.startswith("denoiser.")]
    ours, others = (torch.cat([one[name].ravel() for name in names]) for one in (first, second))
    assert (ours - others).norm() <= 1e-3 * ours.norm()


def test_two_processes_have_the_losses_of_one(corpus, tmp_path):
    for folder, processes in (("one", 1), ("two", 2)):
        train_run(job(corpus, tmp_path / folder, processes=processes))
    assert_same_but_for_rounding(tmp_path / "one", tmp_path / "two")


def test_an_error_in_one_process_ends_all_and_one_process_goes_on(
    corpus, tmp_path, monkeypatch, capfd
):
    whole, failed = job(corpus, tmp_path), job(corpus, tmp_path / "f")
    train_run(whole)
    (tmp_path / "arguments.json").write_text(json.dumps(asdict(failed)))
    command = [str(WORKER), str(tmp_path / "arguments.json"), "24"]
    with pytest.raises(UserError, match=r"^the second one failed$"):
        launch(command, 2, tmp_path / "output")
    assert "Traceback" not in capfd.readouterr().err
    assert not Path(failed.model_path).exists()
    assert (tmp_path / "f/state/clips/frames.npy").exists()
    seen = []

    def watched(prepared, settings, step, model):
        seen.append(step)
        return training_loss(prepared, settings, step, model)

    monkeypatch.setattr(loss_module, "training_loss", watched)
    train_run(failed)
    assert seen[0] == 16, "it must go on from the checkpoint of the two"
    assert_same_but_for_rounding(tmp_path, tmp_path / "f")


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="no list of sockets in /proc")
def test_processes_can_be_reached_from_this_machine_only(tmp_path):
    with socket.create_server(("", 0)):
        assert listening() == {"0.0.0.0"}, "the list must show what is open to all"
    worker = HELPERS / "reachable_worker.py"
    launch([str(worker), str(tmp_path)], 2, tmp_path / "output")
    for number in range(2):
        mean, own, parents = json.loads((tmp_path / f"{number}.json").read_text())
        assert mean == 0.5
        assert set(own) <= {"127.0.0.1", "::1"}
        assert parents == []


def test_shares_of_a_batch_make_the_whole(corpus, tmp_path, monkeypatch):
    config = asdict(job(corpus, tmp_path))
    training = build(TrainingConfig, config["settings"]["training"])
    prepared = prepare(
        model_config(config["settings"]), training, open_recordings(config), tmp_path
    )
    # An untrained network ends in zeros, which hides what it was given.
    torch.manual_seed(0)
    for parameter in prepared.model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)

    def loss():
        return training_loss(prepared, training, 0, prepared.model).item()

    whole, shares = loss(), []
    monkeypatch.setattr(distributed, "processes", lambda: 4)
    for rank in range(4):
        monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
        shares.append(loss())
    assert len(set(shares)) == 4
    assert np.mean(shares) == pytest.approx(whole, rel=1e-5)
    with pytest.raises(ValueError, match="evenly"):
        distributed.share(6)


def test_more_processes_than_gpus_is_one_sentence(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(UserError, match=r"^gpus: 2 were asked for, but PyTorch finds 1 here"):
        train_run(job(corpus, tmp_path, device="cuda", processes=2))


def test_a_process_that_was_killed_is_named(capsys):
    killed = SimpleNamespace(timestamp=2, message="Signal 9 (SIGKILL) received by PID 7")
    raised = {"message": "RuntimeError: lost", "extraInfo": {"py_callstack": "Traceback: where"}}
    raised = SimpleNamespace(timestamp=1, message=raised)
    said = _sentence({0: raised, 1: killed}, 2)
    assert "Process 2 of the 2" in said
    assert "SIGKILL" in said
    assert not capsys.readouterr().err
    assert "RuntimeError: lost" in _sentence({0: raised}, 2)
    assert "Traceback: where" in capsys.readouterr().err


def test_a_store_of_tensors_gives_the_windows_of_one_of_arrays():
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (30, 4, 4), np.uint8)
    speech = rng.normal(size=(30, 3)).astype(np.float32)
    places = (np.array([0, 12]), np.array([12, 18]))
    arrays = WindowDataset(["a", "b"], frames, speech, *places)
    tensors = WindowDataset(["a", "b"], torch.tensor(frames), torch.tensor(speech), *places)
    drawn = np.array([1, 0, 1]), np.array([3, 0, 9])
    for one, other in zip(
        arrays.window(*drawn, Window(2, 6), 1),
        tensors.window(*drawn, Window(2, 6), 1),
        strict=True,
    ):
        assert torch.equal(one, other)
