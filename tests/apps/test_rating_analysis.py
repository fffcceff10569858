"""Table 2 on raters of known skill, and agreement on examples worked by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from helpers.rating_folder import simulate
from s2r.apps.rating.agreement import interval, krippendorff_alpha, nominal
from s2r.apps.rating.analysis import sensitivity, table2
from s2r.apps.rating.table_text import write_table2


def row(table: pd.DataFrame, word: str = "all") -> pd.Series:
    found = table[table["word"] == word]
    assert len(found) == 1
    return found.iloc[0]


def test_coin_raters_are_at_chance():
    found = row(table2(simulate(30, d_prime=0), resamples=200))
    for name in ("f1", "precision", "recall", "accuracy"):
        assert found[name] == pytest.approx(0.5, abs=0.03)
        assert found[f"{name}_low"] < 0.5 < found[f"{name}_high"]
    assert found["d_prime"] == pytest.approx(0, abs=0.1)
    assert found["alpha_answer"] == pytest.approx(0, abs=0.05)
    assert found["mos_real"] == pytest.approx(found["mos_generated"], abs=0.1)


@pytest.mark.parametrize(("d_prime", "criterion"), [(0.5, 0.0), (1.0, 0.6), (2.0, 0.0)])
def test_skill_is_recovered_whatever_the_liking_for_an_answer(d_prime, criterion):
    table = table2(simulate(20, d_prime, criterion, items=60), resamples=50)
    found = row(table)
    hits, false = norm.sf(criterion - d_prime / 2), norm.sf(criterion + d_prime / 2)
    assert found["d_prime"] == pytest.approx(d_prime, abs=0.1)
    assert found["recall"] == pytest.approx(hits, abs=0.03)
    assert found["precision"] == pytest.approx(hits / (hits + false), abs=0.03)
    assert found["f1"] == pytest.approx(2 * hits / (1 + hits + false), abs=0.03)
    assert found["accuracy"] == pytest.approx((hits + 1 - false) / 2, abs=0.03)
    assert found["mos_real"] - found["mos_generated"] == pytest.approx(d_prime, abs=0.2)
    assert row(table, "all, first block")["d_prime"] == pytest.approx(d_prime, abs=0.2)


def test_perfect_raters_get_one_everywhere():
    answers = simulate(4, d_prime=40)
    table = table2(answers, resamples=50)
    for word in ("bat", "bit", "boat", "all", "all, first block"):
        found = row(table, word)
        for name in ("f1", "precision", "recall", "accuracy", "alpha_answer"):
            assert found[name] == 1
    assert (row(table)[["raters", "clips", "answers"]] == [4, 150, 600]).all()
    assert row(table, "bit")["answers"] == 200
    assert row(table, "all, first block")["answers"] == 300
    assert np.isfinite(row(table)["d_prime"])


def test_calling_everything_synthesised_gives_the_f1_of_the_chance_line():
    table = table2(simulate(5, criterion=-40), resamples=50)
    for word in ("bat", "all", "always synthesised"):
        found = row(table, word)
        assert found["f1"] == pytest.approx(2 / 3)
        assert found["precision"] == pytest.approx(0.5)
        assert found["recall"] == 1
    assert row(table)["accuracy"] == 0.5
    assert row(table)["d_prime"] == pytest.approx(0, abs=1e-9)
    coin = row(table, "coin")
    assert (coin[["f1", "precision", "recall", "accuracy"]] == 0.5).all()
    # nobody ever said real: there is nothing to agree or to disagree about
    assert np.isnan(row(table)["alpha_answer"])


def test_values_are_sums_over_raters_by_hand():
    """One rater right on 2 of 2, one wrong on 1 generated clip who stopped before the scale."""
    answers = pd.DataFrame(
        [
            ("a", "c1", "generated", "synthesised", 2),
            ("a", "c2", "real", "real", 5),
            ("b", "c1", "generated", "real", pd.NA),
        ],
        columns=["rater", "clip", "kind", "answer", "naturalness"],
    ).assign(word="bat", block=1)
    table = table2(answers.astype({"naturalness": "Int64"}), resamples=50)
    found = row(table, "bat")
    assert found["precision"] == 1  # 1 of 1: b never said synthesised
    assert found["recall"] == 0.5
    assert found["f1"] == pytest.approx(2 / 3)  # 2 x 1 / (2 x 1 + 0 + 1)
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert (found["mos_real"], found["mos_generated"]) == (5, 2)
    assert np.isnan(found["mos_real_low"])  # of one rater
    assert "all, first block" not in set(table["word"])
    # two of three clips shown were generated
    assert row(table, "always synthesised")["f1"] == pytest.approx(0.8)


def test_intervals_are_over_raters():
    """Raters who are all alike leave no doubt; one of two who is a coin does."""
    perfect = simulate(2, d_prime=40)
    coin = simulate(1, d_prime=0, seed=2).assign(rater="coin")
    sure = row(table2(perfect, resamples=200))
    assert sure["accuracy_low"] == sure["accuracy_high"] == 1
    mixed = row(table2(pd.concat([perfect, coin]), resamples=200))
    assert mixed["accuracy_low"] < 0.6
    assert mixed["accuracy_high"] == 1


def test_sensitivity():
    assert sensitivity(84, 100, 16, 100) == pytest.approx(1.97, abs=0.01)
    assert sensitivity(5, 5, 5, 5) == 0
    assert np.isfinite(sensitivity(5, 5, 0, 5))
    assert np.isnan(sensitivity(5, 5, 0, 0))


def test_alpha_by_hand():
    """Three clips, two raters: 00, 11, 01. D_o = 2/6; D_e = 2 x 3 x 3 / (6 x 5) = 0.6."""
    units = [np.array([0, 0]), np.array([1, 1]), np.array([0, 1])]
    assert krippendorff_alpha(units, nominal) == pytest.approx(1 - (1 / 3) / 0.6)
    # a clip that one rater saw says nothing
    assert krippendorff_alpha([*units, np.array([1])], nominal) == pytest.approx(4 / 9)
    assert np.isnan(krippendorff_alpha([np.array([1, 1])], nominal))
    assert np.isnan(krippendorff_alpha([np.array([1])], nominal))


def test_alpha_of_the_published_example():
    """Four observers, twelve units, with gaps (Krippendorff 2011): 0.743 and 0.849."""
    gap = np.nan
    observers = np.array(
        [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, gap, gap, gap],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, gap, 3],
            [gap, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, gap],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, gap],
        ]
    )
    units = [unit[np.isfinite(unit)] for unit in observers.T]
    assert krippendorff_alpha(units, nominal) == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(units, interval) == pytest.approx(0.849, abs=5e-4)


def test_the_text_puts_f1_beside_chance(tmp_path):
    write_table2(table2(simulate(3), resamples=50), tmp_path / "t.md", synthetic=True)
    text = (tmp_path / "t.md").read_text()
    assert "a rater who always answers synthesised has recall 1, precision 0.50 and F1 0.67" in text
    assert "0.67 to 0.69" in text
    assert "must not be compared" in text
    assert len([line for line in text.splitlines() if line.startswith("| ")]) == 2 + 7
    write_table2(table2(simulate(3).iloc[:0]), tmp_path / "none.md", synthetic=False)
    assert "phantom" not in (tmp_path / "none.md").read_text()
