"""Whether demanded movements are seen: areas, folders of speech, and the whole stage."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers.sounds import voice
from helpers.spoken_corpus import write_spoken_corpus
from helpers.tiny_model import write_tiny_model
from s2r.core.errors import UserError
from s2r.core.media.encode import write_wav
from s2r.core.phonetics import Item, Segment
from s2r.evaluation.data import open_evaluation_data
from s2r.evaluation.phones.times import write_phone_times
from s2r.evaluation.real_speech import speech
from s2r.evaluation.real_speech.areas import MEAN, area_under_curve, areas
from s2r.evaluation.real_speech.demands import middle_of, phone_values
from s2r.evaluation.real_speech.speech import PhoneFinder, SpokenFile, find_speech
from s2r.evaluation.real_speech.stage import KINDS, measure_real_speech
from s2r.generation.model_folder import load_model_folder
from s2r.preparation.recordings import open_recordings
from s2r.report.real_speech_figure import plot_real_speech

PHONES = tuple(
    Segment(label, 0.1 * number, 0.1 * number + 0.1)
    for number, label in enumerate(("P", "AA", "F", "SIL", "M", "IY"))
)


def variables(closed=(0, 4)):
    """Five frames a phone: lips closed in the middle of those whose number is given."""
    lips = np.full(30, 8.0)
    for number in closed:
        lips[5 * number + 2] = 0.0
    return {"lip_aperture": lips}


def phones_of(closed, voice, recording="one"):
    table = phone_values(variables(closed), PHONES, 30)
    return table.assign(speech="people", voice=voice, recording=recording)


def test_the_extreme_of_each_phone_counts():
    table = phone_values(variables(), PHONES, 30)
    # no rest, and no phone that nearly closes the lips
    assert table["label"].tolist() == ["P", "AA", "M", "IY"]
    assert set(table["demand"]) == {"lips"}
    assert table["value"].tolist() == [0, 8, 0, 8]


@pytest.mark.parametrize(
    ("start", "end", "frames"),
    [(0.0, 0.16, [2, 3, 4, 5]), (0.1, 0.14, [6]), (0.1, 0.11, [5]), (0.58, 0.7, [29])],
)
def test_the_middle_of_a_phone(start, end, frames):
    assert list(range(30))[middle_of(Segment("P", start, end), 30)] == frames


def test_phones_after_the_video_are_left_out():
    late = (*PHONES, Segment("B", 0.6, 0.7))
    assert len(phone_values(variables(), late, 30)) == 4


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


def test_pairs_across_recordings_count():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"value": rng.normal(size=60), "label": ["P", "AA", "IY"] * 20})
    rows = rows.assign(speech="people", demand="lips", voice="a", recording=["x", "y", "z"] * 20)
    rows["recording"] = rng.permutation(rows["recording"])
    found = areas(rows, 100)
    alone = found[found["voice"] == "a"].iloc[0]
    demanded = (rows["label"] == "P").to_numpy()
    pairs = rows["value"][demanded].to_numpy()[:, None] < rows["value"][~demanded].to_numpy()
    assert alone["auc"] == pytest.approx(pairs.mean())
    assert (alone["units"], alone["unit"]) == (3, "recordings")
    assert alone["low"] < alone["auc"] < alone["high"]


def test_the_mean_is_over_voices():
    table = pd.concat([phones_of((0, 4), "a"), phones_of((1, 5), "b")], ignore_index=True)
    found = areas(table).set_index("voice")
    assert found.loc["a", "auc"] == 1 and found.loc["b", "auc"] == 0
    mean = found.loc[MEAN]
    assert (mean["demand"], mean["units"], mean["unit"]) == ("lips", 2, "voices")
    assert (mean["auc"], mean["low"], mean["high"]) == (0.5, 0, 1)
    assert (mean["n"], mean["others"]) == (4, 4)
    alone = areas(phones_of((0, 4), "a"))
    assert alone["auc"].tolist() == [1, 1] and alone["low"].isna().all()


def test_demands_stand_in_one_order():
    lips = phones_of((0, 4), "a")
    table = pd.concat([lips.assign(demand="velum"), lips], ignore_index=True)
    assert areas(table)["demand"].tolist() == ["lips", "lips", "velum", "velum"]


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


TEXTGRID = """File type = "ooTextFile"
Object class = "TextGrid"
0
1
<exists>
1
"IntervalTier"
"phones"
0
1
3
0 0.4 "AA"
0.4 0.6 "T"
0.6 1 "AA"
"""


class TongueReader:
    """In the place of a probe: a tongue as far below a palate as the picture's middle is dark."""

    def predict(self, frames):
        middle = frames[:, :, frames.shape[2] // 2]
        tongue = np.zeros((len(frames), 12, 2))
        tongue[..., 0] = np.linspace(0, 60, 12)
        palate = tongue.copy()
        tongue[..., 1] = (1 - middle / 255).sum(1)[:, None]
        return {"tongue": tongue, "palate": palate}


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """A model, data and arguments of the stage."""
    home = tmp_path_factory.mktemp("judged")
    files = write_spoken_corpus(home)
    times = home / "phone_times.csv"
    recordings = open_recordings(files)
    write_phone_times(recordings, sets=["unseen_subject"], transcripts={}, path=times)
    data = open_evaluation_data(files)
    data = replace(data, instruments=replace(data.instruments, probe=TongueReader()))
    model = load_model_folder(write_tiny_model(home / "tiny"))
    return model, data, {"phone_times": times, "sets": ["unseen_subject"], "recordings": 3}


def measure(judged, home):
    model, data, options = judged
    paths = {"table": home / "table.csv", "values": home / "values.csv", "folder": home / "speech"}
    return measure_real_speech(model, data, **options, **paths, resamples=100)


def test_the_stage(judged, tmp_path, capsys):
    folder = tmp_path / "speech"
    (folder / "anna").mkdir(parents=True)
    write_wav(folder / "anna/one.wav", voice(1), 16_000)
    (folder / "anna/one.TextGrid").write_text(TEXTGRID)
    (folder / "anna/broken.wav").write_bytes(b"RIFF")
    (folder / "anna/broken.TextGrid").write_text(TEXTGRID)
    table = measure(judged, tmp_path)
    assert "left out" in capsys.readouterr().out
    read = pd.read_csv(tmp_path / "table.csv", keep_default_na=False, na_values=[""])
    assert read["auc"].tolist() == pytest.approx(table["auc"].tolist(), abs=1e-6)
    tip = table[(table["demand"] == "tip") & (table["voice"] == MEAN)].set_index("speech")
    assert sorted(tip.index) == sorted(KINDS)
    assert tip.loc["true", "auc"] == 1  # the tongue of the film touches at every T
    assert tip.loc["true", ["n", "units"]].tolist() == [6, 2]
    assert tip.loc["corpus", "auc"] < 1  # a model that was not trained
    values = pd.read_csv(tmp_path / "values.csv", keep_default_na=False)
    people = values[(values["speech"] == "people") & (values["demand"] == "tip")]
    assert people["recording"].tolist() == ["anna/one.wav"] * 3
    assert people["label"].tolist() == ["AA", "T", "AA"]
    moved = values[(values["speech"] == "shuffled") & (values["demand"] == "tip")]
    assert moved["label"].tolist() == ["AA", "T", "AA"]
    assert moved["value"].tolist() != people["value"].tolist()
    plot_real_speech(table, tmp_path / "figure.png", synthetic=True)
    assert (tmp_path / "figure.png").stat().st_size > 10_000


def test_nothing_but_broken_files_is_an_error(judged, tmp_path):
    (tmp_path / "speech/anna").mkdir(parents=True)
    (tmp_path / "speech/anna/broken.wav").write_bytes(b"RIFF")
    (tmp_path / "speech/anna/broken.TextGrid").write_text(TEXTGRID)
    with pytest.raises(UserError, match="the phones of no recording are known"):
        measure(judged, tmp_path)
    assert not (tmp_path / "table.csv").exists()


def test_no_probe_is_an_error(judged, tmp_path):
    model, data, options = judged
    blind = replace(data, instruments=replace(data.instruments, probe=None))
    with pytest.raises(UserError, match=r"corpus\.contours"):
        measure((model, blind, options), tmp_path)


def test_a_text_is_aligned_and_a_textgrid_goes_first(monkeypatch, tmp_path):
    class OneWord:
        def align(self, samples, text):
            assert text == "bat" and np.abs(samples).max() > 0.05  # brought to a usual level
            return [Item("bat", (Segment("B", 0.1, 0.2), Segment("AE", 0.2, 0.4)))]

    monkeypatch.setattr(speech, "Aligner", OneWord)
    path = tmp_path / "a.wav"
    write_wav(path, 0.003 * voice(1), 16_000)
    grid = tmp_path / "a.TextGrid"
    grid.write_text(TEXTGRID)
    aligned, told = SpokenFile(path, "v", None, "bat"), SpokenFile(path, "v", grid, "bat")
    finder = PhoneFinder([aligned, told])
    samples, phones = finder.find(aligned)
    assert len(samples) == 16_000 and [phone.label for phone in phones] == ["B", "AE"]
    assert [phone.label for phone in finder.find(told)[1]] == ["AA", "T", "AA"]
    grid.write_text(TEXTGRID.replace('"phones"', '"notes"'))
    assert [phone.label for phone in finder.find(told)[1]] == ["B", "AE"]
    with pytest.raises(UserError, match="no tier of phones"):
        finder.find(replace(told, text=""))
