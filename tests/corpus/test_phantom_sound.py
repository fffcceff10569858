"""Script, speech and sound of the phantom: the sound must come from the shape."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from helpers.resonances import formants, transfer_function
from s2r.core.phonetics import CONSONANTS, VOWELS
from s2r.corpus.phantom.acoustics import add_scanner_noise, synthesise
from s2r.corpus.phantom.lexicon import PRONUNCIATIONS
from s2r.corpus.phantom.phones import NEUTRAL, PARTS, PHONES, VOWEL_FORMANTS
from s2r.corpus.phantom.speakers import REFERENCE, Speaker, draw_speaker
from s2r.corpus.phantom.stimuli import PROFILES, STIMULI, Profile, phone_sequence
from s2r.corpus.phantom.texts import READ, SPOKEN
from s2r.corpus.phantom.tract import (
    AREA_FLOOR,
    NASAL_LINE,
    PARAMETERS,
    area_function,
    column,
    contours,
)
from s2r.corpus.phantom.tube import SAMPLE_RATE, synthesis_frequencies
from s2r.corpus.phantom.utterance import plan_speech, recording_rng

SEED = 3
LONG = replace(PROFILES["default"], scripted_seconds=6.7, spontaneous_seconds=5.0)
"""Recordings long enough for most phones to occur."""


def posture(*labels: str) -> np.ndarray:
    """Parameters (len(labels), P) with every named target reached in full."""
    q = np.tile([NEUTRAL.get(name, 0.0) for name in PARAMETERS], (len(labels), 1))
    for row, label in enumerate(labels):
        for name, (value, _) in PHONES[label].targets.items():
            q[row, column(name)] = value
    return q


def sound(index: int, stimulus: str, repetition: int | None = None) -> np.ndarray:
    speaker = draw_speaker(index, SEED)
    utterance = plan_speech(speaker, stimulus, SEED, "tiny", repetition)
    wave = synthesise(speaker, utterance, recording_rng(SEED, speaker, stimulus, "sound"))
    return add_scanner_noise(wave, recording_rng(SEED, speaker, stimulus, "noise"))


def phrases() -> list[str]:
    return [phrase for texts in (READ, SPOKEN) for text in texts.values() for phrase in text]


def test_vowel_formants_of_the_reference_speaker():
    labels = list(VOWEL_FORMANTS)
    measured = formants(REFERENCE, posture(*labels))[:, :2]
    wanted = np.array([VOWEL_FORMANTS[label][:2] for label in labels])
    error = np.abs(measured / wanted - 1)
    assert error.max() < 0.06, dict(zip(labels, error.round(3).tolist(), strict=True))


def test_a_smaller_head_has_higher_formants():
    child = Speaker(sx=0.85, sy=0.8)
    vowels = posture("IY", "AX", "EH")
    assert np.all(formants(child, vowels)[:, 1] > 1.05 * formants(REFERENCE, vowels)[:, 1])


def test_nasal_coupling_changes_a_vowel():
    oral, nasal = posture("AA"), posture("AA")
    nasal[:, column("vel")] = 0.6
    level = [20 * np.log10(np.abs(transfer_function(REFERENCE, q)[0])) for q in (oral, nasal)]
    band = (synthesis_frequencies() > 200) & (synthesis_frequencies() < 3000)
    assert np.abs(level[0] - level[1])[band].max() > 6


def test_envelope_of_the_sound_follows_the_shape():
    frequencies = synthesis_frequencies()
    band = (frequencies > 150) & (frequencies < 5000)
    sounds, shapes = [], []
    for index, stimulus in ((1, "rainbow"), (2, "topic1"), (3, "bvt")):
        speaker = draw_speaker(index, SEED)
        utterance = plan_speech(speaker, stimulus, SEED, LONG)
        wave = synthesise(speaker, utterance, recording_rng(SEED, speaker, stimulus, "sound"))
        wave = add_scanner_noise(wave, recording_rng(SEED, speaker, stimulus, "noise"))
        middles = np.array(
            [(p.start + p.end) / 2 for p in utterance.parts if p.label in VOWEL_FORMANTS]
        )
        starts = np.round(middles * SAMPLE_RATE).astype(int) - 400
        pieces = np.stack([wave[start : start + 800] for start in starts]) * np.hanning(800)
        power = np.abs(np.fft.rfft(pieces, 2 * (len(frequencies) - 1) * 2))[:, ::2] ** 2
        shape = np.abs(transfer_function(speaker, utterance.trajectories(middles))) ** 2
        for found, kept in ((power, sounds), (shape, shapes)):
            level = np.log(gaussian_filter1d(found, 4, axis=1)[:, band])
            kept.append(level - level.mean(0))
    sounds, shapes = (np.concatenate(kept) for kept in (sounds, shapes))
    sounds, shapes = ((x - x.mean(1, keepdims=True)) for x in (sounds, shapes))
    sounds, shapes = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (sounds, shapes))
    similarity = sounds @ shapes.T
    count = len(similarity)
    assert count > 50
    assert np.median(np.diag(similarity)) > 0.8
    assert np.median(similarity[~np.eye(count, dtype=bool)]) < 0.4


@pytest.mark.parametrize("index", [1, 2])
def test_closures_reach_the_area_floor(index):
    speaker = draw_speaker(index, SEED)
    closures = {"P", "B", "M", "T", "D", "N", "K", "G", "NG"}
    met = set()
    for stimulus in ("vcv1", "vcv2", "vcv3"):
        utterance = plan_speech(speaker, stimulus, SEED, LONG)
        for part in utterance.parts:
            if part.label in closures:
                q = utterance.trajectories(np.linspace(part.start, part.end, 9))
                areas = area_function(speaker, q, contours(speaker, q)).areas[:, NASAL_LINE:]
                assert areas.min() == AREA_FLOOR, part
                met.add(part.label)
    assert len(met) >= 7


def test_vowels_never_close_the_mouth():
    for index in range(1, 21):
        speaker = draw_speaker(index, SEED)
        utterance = plan_speech(speaker, "vcv2", SEED, "tiny")
        middles = [(p.start + p.end) / 2 for p in utterance.parts if p.label in VOWEL_FORMANTS]
        q = utterance.trajectories(np.array(middles))
        areas = area_function(speaker, q, contours(speaker, q)).areas
        assert areas.min() > 0.02, index


def test_trajectories_do_not_depend_on_the_sampling():
    utterance = plan_speech(draw_speaker(2, SEED), "topic1", SEED, LONG)
    times = np.arange(0, utterance.duration, 0.004)
    dense = utterance.trajectories(times)
    np.testing.assert_allclose(utterance.trajectories(times[3::7]), dense[3::7], atol=1e-9)
    # no jumps: F moves by less than 2 mm in 4 ms, the lips by less than 4 mm
    assert np.abs(np.diff(dense[:, column("F")])).max() < 2
    assert np.abs(np.diff(dense[:, column("lh")])).max() < 4


def test_the_sound_is_loud_in_vowels_and_quiet_at_rest():
    speaker = draw_speaker(1, SEED)
    utterance = plan_speech(speaker, "bvt", SEED, "tiny", 1)
    wave = synthesise(speaker, utterance, recording_rng(SEED, speaker, "bvt", "sound"))
    assert wave.dtype == np.float32
    assert len(wave) == round(utterance.duration * SAMPLE_RATE)
    assert np.abs(wave).max() == pytest.approx(0.7, abs=1e-3)
    assert np.std(wave[: int(0.15 * SAMPLE_RATE)]) < 1e-3

    def level(labels: set[str]) -> float:
        middles = [(p.start + p.end) / 2 for p in utterance.parts if p.label in labels]
        spans = [slice(int(m * SAMPLE_RATE) - 200, int(m * SAMPLE_RATE) + 200) for m in middles]
        return 20 * np.log10(np.median([np.std(wave[span]) for span in spans]))

    assert level({"EY", "AE", "AA", "AO", "IH"}) > level({"B", "T"}) + 20
    assert abs(float(wave.mean())) < 1e-3


def test_voice_has_the_planned_pitch():
    speaker = draw_speaker(2, SEED)
    utterance = plan_speech(speaker, "vcv1", SEED, "tiny", 1)
    wave = synthesise(speaker, utterance, recording_rng(SEED, speaker, "vcv1", "sound"))
    ratios = []
    for part in utterance.parts:
        if part.label in ("AA", "IY"):
            middle = (part.start + part.end) / 2
            piece = wave[int(middle * SAMPLE_RATE) - 500 :][:1000]
            lags = np.correlate(piece, piece, "full")[len(piece) :]
            lag = 80 + lags[80:400].argmax() + 1
            ratios.append(SAMPLE_RATE / lag / utterance.f0(np.array([middle]))[0])
    assert np.median(ratios) == pytest.approx(1, abs=0.03)


def test_scanner_noise_is_periodic_and_40_db_down():
    wave = np.zeros(SAMPLE_RATE, np.float32)
    wave[::2] = 0.2
    noise = add_scanner_noise(wave, np.random.default_rng(0)) - wave
    ratio = 20 * np.log10(np.std(noise) / np.sqrt(np.mean(wave**2)))
    assert -41 < ratio < -37
    spectrum = np.abs(np.fft.rfft(noise))
    near = np.round(np.arange(1, 20) / 0.006004).astype(int)
    assert np.median(spectrum[near]) > 10 * np.median(spectrum)


def test_recordings_depend_on_nothing_but_seed_speaker_and_name():
    names = [(1, "topic1", None), (2, "bvt", 1), (1, "bvt", 1)]
    first = [sound(*name) for name in names]
    second = [sound(*name) for name in reversed(names)][::-1]
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
    speaker = draw_speaker(1, SEED)
    once = plan_speech(speaker, "bvt", SEED, "tiny", 1)
    again = plan_speech(speaker, "bvt", SEED, "tiny", 2)
    elsewhere = plan_speech(speaker, "bvt", SEED + 1, "tiny", 1)
    assert once.phones != again.phones
    assert once.phones != elsewhere.phones


def test_speakers_are_drawn_one_by_one():
    speaker = draw_speaker(5, SEED)
    assert speaker == draw_speaker(5, SEED)
    assert speaker != draw_speaker(5, SEED + 1)
    assert speaker.name == "sub005"
    assert speaker.female
    assert not draw_speaker(6, SEED).female
    assert json.loads(speaker.to_json())["offsets"].keys() == PHONES.keys()


def test_every_word_has_a_pronunciation_of_known_phones():
    words = {word for phrase in phrases() for word in phrase.split()}
    assert words == set(PRONUNCIATIONS)
    used = {label for phones in PRONUNCIATIONS.values() for label in phones}
    assert used <= PHONES.keys() | PARTS.keys()
    assert used >= set(CONSONANTS)


def test_no_sentence_occurs_twice():
    said = phrases()
    assert len(said) == len(set(said))
    assert STIMULI["picture1"].style == STIMULI["topic5"].style == "spontaneous"
    assert {s.style for n, s in STIMULI.items() if n not in SPOKEN} == {"scripted"}


def test_stimuli_are_numbered_as_in_the_corpus():
    stems = [s.stem(r) for s in STIMULI.values() for r in s.repetitions]
    assert len(stems) == 32
    assert stems[0] == "01_vcv1_r1"
    assert {"04_bvt_r2", "09_northwind1_r1", "12_picture1", "21_topic5"} <= set(stems)


@pytest.mark.parametrize("stimulus", list(STIMULI))
def test_every_stimulus_can_be_spoken(stimulus):
    labels = phone_sequence(stimulus, REFERENCE, np.random.default_rng(0), None)
    assert set(labels) <= PHONES.keys() | PARTS.keys()
    for seed in range(10):
        ends = phone_sequence(stimulus, REFERENCE, np.random.default_rng(seed), 4.0)
        assert "SIL" not in (ends[0], ends[-1])
    utterance = plan_speech(REFERENCE, stimulus, SEED, "tiny")
    assert 2.5 < utterance.duration < 5.5


def test_bvt_and_vcv_hold_what_they_are_named_after():
    rng = np.random.default_rng(0)
    bvt = " ".join(phone_sequence("bvt", REFERENCE, rng, None)).replace("S EY ", "").split(" SIL ")
    assert sorted(bvt) == sorted(
        " ".join(PRONUNCIATIONS[word])
        for word in ("bite", "bat", "beat", "bird", "bit", "boat", "bought", "butte")
    )
    pairs = {
        tuple(item.split())
        for name in ("vcv1", "vcv2", "vcv3")
        for item in " ".join(phone_sequence(name, REFERENCE, rng, None)).split(" SIL ")
    }
    assert len(pairs) == 3 * len(CONSONANTS)
    assert all(first == last and middle in CONSONANTS for first, middle, last in pairs)


def first_labels(stimulus: str, profile: Profile, index: int) -> tuple[str, ...]:
    """The first phones, after the rest, that a speaker says."""
    utterance = plan_speech(draw_speaker(index, SEED), stimulus, SEED, profile)
    return tuple(phone.label for phone in utterance.phones)[1:9]


def test_free_speech_differs_between_speakers_and_whole_readings_do_not():
    whole = replace(LONG, whole=("rainbow",))
    free, read = (
        {first_labels(stimulus, whole, index) for index in range(1, 5)}
        for stimulus in ("topic1", "rainbow")
    )
    assert len(free) > 1
    assert len(read) == 1


def test_short_readings_by_many_speakers_cover_the_passage():
    begun = {first_labels("rainbow", LONG, index) for index in range(1, 25)}
    starts = {
        tuple(label for word in phrase.split() for label in PRONUNCIATIONS[word])[:8]
        for phrase in READ["rainbow"]
    }
    assert begun == starts


def test_subjects_of_the_default_read_the_whole_word_list():
    profile = PROFILES["default"]
    for index in range(1, profile.speakers + 1):
        utterance = plan_speech(draw_speaker(index, SEED), "bvt", SEED, profile, 1)
        labels = " ".join(phone.label for phone in utterance.phones)
        read = labels.removeprefix("SIL ").removesuffix(" SIL").split(" SIL ")
        assert sorted(read) == sorted(
            " ".join(" ".join(PRONUNCIATIONS[word]) for word in phrase.split())
            for phrase in READ["bvt"]
        )
        assert 5.5 < utterance.duration < 9.0


def test_profiles_have_the_sizes_they_promise():
    seconds = {
        name: p.speakers * sum(p.seconds(stimulus) or 7 for stimulus, _ in p.recordings)
        for name, p in PROFILES.items()
    }
    assert seconds["tiny"] == pytest.approx(36, abs=3)
    assert seconds["default"] == pytest.approx(980, abs=20)
    assert PROFILES["paper"].speakers == 75
    assert len(PROFILES["paper"].recordings) == 32


def test_the_phantom_has_a_target_for_each_phone():
    phones = VOWELS | set(CONSONANTS) | {"SIL"}
    assert phones == PHONES.keys() | PARTS.keys()
    assert {part for parts in PARTS.values() for part in parts} <= PHONES.keys()
