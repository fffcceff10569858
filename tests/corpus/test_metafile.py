"""The metafile of the USC corpus: notes, choice by note, what is absent, and wrong files."""

import json
import random

import numpy as np
import pytest

from s2r.core.errors import UserError
from s2r.core.media.encode import write_video
from s2r.corpus.index import index_corpus
from s2r.corpus.metafile import NAME, find_metafile, read_metafile
from s2r.corpus.summary import summary

STEMS = ["sub001_2drt_01_vcv1_r1", "sub001_2drt_17_topic1", "sub002_2drt_06_rainbow_r2"]


def content():
    return {
        "sub001": {
            "gender": "F",
            "task": [
                {"prefix": STEMS[0], "note": ""},
                {"prefix": STEMS[1], "note": "Strong artifact at the lips"},
                {"prefix": "sub001_2drt_02_vcv2_r1", "note": "cut short"},
                {"prefix": "sub001_3d_a", "note": "another kind of scan"},
            ],
        },
        "sub002": {"task": [{"prefix": STEMS[2], "note": None}]},
        "sub036": {"task": [{"prefix": "sub036_2drt_12_picture1"}]},
        "sub037": {},
    }


@pytest.fixture
def corpus(tmp_path):
    root = tmp_path / "usc"
    for seed, stem in enumerate(STEMS):
        rng = np.random.default_rng(seed)
        pictures = rng.integers(0, 255, (25, 16, 16), dtype=np.uint8)
        sound = (0.1 * rng.standard_normal(10_000)).astype(np.float32)
        path = root / stem[:6] / "2drt" / "video" / f"{stem}_video.mp4"
        write_video(path, pictures, 50, sound, 20_000)
    (root / "sub036/2drt/video").mkdir(parents=True)
    (root / NAME).write_text(json.dumps(content()))
    return root


def test_notes_and_absent_recordings(corpus):
    table = index_corpus("usc75", corpus, metafile=find_metafile(corpus)).set_index("recording")
    assert table.loc[STEMS[1], "note"] == "Strong artifact at the lips"
    assert (table.loc[STEMS, "status"] == "ok").all()
    absent = table.drop(STEMS)
    assert list(absent.index) == ["sub001_2drt_02_vcv2_r1", "sub036_2drt_12_picture1"]
    row = absent.loc["sub036_2drt_12_picture1"]
    assert (row["subject"], row["stimulus"], row["style"]) == ("sub036", "picture1", "spontaneous")
    assert row["reason"].startswith("missing: the metafile names sub036_2drt_12_picture1, but")
    assert (row["status"], row["video"]) == ("defect", "")
    assert absent.loc["sub001_2drt_02_vcv2_r1", "note"] == "cut short"


def test_recordings_are_excluded_by_choice_only(corpus):
    options = {"metafile": corpus / NAME, "exclude_notes": ["ARTI?FACT", "^nothing$"]}
    table = index_corpus("usc75", corpus, **options)
    row = table.set_index("recording").loc[STEMS[1]]
    assert row["status"] == "excluded"
    assert row["reason"] == (
        "excluded: its note in the metafile, 'Strong artifact at the lips', matches 'ARTI?FACT'"
    )
    assert (table["status"] == "ok").sum() == 2
    assert summary(table).startswith("5 recordings: 2 ok (2 subjects, 0.0 min), 2 with a defect, 1")


def test_the_order_of_the_metafile_does_not_matter(corpus):
    first = index_corpus("usc75", corpus, metafile=corpus / NAME)
    shuffled = content()
    random.Random(1).shuffle(shuffled["sub001"]["task"])
    turned = dict(reversed(shuffled.items()))
    (corpus / NAME).write_text(json.dumps(turned))
    assert index_corpus("usc75", corpus, metafile=corpus / NAME).equals(first)


def test_it_is_found_in_the_corpus_or_one_folder_above(corpus):
    assert find_metafile(corpus) == corpus / NAME
    assert find_metafile(corpus / "sub001").samefile(corpus / NAME)
    assert find_metafile(corpus / "sub001" / "2drt") is None


def test_choice_by_note_without_notes(corpus):
    with pytest.raises(
        UserError, match=r"^recordings\.exclude_notes: there is no metafile in .*usc"
    ):
        index_corpus("usc75", corpus, exclude_notes=["artifact"])


def test_without_it_incomplete_subjects_are_summed_up(corpus):
    table = index_corpus("usc75", corpus)
    assert len(table) == 4
    text = summary(table, per_subject=32)
    assert (
        "3 subjects have fewer than 32 recordings, 93 are absent: sub001 2, sub002 1, sub036 0"
        in text
    )
    assert "fewer than" not in summary(table)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{broken", "cannot be read as JSON"),
        ("[1, 2]", "it does not hold subjects by name"),
        ('{"sub001": "x"}', "sub001 has no list of recordings under task"),
        ('{"sub001": {"task": {"a": 1}}}', "sub001 has no list of recordings under task"),
        ('{"sub001": {"task": [{"note": "a"}]}}', "a recording of sub001 has no prefix"),
        ('{"sub001": {}}', "it names no recording"),
    ],
)
def test_another_file_is_one_sentence(tmp_path, text, sentence):
    (tmp_path / NAME).write_text(text)
    with pytest.raises(
        UserError, match=f"{NAME}: this is not the metafile.*{sentence}.*; fetch it"
    ):
        read_metafile(tmp_path / NAME)


def test_bytes_that_are_no_text_and_a_folder(tmp_path):
    (tmp_path / NAME).write_bytes(b"\xff\xfe\x00\x01")
    for path in (tmp_path / NAME, tmp_path, tmp_path / "absent.json"):
        with pytest.raises(UserError, match="cannot be read as JSON"):
            read_metafile(path)
