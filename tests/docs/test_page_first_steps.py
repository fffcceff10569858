"""docs/first-steps.md: options, the first model, the label, marks of files, the pictures."""

import json
import re
import runpy
from math import ceil, log2
from pathlib import Path

import av
import h5py
import numpy as np
import pandas as pd
import pytest
import yaml
from matplotlib.colors import to_hex
from PIL import Image

from helpers.pages import fenced_blocks
from helpers.repository import ROOT
from helpers.spoken_corpus import cut_bvt, film, write_spoken_corpus
from helpers.tiny_corpus import write_tiny_corpus
from helpers.tiny_model import write_tiny_model
from s2r import __version__
from s2r.apps.rating.stimuli import cut_clips
from s2r.cli import main
from s2r.config.build import build
from s2r.config.model_blocks import SamplerConfig
from s2r.config.systems import SETS, Kind
from s2r.core.errors import UserError
from s2r.core.media import slow
from s2r.core.media.encode import write_video
from s2r.core.origin import program
from s2r.core.shards import write_shard
from s2r.core.units import SAMPLE_RATE
from s2r.corpus.phantom.stimuli import PROFILES, STIMULI
from s2r.corpus.split import make_split
from s2r.generation import speaker
from s2r.generation.appearance import label_block
from s2r.generation.generated_file import GeneratedWriter
from s2r.preparation.recordings import open_recordings
from s2r.report import pages, plots
from s2r.report.samples import write_samples

PAGE = ROOT / "docs" / "first-steps.md"
TEXT = " ".join(PAGE.read_text().split())
LABEL = f"synthetic (s2r {__version__})\nwhisper-tiny.en 0123abcd, seed 0"


def test_presets_have_the_noise_levels_that_are_stated(default_config):
    own = build(SamplerConfig, default_config["sampler"]).steps
    fast = speaker.PRESET_STEPS["fast"]
    assert f"--preset fast # {fast} noise levels, not {own}" in TEXT


def test_the_example_of_a_setting_asks_for_more_noise_levels(default_config):
    (block,) = fenced_blocks(PAGE, "yaml")
    changed = yaml.safe_load(block)
    assert list(changed) == ["sampler"]
    assert changed["sampler"]["steps"] > default_config["sampler"]["steps"]
    assert "the videos are generated with more noise levels" in TEXT


def test_the_named_speaker_is_one_that_the_default_model_can_show(default_config):
    profile = PROFILES[default_config["corpus"]["phantom"]["profile"]]
    rows = [
        (f"sub{number:03d}_{stimulus}", f"sub{number:03d}", stimulus, STIMULI[stimulus].style)
        for number in range(1, profile.speakers + 1)
        for stimulus, _ in profile.recordings
    ]
    table = pd.DataFrame(rows, columns=["recording", "subject", "stimulus", "style"])
    wanted = dict(default_config["split"])
    styles = wanted.pop("training_styles")
    split = make_split(table.assign(status="ok", silent=""), train_styles=styles, **wanted)
    (named,) = re.findall(r"--speaker (\w+)", PAGE.read_text())
    assert named in set(split.loc[split["set"] == "train", "subject"])


def test_info_says_what_a_model_was_trained_on_and_lists_its_subjects(
    tmp_path, monkeypatch, capsys, default_config
):
    monkeypatch.chdir(tmp_path)
    default_config["runs"]["logmel"] |= {"preset": "paper"}
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text(yaml.safe_dump(default_config))
    corpus = write_tiny_corpus(tmp_path / "results")
    corpus.split.to_csv(tmp_path / "results/split.csv", index=False)
    weights = tmp_path / "results/runs/logmel/model.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes((write_tiny_model(tmp_path / "made/t") / weights.name).read_bytes())
    assert main(["export", "logmel", "-o", "model"]) == 0
    capsys.readouterr()
    assert main(["info", "model"]) == 0
    card = capsys.readouterr().out
    training = corpus.split[corpus.split["set"] == "train"]
    assert re.search(rf"training *\| *{len(training)} recordings of 3 subjects", card)
    assert re.search(r"subjects it can show *\| *s1, s2, s3", card)
    assert re.search(r"sha256: [0-9a-f]{64}", card)


def test_the_label_covers_the_lowest_eighth_and_needs_about_100_pixels():
    assert "The label covers the lowest eighth of the picture and needs about 100 pixels" in TEXT
    for size in (128, 256, 512):
        assert len(label_block(LABEL, size)) / size == pytest.approx(1 / 8, abs=0.03)
    fitting = []
    for size in range(64, 161):
        try:
            label_block(LABEL, size)
        except UserError:
            continue
        fitting.append(size)
    assert fitting[0] == pytest.approx(100, abs=25)


def test_a_slow_sound_begins_early_by_no_more_than_is_stated():
    longest = 2 * slow.WINDOW
    assert f"is up to {1000 * longest:g} ms (of the recording's time) early" in TEXT
    for rate in (8_000, SAMPLE_RATE, 22_050, 44_100, 48_000, 192_000):
        assert slow.WINDOW <= 2 ** ceil(log2(slow.WINDOW * rate)) / rate < longest


def test_names_in_speech_may_hold_the_letters_that_are_named():
    text = (ROOT / "workflow" / "rules" / "speech_video.smk").read_text()
    name = re.compile(re.search(r'name=r"(.*)"', text)[1])
    (listed,) = re.findall(r"letters, digits, spaces and `([^`]*)`", PAGE.read_text())
    assert all(name.fullmatch(f"a{letter}1") for letter in [*listed, " ", "é", "Z"])
    others = set(map(chr, range(32, 127))) - set(listed) - {" "}
    assert not [one for one in others if not one.isalnum() and name.fullmatch(f"a{one}1")]


def test_the_figure_has_a_line_for_each_system_and_a_colour_for_each_set(monkeypatch):
    scores = {"metric": "ssim", "estimate": "draw", "region": "whole", "mode": "clip"}
    drawn = []
    monkeypatch.setattr(plots, "save_figure", lambda figure, path: drawn.append(figure))
    groups = [pd.DataFrame([scores | {"system": name}]) for name in ("copied_frame", "a", "b")]
    monkeypatch.setattr(plots, "systems_in_order", lambda scores: groups)
    values = dict.fromkeys(("value", "low", "high", "seed_sd"), 0.5) | {"estimate": "draw"}
    monkeypatch.setattr(plots, "find_value", lambda *_: values)
    plots.plot_table(pd.DataFrame({"seeds": [1]}), "table1.png", synthetic=False)
    axes = drawn[0].axes[0]
    assert len(axes.get_yticks()) == len(groups)
    dots = {to_hex(line.get_color()).upper() for line in axes.lines if line.get_marker() == "o"}
    assert dots == set(plots.COLOURS.values())
    assert set(plots.COLOURS) == set(SETS)


@pytest.fixture
def samples(tmp_path):
    """What the stages write of one generated recording: generated file, samples, figure, page."""
    frames = np.tile(np.arange(60, dtype=np.uint8)[:, None, None], (1, 64, 64))
    arrays = {"frames": frames, "audio": np.zeros(60 * 320, np.float32)}
    write_shard(tmp_path / "frames.h5", [("a", arrays, {})], {})
    made = tmp_path / "m.h5"
    options = {"model_sha256": "ab" * 32, "seed": 7}
    with GeneratedWriter(made, system="m", kind=Kind.MODEL, **options) as writer:
        writer.rollout("a", frames[None])
    recordings = open_recordings({"frames": [tmp_path / "frames.h5"]})
    write_samples(
        recordings, generated={("m", "unseen_both"): made}, best="m", folder=tmp_path / "samples"
    )
    (tmp_path / "curve.csv").write_text("clips,loss,validation_error\n8,1,0.1\n16,0.5,0.1\n")
    plots.plot_curve(tmp_path / "curve.csv", tmp_path / "curve.png")
    pages.write_configuration_page({"device": "cpu"}, tmp_path / "page.html")
    return tmp_path


def test_files_of_the_workflow_say_what_they_are_and_what_made_them(samples):
    with h5py.File(samples / "m.h5") as file:
        generated = dict(file.attrs)
    with av.open(samples / "samples/m/unseen_both/a.mp4") as video:
        shown = json.loads(video.metadata["description"])
    for about in (generated, shown):
        assert about["synthetic"] and about["version"] == __version__ and "commit" in about
        assert (about["model_sha256"], about["seed"]) == ("ab" * 32, 7)
    with Image.open(samples / "samples/contact_sheet.png") as sheet:
        assert sheet.text["Software"] == program() and "synthetic" in sheet.text["Comment"]
    with Image.open(samples / "curve.png") as curve:
        assert curve.text["Software"] == program()
    assert program() in (samples / "page.html").read_text()


def test_clips_of_the_rating_study_say_only_what_their_corpus_is(tmp_path):
    recordings = open_recordings(write_spoken_corpus(tmp_path))
    cut_bvt(recordings, tmp_path / "segments.csv")
    length = recordings.frames.length("a")
    with GeneratedWriter(tmp_path / "m.h5", system="m", kind=Kind.MODEL) as writer:
        writer.rollout("a", 255 - film((np.arange(length) + 0.5) / 50, 0)[None])
    cut_clips(
        recordings=recordings,
        segments=tmp_path / "segments.csv",
        rollouts={"unseen_subject": tmp_path / "m.h5"},
        words=["bat", "bite"],
        folder=tmp_path / "rating",
        practice=0,
        synthetic=True,
    )
    said = set()
    for path in (tmp_path / "rating" / "clips").glob("*.mp4"):
        with av.open(path) as clip:
            tags = {"title", "comment", "description"} & set(clip.metadata)
            said.add(tuple(clip.metadata[name] for name in tags))
    assert said == {("from a numerical phantom, not a person",)}


def test_the_pictures_are_copies_of_results_made_smaller(tmp_path, monkeypatch):
    """Those of a real speaker are made where a recording is named after the folder."""
    results = tmp_path / "results"
    for name in ("report/overview", "samples/contact_sheet", "table1"):
        sheet = np.random.default_rng(0).integers(0, 200, (300, 400)).astype(np.uint8)
        # A note, and gaps below the pictures of two sets.
        sheet[20:40] = sheet[150:170] = sheet[280:] = 255
        path = results / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(sheet).save(path)
    frames = np.random.default_rng(0).integers(0, 256, (120, 32, 72), dtype=np.uint8)
    for name in SETS:
        write_video(results / f"samples/whisper-tiny.en/{name}/a.mp4", frames, 50)
    script = runpy.run_path(str(ROOT / "docs" / "images" / "make.py"))
    monkeypatch.setitem(script["main"].__globals__, "HERE", tmp_path / "made")
    (tmp_path / "made").mkdir()
    asked = []
    for name in ("people", "adapted"):
        monkeypatch.setitem(script["main"].__globals__, name, lambda *paths: asked.append(paths))
    script["main"](results)
    made = {path.name for path in (tmp_path / "made").iterdir()}
    assert made == {"overview.png", "contact_sheet.png", "table1.png", "moving.webp"}
    for name in ("report/overview.png", "table1.png"):
        assert (tmp_path / "made" / Path(name).name).stat().st_size < (
            (results / name).stat().st_size
        )
    assert not asked
    script["main"](results, Path("film.mp4"))
    assert asked == [(results / "model", Path("film.mp4"))] * 2


def test_make_calls_the_programs_of_its_own_environment():
    makefile = (ROOT / "Makefile").read_text()
    assert "VENV := .venv\nBIN := $(VENV)/bin\n" in makefile
    recipe = re.search(r"^table1: \$\(VENV\)/installed\n((?:\t.*\n)+)", makefile, re.M)[1]
    assert recipe.startswith("\t@$(BIN)/snakemake ")
    assert "`make` uses its own environment. Call `source .venv/bin/activate`" in TEXT
