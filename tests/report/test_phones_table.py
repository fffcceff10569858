"""Tables and figure of phones, from scores and confusions that are made up."""

import json

import numpy as np
import pytest
from PIL import Image

from helpers.spoken_corpus import TRIM, film, write_spoken_corpus
from s2r.config.systems import Kind
from s2r.core.units import FRAME_RATE
from s2r.evaluation.data import open_evaluation_data
from s2r.evaluation.phones.confusion import confusion_matrix, count_confusions
from s2r.evaluation.phones.recogniser import Recogniser, save_recogniser
from s2r.evaluation.phones.scores import GIVEN, REGION
from s2r.evaluation.phones.times import write_phone_times
from s2r.evaluation.score import score_real, score_system
from s2r.generation.generated_file import GeneratedWriter
from s2r.preparation.recordings import open_recordings
from s2r.report.phones_figure import plot_phones
from s2r.report.phones_table import CHANCE, COLUMNS, phones_table

SET = "unseen_subject"


@pytest.fixture
def data(tmp_path):
    """The spoken corpus with a recogniser that says rest in every frame."""
    files = write_spoken_corpus(tmp_path) | {"phone_times": tmp_path / "times.csv"}
    path = files["phone_times"]
    write_phone_times(open_recordings(files), sets=[SET], transcripts={}, path=path)
    recogniser = Recogniser()
    last = recogniser.time[-1]
    last.weight.data.zero_()
    last.bias.data[:] = -9.0
    last.bias.data[0] = 9.0
    save_recogniser(recogniser, tmp_path / "phones.safetensors")
    return open_evaluation_data(files | {"recogniser": tmp_path / "phones.safetensors"})


def scores(path, system, values) -> str:
    """A score file of phone error rates, of 10 phones each; ``values`` by recording."""
    row = {"mode": "rollout", "estimate": "draw", "metric": "phone_error_rate", "frames": 10}
    rows = [
        row | {"recording": name, "value": value, "region": region}
        for (name, region), value in values.items()
    ]
    content = {"system": system, "sets": {SET: {"values": rows}}}
    path.write_text(json.dumps(content))
    return str(path)


def test_values_and_their_ratio_to_the_true_video(data, tmp_path):
    real = scores(tmp_path / "r.json", Kind.REAL.value, {("a", REGION): 0.2, ("b", REGION): 0.4})
    own = {("a", REGION): 0.4, ("b", REGION): 0.8, ("a", GIVEN): 0.5}
    table = phones_table(data, [real, scores(tmp_path / "m.json", "m", own)], resamples=200)
    assert list(table.columns) == COLUMNS
    m = table[(table["system"] == "m") & (table["against"] == REGION)].iloc[0]
    assert (m["n"], m["of"]) == (2, 20)
    assert m["value"] == pytest.approx(0.6)
    assert (m["low"], m["high"]) == pytest.approx((0.4, 0.8))
    # whatever recordings are drawn, it makes twice the errors
    assert tuple(m[["ratio", "ratio_low", "ratio_high"]]) == pytest.approx((2, 2, 2))
    wrong = table[table["against"] == GIVEN].iloc[0]
    assert wrong["value"] == 0.5
    assert np.isnan(wrong["ratio"])


def test_chance_is_the_most_frequent_phone(data, tmp_path):
    real = scores(tmp_path / "r.json", Kind.REAL.value, {("a", REGION): 0.2})
    table = phones_table(data, [real], resamples=200).set_index(["system", "measure"])
    codes = data.phones.said("a", data.length("a")).codes[1:]
    assert table.loc[(CHANCE, "phone_accuracy"), "value"] == pytest.approx((codes == 0).mean())
    assert table.loc[(CHANCE, "phone_error_rate"), "value"] == 1
    # the words bat and say, the only ones of the corpus
    assert table.loc[(CHANCE, "word_identification"), "value"] == 1 / 2


def generated(path, data) -> dict:
    seconds = TRIM + (np.arange(data.length("a")) + 0.5) / FRAME_RATE
    with GeneratedWriter(path, system="m", kind=Kind.MODEL) as writer:
        for name in ("a", "b", "c"):
            writer.rollout(
                name, film(seconds)[None], wrong_speech=film(seconds)[None], speech_of="b"
            )
    return {("m", SET): path}


def test_score_files_hold_what_is_read(data, tmp_path):
    score_real(data, sets=[SET], path=tmp_path / "real.json")
    rows = json.loads((tmp_path / "real.json").read_text())["sets"][SET]["values"]
    assert {row["recording"] for row in rows} == {"a", "b", "c"}
    found = {row["metric"]: row["value"] for row in rows if row["recording"] == "a"}
    codes = data.phones.said("a", data.length("a")).codes[1:]
    assert found["phone_accuracy"] == pytest.approx((codes == 0).mean())
    assert found["phone_error_rate"] == 1  # no phone is ever read
    assert found["word_identification"] == 0


def test_a_system_is_scored_against_both_speeches(data, tmp_path):
    files = generated(tmp_path / "m.h5", data)

    arguments = {"system": "m", "generated": {SET: files["m", SET]}, "path": tmp_path / "m.json"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("s2r.evaluation.score.clip_distances", lambda *_: {})
        score_system(data, None, **arguments)  # no clips, so no distances
    rows = json.loads((tmp_path / "m.json").read_text())["sets"][SET]["values"]
    regions = {row["region"] for row in rows if row["metric"] == "wrong_speech_phone_accuracy"}
    assert len(regions) == 2
    assert "phone_error_rate" in {row["metric"] for row in rows}


def test_confusions_count_every_frame(data, tmp_path):
    table = count_confusions(data, generated(tmp_path / "m.h5", data))
    assert set(table["system"]) == {"m", "real"}
    assert set(table["read"][table["frames"] > 0]) == {"rest"}
    counts = table.groupby(["system", "by"])["frames"].sum()
    assert set(counts) == {3 * (data.length("a") - 1)}
    matrix = confusion_matrix(table, "m", "manner")
    assert list(matrix.index) == ["plosive", "fricative", "vowel", "rest"]
    assert (matrix["rest"] == 1).all()


def test_the_figure_is_drawn(data, tmp_path):
    score_real(data, sets=[SET], path=tmp_path / "real.json")
    table = phones_table(data, [tmp_path / "real.json"], resamples=100)
    confusions = count_confusions(data, generated(tmp_path / "m.h5", data))
    plot_phones(table, confusions, "m", tmp_path / "phones.png", synthetic=True)
    with Image.open(tmp_path / "phones.png") as picture:
        assert np.asarray(picture.convert("L")).std() > 20


def test_a_corpus_without_known_phones_has_empty_tables(data, tmp_path):
    save_recogniser(None, tmp_path / "phones.safetensors")
    files = write_spoken_corpus(tmp_path) | {"phone_times": tmp_path / "times.csv"}
    silent = open_evaluation_data(files | {"recogniser": tmp_path / "phones.safetensors"})
    assert silent.phones is None
    score_real(silent, sets=[SET], path=tmp_path / "real.json")
    table = phones_table(silent, [tmp_path / "real.json"], resamples=100)
    confusions = count_confusions(silent, generated(tmp_path / "m.h5", silent))
    assert table.empty
    assert confusions.empty
    plot_phones(table, confusions, "m", tmp_path / "phones.png", synthetic=False)
    assert (tmp_path / "phones.png").exists()
