"""Words found in recordings: from the script, and by forced alignment of the phantom's voice."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from helpers.spoken_corpus import TRIM, write_spoken_corpus
from s2r.core.errors import UserError
from s2r.core.media.resample import resample
from s2r.core.phonetics import Segment
from s2r.core.units import SAMPLE_RATE
from s2r.corpus.phantom import acoustics
from s2r.corpus.phantom.acoustics import synthesise
from s2r.corpus.phantom.lexicon import spoken, words_in
from s2r.corpus.phantom.speakers import draw_speaker
from s2r.corpus.phantom.utterance import plan_speech
from s2r.evaluation.words.alignment import Aligner
from s2r.evaluation.words.segments import cut_corpus, items_of, read_segments
from s2r.preparation.recordings import open_recordings

needs_aligner = pytest.mark.skipif(
    importlib.util.find_spec("soundswallower") is None,
    reason="the extra align is not installed: make extras",
)


def cut(home, corpus, transcripts, **changes):
    arguments = {"stimuli": ["bvt"], "transcripts": transcripts} | changes
    cut_corpus(
        open_recordings(corpus),
        sets=["unseen_subject"],
        path=home / "segments.csv",
        **arguments,
    )
    return read_segments(home / "segments.csv")


def segments(*labels: str) -> list[Segment]:
    return [Segment(label, 0.1 * k, 0.1 * (k + 1)) for k, label in enumerate(labels)]


def test_words_are_spelled_out_of_phones():
    assert words_in(("S", "EY", "B", "Y", "UW", "T")) == ["say", "butte"]
    assert words_in(("DH", "AX", "S", "AH", "N")) == ["the", "sun"]
    assert words_in(("B", "B")) is None


def test_phrases_become_words_and_vcvs():
    said = segments("SIL", "UW", "CH", "UW", "SIL", "S", "EY", "B", "IH", "T", "SIL", "T", "T")
    found = spoken(said)
    assert [(item.label, item.kind, item.consonant) for item in found] == [
        ("UW-CH-UW", "vcv", "CH"),
        ("say", "word", ""),
        ("bit", "word", ""),
    ]
    assert (found[2].start, found[2].end) == pytest.approx((0.7, 1.0))


def test_script_gives_segments_on_the_clock_of_the_frames(tmp_path):
    corpus = write_spoken_corpus(tmp_path)
    table = cut(tmp_path, corpus, {"bvt": "bite bat"})
    assert set(table["recording"]) == {"a", "b"}
    assert set(table["source"]) == {"truth"}
    own = table[table["recording"] == "b"]
    items = own[own["kind"] != "phone"]
    assert items["item"].tolist() == ["b_01", "b_02"]
    assert items[["kind", "label", "consonant"]].values.tolist() == [
        ["vcv", "AA-T-AA", "T"],
        ["word", "bat", ""],  # say is no word of the list
    ]
    assert items["start"].tolist() == pytest.approx([0.2 - TRIM, 1.6 - TRIM])
    assert own.loc[own["kind"] == "phone", "label"].tolist() == ["AA", "T", "AA", "B", "AE", "T"]
    read = items_of(table)["b_02"]
    assert [phone.label for phone in read.phones] == ["B", "AE", "T"]
    assert read.end == pytest.approx(2.2 - TRIM)


def test_words_of_real_corpora_do_without_the_phantom():
    code = """if True:
        import pkgutil, sys
        import s2r.evaluation.words as words
        for module in pkgutil.iter_modules(words.__path__, words.__name__ + "."):
            __import__(module.name)
            print(module.name)
        assert not [name for name in sys.modules if name.startswith("s2r.corpus.phantom")]
    """
    output = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert "s2r.evaluation.words.segments" in output.split()


def test_recordings_that_cannot_be_cut_are_named(tmp_path, capsys):
    corpus = write_spoken_corpus(tmp_path, truth=False)
    table = cut(tmp_path, corpus, {"vcv1": "AA-T-AA"})
    assert table.empty
    output = capsys.readouterr().out
    assert "0 of 2 recordings" in output
    assert "a: words.transcripts has no text for bvt" in output


def test_missing_aligner_is_said(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "soundswallower", None)
    with pytest.raises(UserError, match=r"pip install .*align"):
        Aligner()


@needs_aligner
def test_sound_that_does_not_fit_is_named_and_the_rest_goes_on(tmp_path, capsys):
    corpus = write_spoken_corpus(tmp_path, truth=False)  # its sound is silence
    assert cut(tmp_path, corpus, {"bvt": "bite bat"}).empty
    assert "not cut: b: 2.9 s of sound do not fit the text 'bite bat'" in capsys.readouterr().out


@pytest.fixture(scope="module")
def voice():
    """True items of a phantom recording of bVt words, and its sound at 16 kHz."""
    speaker = draw_speaker(3, seed=1)
    utterance = plan_speech(speaker, "bvt", 1, "tiny", 1)
    wave = synthesise(speaker, utterance, np.random.default_rng(0))
    return spoken(utterance.phones), resample(wave, acoustics.SAMPLE_RATE, SAMPLE_RATE)


@needs_aligner
def test_alignment_finds_the_words_of_the_phantom(voice):
    truth, sound = voice
    aligner = Aligner()
    found = aligner.align(sound, " ".join(item.label for item in truth))
    assert [item.label for item in found] == [item.label for item in truth]
    errors = [abs(other.start - true.start) for true, other in zip(truth, found, strict=True)]
    assert np.median(errors) < 0.03
    assert max(errors) < 0.15
    spelled = aligner.align(sound, " ".join("-".join(p.label for p in i.phones) for i in truth))
    assert [[p.label for p in item.phones] for item in spelled] == [
        [p.label for p in item.phones] for item in truth
    ]
    assert aligner.align(sound, " ".join(item.label for item in truth)) == found


@needs_aligner
@pytest.mark.parametrize("word", ["gronk", "A-B", "AA--T"])
def test_unknown_words_are_named(voice, word):
    with pytest.raises(UserError, match=f"the word '{word}' is not in the aligner's dictionary"):
        Aligner().align(voice[1], f"say {word}")
