"""When phones are said, on the clock of the frames: from truth, TextGrid or aligner."""

import sys

import numpy as np
import pandas as pd
import pytest

from helpers.spoken_corpus import PHONES, RATE, TRIM, write_spoken_corpus
from s2r.core.errors import UserError
from s2r.core.phonetics import Segment
from s2r.core.shards import write_shard
from s2r.corpus.textgrid import SpokenTimes
from s2r.evaluation.phones.times import (
    CODES,
    NO_PHONE,
    frame_codes,
    read_phone_times,
    write_phone_times,
)
from s2r.preparation.recordings import open_recordings

TEXTGRID = """File type = "ooTextFile"
Object class = "TextGrid"

0
2
<exists>
2
"IntervalTier"
"words"
0
2
1
0.5
1.0
"bat"
"IntervalTier"
"phones"
0
2
4
0
0.5
""
0.5
0.6
"B"
0.6
0.8
"AE1"
0.8
1.0
"T"
"""


def find(home, files, transcripts=None) -> dict[str, SpokenTimes]:
    recordings = open_recordings(files)
    path = home / "phone_times.csv"
    write_phone_times(recordings, sets=["unseen_subject"], transcripts=transcripts or {}, path=path)
    return read_phone_times(path)


def test_the_truth_is_brought_onto_the_clock(tmp_path):
    found = find(tmp_path, write_spoken_corpus(tmp_path))
    assert sorted(found) == ["a", "b", "c"]
    assert [phone.label for phone in found["a"].phones] == [label for label, *_ in PHONES]
    assert found["a"].phones[2].start == pytest.approx(0.5 - TRIM)
    assert [item.label for item in found["a"].items] == ["AA-T-AA", "say", "bat"]
    assert [item.kind for item in found["a"].items] == ["vcv", "word", "word"]
    assert found["a"].items[2].end == pytest.approx(2.2 - TRIM)
    assert pd.read_csv(tmp_path / "phone_times.csv")["source"].unique() == ["truth"]


@pytest.fixture
def silent_video(tmp_path):
    """One recording whose sound was moved 0.2 s earlier, with a TextGrid beside its video."""

    def write(textgrid: str | None) -> dict:
        items = [("a", {"frames": np.zeros((100, 16, 16), np.uint8)}, {"moved": 0.2})]
        write_shard(tmp_path / "0.h5", items, {"first_frame_time": TRIM, "rate": RATE})
        table = pd.DataFrame({"recording": ["a"], "subject": "s", "stimulus": "bvt", "truth": ""})
        table = table.assign(video=str(tmp_path / "a.mp4"), audio="")
        table.to_csv(tmp_path / "recordings.csv", index=False)
        table.assign(set="unseen_subject").to_csv(tmp_path / "split.csv", index=False)
        if textgrid is not None:
            (tmp_path / "a.TextGrid").write_text(textgrid)
        tables = {name: tmp_path / f"{name}.csv" for name in ("recordings", "split")}
        return tables | {"frames": [tmp_path / "0.h5"]}

    return write


def test_a_textgrid_has_the_times_of_the_sound(tmp_path, silent_video):
    found = find(tmp_path, silent_video(TEXTGRID))["a"]
    assert [phone.label for phone in found.phones] == ["SIL", "B", "AE", "T"]
    assert found.phones[1].start == pytest.approx(0.5 - TRIM - 0.2)
    assert [item.label for item in found.items] == ["bat"]


def test_a_damaged_textgrid_is_named_and_the_rest_goes_on(tmp_path, silent_video, capsys):
    assert find(tmp_path, silent_video(TEXTGRID.replace("AE1", "XX"))) == {}
    output = capsys.readouterr().out
    assert "no phones: a: " in output
    assert "the phone 'XX' at 0.60 s is not one of ARPABET" in output


def test_without_any_source_there_are_no_phones(tmp_path, silent_video, capsys):
    assert find(tmp_path, silent_video(None), {"bvt": "bat"}) == {}
    assert "The phones of 0 of 1 recordings are known." in capsys.readouterr().out


def test_a_missing_aligner_is_said_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "soundswallower", None)
    files = write_spoken_corpus(tmp_path, truth=False)
    table = pd.read_csv(files["recordings"]).assign(video="a.mp4", audio="a.wav")
    table.to_csv(files["recordings"], index=False)
    assert find(tmp_path, files, {"bvt": "bat"}) == {}
    assert capsys.readouterr().out.count("nothing is aligned") == 1


def test_frames_have_the_phone_at_their_centre():
    spoken = SpokenTimes(
        (Segment("S", 0.0, 0.05), Segment("", 0.05, 0.07), Segment("AA", 0.1, 1)), ()
    )
    codes = frame_codes(spoken, 7)
    # centres at 0.01, 0.03, 0.05 ... s; nothing is known from 0.05 to 0.1 s
    assert codes.tolist() == [CODES["S"]] * 2 + [NO_PHONE] * 3 + [CODES["AA"]] * 2
    assert frame_codes(SpokenTimes((), ()), 3).tolist() == [NO_PHONE] * 3


@pytest.mark.parametrize(("before", "after"), [(",SIL,", ",X,"), (",0.4,", ",nan,"), ("1", "x")])
def test_a_damaged_table_is_one_sentence(tmp_path, before, after):
    find(tmp_path, write_spoken_corpus(tmp_path))
    path = tmp_path / "phone_times.csv"
    content = path.read_text()
    assert before in content
    path.write_text(content.replace(before, after))
    with pytest.raises(UserError, match="delete it and call snakemake again"):
        read_phone_times(path)


def test_a_missing_file_names_its_rule(tmp_path):
    with pytest.raises(UserError, match="run the rule phone_times"):
        read_phone_times(tmp_path / "no.csv")
