"""README.md: the files of its table, the rows that are compared, its picture, calls and numbers."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import torch
import yaml
from PIL import Image

import s2r
from helpers.pages import fenced_blocks
from helpers.repository import ROOT
from helpers.sounds import voice
from helpers.tiny_model import write_tiny_model
from helpers.untrained_probe import write_untrained_probe
from s2r.config.systems import SETS, Kind, kinds_of_systems
from s2r.core.device import find_device
from s2r.core.media.encode import write_wav
from s2r.corpus.articulators import ARTICULATORS
from s2r.evaluation.metrics import statistics
from s2r.evaluation.metrics.tract_variables import TRACT_VARIABLES
from s2r.report.articulators import UNITS

PAGE = ROOT / "README.md"
TEXT = " ".join(PAGE.read_text().split())
MAKEFILE = (ROOT / "Makefile").read_text()


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> str:
    """What a bare call of snakemake would make, as its dry run prints it."""
    folder = tmp_path_factory.mktemp("plan")
    (folder / "config").mkdir()
    (folder / "config" / "config.yaml").write_bytes((ROOT / "config/config.yaml").read_bytes())
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "-n"]
    command += ["--workflow-profile", "none", "--directory", str(folder), "--cores", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    return " ".join(re.findall(r"^ +output: (.*)$", done.stdout + done.stderr, re.M))


def rows_of_results() -> list[tuple[list[str], str]]:
    """The paths of each row of the table of results, and what it says of them."""
    rows = []
    for files, content in re.findall(r"^\| (`results/[^|]*) \| (.*) \|$", PAGE.read_text(), re.M):
        first, *suffixes = re.findall(r"`([^`]+)`", files)
        rows.append(([first, *(str(Path(first).with_suffix(end)) for end in suffixes)], content))
    return rows


def test_a_bare_call_makes_the_files_of_the_table_but_for_those_made_by_name(made):
    rows = rows_of_results()
    assert len(rows) > 12
    for paths, content in rows:
        for path in paths:
            pattern = re.escape(path.rstrip("/")).replace(r"\*", "[^/ ]+")
            found = re.search(rf"(^|[ ,]){pattern}", made) is not None
            assert found != content.startswith("made by name"), path


def test_the_default_compares_the_speech_representations_that_are_named(default_config):
    runs = {(run["encoder"], run["pooling"]) for run in default_config["runs"].values()}
    assert runs == {("logmel", False), ("whisper-tiny.en", False), ("whisper-tiny.en", True)}
    assert "log-mel, Whisper tiny.en, and Whisper tiny.en pooled over time." in TEXT


def test_its_other_rows_are_the_ones_that_are_named(default_config):
    named = {
        Kind.REAL_OTHER: "other real video of the same subject, ",
        Kind.COPIED_FRAME: "a copied frame, ",
        Kind.MEAN_FRAME: "the subject's mean frame, ",
        Kind.MEAN: "the mean that each model draws around, ",
        Kind.GAUSSIAN: "noise around one of these means, ",
        Kind.RECURRENT: "and a recurrent regression from the same speech.",
    }
    assert f"how to read a number: {''.join(named.values())}" in TEXT
    kinds = list(kinds_of_systems(default_config).values())
    assert set(kinds) == {*named, Kind.MODEL}
    assert kinds.count(Kind.MEAN) == kinds.count(Kind.MODEL)
    assert kinds.count(Kind.GAUSSIAN) == 1
    encoders = {run["encoder"] for run in default_config["runs"].values()}
    assert set(default_config["recurrent"]["encoders"]) <= encoders


def test_intervals_have_the_level_of_the_table():
    assert f"with {100 * statistics.LEVEL:g} % intervals, on unseen speech, unseen subjects" in TEXT


def test_the_table_of_articulators_has_those_that_are_named():
    assert (
        "`results/articulators.csv` (`.png`) | errors of lips, tongue, jaw, velum, larynx" in TEXT
    )
    assert {"upper_lip", "lower_lip", "tongue", "jaw", "velum", "larynx"} <= set(ARTICULATORS)
    assert {"mm", "ms"} <= set(UNITS.values())


def test_the_moving_picture_is_two_seconds_of_the_three_sets_in_the_order_of_its_caption():
    with Image.open(ROOT / "docs" / "images" / "moving.webp") as picture:
        shown = 0
        for number in range(picture.n_frames):
            picture.seek(number)
            picture.load()
            shown += picture.info["duration"]
        assert 1800 <= shown <= 2400
        # Three pairs side by side, in pictures that are higher than wide by their headings alone.
        assert picture.width / 6 == pytest.approx(picture.height, rel=0.25)
    assert "*Two seconds of three recordings" in TEXT
    titles = {
        "unseen_both": "an unseen subject and text",
        "unseen_speech": "unseen speech",
        "unseen_subject": "an unseen subject",
    }
    assert ", ".join(titles[name] for name in sorted(SETS)) + ". The right picture" in TEXT


def test_the_version_of_python_is_the_one_that_the_package_requires():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    version = project["requires-python"].removeprefix(">=")
    assert f"Python {version} or newer and make" in TEXT
    assert "pip install -c constraints.txt -e .[workflow]" in TEXT
    assert "workflow" in project["optional-dependencies"]


def test_make_people_trains_on_voices_and_writes_the_model_that_is_named():
    config = yaml.safe_load((ROOT / "config" / "voices.yaml").read_text())
    model = f"{config['pathvars']['results']}/model"
    assert f"`make people` trains a model, `{model}`, that hears synthetic voices too" in TEXT
    recipe = re.search(r"^people:.*\n((?:\t.*\n)+)", MAKEFILE, re.M)[1]
    assert f"snakemake {model} " in recipe
    assert "--configfile config/voices.yaml" in recipe
    assert f"benchmarks/voices.py {config['corpus']['phantom']['voices']} --training" in recipe


def test_make_says_what_the_readme_says():
    """Bare ``make`` lists the targets; those of the README are among them, for the same results."""
    help_text = re.match(r"(?:# .*\n)+", MAKEFILE)[0]
    (block,) = [one for one in fenced_blocks(PAGE, "bash") if "make table1" in one]
    for target in re.findall(r"^make (\w+)", block, re.M):
        assert re.search(rf"^# make {target} ", help_text, re.M), target
    assert "results/table1.csv, and a trained model" in block
    assert ".DEFAULT_GOAL := help" in MAKEFILE


def test_a_gpu_is_used_where_there_is_one(default_config, monkeypatch):
    ones = torch.ones
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "ones", lambda *size, **_: ones(*size))
    assert find_device(default_config["device"]) == "cuda"


def test_the_python_of_the_readme_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_tiny_model(tmp_path / "results" / "model")
    write_untrained_probe(tmp_path / "probe.safetensors")
    (tmp_path / "results" / "instruments").mkdir()
    Path("probe.safetensors").rename("results/instruments/probe.safetensors")
    write_wav("speech.wav", voice(0.2), 16_000)
    (block,) = fenced_blocks(PAGE, "python")
    names: dict = {"s2r": s2r}
    exec(block, names)
    assert Path("tract.mp4").stat().st_size > 500
    said = re.search(r"video\.tract_variables\(\) +# (.*), in mm", block)[1]
    assert said == "lips, tongue, velum over time"
    assert list(names["video"].tract_variables().columns) == list(TRACT_VARIABLES)
    assert {"lip", "tip", "dorsum", "velum"} <= {name.split("_")[0] for name in TRACT_VARIABLES}


def test_the_paper_to_cite_is_that_of_the_citation_file():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    paper = citation["references"][0]
    authors = ", ".join(
        f"{one['given-names'][0]}. {one['family-names']}" for one in paper["authors"]
    )
    quoted = " ".join(TEXT.replace(" > ", " ").split())
    number = paper["identifiers"][0]["value"]
    assert f"{authors}: *{paper['title']}.* {paper['conference']['name']}, {number}." in (
        quoted.replace(f"ICASSP {paper['year']}", paper["conference"]["name"])
    )
