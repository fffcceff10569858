"""The workflow: what it plans, how it parses, what a change makes again, what users see."""

import os
import re
import shutil
from collections import Counter

import pytest
import yaml

from helpers.rating_folder import manifest
from helpers.repository import ROOT
from s2r.apps.rating.answers import Answers

STAGES = {"phantom", "index", "split", "frames", "embed", "instruments", "baseline", "train"}
STAGES |= {"autoencoder", "recordings"}
STAGES |= {"offsets", "generate", "real_features", "score", "score_real", "tables"}
STAGES |= {"agreement", "agreement_features"}
STAGES |= {"train_recurrent", "generate_recurrent", "generate_gaussian", "samples", "model", "all"}
STAGES |= {"report_pages", "report_figures", "differences"}
STAGES |= {"phone_times", "phone_recogniser", "phones"}
WORDS = {"segments", "words"}
CONTOURS = {"articulators"}
BESIDES = {"all", "samples", "model", "offsets", "report_pages", "report_figures"}
BESIDES |= {"differences", "phones"}

HEAVY = ("torch", "torchaudio", "transformers", "av", "h5py", "scipy", "skimage", "matplotlib")


def planned(process) -> Counter:
    """Jobs by rule from what a dry-run prints."""
    assert process.returncode == 0, process.stdout
    table = re.search(r"^job +count\n[- ]+\n(.*?)^total", process.stdout, re.S | re.M)
    rows = [line.split() for line in table[1].splitlines()] if table else []
    return Counter({rule: int(count) for rule, count in rows})


def test_bare_call_plans_the_whole_job(snakemake):
    jobs = planned(snakemake("-n"))
    assert set(jobs) == STAGES | WORDS | CONTOURS | {"fetch_whisper", "fetch_i3d"}
    assert (jobs["train"], jobs["generate"], jobs["baseline"]) == (3, 3, 3)
    assert (jobs["train_recurrent"], jobs["generate_recurrent"]) == (1, 1)
    assert jobs["score"] == 11
    assert jobs["embed"] == 4


SEVERAL = {"seeds": [0, 4], "runs": {"logmel": {"seeds": [2]}}}
"""Two seeds, and a run with one of its own."""


def test_every_row_is_trained_once_with_each_seed(snakemake):
    process = snakemake("-n", config=SEVERAL)
    jobs = planned(process)
    assert (jobs["train"], jobs["generate"], jobs["train_recurrent"]) == (1 + 2 * 2, 5, 2)
    assert (jobs["generate_recurrent"], jobs["generate_gaussian"]) == (2, 2)
    # Three baselines; runs and their means; noise; the recurrent regression.
    assert jobs["score"] == 3 + 2 * 5 + 2 + 2
    assert (jobs["autoencoder"], jobs["embed"], jobs["instruments"]) == (1, 4, 1)
    for name in ("runs/whisper-tiny.en@4/model.safetensors", "scores/recurrent-whisper-tiny.en@4"):
        assert f"results/{name}" in process.stdout
    assert "generated/mean-whisper-tiny.en-pooled@4/unseen_both.h5" in process.stdout


def test_only_first_seeds_go_into_words_samples_and_the_model_folder(snakemake):
    targets = ["results/words.csv", "results/samples", "results/model", "results/rating"]
    process = snakemake("-n", *targets, config=SEVERAL)
    assert planned(process)["train"] == 3
    assert "@4" not in process.stdout


def test_rating_clips_are_made_by_name(snakemake):
    jobs = planned(snakemake("-n", "results/rating/"))
    assert {"rating", "segments"} <= set(jobs)
    assert (jobs["train"], jobs["train_recurrent"]) == (3, 1)
    assert not {"tables", "score"} & set(jobs)
    process = snakemake("-n", "results/rating", config={"rating": {"run": "logmel"}})
    jobs = planned(process)
    assert (jobs["train"], jobs["generate"]) == (1, 1)
    assert not {"tables", "score"} & set(jobs)


def test_speech_of_people_is_asked_for_by_name(snakemake, tmp_path):
    process = snakemake("-n", "results/real_speech.csv")
    assert process.returncode != 0
    assert "Configuration: speech.path: name the folder" in process.stdout
    assert "Traceback" not in process.stdout
    (tmp_path / "voices/anna").mkdir(parents=True)
    (tmp_path / "voices/anna/one.wav").write_bytes(b"RIFF")
    process = snakemake("-n", "results/real_speech.csv", config={"speech": {"path": "voices"}})
    jobs = planned(process)
    assert {"real_speech", "model", "instruments", "phone_times"} <= set(jobs)
    assert not {"tables", "score"} & set(jobs)


def test_table_of_raters_needs_answers_and_no_new_clips(snakemake):
    process = snakemake("--cores", "1", "results/table2.csv")
    assert process.returncode == 1
    assert "Error: nobody has rated yet: make the clips with" in process.stdout
    assert set(planned(snakemake("-n", "results/table2.csv"))) == {"table2"}


def test_table_of_raters_follows_the_answers(snakemake, tmp_path):
    store = Answers(tmp_path / "mine" / "rating_answers.sqlite", manifest())
    clips = [entry["clip"] for entry in store.session("a")["clips"]]
    store.answer("a", clips[0], "real")
    target = ["--cores", "1", "mine/table2.csv"]
    config = {"pathvars": {"results": "mine"}}
    process = snakemake(*target, config=config)
    assert process.returncode == 0, process.stdout
    assert "phantom" in (tmp_path / "mine" / "table2.md").read_text()
    assert "Nothing to be done" in snakemake("-n", *target, config=config).stdout
    os.utime(tmp_path / "mine" / "table2.csv", (0, 0))
    store.answer("a", clips[1], "real")
    assert set(planned(snakemake("-n", *target, config=config))) == {"table2"}


def test_table_alone_is_a_target(snakemake):
    jobs = planned(snakemake("-n", "results/table1.csv"))
    assert set(jobs) == (STAGES | {"fetch_whisper", "fetch_i3d"}) - BESIDES


def test_released_protocol_is_made_only_when_asked_for(snakemake):
    jobs = planned(snakemake("-n", "results/released_protocol.csv"))
    assert jobs["released"] == 1
    assert not {"score", "tables"} & set(jobs)


def test_a_training_asks_for_its_gpus_and_nothing_else_does(snakemake):
    output = snakemake("-n", config={"device": "cuda", "gpus": 2}).stdout
    asked = dict(re.findall(r"^rule (\w+):\n(?:    .*\n)*?    resources: .*gpu=(\d)", output, re.M))
    assert asked["train"] == "2"
    assert asked["generate"] == asked["train_recurrent"] == "1"


def test_parsing_imports_nothing_heavy(snakemake, tmp_path):
    for name in HEAVY:
        (tmp_path / "stubs" / name).mkdir(parents=True)
        text = f"raise ImportError('{name} is imported while the workflow is parsed')\n"
        (tmp_path / "stubs" / name / "__init__.py").write_text(text)
    process = snakemake("-n", environment={"PYTHONPATH": str(tmp_path / "stubs")})
    assert planned(process)["train"] == 3


def test_folder_of_one_speaker(snakemake, tmp_path):
    (tmp_path / "videos").mkdir()
    config = yaml.safe_load((ROOT / "config" / "folder.yaml").read_text())
    config["corpus"]["path"] = "videos"
    process = snakemake("-n", config=config)
    jobs = planned(process)
    assert set(jobs) == (STAGES | {"fetch_i3d"}) - {"phantom"}
    assert "results/folder/generated/logmel/unseen_speech.h5" in process.stdout
    assert "unseen_subject" not in process.stdout
    assert "probe" not in process.stdout


def test_contours_of_ones_own_are_read_and_scored(snakemake, tmp_path):
    (tmp_path / "videos").mkdir()
    (tmp_path / "traced.csv").write_text("recording,frame,articulator,x,y\n")
    config = yaml.safe_load((ROOT / "config" / "folder.yaml").read_text())
    config["corpus"] |= {"path": "videos", "contours": {"path": "traced.csv", "pixel_mm": 2.4}}
    jobs = planned(snakemake("-n", config=config))
    assert {"contours", "left_out", "articulators"} <= set(jobs)
    assert planned(snakemake("-n", "results/folder/instruments/left_out.csv", config=config))
    config["corpus"]["contours"]["path"] = "gone.csv"
    process = snakemake("-n", config=config)
    assert "corpus.contours.path: there is no gone.csv" in process.stdout


def test_the_download_is_only_started_by_name(snakemake, tmp_path):
    assert "download" not in planned(snakemake("-n"))
    corpus = {"kind": "usc75", "path": "data/usc75"}
    # The corpus is absent, and still nothing offers to fetch it.
    process = snakemake("-n", config={"corpus": corpus})
    assert process.returncode == 1
    assert "Configuration: corpus.path: there is no data/usc75; results" in process.stdout
    assert planned(snakemake("-n", "download", config={"corpus": corpus})) == {"download": 1}


def test_the_metafile_is_found_and_starts_the_index_again(stub_workflow, tmp_path):
    (tmp_path / "usc").mkdir()
    corpus = {"kind": "usc75", "path": "usc"}
    process = stub_workflow("--cores", "4", "results/recordings.csv", corpus=corpus)
    assert process.returncode == 0, process.stdout
    assert (
        "Nothing to be done" in stub_workflow("-n", "results/recordings.csv", corpus=corpus).stdout
    )
    (tmp_path / "metafile_public_20210129.json").write_text("{}")
    jobs = planned(stub_workflow("-n", "results/recordings.csv", corpus=corpus))
    assert jobs == {"index": 1, "frames": 1, "recordings": 1}


def test_missing_folder_is_named_whatever_results_there_are(snakemake, tmp_path):
    for name in ("index.csv", "shards/00.csv", "shards/01.csv", "recordings.csv", "split.csv"):
        (tmp_path / "results" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "results" / name).touch()
    corpus = {"kind": "folder", "path": "nowhere"}
    process = snakemake("-n", "results/split.csv", config={"corpus": corpus})
    assert process.returncode == 1
    assert "Configuration: corpus.path: there is no nowhere; results that are" in process.stdout
    assert "Traceback" not in process.stdout


def test_preset_without_a_mean_and_own_weights(snakemake, tmp_path):
    (tmp_path / "mine.safetensors").touch()
    config = {
        "runs": {"logmel": {"preset": "paper"}},
        "evaluation": {"i3d": "mine.safetensors"},
    }
    process = snakemake("-n", config=config)
    jobs = planned(process)
    assert (jobs["generate"], jobs["generate_without_mean"]) == (2, 1)
    assert jobs["score"] == 10
    assert "fetch_i3d" not in jobs
    assert "mean-logmel/" not in process.stdout


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"split": {"unseen_subject": 3}}, "split.unseen_subject: there is no such key; did you"),
        ({"training": {"batch": "eight"}}, "training.batch: must be a whole number, not 'eight'."),
        ({"split": {"unseen_subjects": 30}}, "split.unseen_subjects: 30 subjects cannot be held"),
    ],
    ids=["misspelt key", "wrong type", "impossible value"],
)
def test_configuration_fault_is_one_sentence(snakemake, config, sentence):
    process = snakemake("-n", config=config)
    assert process.returncode == 1
    assert "Traceback" not in process.stdout
    printed = [line for line in process.stdout.splitlines() if "onfiguration: " in line]
    assert len(printed) == 1
    assert printed[0].startswith(f"Configuration: {sentence}")
    assert process.stdout.rstrip().endswith(printed[0])


@pytest.fixture
def stub_workflow(snakemake, tmp_path):
    """The workflow with scripts that only make their output files; small, two shards, two runs."""
    shutil.copytree(ROOT / "workflow", tmp_path / "workflow")
    shutil.copy(ROOT / "Snakefile", tmp_path / "Snakefile")
    for script in (tmp_path / "workflow" / "scripts").glob("*.py"):
        script.write_text(
            "from pathlib import Path\n"
            "for path in map(Path, snakemake.output):\n"
            "    if not path.suffix:\n"
            "        path.mkdir(parents=True)\n"
            "    else:\n"
            "        path.write_text(str(path))\n"
        )
    config = {
        "recordings": {"shards": 1},
        "encoders": {"whisper-tiny.en": None},
        "recurrent": {"encoders": ["logmel"]},
        "runs": {
            "whisper-tiny.en": None,
            "whisper-tiny.en-pooled": None,
            "pooled": {"encoder": "logmel", "pooling": True, "preset": "s2r"},
        },
    }
    snakefile = ("--snakefile", str(tmp_path / "Snakefile"))
    triggers = ("--rerun-triggers", "mtime", "input", "params")

    def run(*arguments: str, **changes: dict):
        return snakemake(*arguments, *snakefile, *triggers, config=config | changes)

    process = run("--cores", "4")
    assert process.returncode == 0, process.stdout
    return run


def test_report_needs_no_cores_and_loads_nothing_from_elsewhere(stub_workflow, tmp_path):
    process = stub_workflow("--report", "report.html")
    assert process.returncode == 0, process.stdout
    text = (tmp_path / "report.html").read_text()
    assert not re.search(r"<(script|link|img)[^>]*(https?:)?//", text)
    for name in ("configuration", "corpus", "split", "table1", "videos"):
        assert f"results/report/{name}.html" in text
    for name in ("report/drift", "report/regions", "report/overview", "words", "table1"):
        assert f"results/{name}.png" in text
    assert "results/runs/logmel/curve.png" in text


def test_only_what_a_change_touches_is_made_again(stub_workflow, tmp_path):
    # As after a plain copy: inputs are newer than what was made from them. (Of folders only dates
    # are known.)
    folders = {tmp_path / "results" / name for name in ("samples", "model")}
    files = [path for path in tmp_path.rglob("*") if folders.isdisjoint([path, *path.parents])]
    for age, path in enumerate(sorted(files, key=lambda path: path.stat().st_mtime)):
        os.utime(path, (2e9 - age, 2e9 - age))
    assert "Nothing to be done" in stub_workflow("-n").stdout

    jobs = planned(stub_workflow("-n", sampler={"steps": 5}))
    assert jobs["generate"] == 2
    assert "train" not in jobs

    runs = {"pooled": {"encoder": "logmel", "pooling": True, "preset": "s2r"}}
    runs |= {"whisper-tiny.en": None, "whisper-tiny.en-pooled": None}
    longer = {"logmel": {"mean": {"clips": 9000}}}
    jobs = planned(stub_workflow("-n", runs=runs | longer))
    assert (jobs["train"], jobs["generate"], jobs["score"]) == (1, 1, 3)
    assert not {"frames", "embed", "instruments", "baseline"} & set(jobs)

    jobs = planned(stub_workflow("-n", recurrent={"encoders": ["logmel"], "hidden": 16}))
    assert (jobs["train_recurrent"], jobs["generate_recurrent"], jobs["score"]) == (1, 1, 1)
    assert not {"embed", "train", "generate"} & set(jobs)

    jobs = planned(stub_workflow("-n", seeds=[0, 3]))
    assert (jobs["train"], jobs["train_recurrent"], jobs["generate"]) == (2, 1, 2)
    assert (jobs["score"], jobs["tables"], jobs["differences"]) == (2 + 2 + 1 + 1, 1, 1)
    assert not {"embed", "words", "samples", "model", "autoencoder", "baseline"} & set(jobs)
    jobs = planned(stub_workflow("-n", seeds=[3]))
    assert (jobs["train"], jobs["train_recurrent"], jobs["generate"]) == (2, 1, 2)

    jobs = planned(stub_workflow("-n", "-R", "train"))
    assert jobs["train"] == 2
    assert not {"phantom", "frames", "embed", "instruments", "baseline"} & set(jobs)


def test_a_file_in_speech_becomes_a_video(snakemake, tmp_path):
    (tmp_path / "speech").mkdir()
    (tmp_path / "speech" / "hello.flac").touch()
    process = snakemake("-n", "results/videos/hello.mp4")
    assert planned(process)["speech_video"] == 1
    assert "speech/hello.flac" in process.stdout
    # A longer name is another one.
    (tmp_path / "speech" / "other.2024.wav").touch()
    process = snakemake("-n", "results/videos/other.mp4")
    assert process.returncode == 1
    assert "speech/other.wav" in process.stdout
