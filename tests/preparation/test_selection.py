"""Which recordings of a set are taken where not all are."""

from types import SimpleNamespace

import pandas as pd
import pytest

from s2r.preparation.selection import balanced, recordings_of


def members(subjects=6, stimuli=7):
    return pd.DataFrame(
        {"recording": f"s{s}_{t:02d}", "subject": f"s{s}", "stimulus": f"t{t}", "set": "test"}
        for s in range(subjects)
        for t in range(stimuli)
    )


@pytest.mark.parametrize("n", [1, 5, 12, 30])
def test_subjects_and_stimuli_come_equally_often(n):
    chosen = balanced(members(), n)
    assert len(chosen) == n and chosen["recording"].is_unique
    subjects = chosen["subject"].value_counts().reindex(members()["subject"].unique(), fill_value=0)
    assert subjects.max() - subjects.min() <= 1
    stimuli = (
        chosen["stimulus"].value_counts().reindex(members()["stimulus"].unique(), fill_value=0)
    )
    assert stimuli.max() - stimuli.min() <= 2


def test_twelve_of_six_subjects_with_seven_stimuli_show_all_of_them():
    assert balanced(members(), 12)["stimulus"].nunique() == 7


def test_an_uneven_set_is_used_up():
    few = members().iloc[[0, 1, 2, 3, 10]]
    assert balanced(few, 2)["subject"].tolist() == ["s0", "s1"]
    assert len(balanced(few, 9)) == 5


def test_the_order_of_lines_does_not_matter():
    shuffled = members().sample(frac=1, random_state=0)
    frames = SimpleNamespace(failed={"s0_00": "damaged"})
    found = recordings_of(shuffled, "test", frames, 12)
    assert found == recordings_of(members(), "test", frames, 12) == sorted(found)
    assert "s0_00" not in found
    assert len(recordings_of(shuffled, "test", frames)) == 41
    assert recordings_of(shuffled, "none", frames, 3) == []
