"""Estimated delays of the sound, from the frames to contours and words; no model is trained.

The phantom's sound is in step with its picture, so that of two subjects is moved here.
"""

import json
from itertools import chain

import numpy as np
import pandas as pd
import pytest

from s2r.core.media.decode import read_audio, read_video
from s2r.core.media.encode import write_video
from s2r.core.units import FRAME_RATE
from s2r.corpus.phantom.lexicon import spoken
from s2r.corpus.phantom.writer import write_corpus
from s2r.corpus.truth import read_truth, truth_on_grid
from s2r.evaluation.data import open_evaluation_data
from s2r.evaluation.metrics.contours import contour_error_mm
from s2r.preparation.frames import first_frame_time

LATE = {"sub001": 0.0, "sub002": -0.12, "sub003": 0.1}
"""s by which the sound of each subject comes after the picture."""

SPLIT = {"unseen_subjects": 1, "unseen_stimuli": ["topic1"], "validation_stimuli": []}
CONFIG = {
    "device": "cpu",
    "corpus": {"phantom": {"profile": "tiny"}},
    "recordings": {"audio_offset": "estimate"},
    "split": SPLIT,
    "evaluation": {"agreement_steps": None},
}


@pytest.fixture
def moved_phantom(tmp_path):
    """The tiny phantom with its sound moved as ``LATE`` says; the folder of the results."""
    phantom = tmp_path / "data" / "phantom"
    write_corpus(phantom, "tiny", seed=1)
    for subject, late in LATE.items():
        for path in (phantom / subject).rglob("*_video.mp4") if late else ():
            frames, rate = read_video(path)
            sound, sample_rate = read_audio(path)
            samples = round(abs(late) * sample_rate)
            sound = np.pad(sound, (samples, 0)) if late > 0 else sound[samples:]
            write_video(path, frames, rate, audio=sound, sample_rate=sample_rate)
    return tmp_path / "results"


@pytest.fixture
def results(moved_phantom, snakemake):
    targets = ("offsets.csv", "scores/real.json", "segments.csv")
    process = snakemake("--cores", "2", *(f"results/{target}" for target in targets), config=CONFIG)
    assert process.returncode == 0, process.stdout[-3000:]
    return moved_phantom


def test_contours_and_words_follow_the_estimated_offsets(results, monkeypatch):
    monkeypatch.chdir(results.parent)  # the index has the paths as the workflow sees them
    files = {name: results / f"{name}.csv" for name in ("split", "recordings")}
    files |= {"frames": sorted((results / "frames").glob("*.h5"))}
    files |= {"region": results / "instruments" / "region.npz"}
    files |= {"probe": [results / "instruments" / "probe.safetensors"]}
    data = open_evaluation_data(files)
    assert not (results / "model").exists()
    check_offsets(data, pd.read_csv(results / "offsets.csv"))
    check_contours(data, json.loads((results / "scores" / "real.json").read_text()))
    check_words(data, pd.read_csv(results / "segments.csv"))


def check_offsets(data, offsets):
    """Every sound is moved by what it is late, and frames start later where it is early."""
    assert offsets["recording"].tolist() == data.frames.recordings
    late = offsets["subject"].map(LATE)
    assert late.nunique() == 3
    assert (offsets["moved"] - late).abs().max() < 1 / FRAME_RATE
    assert (offsets["moved"] != 0).tolist() == (late != 0).tolist()
    for row in offsets.itertuples():
        first = first_frame_time(data.frames, row.recording)
        assert first == pytest.approx(max(0, -row.moved), abs=1e-6)


def error(data, video, contour):
    return contour_error_mm(data.instruments.contours(video)["tongue"], contour).mean()


def check_contours(data, real):
    """The probe's error is at most half of that of a copied frame, and of contours not moved."""
    rows = list(chain(*(content["values"] for content in real["sets"].values())))
    rows = [row for row in rows if (row["metric"], row["region"]) == ("contour_mm", "tongue")]
    assert {LATE[data.about(row["recording"])["subject"]] for row in rows} == set(LATE.values())
    for row in rows:
        recording = row["recording"]
        video, contour = data.video(recording), data.probed_contours(recording)["tongue"]
        copied = np.repeat(video[:1], len(video), axis=0)
        assert 2 * row["value"] < error(data, copied, contour)
        if LATE[data.about(recording)["subject"]] < 0:
            truth = truth_on_grid(read_truth(data.about(recording)["truth"]), len(video))["tongue"]
            assert 2 * row["value"] < error(data, video, truth)


def check_words(data, segments):
    """Items lie within the frames, and where the script has them."""
    assert {"word", "vcv", "phone"} == set(segments["kind"])
    assert (segments["start"] >= 0).all()
    assert (segments["start"] < segments["end"]).all()
    assert (segments["end"] <= segments["recording"].map(data.length) / FRAME_RATE).all()
    items = segments[segments["kind"] != "phone"]
    for recording, group in items.groupby("recording"):
        about = data.about(recording)
        frames_start = max(0, -LATE[about["subject"]])
        script = spoken(read_truth(about["truth"]).phones)
        for item in group.itertuples():
            starts = [said.start - frames_start for said in script if said.label == item.label]
            assert min(abs(start - item.start) for start in starts) < 1 / FRAME_RATE
