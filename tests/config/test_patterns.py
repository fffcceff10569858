"""Patterns that a user writes: none may look at a name for ever."""

import pytest

from s2r.config.patterns import check_notes_settings, check_pattern
from s2r.core.errors import UserError


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?P<subject>[^/]+)/(?P<stimulus>[^/]+)",
        r"(?P<subject>[^/]+)/(?:[^/]+/)*(?P<stimulus>[^/]+)",
        r"(?P<subject>[a-z]+(?:_[a-z]+)*)/(?P<stimulus>.+)",
        r"(?:session\d+/)?(?P<subject>s\d+)/(?P<stimulus>[A-Za-z]+\d*)(?:_r(?P<repetition>\d+))?",
    ],
)
def test_patterns_of_real_corpora(pattern):
    check_pattern(pattern)


@pytest.mark.parametrize(
    "subject",
    [r"(a+)+", r"(?:x|(?:[a-z]+|\w)+)", r"([^/]+?)+", "(.*)*", "(a{1,50}){1,50}", "(.*)" * 9],
)
def test_patterns_that_backtrack_for_ever(subject, monkeypatch):
    monkeypatch.setattr("s2r.config.patterns.PATIENCE", 0.5)
    with pytest.raises(UserError, match=r"^corpus\.folder\.pattern: .* can take for ever"):
        check_pattern(rf"(?P<subject>{subject})/(?P<stimulus>[^/]+)")


def test_patterns_of_notes(monkeypatch):
    monkeypatch.setattr("s2r.config.patterns.PATIENCE", 0.5)
    corpus = {"kind": "usc75", "metafile": None}
    check_notes_settings(corpus, ["artifact", r"motion.*strong"])
    with pytest.raises(UserError, match=r"^recordings\.exclude_notes: .* can take for ever"):
        check_notes_settings(corpus, ["bad", "(x+x+)+y"])


def test_a_pattern_that_re_cannot_hold():
    with pytest.raises(UserError, match="not a regular expression"):
        check_pattern("(" * 5000 + ")" * 5000)
