"""Examples to click: recordings of the phantom with their true video, or a computed voice."""

import csv
from pathlib import Path

import numpy as np
import pytest

from helpers.sounds import voice
from s2r.apps.studio import examples
from s2r.apps.studio.examples import Example, find_examples, open_example, same_sound
from s2r.core.media.decode import probe, read_audio
from s2r.core.media.encode import write_video, write_wav


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Tables of six recordings; those of subject 9 cannot be shown, one video is missing, one
    recording was trained on, one is of a person."""
    monkeypatch.chdir(tmp_path)
    rows = [
        ("a", "sub002", "unseen_speech", "data/phantom/a.mp4"),
        ("b", "sub009", "unseen_speech", "data/phantom/b.mp4"),
        ("c", "sub003", "unseen_speech", "data/phantom/gone.mp4"),
        ("d", "sub003", "train", "data/phantom/a.mp4"),
        ("e", "sub001", "unseen_speech", "data/people/a.mp4"),
        ("f", "sub004", "unseen_speech", "data/phantom_voices/a.mp4"),
    ]
    for folder in ("data/phantom", "data/phantom_voices", "data/people"):
        Path(folder).mkdir(parents=True)
        frames = np.random.default_rng(0).integers(0, 256, (30, 16, 16)).astype(np.uint8)
        for name in "ab":
            write_video(f"{folder}/{name}.mp4", frames, 50, voice(0.6), 16_000)
    Path("results").mkdir()
    with open("results/split.csv", "w", newline="") as file:
        csv.writer(file).writerows(
            [("recording", "set"), *[(name, set_) for name, _, set_, _ in rows]]
        )
    with open("results/recordings.csv", "w", newline="") as file:
        head = ("recording", "subject", "stimulus", "video", "video_seconds")
        lines = [(name, subject, "topic1", video, 0.6) for name, subject, _, video in rows]
        csv.writer(file).writerows([head, *lines])
    return Path("results")


def test_only_unseen_speech_of_the_phantom_is_offered(results):
    found = find_examples(results, ["sub001", "sub002", "sub003"])
    assert [example.label for example in found] == ["Phantom sub002, topic1 (0.6 s)"]
    assert found[0].speaker == "sub002"


def test_the_phantom_with_others_voices_is_offered_too(results):
    found = find_examples(results, ["sub001", "sub004"])
    assert [example.speaker for example in found] == ["sub004"]


def test_the_truth_belongs_to_the_unchanged_sound(results, tmp_path):
    (example,) = find_examples(results, ["sub002"])
    opened = open_example(example, tmp_path / "work")
    assert opened.film == Path("data/phantom/a.mp4")
    sound, rate = read_audio(opened.sound)
    assert (len(sound) / rate) == pytest.approx(0.6, abs=0.06)
    copy = tmp_path / "copy.wav"
    copy.write_bytes(opened.sound.read_bytes())
    assert same_sound([opened], copy) is opened
    write_wav(copy, sound[1000:], rate)
    assert same_sound([opened], copy) is None
    assert same_sound([], copy) is None


def test_without_a_corpus_the_studio_computes_a_voice(tmp_path, monkeypatch):
    (example,) = find_examples(tmp_path, ["sub002"])
    assert example == Example("A computed voice, topic1", "sub002", None)
    # the shortest that the phantom says
    monkeypatch.setattr(examples, "COMPUTED", (2, "bvt", 0, "tiny"))
    opened = open_example(example, tmp_path / "work")
    assert probe(opened.film).frames > 50
    assert read_audio(opened.sound)[1] == 16_000
    made = opened.film.stat().st_mtime_ns
    assert open_example(example, tmp_path / "work").film.stat().st_mtime_ns == made
