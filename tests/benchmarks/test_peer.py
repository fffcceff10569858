"""The comparison with the authors' stack, as far as it goes without their packages."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
import torch

from helpers.repository import ROOT
from s2r.core.device import half_precision
from s2r.core.errors import UserError
from s2r.model.denoiser import Denoiser
from s2r.model.window_model import model_config

FOLDER = ROOT / "benchmarks"

DIARY = """
import json, sys
print(json.dumps({"parameters": 7}), flush=True)
for count, line in enumerate(sys.stdin):
    with open(sys.argv[2], "a") as file:
        file.write(sys.argv[1] + " " + line)
    print(json.dumps({"wall": float(count)}), flush=True)
"""
"""Notes each job that it was given; the answer is how many it was given before."""


def test_systems_take_turns(benchmark_module, tmp_path):
    peer = benchmark_module("peer")
    diary = tmp_path / "diary"
    one, other = (
        peer.Worker(name, [sys.executable, "-c", DIARY, name, str(diary)], {}) for name in "ab"
    )
    with closing(one), closing(other):
        systems = {"a": one.do, "b": other.in_float32}
        rows = peer.alternate(systems, "train", 2, warm_up=1)
        rows += peer.alternate(systems, "clip", 1, warm_up=0)
    assert one.about == {"parameters": 7}
    assert diary.read_text().split("\n")[:-1] == [
        *["a train", "b train, float32"] * 3,
        *["a clip", "b clip, float32"],
    ]
    assert [(r["job"], r["round"], r["system"], r["wall"]) for r in rows] == [
        ("train", 0, "a", 1),
        ("train", 0, "b", 1),
        ("train", 1, "a", 2),
        ("train", 1, "b", 2),
        ("clip", 0, "a", 3),
        ("clip", 0, "b", 3),
    ]
    assert one.process.returncode is not None


def test_a_process_that_ends_is_named_with_its_last_words(benchmark_module):
    peer = benchmark_module("peer")
    with pytest.raises(UserError, match=r"theirs: .* code 3: no memory"):
        peer.Worker(
            "theirs",
            [sys.executable, "-c", "import os; os.write(2, b'no memory'); os._exit(3)"],
            {},
        )


def test_ratios_are_those_of_medians(benchmark_module):
    peer = benchmark_module("peer")
    seconds = {peer.AUTHORS: (9.0, 30.0, 20.0), "ours": (5.0, 1.0, 4.0)}
    rows = [
        {"job": "train", "system": name, "wall": s, "processor": 2 * s, "memory": 1e9 * s}
        for name, taken in seconds.items()
        for s in taken
    ]
    rows += [
        {"job": "clip", "system": peer.AUTHORS, "wall": 8.0, "processor": 1.0, "memory": 0},
        {"job": "clip", "system": "ours", "wall": 2.0, "processor": 4.0, "memory": 0},
    ]
    found = peer.summary(pd.DataFrame(rows)).set_index(["job", "system"])
    training, clip = found.loc["train", "ours"], found.loc["clip", "ours"]
    assert (training["n"], training["wall"], training["least"], training["most"]) == (3, 4, 1, 5)
    assert training["wall_ratio"] == training["processor_ratio"] == 5
    assert (clip["wall_ratio"], clip["processor_ratio"]) == (4, 0.25)
    assert [peer.digits(x) for x in (2013.4, 19.84, 0.10072)] == ["2010", "19.8", "0.101"]
    parameters = {peer.AUTHORS: 50_000_000, "ours": 1_500_000}
    lines = peer.table(found.reset_index(), parameters).splitlines()
    expected = "| training step | ours | 1.5 | 4 [1, 5] | 8 | 3 | 5 | 5 | 5.0 |"
    assert lines[3] == expected


def test_ours_is_no_smaller_than_theirs(benchmark_module):
    peer, workloads = benchmark_module("peer"), benchmark_module("workloads")
    asked = json.loads(peer.commands(Path("python"), "cpu", 2)["preset paper, same size"][-1])
    shape = model_config(workloads.first_settings(asked["config"])).denoiser
    with torch.device("meta"):
        network = Denoiser(shape)
    # The first U-Net of the released code has 50,245,564.
    assert 50_245_564 < sum(one.numel() for one in network.parameters()) < 55_000_000


@pytest.mark.parametrize("preset", ["s2r", "paper"])
def test_a_worker_of_ours_trains_and_generates(benchmark_module, small_config, preset):
    peer = benchmark_module("peer")
    small_config["runs"] = {preset: peer.RUN | {"preset": preset}}
    options = {"config": small_config, "device": "cpu", "batch": 2}
    command = [sys.executable, FOLDER / "peer_worker.py", "s2r", json.dumps(options)]
    with closing(peer.Worker("ours", command, {"OMP_NUM_THREADS": "1"})) as worker:
        assert worker.about["parameters"] > 0
        asked = [(do, job) for job in peer.JOBS for do in (worker.do, worker.in_float32)]
        for do, job in asked:
            answer = do(job)
            assert answer["wall"] > 0
            assert answer["processor"] > 0
            assert answer["memory"] > 1e8
        with pytest.raises(UserError, match="KeyError: 'sleep'"):
            worker.do("sleep")


def test_an_environment_is_made_once_and_again_for_other_packages(
    benchmark_module, tmp_path, monkeypatch
):
    peer = benchmark_module("peer")
    pins = tmp_path / "pins"
    pins.write_text("one==1\n")
    monkeypatch.setattr(peer, "REQUIREMENTS", pins)
    calls, code = [], 0

    def run(command, check):
        calls.append(command[2])
        return subprocess.CompletedProcess(command, code)

    monkeypatch.setattr(peer.subprocess, "run", run)
    folder = tmp_path / "peer"
    assert peer.make_environment(folder) == folder / "bin" / "python"
    peer.make_environment(folder)
    assert calls == ["venv", "pip"]
    pins.write_text("one==2\n")
    code = 1
    with pytest.raises(UserError, match="cannot be installed"):
        peer.make_environment(folder)
    code = 0
    peer.make_environment(folder)
    assert calls == ["venv", "pip", "venv", "venv", "pip"]


@pytest.mark.parametrize("preset", ["s2r", "paper"])
def test_float32_is_float32(benchmark_module, small_config, preset):
    peer, worker = benchmark_module("peer"), benchmark_module("peer_worker")
    small_config["runs"] = {preset: peer.RUN | {"preset": preset}}
    model, jobs = worker.s2r(small_config, "cpu", 2)
    with half_precision(torch.device("cpu")):
        usual = torch.is_autocast_enabled("cpu")
    halved = []
    network = model.denoiser if preset == "paper" else model.mean
    network.register_forward_pre_hook(lambda *_: halved.append(torch.is_autocast_enabled("cpu")))
    jobs["train, float32"]()
    jobs["train"]()
    assert halved == [False, usual]
