"""The experiment on 75 speakers: what it plans, what a new recording makes again, its phantom."""

import json
import os
import re
import shutil
from collections import Counter
from fractions import Fraction
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
import yaml

from helpers.repository import ROOT
from s2r.config.parameters import encoder_settings, remove_nulls
from s2r.core.media.encode import write_video
from s2r.corpus.index import index_corpus, shard_of
from s2r.corpus.phantom.gaps import draw_gaps
from s2r.corpus.phantom.stimuli import PROFILES, STIMULI, Profile
from s2r.corpus.phantom.writer import write_corpus

USC75 = yaml.safe_load((ROOT / "config" / "usc75.yaml").read_text())
SHARDS = 4


def test_usc75_names_the_published_models(default_config):
    config = default_config | {name: dict(USC75[name]) for name in ("encoders", "runs")}
    remove_nulls(config)
    models = {
        name: (encoder_settings(config, name)["model"], encoder["size"])
        for name, encoder in config["encoders"].items()
    }
    assert models == {
        "hubert-base": ("facebook/hubert-base-ls960", "base"),
        "hubert-large": ("facebook/hubert-large-ll60k", "large"),
        "wavlm-base": ("microsoft/wavlm-base", "base"),
        "wavlm-large": ("microsoft/wavlm-large", "large"),
        "wav2vec2-base": ("facebook/wav2vec2-base", "base"),
        "wav2vec2-large": ("facebook/wav2vec2-large-lv60", "large"),
        "wav2vec2-phoneme": ("facebook/wav2vec2-lv-60-espeak-cv-ft", "large"),
    }
    pooled = {run["encoder"] for run in config["runs"].values() if run["pooling"]}
    assert pooled == {"hubert-large", "wavlm-large", "wav2vec2-large"}


def test_usc75_plans_all_rows(snakemake, tmp_path):
    (tmp_path / "data" / "usc75" / "sub001").mkdir(parents=True)
    process = snakemake("-n", "--quiet", "rules", config=USC75)
    assert process.returncode == 0, process.stdout
    table = re.search(r"^job +count\n[- ]+\n(.*?)^total", process.stdout, re.S | re.M)[1]
    jobs = Counter({line.split()[0]: int(line.split()[1]) for line in table.splitlines()})
    runs, encoders, shards = 11, 8, 32
    assert (jobs["index"], jobs["split"], jobs["frames"]) == (1, 1, shards)
    assert jobs["embed"] == encoders * shards
    trainings = runs * len(USC75["seeds"])
    assert (jobs["train"], jobs["generate"], jobs["baseline"]) == (trainings, trainings, 3)
    assert (jobs["autoencoder"], jobs["train_recurrent"], jobs["generate_gaussian"]) == (1, 3, 3)
    assert jobs["score"] == 3 + 2 * trainings + 2 * 3  # baselines, means, models; recurrent, noise
    assert not {"phantom", "fetch_whisper"} & set(jobs)


def write_recording(corpus: Path, subject: str, stem: str) -> None:
    """One second of noise in the layout of the corpus."""
    rng = np.random.default_rng(crc32(f"{subject}_{stem}".encode()))
    write_video(
        corpus / subject / "2drt" / "video" / f"{subject}_2drt_{stem}_video.mp4",
        rng.integers(0, 256, (84, 84, 84), dtype=np.uint8),
        Fraction(1_000_000, 12_008),
        audio=rng.normal(0, 0.1, 20_000).astype(np.float32),
        sample_rate=20_000,
    )


@pytest.fixture
def train_on_corpus(snakemake, tmp_path):
    """Train the run logmel on the corpus in tmp_path; returns the jobs that ran after the index.

    The index is real, the scripts after it only make their output files.
    """
    shutil.copytree(ROOT / "workflow", tmp_path / "workflow")
    shutil.copy(ROOT / "Snakefile", tmp_path / "Snakefile")
    for name in ("frames", "recordings", "split", "embed", "autoencoder", "train"):
        (tmp_path / "workflow" / "scripts" / f"{name}.py").write_text(
            "from pathlib import Path\n"
            "for path in map(Path, snakemake.output):\n"
            "    path.write_text(path.name)\n"
            "with open('ran.txt', 'a') as file:\n"
            "    print(snakemake.rule, *snakemake.wildcards, file=file)\n"
        )
    config = {
        "corpus": {"kind": "usc75", "path": "corpus"},
        "recordings": {"shards": SHARDS},
        "encoders": {"whisper-tiny.en": None},
        "runs": {"whisper-tiny.en": None, "whisper-tiny.en-pooled": None},
    }
    snakefile = ("--snakefile", str(tmp_path / "Snakefile"))
    triggers = ("--rerun-triggers", "mtime", "input", "params")

    def run() -> list[str]:
        (tmp_path / "ran.txt").write_text("")
        target = "results/runs/logmel/model.safetensors"
        process = snakemake(target, "--cores", "2", *snakefile, *triggers, config=config)
        assert process.returncode == 0, process.stdout
        return sorted((tmp_path / "ran.txt").read_text().splitlines())

    return run


def test_a_new_recording_makes_one_shard_again(train_on_corpus, tmp_path):
    corpus = tmp_path / "corpus"
    for subject in ("sub001", "sub002"):
        for stem in ("04_bvt_r1", "06_rainbow_r1", "12_picture1"):
            write_recording(corpus, subject, stem)
    shards = [f"{number:02d}" for number in range(SHARDS)]
    embedded, framed = [f"embed logmel {s}" for s in shards], [f"frames {s}" for s in shards]
    made = ["autoencoder", *embedded, *framed, "recordings", "split", "train logmel"]
    assert train_on_corpus() == made
    assert train_on_corpus() == []

    write_recording(corpus, "sub001", "17_topic1")
    for path in corpus.rglob("*"):
        os.utime(path, (0, 0))  # as where it came with its old date
    shard = shard_of("sub001_2drt_17_topic1", SHARDS)
    assert train_on_corpus() == [
        "autoencoder",
        f"embed logmel {shard}",
        f"frames {shard}",
        "recordings",
        "split",
        "train logmel",
    ]
    listed = (tmp_path / "results" / "shards" / f"{shard}.csv").read_text()
    assert "sub001_2drt_17_topic1" in listed

    (corpus / "sub001" / "2drt" / "video" / ".hidden").touch()
    assert train_on_corpus() == []


def test_paper_profile_has_the_corpus_in_number():
    profile = PROFILES["paper"]
    gaps = draw_gaps(profile, 1)
    assert profile.speakers * len(profile.recordings) - len(gaps.missing) == 2371
    assert not gaps.missing & gaps.truncated
    assert {stimulus for stimulus, _ in profile.recordings} == set(STIMULI)
    assert draw_gaps(profile, 1) == gaps
    assert draw_gaps(profile, 2) != gaps


def test_phantom_with_gaps_and_the_first_of_its_subjects(tmp_path, monkeypatch):
    recordings = (("bvt", 1), ("bvt", 2), ("topic1", None))
    size = Profile(3, recordings, 1.0, 1.0, missing=2, truncated=1, empty_subjects=1)
    monkeypatch.setitem(PROFILES, "gaps", size)
    write_corpus(tmp_path / "all", "gaps", 3)
    about = json.loads((tmp_path / "all" / "phantom.json").read_text())
    assert (about["recordings"], len(about["missing"]), len(about["truncated"])) == (7, 2, 1)
    index = index_corpus("phantom", tmp_path / "all").set_index("recording")
    assert index["status"].value_counts().to_dict() == {"ok": 6, "defect": 2}
    (broken,) = about["truncated"]
    assert index.loc[broken, "reason"].startswith("truncated")
    assert index.loc["sub004", "reason"].startswith("missing")
    assert not set(about["missing"]) & set(index.index)

    write_corpus(tmp_path / "two", "gaps", 3, subjects=2)
    first = {p.name: p.read_bytes() for p in (tmp_path / "two").rglob("sub00?_*")}
    assert first == {p.name: p.read_bytes() for p in (tmp_path / "all").rglob("sub00[12]_*")}
