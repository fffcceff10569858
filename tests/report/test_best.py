"""The best system is the one with the lowest validation error of the weights it kept."""

import pytest

from s2r.core.errors import UserError
from s2r.report.best import best_system


@pytest.fixture
def curves(tmp_path):
    """Writes training curves, {system: text}; returns their paths."""

    def write(**texts):
        paths = [tmp_path / system / "curve.csv" for system in texts]
        for path, text in zip(paths, texts.values(), strict=True):
            path.parent.mkdir()
            path.write_text(text)
        return paths

    return write


WITHOUT = "clips,loss\n10,0.0001\n"


def test_the_last_validation_error_counts(curves):
    overfitted = "clips,validation_error\n10,0.01\n20,0.05\n"
    lowest = "clips,validation_error,draw_error\n10,0.2,\n20,0.03,\n30,,0.06\n"
    higher = "clips,loss,validation_error\n10,0.1,0.04\n"
    assert best_system(curves(a=overfitted, b=WITHOUT, c=lowest, d=higher)) == "c"


def test_without_validation_the_first_is_taken(curves):
    empty = "clips,validation_error\n10,\n"
    assert best_system(curves(a=WITHOUT, b=empty)) == "a"


def test_names_of_systems_may_hold_dots(curves):
    paths = curves(**{"whisper-tiny.en": "clips,validation_error\n1,0.1\n", "a.b": WITHOUT})
    assert best_system(paths) == "whisper-tiny.en"


@pytest.mark.parametrize("text", ["", 'clips,loss\n1,2,3,4\n"'])
def test_unreadable_curves_are_named(curves, tmp_path, text):
    with pytest.raises(UserError, match=r"a/curve\.csv is not a readable training curve"):
        best_system(curves(a=text))
    with pytest.raises(UserError, match=r"none/curve\.csv is not a readable"):
        best_system([tmp_path / "none/curve.csv"])
