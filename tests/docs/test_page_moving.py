"""docs/moving.md: what is compared by content and what by date, and the threads of trainings."""

import os
import re
import shlex

import numpy as np
import pytest
import yaml

from helpers.pages import fenced_blocks
from helpers.repository import ROOT
from helpers.sounds import voice
from s2r.core import checksums, content
from s2r.core.media.encode import write_video

PAGE = ROOT / "docs" / "moving.md"
TEXT = " ".join(PAGE.read_text().split())
RULES = {
    name: text
    for path in (ROOT / "workflow" / "rules").glob("*.smk")
    for name, text in zip(
        *[iter(re.split(r"^ *(?:rule|checkpoint) (\w+):", path.read_text(), flags=re.M)[1:])] * 2,
        strict=True,
    )
}


def section(rule: str, name: str) -> str:
    found = re.search(rf"^( +){name}:(.*?)(?=^\1\w+:|\Z)", RULES[rule], re.S | re.M)
    return found[2] if found else ""


@pytest.fixture
def indexed(snakemake, tmp_path):
    """``indexed(path)``: the rules that a call for the index with this ``corpus.path`` would run,
    where the index of ``videos`` was made."""
    pictures = np.random.default_rng(0).integers(0, 256, (60, 16, 16), dtype=np.uint8)
    for name in ("story", "vowels"):
        path = tmp_path / "videos" / "anna" / f"{name}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_video(path, pictures, 50, voice(1.2), 16_000)

    def call(*arguments: str, path: str) -> str:
        changed = {"corpus": {"kind": "folder", "path": path}, "recordings": {"shards": 1}}
        changed["split"] = {"unseen_subjects": 0}
        triggers = ("--rerun-triggers", "mtime", "input", "params")
        process = snakemake("results/index.csv", *arguments, *triggers, config=changed)
        assert process.returncode == 0, process.stdout
        return process.stdout

    call("--cores", "1", path="videos")
    return lambda path: re.findall(r"^(?:rule|checkpoint) (\w+):", call("-n", path=path), re.M)


def test_a_corpus_at_another_path_is_indexed_again_and_a_link_serves(indexed, tmp_path):
    assert "videos/" in (tmp_path / "results" / "shards" / "00.csv").read_text()
    (tmp_path / "videos").rename(tmp_path / "films")
    assert indexed("films") == ["index"]
    (tmp_path / "videos").symlink_to("films")
    assert indexed("videos") == []


def test_the_folders_to_copy_are_those_that_the_workflow_writes():
    assert "`results`, `state`, `data/phantom`, `weights`, and the hidden folders" in TEXT
    common = (ROOT / "workflow" / "rules" / "common.smk").read_text()
    assert 'f"data/phantom{' in common and 'WHISPER = "weights/' in common
    states = [text for text in RULES.values() if 'state="state/' in text]
    assert len(states) == 2
    (folder,) = re.findall(r"\(what each file was made from\) and `([^`]*)` \(checksums\)", TEXT)
    assert checksums._checksum_path(ROOT / "a.csv") == ROOT / folder / "a.csv"


@pytest.mark.parametrize(
    ("rule", "parameter"),
    [
        ("index", "held=corpus_held"),
        ("embed", "held=encoder_held"),
        ("speech_video", "held=speech_held"),
        ("real_features", "i3d=I3D_HELD"),
        ("score", "i3d=I3D_HELD"),
        ("released", "i3d=I3D_HELD"),
    ],
)
def test_the_content_of_what_a_user_gives_is_a_parameter(rule, parameter):
    assert parameter in section(rule, "params")


def test_shards_are_compared_by_their_indexes_and_not_by_date():
    """A rule reads shards as ``ancient``, and their indexes beside them."""
    common = (ROOT / "workflow" / "rules" / "common.smk").read_text()
    assert 'FRAMES = ancient(expand("<results>/frames/{shard}.h5"' in common
    for rule in RULES:
        read = section(rule, "input")
        if re.search(r"^ +frames=FRAMES,", read, re.M):
            assert re.search(r"^ +lists=(?:frame|run|judge)_lists,", read, re.M), rule
        assert "/frames/" not in read or "ancient(" in read, rule


def test_other_files_are_compared_by_content_below_the_size_of_the_profile():
    profile = yaml.safe_load((ROOT / "profiles" / "default" / "config.yaml").read_text())
    size = profile["max-checksum-file-size"] / 1e6
    assert f"other files below {size:g} MB (`max-checksum-file-size` in `profiles/default`)" in TEXT
    assert f"what reads a file of more than {size:g} MB." in TEXT


def test_a_plain_copy_makes_the_pages_again_since_they_read_a_folder():
    folders = {rule for rule in RULES if "directory(" in section(rule, "output")}
    assert {"model", "samples"} <= folders
    readers = {
        rule: found
        for rule in RULES
        if (found := set(re.findall(r"rules\.(\w+)\.output\.folder", section(rule, "input"))))
    }
    # Two are asked for by name only.
    assert set(readers) - {"speech_video", "real_speech"} == {"report_pages"}
    assert readers["report_pages"] == {"samples"}
    assert "larger files; the folders `results/model` and `results/samples` | date" in TEXT


def test_digests_are_kept_in_the_file_that_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert f"Digests are kept in `{content.CACHE}` with size, dates and place" in TEXT
    (tmp_path / "a.wav").write_text("one")
    content.contents(["a.wav"])
    about = os.stat("a.wav")
    kept = yaml.safe_load((tmp_path / content.CACHE).read_text())["a.wav"]
    assert kept[:-1] == [about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino]


@pytest.mark.parametrize(("cores", "threads"), [(3, 1), (6, 2)])
def test_a_training_has_the_cores_divided_by_the_runs(snakemake, default_config, cores, threads):
    assert len(default_config["runs"]) == 3
    assert "so with three runs `--cores 3` and `--cores 6` may give different weights" in TEXT
    output = snakemake("-n", "--cores", str(cores), "results/runs/logmel/model.safetensors").stdout
    for rule in ("train", "autoencoder"):
        (job,) = re.findall(rf"^rule {rule}:\n((?: .*\n)+)", output, re.M)
        asked = re.search(r"threads: (\d+)", job)
        assert int(asked[1] if asked else 1) == threads


def test_the_threads_that_can_be_set_are_those_of_the_trainings():
    (option,) = re.findall(r"`--set-threads ([^`]*)`", TEXT)
    named = {word.split("=")[0] for word in shlex.split(option)}
    with_threads = {rule for rule in RULES if section(rule, "threads").strip() == "THREADS"}
    assert named <= with_threads
    trained = {
        rule for rule in RULES if "codes.h5" in RULES[rule] or 'state="state/' in RULES[rule]
    }
    assert named == trained


def test_files_are_touched_with_one_core():
    (call,) = [block for block in fenced_blocks(PAGE, "bash") if "--touch" in block]
    assert shlex.split(call) == ["snakemake", "--touch", "--cores", "1"]
