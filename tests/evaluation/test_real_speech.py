"""Whether demanded movements are seen: areas, and folders of speech."""

import numpy as np
import pandas as pd
import pytest

from s2r.core.errors import UserError
from s2r.core.phonetics import Segment
from s2r.evaluation.real_speech.demands import area_under_curve, phone_values, summary
from s2r.evaluation.real_speech.folder import find_speech

PHONES = tuple(
    Segment(label, 0.1 * number, 0.1 * number + 0.1)
    for number, label in enumerate(("P", "AA", "T", "SIL", "M", "IY"))
)


def variables(closed=(0, 4)):
    """Five frames a phone: lips closed in the middle of those whose number is given."""
    lips = np.full(30, 8.0)
    for number in closed:
        lips[5 * number + 2] = 0.0
    return {"lip_aperture": lips}


def test_the_extreme_of_each_phone_counts():
    table = phone_values(variables(), PHONES, 30)
    assert table["label"].tolist() == ["P", "AA", "T", "M", "IY"]  # no rest
    assert set(table["demand"]) == {"lips"}
    assert table["value"].tolist() == [0, 8, 8, 0, 8]


@pytest.mark.parametrize(
    ("values", "widest", "area"),
    [
        ([1, 2, 3, 4], False, 1.0),
        ([1, 2, 3, 4], True, 0.0),
        ([1, 3, 2, 4], False, 0.75),
        ([5, 5, 5, 5], False, 0.5),
    ],
)
def test_area(values, widest, area):
    demanded = np.array([True, True, False, False])
    assert area_under_curve(np.array(values, float), demanded, widest) == area


def test_area_of_one_kind_only():
    assert np.isnan(area_under_curve(np.ones(3), np.ones(3, bool), False))


def test_summary_is_the_mean_over_voices():
    good = phone_values(variables(), PHONES, 30).assign(speech="people", voice="a")
    bad = phone_values(variables(closed=(1, 5)), PHONES, 30).assign(speech="people", voice="b")
    row = summary(pd.concat([good, bad], ignore_index=True)).iloc[0]
    assert (row["demand"], row["voices"], row["n"], row["others"]) == ("lips", 2, 4, 6)
    assert row["auc"] == pytest.approx((1 + 1 / 6) / 2)
    assert row["low"] == pytest.approx(1 / 6) and row["high"] == 1
    alone = summary(good).iloc[0]
    assert alone["auc"] == 1 and np.isnan(alone["low"])


def test_folder_of_speech(tmp_path, capsys):
    for name in ("anna/one.wav", "ben/two.wav", "ben/three.flac", "ben/four.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "anna/one.txt").write_text("It's a well-known “Bat”, 2 bats.\n")
    (tmp_path / "ben/three.TextGrid").write_text("")
    (tmp_path / "ben/transcription").write_text("<s> he was </s> (two)\n")
    found = {file.path.name: file for file in find_speech(tmp_path)}
    assert found["one.wav"].voice == "anna"
    assert found["one.wav"].text == "it's a well known bat bats"
    assert found["two.wav"].text == "he was" and found["two.wav"].voice == "ben"
    assert found["three.flac"].textgrid.name == "three.TextGrid"
    assert "four.wav" not in found and "four.wav" in capsys.readouterr().out


def test_folder_without_texts(tmp_path):
    with pytest.raises(UserError, match=r"speech.path"):
        find_speech(tmp_path / "none")
    (tmp_path / "a.wav").write_bytes(b"")
    with pytest.raises(UserError, match=r"no recording with a TextGrid or a \.txt"):
        find_speech(tmp_path)
