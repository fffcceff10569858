"""Errors in a configuration, as one sentence that starts with the dotted key."""

import contextlib
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from pydantic import ValidationError

from s2r.config.build import Settings, build
from s2r.config.tree import Config, Place, place_at, type_words, validate
from s2r.core.errors import UserError

UNKNOWN = ("unexpected_keyword_argument", "extra_forbidden")

DEEPEST = 20
"""Blocks in blocks; the keys have 4."""

BOUNDS = {
    "greater_than_equal": ("ge", "at least"),
    "less_than_equal": ("le", "at most"),
    "greater_than": ("gt", "above"),
    "less_than": ("lt", "below"),
}


@dataclass(frozen=True)
class Problem:
    """One error of pydantic, at a place of the configuration."""

    path: list[str | int]
    kind: str
    value: object
    context: Mapping
    root: type
    """The block in which the path begins."""

    @property
    def place(self) -> Place | None:
        """What may stand there."""
        return place_at(self.path, self.root)

    @property
    def is_type_error(self) -> bool:
        """Whether the value has a wrong type; a union gives one such error for each member."""
        return self.kind.endswith("_type")


def read(config: Mapping) -> Config:
    """The typed configuration of the merged YAML files.

    Raises UserError for the first error. It names the dotted key, what is allowed there and, for
    an unknown key, the most similar one. Unknown keys come first: one often causes the other
    errors.
    """
    _check_names(config)
    try:
        return validate(config)
    except ValidationError as error:
        raise UserError(_sentence(error, config, Config)) from None


def read_block(cls: type[Settings], content: Mapping) -> Settings:
    """A block of keys from its settings, which somebody else may have written.

    Raises UserError for the first error, as `read` does, with keys as they stand in ``content``.
    """
    _check_names(content)
    try:
        return build(cls, content)
    except ValidationError as error:
        raise UserError(_sentence(error, content, cls)) from None


def nearest(value: int, step: int) -> str:
    """The multiples of ``step`` around ``value``, as words: ``80 or 88``."""
    below = value // step * step
    return f"{below} or {below + step}" if below else str(step)


def _check_names(value: object, path: tuple = ()) -> None:
    """Raise UserError for names that YAML read as numbers, truth values or null, and for loops."""
    if len(path) > DEEPEST:
        raise UserError(f"{dotted(path[:3])}: this holds blocks in blocks without end.")
    entries = value.items() if isinstance(value, Mapping) else ()
    if isinstance(value, list):
        entries = enumerate(value)
    for name, content in entries:
        if isinstance(value, Mapping) and not isinstance(name, str):
            raise UserError(
                f"{dotted(path) or 'the configuration'}: the name {name!r} is not a text for YAML; "
                "write it in quotes, or choose another one."
            )
        _check_names(content, (*path, name))


def dotted(path: Sequence) -> str:
    """``["split", "unseen_stimuli", 0]`` as ``split.unseen_stimuli.0``."""
    names = map(str, path)
    return ".".join(name if name.isprintable() else repr(name) for name in names)


def _sentence(error: ValidationError, config: Mapping, root: type) -> str:
    problems = [
        Problem(
            _path(entry["loc"], config, entry["type"]),
            entry["type"],
            entry["input"],
            entry.get("ctx", {}),
            root,
        )
        for entry in error.errors(include_url=False)
    ]
    unknown = [problem for problem in problems if problem.kind in UNKNOWN]
    if unknown:
        return _unknown_key(unknown[0])
    same_place = [problem for problem in problems if problem.path == problems[0].path]
    problem = min(same_place, key=lambda candidate: candidate.is_type_error)
    if problem.kind == "missing":
        return f"{dotted(problem.path)}: this key is missing."
    return f"{dotted(problem.path) or 'the configuration'}: {_wrong_value(problem)}."


def _path(location: Sequence, config: object, kind: str) -> list[str | int]:
    """Where an error is, without the names that pydantic gives to members of unions."""
    path, value = [], config
    for number, part in enumerate(location):
        last = number == len(location) - 1
        if isinstance(value, Mapping) and (part in value or str(part) in map(str, value)):
            value = value.get(part)
            path.append(part)
        elif isinstance(value, list) and isinstance(part, int):
            value = value[part]
            path.append(part)
        elif isinstance(value, Mapping) and last and kind == "missing":
            path.append(part)
    return path[:-1] if location[-1:] == ("[key]",) else path


def _wrong_value(problem: Problem) -> str:
    value, context, place = problem.value, problem.context, problem.place
    sentences = {
        "multiple_of": lambda: (
            f"must be a multiple of {context['multiple_of']}, such as "
            f"{nearest(value, context['multiple_of'])}, not {value}"
        ),
        "finite_number": lambda: f"must be a number that is not infinite, not {value}",
        "string_too_long": lambda: f"{value!r} has more than {context['max_length']} characters",
        "json_invalid": lambda: "it holds texts with characters that are none",
        "too_short": lambda: f"there must be at least {context['min_length']} {_counted_in(value)}",
        "too_long": lambda: f"there must be at most {context['max_length']} {_counted_in(value)}",
        "string_too_short": lambda: f"there must be at least {context['min_length']} character",
        "string_pattern_mismatch": lambda: f"{value!r} cannot be used, {_description(problem)}",
        "literal_error": lambda: (
            f"must be one of {', '.join(map(str, get_args(place.annotation)))}, not {value!r}"
        ),
        "value_error": lambda: str(context["error"]),
    }
    if problem.kind in BOUNDS:
        bound, words = BOUNDS[problem.kind]
        return f"must be {words} {_number(context[bound])}, not {value}"
    if problem.is_type_error:
        expected = type_words(place.annotation)
        return f"must be {expected}, not {value!r}{_hint(value, expected)}"
    return sentences.get(problem.kind, lambda: f"{value!r} cannot be used")()


def _number(value: float) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _counted_in(value: object) -> str:
    return "of them" if isinstance(value, Mapping) else "in the list"


def _description(problem: Problem) -> str:
    """The rule for a text: that of the names in a block of names, or the text of the key."""
    place = problem.place
    if isinstance(problem.value, str) and getattr(place.annotation, "__args__", None):
        names = get_args(place.annotation)[0]
        for metadata in getattr(names, "__metadata__", ()):
            if getattr(metadata, "description", None):
                return metadata.description
    return place.text.rstrip(".")


def _unknown_key(problem: Problem) -> str:
    path = problem.path
    place, unknown = place_at(path[:-1], problem.root), str(path[-1])
    names, key = place.names or [], dotted(path[:-1])
    # A key of the top level counts where its name is nearly the same: mean.seed, seeds.
    elsewhere = difflib.get_close_matches(unknown, place_at([], problem.root).names, 1, 0.85)
    nearest = difflib.get_close_matches(unknown, [*names, *elsewhere], n=1, cutoff=0.5)
    if nearest:
        here = nearest[0] in names
        suggestion = dotted([*path[:-1], nearest[0]]) if here else nearest[0]
        return f"{dotted(path)}: there is no such key; did you mean {suggestion}?"
    keys = f"the keys of {key}" if key else "the top-level keys"
    return f"{dotted(path)}: there is no such key; {keys} are {', '.join(names)}."


def _hint(value: object, expected: str) -> str:
    """An explanation for numbers that were read as text, as YAML 1.1 does with 1e-3."""
    if isinstance(value, str) and "number" in expected:
        with contextlib.suppress(ValueError):
            float(value)
            return (
                " (in a configuration file write it without quotes, 1e-3 as 1.0e-3; --config "
                "takes nested values for texts)"
            )
    return ""
