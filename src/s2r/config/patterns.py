"""Regular expressions that the user writes, checked before anything runs."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from re import _constants as code  # the only parser that reads what `re` reads
from re import _parser as parser

from s2r.core.errors import UserError

PATIENCE = 2.0
"""Seconds for all trials of a pattern; one that does not backtrack needs milliseconds."""

REPEATS = 30
"""How often the names of a trial repeat what a pattern lets repeat."""

TRIAL = "import json, re, sys; pattern, *names = json.load(sys.stdin); "
SEARCH = TRIAL + "[re.search(pattern, name) for name in names]"
WHOLE = TRIAL + "[re.fullmatch(pattern, name) for name in names]"

ORDINARY = "a0_ -.A/"
"""Characters of names, one of each kind."""

CATEGORIES = {
    code.CATEGORY_DIGIT: r"\d", code.CATEGORY_NOT_DIGIT: r"\D", code.CATEGORY_SPACE: r"\s",
    code.CATEGORY_NOT_SPACE: r"\S", code.CATEGORY_WORD: r"\w", code.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip


def compile_pattern(pattern: str) -> re.Pattern:
    """Compile the pattern; UserError names ``corpus.folder.pattern`` if it is invalid."""
    try:
        expression = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise UserError(f"corpus.folder.pattern: not a regular expression: {error}.") from error
    for group in ("subject", "stimulus"):
        if group not in expression.groupindex:
            raise UserError(
                f"corpus.folder.pattern: {pattern!r} has no group (?P<{group}>...); name one so "
                f"that recordings can be split by {group}."
            )
    return expression


def check_pattern(pattern: str) -> None:
    """Raise UserError where ``corpus.folder.pattern`` is invalid, or may take for ever."""
    compile_pattern(pattern)
    _check_time("corpus.folder.pattern", pattern, WHOLE)


def check_notes_settings(corpus: Mapping, patterns: Sequence[str]) -> None:
    """Raise UserError where ``corpus.metafile`` and ``recordings.exclude_notes`` are invalid."""
    if corpus["kind"] != "usc75":
        for key, value in (
            ("corpus.metafile", corpus["metafile"]),
            ("recordings.exclude_notes", patterns),
        ):
            if value:
                raise UserError(f"{key}: only corpus.kind usc75 has a metafile; leave it empty.")
    for pattern in patterns:
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as error:
            raise UserError(
                f"recordings.exclude_notes: {pattern!r} is not a regular expression: {error}."
            ) from error
        _check_time("recordings.exclude_notes", pattern, SEARCH)


def _check_time(key: str, pattern: str, trial: str) -> None:
    """Raise UserError where names exist with which a pattern takes for ever.

    Tried are long names made from the pattern itself that fail at their end: where parts of a
    pattern can share a name in many ways, all ways are looked at then. In a process of its own,
    since nothing else ends `re`.
    """
    names = [f"{name}\x01" for name in _long_names(pattern)]
    try:
        subprocess.run(
            [sys.executable, "-I", "-S", "-c", trial],
            input=json.dumps([pattern, *names]).encode(),
            timeout=PATIENCE,
            check=False,
            capture_output=True,
        )
    except subprocess.TimeoutExpired:
        raise UserError(
            f"{key}: {pattern!r} can take for ever on a name that it does not match, because parts "
            "that repeat can match the same letters; use one repetition for each part, such as "
            "[^/]+ for the name of a folder."
        ) from None


def _long_names(pattern: str) -> set[str]:
    """Beginnings of names that a pattern matches, each up to the end of something repeated."""
    tree, cuts = parser.parse(pattern), set()
    for choice in range(4):
        cuts.add(_example(tree, choice, REPEATS, "", cuts))
    return cuts


def _example(tree: Sequence, choice: int, repeats: int, text: str, cuts: set[str]) -> str:
    """``text`` and what a parsed pattern matches after it, or nearly.

    ``choice`` is the branch to take; ``cuts`` gets the text up to the end of every repetition.
    """
    for operation, argument in tree:
        if operation is code.LITERAL:
            text += chr(argument)
        elif operation is code.IN:
            text += _member(argument)
        elif operation in (code.ANY, code.NOT_LITERAL):
            text += "b" if argument == ord("a") else "a"
        elif operation in (code.SUBPATTERN, code.ATOMIC_GROUP):
            part = argument[-1] if operation is code.SUBPATTERN else argument
            text = _example(part, choice, repeats, text, cuts)
        elif operation is code.BRANCH:
            branches = argument[1]
            text = _example(branches[choice % len(branches)], choice, repeats, text, cuts)
        elif operation in (code.MAX_REPEAT, code.MIN_REPEAT, code.POSSESSIVE_REPEAT):
            least, most, part = argument
            # Inside of another repetition a few are enough.
            part_text = _example(part, choice, max(repeats // 15, 1), "", set())
            text += part_text * max(min(repeats, most), min(least, repeats))
            cuts.add(text)
    return text


def _member(items: Sequence) -> str:
    """A character of a parsed class in brackets."""
    negated = items[0][0] is code.NEGATE
    own = "".join(chr(argument) for operation, argument in items if operation is code.LITERAL)
    candidates = ORDINARY if negated else ORDINARY + own
    matching = (c for c in candidates if any(_is_in(c, *item) for item in items) != negated)
    return next(matching, "a")


def _is_in(character: str, operation: object, argument: object) -> bool:
    if operation is code.LITERAL:
        return ord(character) == argument
    if operation is code.RANGE:
        return argument[0] <= ord(character) <= argument[1]
    if operation is code.CATEGORY:
        return re.fullmatch(CATEGORIES.get(argument, "."), character) is not None
    return False
