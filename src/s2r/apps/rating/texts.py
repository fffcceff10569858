"""The texts of the rating page, in any language: one YAML file, ``texts.yaml``."""

import re
from importlib.resources import files
from pathlib import Path

import yaml

from s2r.core.errors import UserError
from s2r.core.text_files import read_yaml

TEXTS = "texts.yaml"
"""Name of the file, in this package and in a rating folder."""

LONGEST = 20_000
"""Characters of one text."""

Text = str | list[str]

DEFAULT: dict[str, Text] = yaml.safe_load(files("s2r.apps.rating").joinpath(TEXTS).read_text())
"""The English texts."""

PARAGRAPHS = ("instructions", "consent")
"""Keys that hold a list of paragraphs."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_FIELD = re.compile(r"\{\w*\}")


def read_texts(path: str | Path | None) -> dict[str, Text]:
    """The texts in the file ``path`` with all keys of `DEFAULT`; without a path, those.

    Raises UserError where the file is not readable YAML, has a key that the page does not know, or
    a text without the words in braces that the page fills in.
    """
    if path is None:
        return dict(DEFAULT)
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise UserError(f"{path} holds no texts: copy {TEXTS} of the package s2r.apps.rating.")
    for name, value in content.items():
        if name not in DEFAULT:
            raise UserError(
                f"{path}: {name!r} is not a text of the page; it has {', '.join(DEFAULT)}."
            )
        _check(path, name, value)
    return DEFAULT | content


def _check(path: str | Path, name: str, value: object) -> None:
    parts = value if name in PARAGRAPHS else [value]
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        form = "a list of texts" if name in PARAGRAPHS else "a text, in quotes if need be"
        raise UserError(f"{path}: {name} must be {form}.")
    if sum(map(len, parts)) > LONGEST:
        raise UserError(f"{path}: {name} has more than {LONGEST} characters: shorten it.")
    if name not in PARAGRAPHS and not value.strip():
        raise UserError(f"{path}: {name} is empty: give it a text, or remove the key.")
    if name == "direction" and value not in ("ltr", "rtl"):
        raise UserError(f"{path}: direction must be ltr (from the left) or rtl (from the right).")
    if name == "language" and not _LANGUAGE.fullmatch(value):
        raise UserError(f"{path}: language must be the code of a language, such as en or pt-BR.")
    default = DEFAULT[name]
    fields = set() if isinstance(default, list) else set(_FIELD.findall(default))
    missing = fields - set(_FIELD.findall("".join(parts)))
    if missing:
        raise UserError(f"{path}: {name} must contain {', '.join(sorted(missing))}.")
