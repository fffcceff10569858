"""From plain settings, as YAML and JSON hold them, to frozen dataclasses."""

import json
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import TypeVar

from pydantic import TypeAdapter

Settings = TypeVar("Settings")


def build(cls: type[Settings], block: Mapping) -> Settings:
    """A block of keys (`s2r.config.keys.block`) from its keys by name: lists become tuples.

    Raises pydantic's ValidationError, a ValueError, for an unknown key or a wrong value.
    """
    return _adapter(cls).validate_json(json.dumps(dict(block)))


def build_part(cls: type[Settings], block: Mapping) -> Settings:
    """`build` from those settings of ``block`` that are keys of ``cls``."""
    names = {field.name for field in fields(cls)}
    return build(cls, {name: value for name, value in block.items() if name in names})


@cache
def _adapter(cls: type) -> TypeAdapter:
    return TypeAdapter(cls)
