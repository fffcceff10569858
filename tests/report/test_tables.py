"""The long table, Table 1 in all forms, and the figure, from scores with known means."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from s2r import __version__
from s2r.core.errors import UserError
from s2r.report.plots import plot_curve
from s2r.report.scores_table import COLUMNS, aggregate
from s2r.report.table1 import table1, write_origin, write_tables

FVD = {"n": 32, "value": 300.0, "low": 250.0, "high": 350.0, "network": "I3D", "sha256": "ab" * 32}
FVD |= {"warning": "warning: n = 32 is below 400"}


def values(metric, region, by_recording, mode="rollout", estimate="draw", frames=100):
    return [
        {
            "mode": mode,
            "estimate": estimate,
            "metric": metric,
            "region": region,
            "recording": recording,
            "value": value,
            "frames": frames if np.isscalar(frames) else frames[recording],
        }
        for recording, value in by_recording.items()
    ]


def scores(system, kind, estimate="draw", sets=None, draws=1, **labels) -> dict:
    labels = {"encoder": "", "size": "", "pooling": "", "preset": ""} | labels
    labels |= {"system": system, "kind": kind}
    return {"estimate": estimate, "draws": draws, "sets": sets or {}} | labels


def content(rows, fvd=None, oracle=False) -> dict:
    distances = {} if fvd is None else {"fvd": fvd}
    return {"values": rows, "distances": distances, "oracle": oracle}


@pytest.fixture
def score_files(tmp_path):
    """A model, a baseline, a mean and the real row, in an order that is not the table's."""
    three = {"a": 0.02, "b": 0.04, "c": 0.06}
    model = values("squared_error", "dynamic", three, frames={"a": 300, "b": 100, "c": 100})
    model += values("squared_error", "dynamic", {"a": 0.01, "b": 0.01}, estimate="mean")
    model += values("audio_gap", "dynamic", {"a": 0.03, "b": 0.05})
    model += values("ssim", "frame", {"a": 0.7, "b": 0.8}, mode="clip", frames=20)
    regression = values("squared_error", "dynamic", {"a": 0.05}, estimate="mean")
    mean = values("squared_error", "dynamic", {"a": 0.05, "b": 0.05}, estimate="mean")
    probe = values("contour_mm", "tongue", {"a": 0.9})
    everything = [
        scores(
            "s2r-logmel",
            "model",
            encoder="logmel",
            size="-",
            pooling="no",
            preset="s2r",
            draws=4,
            sets={"unseen_speech": content(model, FVD), "unseen_both": content([])},
        ),
        scores("recurrent-logmel", "recurrent", "mean", {"unseen_speech": content(regression)}),
        scores("mean-s2r-logmel", "mean", "mean", {"unseen_speech": content(regression)}),
        scores("mean_frame", "mean_frame", "mean", {"unseen_subject": content(mean, oracle=True)}),
        scores("real", "real", sets={"unseen_speech": content(probe)}),
    ]
    files = []
    for one in everything:
        files.append(tmp_path / f"{one['system']}.json")
        files[-1].write_text(json.dumps(one))
    return files


def test_means_are_weighted_by_frames_and_intervals_hold_them(score_files):
    long = aggregate(score_files, resamples=500)
    assert list(long.columns) == COLUMNS
    row = long[(long["metric"] == "squared_error") & (long["estimate"] == "draw")].iloc[0]
    assert row["value"] == pytest.approx((3 * 0.02 + 0.04 + 0.06) / 5)
    assert 0.02 <= row["low"] < row["value"] < row["high"] <= 0.06
    assert (row["n"], row["n_of"], row["k"]) == (3, "recordings", 4)
    alone = long[long["system"] == "mean-s2r-logmel"].iloc[0]
    assert alone["value"] == 0.05
    assert np.isnan(alone["low"])
    assert np.isnan(alone["high"])
    fvd = long[long["metric"] == "fvd"].iloc[0]
    assert (fvd["value"], fvd["low"], fvd["n"], fvd["n_of"]) == (300, 250, 32, "clips")
    assert "below 400" in fvd["note"]


def test_table1_has_one_row_a_system_in_order(score_files):
    table = table1(aggregate(score_files, resamples=100))
    order = ["real", "mean_frame", "mean-s2r-logmel", "recurrent-logmel", "s2r-logmel"]
    assert table["system"].tolist() == order
    model = table.iloc[-1]
    assert model[["encoder", "size", "pooling", "estimate"]].tolist() == [
        "logmel",
        "-",
        "no",
        "draw",
    ]
    assert (model["draws"], model["n"]) == (4, 32)
    assert model["fvd_unseen_speech_high"] == 350
    assert model["ssim_unseen_speech"] == pytest.approx(0.75)
    assert model["error_mean_unseen_speech"] == pytest.approx(0.01)
    assert model["audio_gap_unseen_speech_low"] >= 0.03
    assert pd.isna(model["error_draw_unseen_subject"])
    assert pd.isna(table.iloc[0]["n"])
    regression = table.iloc[2]
    assert regression["estimate"] == "mean"
    assert pd.isna(regression["error_draw_unseen_speech"])
    assert regression["error_mean_unseen_speech"] == 0.05


def test_all_forms_are_written(score_files, tmp_path):
    names = ["scores.csv", "table1.csv", "table1.md", "table1.tex", "table1.png"]
    paths = [tmp_path / "results" / name for name in names]
    keys = ["scores", "csv", "markdown", "tex", "figure"]
    write_tables(
        score_files=score_files,
        **dict(zip(keys, paths, strict=True)),
        synthetic=True,
        resamples=100,
    )
    again = pd.read_csv(paths[1])
    assert again["error_mean_unseen_speech"].tolist()[-1] == 0.01
    assert len(pd.read_csv(paths[0])) == 9
    markdown = paths[2].read_text()
    assert "**These are results on the phantom" in markdown
    assert "must not be compared" in markdown
    assert "Warning: with n below 400" in markdown
    assert "| real | 0.90 |" in markdown
    assert "50.0\\*" in markdown  # the oracle is marked
    tex = paths[3].read_text()
    assert tex.count(r"\begin{tabular}") == tex.count(r"\end{tabular}") > 3
    assert r"\textbf{These are results on the phantom" in tex
    assert "mean_frame" not in tex
    assert not [line for line in tex.splitlines() if "_" in line.replace(r"\_", "")]
    with Image.open(paths[4]) as picture:
        assert picture.size[0] > 800
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == sorted(names)


def test_real_corpus_has_no_phantom_statement(score_files, tmp_path):
    paths = {key: tmp_path / key for key in ("scores", "csv", "markdown", "tex")}
    write_tables(
        score_files=score_files,
        **paths,
        figure=tmp_path / "figure.png",
        synthetic=False,
        resamples=10,
    )
    assert "phantom" not in paths["markdown"].read_text()
    assert "phantom" not in paths["tex"].read_text()


def test_nothing_scored_gives_empty_tables(tmp_path):
    empty = {"unseen_speech": content([])}
    file = tmp_path / "copied_frame.json"
    file.write_text(json.dumps(scores("copied_frame", "copied_frame", sets=empty)))
    paths = {key: tmp_path / key for key in ("scores", "csv", "markdown", "tex")}
    write_tables(score_files=[file], **paths, figure=tmp_path / "f.png", synthetic=True)
    assert paths["scores"].read_text().startswith("system,")
    assert paths["csv"].read_text().startswith("system,")


def test_bad_score_files(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        aggregate([tmp_path / "none.json"])
    (tmp_path / "half.json").write_text('{"system": ')
    with pytest.raises(UserError, match="damaged, or another file"):
        aggregate([tmp_path / "half.json"])
    for kind in ({}, {"kind": "oracle"}):
        old = {key: value for key, value in scores("m", "").items() if key != "kind"} | kind
        (tmp_path / "old.json").write_text(json.dumps(old))
        with pytest.raises(UserError, match=r"old\.json does not say of which kind"):
            aggregate([tmp_path / "old.json"])


def test_scores_of_two_versions_of_the_metrics_stand_in_no_table(score_files, tmp_path):
    contents = [json.loads(path.read_text()) for path in score_files]
    paths = [tmp_path / f"version_{number}.json" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_text(json.dumps(content | {"code": "1234"}))
    assert len(aggregate(paths, resamples=10)) == len(aggregate(score_files, resamples=10))
    paths[-1].write_text(json.dumps(contents[-1] | {"code": "5678"}))
    with pytest.raises(UserError, match=r"version_\d\.json were made by different versions of the"):
        aggregate(paths, resamples=10)


def dark_pixels(path: Path) -> int:
    with Image.open(path) as picture:
        return int((np.asarray(picture.convert("L")) < 128).sum())


def test_training_curve(tmp_path):
    curve = tmp_path / "curve.csv"
    curve.write_text("clips,loss,seconds,validation_error\n8,1,3,\n16,0.5,3,0.2\n24,0.4,3,0.1\n")
    plot_curve(curve, tmp_path / "curve.png", "logmel")
    with Image.open(tmp_path / "curve.png") as picture:
        assert picture.size[0] > picture.size[1]
    plot_curve(curve, tmp_path / "phantom.png", "logmel", synthetic=True)
    written = dark_pixels(tmp_path / "phantom.png") - dark_pixels(tmp_path / "curve.png")
    assert written > 5000  # the statement about the phantom
    curve.write_text("seconds\n1\n")
    with pytest.raises(UserError, match="not a training curve"):
        plot_curve(curve, tmp_path / "curve.png")


@pytest.mark.parametrize("synthetic", [True, False])
def test_the_tables_say_what_they_are_and_what_wrote_them(tmp_path, synthetic):
    write_origin(tmp_path / "origin.json", synthetic)
    about = json.loads((tmp_path / "origin.json").read_text())
    assert about["version"] == __version__
    assert ("phantom" in about["synthetic"]) == synthetic
