"""What is wrong with a configuration, in one sentence that starts with the dotted key."""

import contextlib
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from pydantic import ValidationError

from s2r.config.tree import Config, place_at, type_words, validate
from s2r.core.errors import UserError

UNKNOWN = ("unexpected_keyword_argument", "extra_forbidden")

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
    found: object
    context: Mapping

    @property
    def of_type(self) -> bool:
        """Whether the value has a wrong type; of a union, each member that does not fit says so."""
        return self.kind.endswith("_type")


def read(config: Mapping) -> Config:
    """The typed configuration of the merged YAML files.

    Raises UserError for the first error. It names the dotted key, what is allowed there and, for
    a key that does not exist, the nearest one that does. Unknown keys come first: one often
    causes the other errors.
    """
    try:
        return validate(config)
    except ValidationError as error:
        raise UserError(_sentence(error, config)) from None


def dotted(path: Sequence) -> str:
    """``["split", "unseen_stimuli", 0]`` as ``split.unseen_stimuli.0``."""
    return ".".join(str(part) for part in path)


def _sentence(error: ValidationError, config: Mapping) -> str:
    problems = [
        Problem(_path(one["loc"], config), one["type"], one["input"], one.get("ctx", {}))
        for one in error.errors(include_url=False)
    ]
    unknown = [problem for problem in problems if problem.kind in UNKNOWN]
    if unknown:
        return _unknown_key(unknown[0].path)
    here = [problem for problem in problems if problem.path == problems[0].path]
    problem = min(here, key=lambda one: one.of_type)
    if problem.kind == "missing":
        return f"{dotted(problem.path)}: this key is missing."
    return f"{dotted(problem.path) or 'the configuration'}: {_wrong_value(problem)}."


def _path(location: Sequence, config: object) -> list[str | int]:
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
        elif isinstance(value, Mapping) and last and part != "[key]":
            path.append(part)  # a key that is missing
    return path[:-1] if location[-1:] == ("[key]",) else path


def _wrong_value(problem: Problem) -> str:
    found, context, place = problem.found, problem.context, place_at(problem.path)
    sentences = {
        "multiple_of": lambda: f"must be a multiple of {context['multiple_of']:g}, not {found}",
        "too_short": lambda: f"there must be at least {context['min_length']} {_of(found)}",
        "too_long": lambda: f"there must be at most {context['max_length']} {_of(found)}",
        "string_too_short": lambda: f"there must be at least {context['min_length']} character",
        "string_pattern_mismatch": lambda: f"{found!r} cannot be used, {_description(problem)}",
        "literal_error": lambda: (
            f"must be one of {', '.join(map(str, get_args(place.annotation)))}, not {found!r}"
        ),
        "value_error": lambda: str(context["error"]),
    }
    if problem.kind in BOUNDS:
        bound, words = BOUNDS[problem.kind]
        return f"must be {words} {context[bound]:g}, not {found}"
    if problem.of_type:
        wanted = type_words(place.annotation)
        return f"must be {wanted}, not {found!r}{_hint(found, wanted)}"
    return sentences.get(problem.kind, lambda: f"{found!r} cannot be used")()


def _of(found: object) -> str:
    return "of them" if isinstance(found, Mapping) else "in the list"


def _description(problem: Problem) -> str:
    """What a text must look like: of a name in a block of names, or of the key."""
    place = place_at(problem.path)
    if isinstance(problem.found, str) and getattr(place.annotation, "__args__", None):
        names = get_args(place.annotation)[0]
        for about in getattr(names, "__metadata__", ()):
            if getattr(about, "description", None):
                return about.description
    return place.text.rstrip(".")


def _unknown_key(path: list[str | int]) -> str:
    place, unknown = place_at(path[:-1]), str(path[-1])
    known, key = place.names or [], dotted(path[:-1])
    near = difflib.get_close_matches(unknown, known, n=1, cutoff=0.5)
    if near:
        return (
            f"{dotted(path)}: there is no such key; did you mean {dotted([*path[:-1], near[0]])}?"
        )
    keys = f"the keys of {key}" if key else "the top-level keys"
    return f"{dotted(path)}: there is no such key; {keys} are {', '.join(known)}."


def _hint(found: object, wanted: str) -> str:
    """For values that look right but were read as text; YAML 1.1 does so with 1e-3."""
    if isinstance(found, str) and re.search("number", wanted):
        with contextlib.suppress(ValueError):
            float(found)
            return (
                " (in a configuration file write it without quotes, 1e-3 as 1.0e-3; --config "
                "takes nested values for texts)"
            )
    return ""
