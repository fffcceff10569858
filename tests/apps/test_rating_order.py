"""The order of one rater: balanced in every word and block, twins far apart."""

import numpy as np
import pandas as pd
import pytest

from helpers.rating_folder import manifest
from s2r.apps.rating.order import presentation, seed_of


@pytest.mark.parametrize("items", [1, 2, 5])
def test_blocks_are_balanced_and_twins_far_apart(items):
    table = manifest(items=items)
    test = table[table["part"] == "test"]
    n = 3 * items
    for seed in range(20):
        order = presentation(test, seed).merge(test, on="clip")
        assert sorted(order["clip"]) == sorted(test["clip"])
        assert order["position"].tolist() == list(range(2 * n))
        assert order["block"].tolist() == [1] * n + [2] * n
        first = order[order["block"] == 1]
        assert first["item"].is_unique
        real = (first["kind"] == "real").groupby(first["word"]).sum()
        assert ((real - items / 2).abs() <= 0.5).all()
        assert abs(real.sum() - n / 2) <= 0.5
        places = order.groupby("item")["position"].agg(np.ptp)
        assert places.min() >= n / 2


def test_order_follows_from_the_seed_and_differs_between_raters():
    table = manifest(items=5)
    test = table[table["part"] == "test"]
    same = presentation(test, seed_of(3, "anna"))
    assert same.equals(presentation(test.iloc[::-1], seed_of(3, "anna")))
    assert same["clip"].tolist() != presentation(test, seed_of(3, "bert"))["clip"].tolist()
    assert seed_of(3, "anna") != seed_of(4, "anna")


def test_over_raters_each_version_comes_first_equally_often():
    table = manifest(items=1)
    test = table[table["part"] == "test"]
    real = test.set_index("clip")["kind"] == "real"
    shown = [presentation(test, seed)["clip"].iloc[:3] for seed in range(100)]
    first = pd.concat(shown).value_counts()[real.index[real]] / 100
    assert ((first - 0.5).abs() < 0.15).all()
