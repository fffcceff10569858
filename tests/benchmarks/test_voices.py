"""TextGrids from the phones that synthesisers tell, or that are aligned."""

import subprocess
from pathlib import Path

import pytest

from s2r.core.errors import UserError
from s2r.core.phonetics import Segment
from s2r.corpus.textgrid import read_textgrid


@pytest.fixture
def voices(benchmark_module):
    return benchmark_module("voices")


def phones_of(path, text):
    path.write_text(text)
    return read_textgrid(path).phones


def test_a_textgrid_of_flite(voices, tmp_path):
    printed = "pau:0.224 m:0.285 eh:0.413 n:0.462 iy:0.601 pau:0.777 \n"
    phones = phones_of(tmp_path / "a.TextGrid", voices.textgrid(printed))
    assert [phone.label for phone in phones] == ["SIL", "M", "EH", "N", "IY", "SIL"]
    assert phones[1].start == pytest.approx(0.224) and phones[-1].end == pytest.approx(0.777)


def test_a_textgrid_of_festival(voices, monkeypatch, tmp_path):
    def run(command, **options):
        script = Path(command[-1]).read_text()
        assert "(voice_ked_diphone)" in script and str(tmp_path / "a.wav") in script
        segments = Path(script.split('utt.save.segs said "')[1].split('"')[0])
        segments.write_text("#\n0.2200 100 pau\n0.2569 100 dh\n0.3008 100 ax\n")

    monkeypatch.setattr(subprocess, "run", run)
    printed = voices.festival("The", "ked", tmp_path / "a.wav")
    phones = phones_of(tmp_path / "a.TextGrid", voices.textgrid(printed))
    assert [phone.label for phone in phones] == ["SIL", "DH", "AX"]
    assert phones[1].end == pytest.approx(0.2569)


def test_gaps_between_aligned_phones_are_silence(voices, tmp_path):
    aligned = [Segment("B", 0.1, 0.2), Segment("IY", 0.2, 0.35), Segment("M", 0.5, 0.6)]
    printed = " ".join(voices._with_gaps(aligned))
    phones = phones_of(tmp_path / "a.TextGrid", voices.textgrid(printed))
    assert [phone.label for phone in phones] == ["SIL", "B", "IY", "SIL", "M"]
    assert phones[3].start == pytest.approx(0.35) and phones[3].end == pytest.approx(0.5)


def test_voices_without_a_program_and_sentences_that_cannot_be_aligned_are_left_out(
    voices, monkeypatch, capsys, tmp_path
):
    def speak(sentence, voice, path):
        path.write_bytes(b"")
        if path.stem == "sentence03":
            raise UserError("the word is not known")
        return "pau:0.1 b:0.2"

    monkeypatch.setitem(voices.TRAINING, "awb", (speak, lambda: True))
    for name in ("kal16", "ked", "heart"):
        monkeypatch.setitem(voices.TRAINING, name, (speak, lambda: False))
    monkeypatch.setattr("sys.argv", ["voices.py", str(tmp_path), "--training"])
    voices.main()
    told = capsys.readouterr().err
    assert "for want of a program: kal16, ked, heart" in told and "is not known" in told
    assert [path.name for path in tmp_path.iterdir()] == ["awb"]
    sounds = {path.stem for path in (tmp_path / "awb").glob("*.wav")}
    assert sounds and sounds == {path.stem for path in (tmp_path / "awb").glob("*.TextGrid")}


def test_without_any_program_nothing_is_made(voices, monkeypatch, tmp_path):
    for name, (speak, _) in voices.TRAINING.items():
        monkeypatch.setitem(voices.TRAINING, name, (speak, lambda: False))
    monkeypatch.setattr("sys.argv", ["voices.py", str(tmp_path / "new"), "--training"])
    with pytest.raises(SystemExit, match="No voice is left"):
        voices.main()
    assert not (tmp_path / "new").exists()
