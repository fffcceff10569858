"""The probe on contours of a few frames, and on speakers that it was not trained on."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from s2r.core.errors import UserError
from s2r.evaluation import contour_fit
from s2r.evaluation.contour_fit import fit_probe, reading_errors, traced_frames, write_left_out

SIZE, LENGTH, FIELD = 32, 40, 64.0


class Recordings:
    """Three speakers, two recordings each: a bright half below an edge that moves up and down."""

    field_mm = FIELD

    def __init__(self, traced=("one-a", "one-b", "two-a", "two-b", "three-a")):
        self.names = [f"{subject}-{part}" for subject in ("one", "two", "three") for part in "ab"]
        self.traced = traced

    def members(self, set_name):
        return self.names if set_name == "train" else []

    def about(self, name):
        return {"subject": name.split("-")[0]}

    def edge(self, name):
        """(T,) pixels from above."""
        place = self.names.index(name)
        return 16 + 6 * np.sin(np.arange(LENGTH) / 4 + place)

    def video(self, name):
        rows = np.arange(SIZE)[None, :, None] + 0.5
        bright = np.clip(rows - self.edge(name)[:, None, None] + 0.5, 0, 1)
        return np.broadcast_to(200 * bright + 20, (LENGTH, SIZE, SIZE)).astype(np.uint8)

    def true_contours(self, name):
        """The edge as a tongue, in every second frame."""
        if name not in self.traced:
            return {}
        line = np.full((LENGTH, 12, 2), np.nan)
        line[::2, :, 0] = np.linspace(10, 54, 12)
        line[::2, :, 1] = self.edge(name)[::2, None] * FIELD / SIZE
        return {"tongue": line}


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(contour_fit, "train_probe", partial(contour_fit.train_probe, steps=60))


def test_only_traced_frames_are_kept():
    traced = traced_frames(Recordings(), Recordings().names)
    assert len(traced.frames) == 5 * LENGTH // 2 == len(traced.subjects)
    assert np.isfinite(traced.contours["tongue"]).all()
    assert set(traced.subjects) == {"one", "two", "three"}


def test_of_many_frames_some_of_each_recording_are_kept():
    traced = traced_frames(Recordings(), Recordings().names, most=40)
    assert len(traced.frames) == 5 * 7  # every third of 20 in each of five recordings
    assert set(traced.subjects) == {"one", "two", "three"}


def test_nothing_traced():
    with pytest.raises(UserError, match="No training recording has true contours"):
        traced_frames(Recordings(traced=()), Recordings().names)


def test_a_field_of_another_size_is_read_in_its_own_mm(quick):
    recordings = Recordings()
    traced = traced_frames(recordings, recordings.names)
    errors = reading_errors(fit_probe(traced, FIELD), traced)
    assert errors["tongue"].mean() < 1  # of an edge that moves by 24 mm


def test_each_speaker_is_left_out_in_turn(quick, tmp_path, monkeypatch, capsys):
    seen = []
    fit = contour_fit.fit_probe

    def spied(traced, *rest):
        seen.append(set(traced.subjects))
        return fit(traced, *rest)

    monkeypatch.setattr(contour_fit, "fit_probe", spied)
    write_left_out(Recordings(), tmp_path / "left_out.csv")
    assert seen == [{"three", "two"}, {"one", "two"}, {"one", "three"}]  # by name
    table = pd.read_csv(tmp_path / "left_out.csv").set_index("subject")
    assert table["frames"].to_dict() == {"one": 40, "two": 40, "three": 20, "all": 100}
    subjects = table["error_mm"].drop("all")
    assert table.loc["all", "error_mm"] == pytest.approx(subjects.mean(), rel=1e-4)
    assert "mm off on speakers left out" in capsys.readouterr().out


def test_a_single_speaker_is_said(quick, tmp_path, capsys):
    write_left_out(Recordings(traced=("one-a",)), tmp_path / "left_out.csv")
    assert pd.read_csv(tmp_path / "left_out.csv").empty
    assert "All traced frames are of one" in capsys.readouterr().out
