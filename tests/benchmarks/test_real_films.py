"""benchmarks/real_films.py: the closures of a made-up film are found where they are."""

import numpy as np
import pytest

from s2r.core.phonetics import Segment


@pytest.fixture
def bench(benchmark_module):
    return benchmark_module("real_films")


def film(phones, place, count=400, seed=0):
    """Noise with a square that is bright in the middle of /p/."""
    frames = np.random.default_rng(seed).integers(40, 60, (count, 24, 24)).astype(np.uint8)
    for phone in phones:
        if phone.label == "P":
            at = slice(int(phone.start * 50), int(phone.end * 50))
            frames[at, place[0] : place[0] + 5, place[1] : place[1] + 5] += 60
    return frames


def test_closures_are_found_in_the_film_and_elsewhere(bench):
    labels = ["P", "AA", "T", "K", "AA"] * 8
    phones = [Segment(label, 0.2 * k, 0.2 * k + 0.2) for k, label in enumerate(labels)]
    true, moved = film(phones, (3, 7)), film(phones, (14, 2), seed=1)
    assert bench.best_square(true[:200], phones, "lips") == (3, 7)
    halves = {"film": (true[:200], true[200:]), "other": (moved[:200], moved[200:])}
    table = bench.closures(halves, phones).set_index(["speech", "demand"])
    areas = table["auc"]
    assert areas["film", "lips"] == areas["other, own place", "lips"] == 1
    assert abs(areas["other", "lips"] - 0.5) < 0.4
    assert areas["other, another time", "lips"] < 0.9
    assert table.loc[("film", "lips"), ["n", "others", "units"]].to_list() == [4, 16, 4]
    assert 0 < areas["film", "tip"] < 1


def test_phones_of_another_time_stay_in_the_video(bench):
    moved = bench.moved_by(Segment("P", 7.0, 7.3), 4.0, 8.0)
    assert (moved.start, round(moved.end, 6)) == (3.0, 3.3)
