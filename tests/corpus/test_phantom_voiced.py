"""Recordings of the phantom with another's voice: times, movements, and where they are used."""

import numpy as np
import pandas as pd
import pytest

from s2r.core.errors import UserError
from s2r.core.media.encode import write_wav
from s2r.core.phonetics import SILENCE
from s2r.corpus.phantom.speakers import draw_speaker
from s2r.corpus.phantom.stimuli import PROFILES
from s2r.corpus.phantom.tract import contours, tract_variables
from s2r.corpus.phantom.utterance import plan_speech
from s2r.corpus.phantom.voiced import (
    RECORDINGS,
    REST,
    SPEEDS,
    find_voices,
    plan_voiced,
    read_spoken,
    recording_of,
    speed_of,
)
from s2r.corpus.phantom.writer import record_voiced, voiced_name, write_corpus
from s2r.corpus.split import make_split
from s2r.corpus.usc75 import parse_stem

SECONDS = 1.0
TIER = ((0.1, 0.3, "B"), (0.3, 0.5, "AA1"), (0.5, 0.6, "m"), (0.7, 0.8, "AE"), (0.8, 0.9, "spn"))
"""What every recording says; .6 to .7 s is a gap."""


def write_textgrid(path, tier=TIER):
    rows = [
        str(value) if isinstance(value, float) else f'"{value}"' for row in tier for value in row
    ]
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", str(SECONDS)]
    lines += ["<exists>", "1", '"IntervalTier"', '"phones"', "0", str(SECONDS), str(len(tier))]
    path.write_text("\n".join([*lines, *rows]) + "\n")


@pytest.fixture
def folder(tmp_path):
    """Two voices with 72 recordings each."""
    for voice in ("a", "b"):
        (tmp_path / "voices" / voice).mkdir(parents=True)
        for number in range(72):
            path = tmp_path / "voices" / voice / f"{number:02d}.wav"
            noise = np.random.default_rng(number).uniform(-0.1, 0.1, 16_000)
            write_wav(path, noise.astype(np.float32), 16_000)
            write_textgrid(path.with_suffix(".TextGrid"))
    return tmp_path / "voices"


def test_phones_fill_the_sound_one_after_another(folder):
    spoken = read_spoken(folder / "a" / "03.wav")
    assert len(spoken.samples) == pytest.approx(16_000 * (SECONDS + 2 * REST), abs=2)
    labels = [phone.label for phone in spoken.phones]
    assert labels == [SILENCE, "B", "AA", "M", SILENCE, "AE", SILENCE]
    starts = [phone.start for phone in spoken.phones]
    np.testing.assert_allclose(starts, [0, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0], atol=1e-6)
    for phone, following in zip(spoken.phones, spoken.phones[1:], strict=False):
        assert phone.start < phone.end == following.start
    assert spoken.phones[-1].end == len(spoken.samples) / 16_000


@pytest.mark.parametrize("speed", [0.85, 1.2])
def test_a_faster_recording_is_shorter_and_so_are_its_phones(folder, speed):
    path = folder / "a" / "03.wav"
    tone = np.sin(2 * np.pi * 400 * np.arange(16_000) / 16_000).astype(np.float32)
    write_wav(path, tone / 2, 16_000)
    usual, played = read_spoken(path), read_spoken(path, speed)
    rest = round(REST * 16_000)
    assert len(played.samples) - 2 * rest == pytest.approx(16_000 / speed, abs=1)
    spectrum = np.abs(np.fft.rfft(played.samples[rest:-rest], 16_000))
    assert spectrum.argmax() == pytest.approx(400 * speed, abs=2)
    assert [phone.label for phone in played.phones] == [phone.label for phone in usual.phones]
    for one, other in zip(played.phones[1:-1], usual.phones[1:-1], strict=True):
        assert one.start - REST == pytest.approx((other.start - REST) / speed, abs=1e-6)
    assert played.phones[-1].end == len(played.samples) / 16_000


def test_speeds_are_drawn_evenly_on_a_logarithmic_scale():
    rng = np.random.default_rng(0)
    speeds = np.array([speed_of(rng) for _ in range(2000)])
    assert speeds.min() >= SPEEDS[0] and speeds.max() <= SPEEDS[1]
    assert np.median(speeds) == pytest.approx(np.sqrt(np.prod(SPEEDS)), abs=0.02)


def test_every_recording_of_the_default_is_another_text_or_voice(folder):
    voices = find_voices(folder)
    subjects = range(1, PROFILES["default"].speakers + 1)
    said = [[recording_of(voices, s, n) for n in range(1, RECORDINGS + 1)] for s in subjects]
    assert len({path for paths in said for path in paths}) == len(subjects) * RECORDINGS
    for paths in said:
        assert len({path.stem for path in paths}) == RECORDINGS
        assert {path.parent.name for path in paths} == {"a", "b"}


def test_the_phones_move_the_articulators_at_their_times(folder):
    speaker, spoken = draw_speaker(1, 1), read_spoken(folder / "a" / "00.wav")
    utterance = plan_voiced(speaker, spoken, "voiced_r1", 1)
    middles = np.array([(phone.start + phone.end) / 2 for phone in spoken.phones])
    q = utterance.trajectories(middles)
    lips = tract_variables(speaker, q, contours(speaker, q))[:, 0]
    closed = np.array([phone.label in ("B", "M") for phone in spoken.phones])
    vowels = np.array([phone.label in ("AA", "AE") for phone in spoken.phones])
    assert closed.sum() == vowels.sum() == 2
    assert lips[closed].max() < lips[vowels].min()


def test_sound_and_picture_of_a_recording_are_as_long(folder):
    sound = folder / "b" / "05.wav"
    take = record_voiced(2, 3, 1, sound)
    assert take.frames.shape[1:] == (84, 84)
    assert len(take.wave) / 20_000 == pytest.approx(len(take.frames) * 0.012008, abs=0.0125)
    seconds = SECONDS / np.array(SPEEDS) + 2 * REST
    assert seconds[1] <= len(take.wave) / 20_000 <= seconds[0]
    assert len(record_voiced(2, 4, 1, sound).wave) != len(take.wave)
    own = plan_speech(draw_speaker(2, 1), "vcv1", 1, "tiny", 1)
    assert take.speaker == own.speaker


def test_they_are_trained_on_and_never_tested():
    names = [voiced_name(subject, 1) for subject in range(1, 7)]
    names += [f"sub{subject:03d}_2drt_06_rainbow_r1" for subject in range(1, 7)]
    index = pd.DataFrame([parse_stem(name) for name in names]).assign(status="ok", silent="")
    split = make_split(
        index, 1, unseen_subjects=2, unseen_stimuli=[], validation_stimuli=[]
    ).set_index("recording")
    sets = split["set"][names]
    assert sets[:6].value_counts().to_dict() == {"train": 4, "unused": 2}
    assert sets[6:].value_counts().to_dict() == {"train": 4, "unseen_subject": 2}


def test_voices_that_cannot_be_used_are_named(folder, tmp_path):
    write_textgrid(folder / "a" / "00.TextGrid", ())
    with pytest.raises(UserError, match=r"00\.TextGrid has no tier phones"):
        read_spoken(folder / "a" / "00.wav")
    (tmp_path / "none").mkdir()
    with pytest.raises(UserError, match="none holds no voices"):
        write_corpus(tmp_path / "corpus", "tiny", 1, voices=tmp_path / "none")
    assert not (tmp_path / "corpus").exists()
