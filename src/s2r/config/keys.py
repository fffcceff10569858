"""How a key of the configuration is defined, in one place: type, default, unit and text.

A block of keys is a frozen dataclass whose fields are the keys. All else is derived from
them: the checks (`s2r.config.errors`), ``config/config.yaml``, the JSON schema for editors and the
tables of ``config/README.md`` (`s2r.config.documents`).
"""

from collections.abc import Mapping
from copy import copy
from typing import Annotated, Any, TypeVar, get_type_hints

from pydantic import AfterValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass
from typing_extensions import TypedDict, dataclass_transform

Block = TypeVar("Block")

NO_DEFAULT: Any = ...
"""Default of a key that must be given."""

RULES = ConfigDict(extra="forbid", strict=True, regex_engine="python-re", allow_inf_nan=False)


@dataclass_transform(frozen_default=True, kw_only_default=False)
def block(cls: type[Block]) -> type[Block]:
    """Make a class a block of keys: a frozen dataclass that takes no other keys and types."""
    return dataclass(cls, frozen=True, config=RULES)


def key(default: Any, text: str, unit: str = "", **bounds: Any) -> Any:
    """A key with its default, what it means, its unit, and the bounds of its value.

    ``bounds`` are pydantic's: ``ge``, ``gt``, ``le``, ``lt``, ``multiple_of``, ``min_length``,
    ``max_length``, ``pattern``. Lists become tuples; a default that is a block, a list or a mapping
    is given as a function that returns it.
    """
    default_argument = {"default_factory": default} if callable(default) else {"default": default}
    unit_argument = {"json_schema_extra": {"unit": unit}} if unit else {}
    return Field(**default_argument, description=text, **unit_argument, **bounds)


def inherited(base: type, name: str, default: Any) -> Any:
    """The key ``name`` of the block ``base``, with another default."""
    field = copy(base.__pydantic_fields__[name])
    field.default = default
    return field


def overrides(cls: type) -> type:
    """The keys of a block as a mapping, all optional, for the settings that a run changes."""
    hints = get_type_hints(cls, include_extras=True)
    fields = cls.__pydantic_fields__
    annotations = {
        name: Annotated[hints[name], Field(description=field.description), *field.metadata]
        for name, field in fields.items()
    }
    typed_dict = TypedDict(f"{cls.__name__}Overrides", annotations, total=False)
    typed_dict.__pydantic_config__ = RULES
    return typed_dict


def _unique(entries: tuple) -> tuple:
    if len(set(entries)) < len(entries):
        raise ValueError("the list holds the same entry twice")
    return entries


def plain(value: object) -> object:
    """A block as mappings and lists, for YAML and JSON."""
    if hasattr(value, "__pydantic_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__pydantic_fields__}
    if isinstance(value, Mapping):
        return {name: plain(entry) for name, entry in value.items()}
    return [plain(entry) for entry in value] if isinstance(value, (list, tuple)) else value


Name = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z][A-Za-z0-9._-]*\Z",
        max_length=100,
        description="a name holds letters, digits, dots, dashes and underscores, and starts with a "
        "letter",
    ),
]
"""Name of an encoder or a run."""

NonEmptyText = Annotated[str, Field(min_length=1)]

FilePath = Annotated[
    str,
    Field(
        pattern=r"^[^{}<>\x00-\x1f]+\Z",
        description="a path has no braces and no angle brackets: Snakemake would read them as "
        "wildcards",
    ),
]
"""Path of a file or folder of the user's."""

Unique = AfterValidator(_unique)
"""Checks that no entry of a list occurs twice."""

Texts = tuple[str, ...]
UniqueTexts = Annotated[Texts, Unique]
