"""Regular expressions that the user writes, checked before anything runs."""

import re
from collections.abc import Mapping, Sequence

from s2r.core.errors import UserError


def compile_pattern(pattern: str) -> re.Pattern:
    """Compile the pattern; UserError names ``corpus.folder.pattern`` if it is invalid."""
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise UserError(f"corpus.folder.pattern: not a regular expression: {error}.") from error
    for group in ("subject", "stimulus"):
        if group not in expression.groupindex:
            raise UserError(
                f"corpus.folder.pattern: {pattern} has no group (?P<{group}>...); name one so that "
                f"recordings can be split by {group}."
            )
    return expression


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
        except re.error as error:
            raise UserError(
                f"recordings.exclude_notes: {pattern!r} is not a regular expression: {error}."
            ) from error
