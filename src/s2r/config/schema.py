"""Schema faults of the configuration, said in one sentence with the dotted key."""

import contextlib
import difflib
from collections.abc import Mapping
from pathlib import Path

from s2r.core.errors import UserError

TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "a block of keys",
    "string": "a text",
}

BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "above",
    "exclusiveMaximum": "below",
}

SIZES = {
    "minItems": "at least {} in the list",
    "maxItems": "at most {} in the list",
    "minProperties": "at least {} of them",
    "minLength": "at least {} character",
}


def check_schema(config: Mapping, schema_file: str | Path) -> None:
    """Raise UserError for the first fault of ``config`` against a JSON schema in YAML.

    The sentence names the dotted key, what is allowed there and, for a key that does not exist,
    the nearest one that does. Unknown keys come first: one often causes the other faults.
    """
    import jsonschema
    import yaml

    schema = yaml.safe_load(Path(schema_file).read_text())
    errors = list(jsonschema.Draft202012Validator(schema).iter_errors(config))
    if errors:
        first = min(errors, key=lambda error: error.validator != "additionalProperties")
        raise UserError(sentence(first))


def sentence(error) -> str:
    """One sentence for a ``jsonschema.ValidationError``."""
    key, found = dotted(error.absolute_path), error.instance
    if error.validator == "additionalProperties":
        return _unknown_key(key, found, error.schema)
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in found)
        return f"{_join(key, missing)}: this key is missing."
    return f"{key or 'the configuration'}: {_wrong_value(error)}."


def _wrong_value(error) -> str:
    found, rule, value = error.instance, error.validator, error.validator_value
    says = {
        "type": lambda: f"must be {_type_names(value)}, not {found!r}{_hint(found, value)}",
        "enum": lambda: f"must be one of {', '.join(map(str, value))}, not {found!r}",
        "multipleOf": lambda: f"must be a multiple of {value}, not {found}",
        "uniqueItems": lambda: "the list holds the same entry twice",
        "pattern": lambda: f"{found!r} cannot be used, {_described(error.schema, value)}",
    }
    if rule in BOUNDS:
        return f"must be {BOUNDS[rule]} {value}, not {found}"
    if rule in SIZES:
        return f"there must be {SIZES[rule].format(value)}"
    return says[rule]() if rule in says else error.message.rstrip(".")


def _described(schema: Mapping, pattern: str) -> str:
    return schema.get("description", pattern).rstrip(".")


def _type_names(value: str | list[str]) -> str:
    return " or ".join(TYPES[name] for name in ([value] if isinstance(value, str) else value))


def dotted(path) -> str:
    """``["split", "unseen_stimuli", 0]`` as ``split.unseen_stimuli.0``."""
    return ".".join(str(part) for part in path)


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _unknown_key(key: str, found: Mapping, schema: Mapping) -> str:
    known = list(schema.get("properties", ()))
    unknown = next(str(name) for name in found if name not in known)
    near = difflib.get_close_matches(unknown, known, n=1, cutoff=0.5)
    if near:
        return f"{_join(key, unknown)}: there is no such key; did you mean {_join(key, near[0])}?"
    place = f"the keys of {key}" if key else "the top-level keys"
    return f"{_join(key, unknown)}: there is no such key; {place} are {', '.join(known)}."


def _hint(found, wanted) -> str:
    """For values that look right but were read as text; YAML 1.1 does so with 1e-3."""
    if isinstance(found, str) and "string" not in wanted:
        with contextlib.suppress(ValueError):
            float(found)
            return (
                " (in a configuration file write it without quotes, 1e-3 as 1.0e-3; --config "
                "takes nested values for texts)"
            )
    return ""
