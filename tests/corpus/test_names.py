"""Names of files in any writing become names of recordings, subjects and stimuli: one each."""

import os
import unicodedata
from pathlib import Path

import pytest

from s2r.config.data_blocks import FolderBlock
from s2r.corpus.index import index_corpus, read_recordings, write_recordings
from s2r.corpus.names import LONGEST, printable, safe_name, unique_names
from s2r.corpus.split import make_split

SYLLABLES = ("कि", "का", "कु", "के")


@pytest.fixture
def put(film, tmp_path):
    """``put(name)`` writes a recording of that name into the corpus, each with other bytes."""
    written = []

    def write(name: str | bytes) -> Path:
        path = tmp_path / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(film + bytes([len(written)]))
        written.append(path)
        return path

    return write


def test_usual_names_stay_as_they_are():
    for name in ("sub001_2drt_01_vcv1_r1", "007_deeper_étude_2", "anna-b.c", "語"):
        assert safe_name(name) == name
    assert safe_name("anna/my story  (2)") == "anna_my_story_2_"
    assert safe_name("../x") == "_x"
    assert safe_name("...") == "_"
    assert safe_name("a/" + "b" * (LONGEST - 2)) == "a_" + "b" * (LONGEST - 2)


def test_one_text_in_two_unicode_forms_is_one_name():
    composed, decomposed = (unicodedata.normalize(form, "José/é ǭ") for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert safe_name(composed) == safe_name(decomposed) == "José_é_ǭ"
    assert set(unique_names([composed, decomposed]).values()) == {"José_é_ǭ"}


def test_marks_are_letters():
    assert [safe_name(syllable) for syllable in SYLLABLES] == list(SYLLABLES)
    assert safe_name("t͡ʃa") == "t͡ʃa"


def test_long_names_are_cut_and_told_apart():
    names = [safe_name("語" * 100 + end) for end in "ab"]
    assert len(set(names)) == 2
    assert all(len(name.encode()) <= LONGEST for name in names)
    assert names[0].startswith("語" * 30)


def test_texts_that_become_one_name_are_told_apart():
    names = unique_names(["a+b", "a b", "ab"])
    assert names["ab"] == "ab"
    assert names["a+b"] != names["a b"]
    assert {name.rpartition("-")[0] for name in names.values()} == {"", "a_b"}
    # The digest is that of the text: it stays whatever other names there are.
    assert unique_names(["a+b", "(a", "a b"])["a+b"] == names["a+b"]


def test_a_subject_in_two_unicode_forms_is_one_subject(put, tmp_path):
    put(unicodedata.normalize("NFC", "José") + "/eins.mp4")
    put(unicodedata.normalize("NFD", "José") + "/zwei.mp4")
    put("ana/" + unicodedata.normalize("NFD", "ñandú") + ".mp4")
    put("ana/zwei.mp4")
    table = index_corpus("folder", tmp_path, workers=1)
    assert set(table["status"]) == {"ok"}
    assert set(table["subject"]) == {"ana", "José"}
    split = make_split(
        table,
        1,
        unseen_subjects=0,
        unseen_stimuli=[unicodedata.normalize("NFD", "ñandú")],
        validation_stimuli=[],
    )
    assert split.set_index("recording")["set"].to_dict() == {
        "José_eins": "train",
        "José_zwei": "train",
        "ana_zwei": "train",
        "ana_ñandú": "unseen_speech",
    }


def test_a_pattern_in_the_other_unicode_form(put, tmp_path):
    put(unicodedata.normalize("NFC", "é") + "_a_b.mp4")
    pattern = unicodedata.normalize("NFD", "é") + "_(?P<subject>.)_(?P<stimulus>.)"
    (row,) = index_corpus("folder", tmp_path, files=FolderBlock(pattern)).to_dict("records")
    assert (row["subject"], row["stimulus"], row["status"]) == ("a", "b", "ok")


def test_syllables_and_signs_are_not_duplicates(put, tmp_path):
    for name in (*SYLLABLES, "a+b", "a b", "(a)", "[a]"):
        put(f"anna/{name}.mp4")
    table = index_corpus("folder", tmp_path, workers=1)
    assert set(table["status"]) == {"ok"}
    assert table["recording"].nunique() == table["stimulus"].nunique() == 8
    assert {f"anna_{syllable}" for syllable in SYLLABLES} < set(table["recording"])


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("folder", b"anna/stra\xdfe.mp4"),
        ("folder", b"m\xfcller/one.mp4"),
        ("usc75", b"sub001/2drt/video/sub001_2drt_01_stra\xdfe_video.mp4"),
        ("usc75", b"sub001/2drt/video/stra\xdfe.mp4"),
        ("usc75", b"m\xfcller/2drt/video/sub002_2drt_01_one_video.mp4"),
    ],
)
def test_a_name_that_is_not_utf8_is_a_row(put, tmp_path, kind, name):
    put("sub001/2drt/video/sub001_2drt_02_good_video.mp4" if kind == "usc75" else "anna/good.mp4")
    lost = put(name)
    write_recordings(tmp_path / "recordings.csv", index_corpus(kind, tmp_path, workers=1))
    table = read_recordings(tmp_path / "recordings.csv")
    good, bad = (table[table["status"] == status] for status in ("ok", "defect"))
    assert len(good) == len(bad) == 1
    assert bad["reason"].item().startswith("unreadable name: ")
    assert bad["video"].item() == printable(lost)
    assert r"\x" in bad["video"].item()


def test_long_paths_become_names_that_file_systems_take(put, tmp_path):
    for end in "ab":
        put("/".join(["anna", *["deep" * 20] * 4, "語" * 60 + end]) + ".mp4")
    files = FolderBlock("(?P<subject>[^/]+)/(?P<stimulus>.+)")
    table = index_corpus("folder", tmp_path, files=files, workers=1)
    assert set(table["status"]) == {"ok"}
    for column in ("recording", "stimulus"):
        assert table[column].nunique() == 2
        for name in table[column]:
            (tmp_path / f"{name}.mp4").touch()


def test_names_with_line_ends_come_back_from_the_table(put, tmp_path):
    put("anna/a\nb\r\tc.mp4")
    table = index_corpus("folder", tmp_path, workers=1)
    assert (table["recording"].item(), table["status"].item()) == ("anna_a_b_c", "ok")
    write_recordings(tmp_path / "recordings.csv", table)
    assert read_recordings(tmp_path / "recordings.csv").equals(table)
