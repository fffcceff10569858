"""Recordings of the phantom with another's voice: times, movements, and where they are used."""

import numpy as np
import pandas as pd
import pytest

from s2r.core.phonetics import SILENCE
from s2r.corpus.phantom.phones import PARTS, PHONES
from s2r.corpus.phantom.speakers import draw_speaker
from s2r.corpus.phantom.stimuli import PROFILES
from s2r.corpus.phantom.tract import contours, tract_variables
from s2r.corpus.phantom.utterance import plan_speech
from s2r.corpus.phantom.voiced import REST, plan_voiced, sentence_for, voiced_wave
from s2r.corpus.phantom.writer import record_voiced, voiced_name
from s2r.corpus.split import make_split
from s2r.corpus.usc75 import parse_stem

SIZE = PROFILES["default"]
PLACES = [(s, n) for s in range(1, SIZE.speakers + 1) for n in range(1, SIZE.voiced + 1)]


def test_phones_fill_the_sound_one_after_another():
    for subject, number in PLACES:
        sentence = sentence_for(subject, number)
        first, *_, last = sentence.phones
        assert first.label == last.label == SILENCE
        assert first.start == 0
        assert first.end >= REST
        assert last.end == len(sentence.samples) / 16_000
        for phone, following in zip(sentence.phones, sentence.phones[1:], strict=False):
            assert phone.start < phone.end == following.start
        assert {phone.label for phone in sentence.phones} <= PHONES.keys() | PARTS.keys()


def test_every_recording_of_the_default_is_another_sentence_or_voice():
    said = [(s.voice, s.text) for s in (sentence_for(*place) for place in PLACES)]
    assert len(set(said)) == len(PLACES)
    for subject in range(SIZE.speakers):
        texts = [text for _, text in said[subject * SIZE.voiced : (subject + 1) * SIZE.voiced]]
        assert len(set(texts)) == SIZE.voiced


def test_the_sound_is_loud_in_vowels_and_silent_at_rest():
    for subject, number in PLACES[:8]:
        sentence = sentence_for(subject, number)
        power = {"AA": [], SILENCE: []}
        for phone in sentence.phones:
            kind = SILENCE if phone.label == SILENCE else "AA" if phone.label in "AAEHIY" else ""
            part = sentence.samples[round(phone.start * 16_000) : round(phone.end * 16_000)]
            power.get(kind, []).append(np.mean(part**2))
        assert np.mean(power["AA"]) > 100 * np.mean(power[SILENCE])


def test_the_phones_move_the_articulators_at_their_times():
    speaker, sentence = draw_speaker(1, 1), sentence_for(1, 1)
    utterance = plan_voiced(speaker, sentence, "voiced_r1", 1)
    middles = np.array([(phone.start + phone.end) / 2 for phone in sentence.phones])
    q = utterance.trajectories(middles)
    lips = tract_variables(speaker, q, contours(speaker, q))[:, 0]
    closed = np.array([phone.label in ("P", "B", "M") for phone in sentence.phones])
    vowels = np.array([phone.label in ("AA", "AE", "EH", "AH") for phone in sentence.phones])
    assert closed.any() and vowels.any()
    assert lips[closed].max() < lips[vowels].min()


def test_sound_and_picture_of_a_recording_are_as_long():
    take = record_voiced(2, 3, 1)
    assert take.frames.shape[1:] == (84, 84)
    assert len(take.wave) / 20_000 == pytest.approx(len(take.frames) * 0.012008, abs=0.0125)
    assert len(take.wave) == len(voiced_wave(sentence_for(2, 3)))
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
