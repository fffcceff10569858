"""Attention checks: clips with a known answer, among the others and out of the scores."""

import numpy as np
import pandas as pd
import pytest

from helpers.rating_folder import manifest, write_rating_folder
from helpers.rating_server import Client, served_study
from s2r.apps.rating.analysis import write_results
from s2r.apps.rating.checks import checks, spoiled, with_checks
from s2r.apps.rating.order import presentation


@pytest.mark.parametrize("attention", [1, 2, 5])
def test_checks_leave_the_order_of_the_clips_as_it_was(attention):
    table = manifest(attention=attention)
    test = table[table["part"] == "test"]
    names = table.loc[table["part"] == "attention", "clip"].tolist()
    places = set()
    for seed in range(20):
        before = presentation(test, seed)
        order = with_checks(before, names, seed)
        assert order["position"].tolist() == list(range(len(test) + attention))
        rest = order[~order["clip"].isin(names)]
        assert rest["clip"].tolist() == before["clip"].tolist()
        assert rest["block"].tolist() == before["block"].tolist()
        assert order["block"].is_monotonic_increasing
        at = order.index[order["clip"].isin(names)]
        assert sorted(order["clip"][at]) == sorted(names)
        assert at[0] > 0
        places.add(tuple(at))
    assert len(places) > 1
    assert with_checks(before, [], 0).equals(before)


def test_kinds_alternate_where_there_are_examples():
    assert checks(["a", "b", "c"], ["p"], 3) == [
        ("a", "generated"),
        ("p", "real"),
        ("c", "generated"),
    ]
    assert [kind for _, kind in checks(["a"], [], 2)] == ["generated"] * 2
    assert checks(["a"], ["p"], 0) == []


@pytest.mark.parametrize("side", [64, 33, 6])
def test_a_spoiled_clip_is_squares_in_another_order(side):
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (20, side, side)).astype(np.uint8)
    found = spoiled(frames, rng)
    assert found.shape == frames.shape
    assert found.dtype == np.uint8
    squares = {frame.tobytes() for frame in spoiled(frames, np.random.default_rng(1))}
    assert {frame.tobytes() for frame in found} == squares
    assert not np.array_equal(found, spoiled(frames, np.random.default_rng(1)))
    assert len(np.unique(found[0])) <= 81


def test_checks_are_counted_and_score_nothing(tmp_path):
    folder = write_rating_folder(tmp_path / "rating", attention=2)
    with served_study(folder, tmp_path / "answers.sqlite") as study:
        client = Client(study.port)
        for code in ("Good", "always"):
            session = client.send("/session", code=code)
            assert len(session["clips"]) == 14
            assert session["words"] == ["bat", "bit", "boat"]
            kinds = manifest(attention=2).set_index("clip")["kind"]
            for entry in session["clips"]:
                right = {"real": "real", "generated": "synthesised"}[kinds[entry["clip"]]]
                answer = right if code == "Good" else "synthesised"
                client.send("/answer", code=code, clip=entry["clip"], answer=answer)
                client.send("/naturalness", code=code, clip=entry["clip"], naturalness=3)
    names = ("table", "markdown", "rows", "comments", "raters")
    paths = {name: tmp_path / f"{name}.csv" for name in names}
    write_results(answers=study.store.path, **paths, synthetic=True, resamples=10)
    table = pd.read_csv(paths["table"]).set_index("word")
    assert table.loc["all", ["clips", "answers"]].tolist() == [12, 24]
    assert table.loc["all", "accuracy"] == 0.75
    raters = pd.read_csv(paths["raters"]).set_index("rater")
    assert raters["checks_right"].to_dict() == {"Good": 2, "always": 1}
    assert raters["finished"].all()
    rows = pd.read_csv(paths["rows"])
    assert rows["part"].value_counts().to_dict() == {"test": 24, "attention": 4}
    assert "3 of 4 answers were right (75%); 1 of 2 raters" in paths["markdown"].read_text()
