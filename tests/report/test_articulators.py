"""The table and the figure of articulators, from the long table of scores."""

import pandas as pd
import pytest
from PIL import Image

from s2r.core.errors import UserError
from s2r.core.files import write_csv
from s2r.report.articulators import COLUMNS, write_articulators
from s2r.report.scores_table import COLUMNS as LONG


def row(system, kind, metric, region, value, **others):
    given = {"system": system, "kind": kind, "metric": metric, "region": region, "value": value}
    given |= {"set": "unseen_speech", "mode": "rollout", "estimate": "draw", "n": 3, "k": 1}
    return given | {"low": 0.9 * value, "high": 1.1 * value, "n_of": "recordings"} | others


def long_table(path, rows):
    write_csv(pd.DataFrame(rows, columns=LONG), path)
    return path


def write(folder, scores):
    paths = {"csv": folder / "articulators.csv", "figure": folder / "articulators.png"}
    write_articulators(scores=scores, **paths, synthetic=True)
    table = pd.read_csv(paths["csv"], keep_default_na=False, na_values=[""])
    with Image.open(paths["figure"]) as picture:
        return table, picture.size


def test_articulators_are_selected_in_order(tmp_path):
    rows = [
        row("logmel", "model", "squared_error", "dynamic", 0.1),
        row("logmel", "model", "gesture_ms", "tip_degree", 20.0),
        row("logmel", "model", "contour_mm", "velum", 1.5),
        row("logmel", "model", "contour_mm", "tongue", 1.0),
        row("logmel", "model", "contour_mm", "tongue", 0.8, estimate="mean"),
        row("copied_frame", "copied_frame", "tract_correlation", "tip_degree", 0.0),
        row("copied_frame", "copied_frame", "contour_mm", "tongue", 3.0),
        row("real", "real", "contour_mm", "tongue", 0.3),
        row("real", "real", "contour_mm", "tongue", 0.4, set="unseen_subject"),
    ]
    table, size = write(tmp_path, long_table(tmp_path / "scores.csv", rows))
    assert list(table.columns) == COLUMNS
    found = table[["system", "estimate", "articulator", "measure", "unit"]].to_numpy().tolist()
    assert found[:3] == [
        ["real", "draw", "tongue", "contour_mm", "mm"],
        ["real", "draw", "tongue", "contour_mm", "mm"],
        ["copied_frame", "draw", "tongue", "contour_mm", "mm"],
    ]
    assert [row[2:4] for row in found[4:]] == [
        ["tongue", "contour_mm"],
        ["tongue", "contour_mm"],
        ["velum", "contour_mm"],
        ["tip_degree", "gesture_ms"],
    ]
    assert table["value"].tolist() == [0.3, 0.4, 3.0, 0.0, 1.0, 0.8, 1.5, 20.0]
    assert (table["n"] == 3).all()
    taller = [*rows, row("real", "real", "contour_mm", "jaw", 0.4, set="unseen_subject")]
    assert write(tmp_path, long_table(tmp_path / "scores.csv", taller))[1][1] > size[1]


def test_without_contours_table_and_figure_say_so(tmp_path):
    rows = [row("logmel", "model", "squared_error", "dynamic", 0.1)]
    table, size = write(tmp_path, long_table(tmp_path / "scores.csv", rows))
    assert table.empty and list(table.columns) == COLUMNS
    assert min(size) > 100


def test_a_damaged_table_of_scores_is_named(tmp_path):
    (tmp_path / "scores.csv").write_bytes(b"\x00\xff")
    with pytest.raises(UserError, match=r"scores\.csv"):
        write(tmp_path, tmp_path / "scores.csv")
