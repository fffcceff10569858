"""Faults in the midst of the tiny phantom's whole job: the next call ends with the same table."""

import os
import re
import shutil
import signal
from pathlib import Path
from textwrap import indent

import h5py
import pytest
import torch
import yaml
from safetensors.torch import load_file

from helpers.calls import clips_seen, finish, start, watched_training
from helpers.damage import cut_short
from helpers.repository import ROOT
from helpers.waiting import wait_until
from helpers.whole_workflow import SMALL

STEP, CHECKPOINT, HELD, CLIPS = 4, 16, 40, 64

CALL = ("results/table1.csv", "--cores", "2", "--configfile", "tiny.yaml")

TRAINED = ("runs", "generated/logmel", "scores")
"""What is removed, so that it is made again."""

# Contour probe and phone recogniser take minutes to train, and are not what is tested here.
HURRIED_PHONES = """\
from s2r.evaluation.phones import training
training.FEWEST_STEPS = training.MOST_STEPS = 20
"""
HURRIED = """\
from functools import partial
from s2r.evaluation.metrics import probe_training as probe
probe.train_probe = partial(probe.train_probe, steps=20)
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def finished(tmp_path_factory, i3d) -> Path:
    """The project after an undisturbed call."""
    pytest.importorskip("snakemake")
    project = tmp_path_factory.mktemp("finished")
    for name in ("workflow", "profiles", "config"):
        shutil.copytree(ROOT / name, project / name)
    shutil.copy(ROOT / "Snakefile", project)
    marker = "with job(snakemake):\n"
    codes = {"train": watched_training(HELD), "instruments": HURRIED}
    codes["phone_recogniser"] = HURRIED_PHONES
    for name, code in codes.items():
        script = project / "workflow" / "scripts" / f"{name}.py"
        script.write_text(script.read_text().replace(marker, marker + indent(code, "    ")))
    schedule = {"clips": CLIPS, "batch": STEP, "validate_clips": CHECKPOINT}
    config = SMALL | {
        "corpus": {"phantom": {"profile": "tiny"}},
        "split": {"unseen_subjects": 1, "unseen_stimuli": ["topic1"], "validation_stimuli": []},
        "recordings": {"shards": 2},
        "recurrent": {"encoders": []},
        "mean": SMALL["mean"] | schedule,
        "residual": SMALL["residual"] | schedule,
        "evaluation": SMALL["evaluation"] | {"i3d": i3d},
    }
    (project / "tiny.yaml").write_text(yaml.safe_dump(config))
    finish(start(project, *CALL))
    return project


def copy(finished: Path, folder: Path, without: tuple[str, ...]) -> Path:
    """The finished project with some of its results missing."""
    shutil.copytree(finished, folder, dirs_exist_ok=True)
    shutil.rmtree(folder / "attempts")
    for name in (*without, "table1.csv"):
        path = folder / "results" / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return folder


def flip_a_byte_of_each_video(shard: Path) -> None:
    """Damage the frames of every recording: what no job reads, no job compares."""
    with h5py.File(shard) as file:
        places = [group["frames"].id.get_chunk_info(0).byte_offset for group in file.values()]
    content, before = bytearray(shard.read_bytes()), shard.stat()
    for place in places:
        content[place] ^= 1
    shard.write_bytes(content)
    os.utime(shard, ns=(before.st_atime_ns, before.st_mtime_ns))


def assert_same_table(project: Path, finished: Path) -> None:
    for name in ("table1.csv", "scores.csv"):
        found, expected = (folder / "results" / name for folder in (project, finished))
        assert found.read_bytes() == expected.read_bytes(), name
    # The order of a model file's header differs from call to call.
    path = "results/runs/logmel/model.safetensors"
    found, expected = (load_file(folder / path) for folder in (project, finished))
    assert all(torch.equal(found[key], expected[key]) for key in found.keys() | expected.keys())


def test_kill_9_while_training_and_a_plain_call_at_once(finished, tmp_path):
    project = copy(finished, tmp_path, TRAINED)
    (project / "hold").touch()
    first = start(project, *CALL)
    wait_until((project / "attempts" / "logmel" / "0").exists)
    wait_until(lambda: clips_seen(project, "logmel")[0][-1:] == [HELD])
    first.send_signal(signal.SIGKILL)
    first.communicate()
    second = start(project, *CALL)
    finish(second)
    (project / "hold").unlink()
    before, after = clips_seen(project, "logmel")
    assert before == list(range(0, HELD + 1, STEP)), "the killed call's training must not go on"
    # the mean, then the networks of two folds and the denoiser
    assert after == [*range(32, CLIPS, STEP), *3 * list(range(0, CLIPS, STEP))], (
        "it must go on from the last checkpoint"
    )
    assert_same_table(project, finished)


def test_damaged_shards_are_named_and_made_again(finished, tmp_path):
    project = copy(finished, tmp_path, TRAINED)
    frames = Path("results/frames/00.h5")
    embeddings = Path("results/embeddings/logmel/01.h5")
    flip_a_byte_of_each_video(project / frames)
    cut_short(project / embeddings)
    printed = finish(start(project, *CALL), status=1)
    assert re.search(rf"\] Error: .*{frames} was changed or damaged after it was made", printed)
    assert f"{embeddings} was changed or damaged after it was made" in printed
    assert "Traceback" not in printed
    # The script has begun, since shards are compared while they are read; no step was trained.
    assert (project / "attempts" / "logmel").is_dir()
    assert clips_seen(project, "logmel") == []
    finish(start(project, *CALL))
    assert (project / frames).read_bytes() == (finished / frames).read_bytes()
    assert_same_table(project, finished)


def test_an_edited_index_and_a_truncated_model_are_named_and_made_again(finished, tmp_path):
    project = copy(finished, tmp_path, TRAINED[1:])
    index, model = (
        Path("results") / name for name in ("recordings.csv", "runs/logmel/model.safetensors")
    )
    cut_short(project / model)
    printed = finish(start(project, *CALL), status=1)
    assert f"[generate logmel] Error: {model} was changed or damaged after it was made" in printed
    text = (project / index).read_text()
    (project / index).write_text(text.replace("sub001", "sub009", 1))
    printed = finish(start(project, *CALL), status=1)
    assert f"Error: {index} was changed or damaged after it was made" in printed
    assert not (project / "attempts").exists()
    finish(start(project, *CALL))
    assert (project / index).read_text() == text
    assert_same_table(project, finished)
    assert (project / f"{index}.damaged").exists()
    assert (project / f"{model}.damaged").exists()
