"""A disk that is full, for real: one sentence, nothing half written, and all well after it.

The disk is a tmpfs of 2 MB, which only root may mount: elsewhere these tests are skipped.
"""

import os
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from helpers.sounds import voice
from helpers.tiny_model import write_tiny_model
from s2r.cli import main
from s2r.core.errors import UserError
from s2r.core.files import atomic_path
from s2r.core.job import job
from s2r.core.media.decode import probe
from s2r.core.media.encode import write_video, write_wav
from s2r.core.shards import Shards, write_shard
from s2r.generation.generated_file import GeneratedWriter, read_generated
from s2r.training import windows as clips
from s2r.training.checkpoints import load_state, save_state
from s2r.training.windows import WindowDataset, load_windows

SIZE = 2 * 2**20
RNG = np.random.default_rng(0)
FRAMES = RNG.integers(0, 256, (200, 64, 64), np.uint8)
"""0.8 MB."""


@pytest.fixture
def disk(tmp_path):
    """An empty folder on a disk of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no command mount here")
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path, left: int = 0) -> Path:
    """A file that leaves about ``left`` bytes free; deleting it makes room."""
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(shutil.disk_usage(disk).free - left))
    return ballast


def full(path: Path):
    return pytest.raises(UserError, match=rf"{path}: the disk is full, .* make room and call again")


def shard(name: str, count: int):
    return ((f"{name}{number}", {"frames": FRAMES[:50]}, {}) for number in range(count))


@pytest.mark.parametrize("left", [0, 300_000, 1_000_000])
def test_a_shard(disk, tmp_path, left):
    """Where there is no room at all, within the first recordings, and after some of them."""
    write_shard(disk / "00.h5", shard("old", 1), {})
    ballast = fill(disk, left)
    with full(disk / "00.h5"):
        write_shard(disk / "00.h5", shard("new", 9), {"size": 64})
    assert sorted(os.listdir(disk)) == ["00.h5", "00.json", "ballast"]
    assert Shards([disk / "00.h5"]).recordings == ["old0"]
    ballast.unlink()
    for folder in (disk, tmp_path):
        write_shard(folder / "00.h5", shard("new", 5), {"size": 64})
    assert (disk / "00.h5").read_bytes() == (tmp_path / "00.h5").read_bytes()


def test_a_full_disk_stops_a_shard_soon(disk):
    made = []

    def items():
        for number in range(1000):
            made.append(number)
            yield f"{number:03}", {"frames": FRAMES}, {}

    with full(disk / "00.h5"):
        write_shard(disk / "00.h5", items(), {})
    assert len(made) == 3


def test_many_small_parts_of_a_shard(disk):
    tiny = ((str(number), {"frames": FRAMES[:1, :2, :2]}, {}) for number in range(5000))
    fill(disk, 300_000)
    with full(disk / "00.h5"):
        write_shard(disk / "00.h5", tiny, {})
    assert os.listdir(disk) == ["ballast"]


def test_generated_videos(disk):
    ballast = fill(disk, 500_000)

    def write():
        with GeneratedWriter(disk / "set.h5", system="logmel", kind="model") as writer:
            writer.rollout("a", FRAMES[None])
            writer.clips("a", [10], FRAMES[None, None, :10])

    with full(disk / "set.h5"):
        write()
    assert os.listdir(disk) == ["ballast"]
    ballast.unlink()
    write()
    with read_generated(disk / "set.h5") as made:
        np.testing.assert_array_equal(made.rollout("a").draws, FRAMES[None])


def test_a_checkpoint(disk):
    first = {"model": {"weight": torch.arange(50_000.0)}, "seen": 100}
    save_state(disk, 100, first)
    ballast = fill(disk, 500_000)
    larger = {"model": {"weight": torch.zeros(300_000)}, "seen": 200}
    with full(disk / "new.pt"):
        save_state(disk, 200, larger)
    assert len(os.listdir(disk)) == 2
    assert torch.equal(load_state(disk)["model"]["weight"], first["model"]["weight"])
    ballast.unlink()
    save_state(disk, 200, larger)
    assert load_state(disk)["seen"] == 200


def test_a_table_and_a_video(disk):
    ballast = fill(disk, 300_000)
    table = pd.DataFrame(RNG.normal(size=(10_000, 5)))

    def write_table():
        with atomic_path(disk / "scores.csv") as temporary:
            table.to_csv(temporary)

    with full(disk / "scores.csv"):
        write_table()
    with full(disk / "truth.mp4"):
        write_video(disk / "truth.mp4", FRAMES, 50)
    assert os.listdir(disk) == ["ballast"]
    ballast.unlink()
    write_table()
    (disk / "scores.csv").unlink()
    write_video(disk / "truth.mp4", FRAMES, 50)
    assert probe(disk / "truth.mp4").frames == len(FRAMES)


def test_what_is_too_large_for_memory_takes_its_place_at_once(disk, monkeypatch):
    write_shard(disk / "00.h5", [("a", {"frames": FRAMES[:100]}, {})], {})
    write_shard(disk / "01.h5", [("a", {"embeddings": np.zeros((100, 5), np.float16)}, {})], {})
    shards = Shards([disk / "00.h5"]), Shards([disk / "01.h5"])
    monkeypatch.setattr(clips, "MEMORY_LIMIT", 1000)

    def load() -> WindowDataset:
        return load_windows(
            *shards, ["a"], lambda speech: speech.astype(np.float32), disk / "clips"
        )

    ballast = fill(disk, 300_000)
    with full(disk / "clips" / "frames.npy"):
        load()
    assert os.listdir(disk / "clips") == []
    ballast.unlink()
    np.testing.assert_array_equal(load().frames, FRAMES[:100])


def test_the_command_generate(disk, tmp_path, capsys):
    folder = write_tiny_model(tmp_path / "tiny")
    write_wav(tmp_path / "speech.wav", voice(0.6), 16_000)
    video, frames = disk / "tract.mp4", disk / "frames.h5"
    command = ["generate", tmp_path / "speech.wav", "--model", folder, "-o", video]
    command = [str(one) for one in [*command, "--save", frames]]
    ballast = fill(disk)
    assert main(command) == 1
    output = capsys.readouterr().err
    assert output.strip().splitlines()[-1].startswith(f"Error: {disk}/")
    assert "the disk is full" in output
    assert "Traceback" not in output
    assert os.listdir(disk) == ["ballast"]
    ballast.unlink()
    assert main(command) == 0
    assert probe(video).frames == 30


def test_a_job_whose_log_finds_no_room_goes_on(disk, tmp_path, capsys):
    described = {"rule": "frames", "wildcards": [], "threads": 1, "input": []}
    described |= {"log": [str(disk / "frames.log")], "output": [str(disk / "00.h5")]}
    fill(disk)
    with pytest.raises(SystemExit), job(SimpleNamespace(**described)):
        print("before")
        write_shard(disk / "00.h5", shard("a", 3), {})
    output = capsys.readouterr().err.splitlines()
    assert output[0] == "[frames] before"
    assert output[1].startswith(f"[frames] Error: {disk}/00.h5: the disk is full")
    assert len(output) == 2
