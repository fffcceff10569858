"""Recordings without sound, from a folder of videos to a trained model."""

import numpy as np
import pandas as pd
import pytest
from safetensors.torch import load_file

from s2r.config.systems import SETS
from s2r.core.media.encode import write_video
from s2r.core.shards import Shards
from s2r.core.units import SAMPLE_RATE
from s2r.corpus.index import read_corpus
from s2r.corpus.split import read_split

SIZE, RATE, FRAMES = 32, 50, 110
SUBJECTS, STIMULI = ("s1", "s2", "s3"), ("a", "b", "c", "d")
LOW = 18
"""Row from which on nothing moves in recordings with sound."""
QUIET = ("a", "b", "yawn")
"""Stimuli of the recordings without sound."""

CONFIG = {
    "device": "cpu",
    "corpus": {
        "kind": "folder",
        "path": "videos",
        "silent": "use",
        "folder": {"pattern": "(?P<subject>[^/]+)/(?P<stimulus>[^/_]+)(_(?P<repetition>[0-9]))?"},
    },
    "recordings": {"shards": 1},
    "frames": {"size": SIZE},
    "split": {"unseen_subjects": 1, "unseen_stimuli": ["a"], "validation_stimuli": ["d"]},
    "autoencoder": {"codes": 6},
    "mean": {"clips": 32, "warmup_clips": 16, "validate_clips": 16, "hidden": 8, "segment": 20},
    "residual": {"clips": 32, "warmup_clips": 16, "validate_clips": 16, "hidden": 8, "segment": 20},
    "sampler": {"steps": 2},
    "evaluation": {"draws": 1, "clips": 2, "recordings": 1, "agreement_steps": 4},
    "encoders": {"whisper-tiny.en": None},
    "runs": {"whisper-tiny.en": None, "whisper-tiny.en-pooled": None},
    "recurrent": {"encoders": []},
}


def film(seed, number, moving):
    """Pictures of a subject's two bars, of which ``moving`` moves, and sound that follows it."""
    rng = np.random.default_rng([seed, number, moving])
    steps = np.convolve(rng.normal(size=FRAMES + 8), np.ones(9) / 3, "valid")
    change = np.tanh(steps * (np.arange(FRAMES) > 10))
    rows = np.arange(SIZE)[None, :, None]
    pictures = rng.normal(20, 3, (FRAMES, SIZE, SIZE))
    for bar, rest in enumerate((8 + number, 24)):
        height = rest + 4 * change * (bar == moving)
        pictures += 200 * np.exp(-np.square((rows - height[:, None, None]) / 2))
    loud = np.repeat(0.03 + 0.02 * change, SAMPLE_RATE // RATE)
    sound = loud * rng.normal(0, 1, len(loud))
    return pictures.clip(0, 255).astype(np.uint8), sound.astype(np.float32)


def write_videos(folder, sound=True):
    """Four recordings of each subject with sound, and three without: no stream, or zeros."""
    for number, subject in enumerate(SUBJECTS):
        for seed, stimulus in enumerate(STIMULI if sound else ()):
            frames, audio = film(seed, number, moving=0)
            write_video(folder / subject / f"{stimulus}.mp4", frames, RATE, audio, SAMPLE_RATE)
        for seed, stimulus in enumerate(QUIET):
            frames, audio = film(seed, number, moving=1)
            zeros = 0 * audio if stimulus == "b" else None
            write_video(folder / subject / f"{stimulus}_1.mp4", frames, RATE, zeros, SAMPLE_RATE)


@pytest.fixture
def run(snakemake, tmp_path):
    """``run(*targets)``: the folder of the results, and what the call prints."""

    def called(*targets, status=0):
        paths = [f"results/{target}" for target in targets]
        done = snakemake("--cores", "2", *paths, config=CONFIG)
        assert done.returncode == status, done.stdout[-5000:]
        return tmp_path / "results", done.stdout

    return called


def test_stage_1_alone_is_trained_on_recordings_without_sound(run, tmp_path):
    write_videos(tmp_path / "videos")
    used, printed = run("offsets.csv", "runs/logmel/model.safetensors")
    assert "9 of these have no sound" in printed

    index = read_corpus(used / "recordings.csv")
    split = read_split(used / "split.csv").set_index("recording")
    silent = index["silent"] != ""
    assert (index["status"] == "ok").all()
    assert silent.sum() == 9
    spoken = split[~silent.loc[split.index]]
    assert set(spoken["set"]) == {"train", "validation", *SETS, "unused"}
    (held_out,) = spoken.loc[spoken["set"] == "unseen_subject", "subject"].unique()
    kept = [s for s in SUBJECTS if s != held_out]
    names = [f"{subject}_{stimulus}_1" for subject in kept for stimulus in ("b", "yawn")]
    assert split.index[split["set"] == "silent"].tolist() == names
    rest = split[silent.loc[split.index] & (split["set"] != "silent")]
    assert set(rest["set"]) == {"unused"}

    frames = Shards([used / "frames" / "00.h5"])
    assert frames.recordings == sorted(index.index)
    assert frames.length("s1_yawn_1") == FRAMES
    assert len(frames.read("s1_yawn_1", "audio")) == 0
    embedded = Shards([used / "embeddings" / "logmel" / "00.h5"])
    assert embedded.recordings == sorted(spoken.index)
    assert pd.read_csv(used / "offsets.csv")["recording"].tolist() == sorted(spoken.index)

    components = load_file(used / "autoencoder" / "autoencoder.safetensors")["components"]
    energy = components.view(-1, SIZE, SIZE).square().sum((0, 2))
    assert energy[LOW:].sum() > 0.2 * energy.sum()


def test_a_corpus_without_any_sound_stops_with_one_sentence(run, tmp_path):
    write_videos(tmp_path / "videos", sound=False)
    _, printed = run("runs/logmel/model.safetensors", status=1)
    assert "Error: corpus.silent: none of the usable recordings has sound" in printed
    assert "Traceback" not in printed
