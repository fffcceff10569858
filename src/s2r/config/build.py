"""From plain settings, as YAML and JSON hold them, to frozen dataclasses."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TypeVar, get_type_hints

Settings = TypeVar("Settings")


def build(cls: type[Settings], block: Mapping) -> Settings:
    """A dataclass from its fields by name: lists become tuples, blocks their own dataclasses.

    Raises TypeError for a name that is no field of ``cls``.
    """
    types = get_type_hints(cls)
    return cls(**{name: _typed(types.get(name), value) for name, value in block.items()})


def build_part(cls: type[Settings], block: Mapping) -> Settings:
    """`build` from those settings of ``block`` that are fields of ``cls``."""
    names = {field.name for field in fields(cls)}
    return build(cls, {name: value for name, value in block.items() if name in names})


def _typed(wanted: object, value: object) -> object:
    if isinstance(wanted, type) and is_dataclass(wanted) and isinstance(value, Mapping):
        return build(wanted, value)
    return tuple(value) if isinstance(value, list) else value
