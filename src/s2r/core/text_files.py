"""Text files from elsewhere: size and depth are limited before anything is built from them."""

import json
import os
import stat
from pathlib import Path

import yaml

from s2r.core.errors import UserError

LARGEST = 4 * 2**20
"""Bytes of a text file; the largest of the project, an index of recordings, has a tenth."""

DEEPEST = 32
"""Lists in lists, or blocks in blocks, of YAML; the parser of JSON has its own limit."""


def read_text(path: str | Path, largest: int = LARGEST) -> str:
    """The text of a file in UTF-8.

    Raises UserError as `read_bytes` does, and where it is no such text.
    """
    try:
        return read_bytes(path, largest).decode()
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not a text file: use the original.") from error


def read_bytes(path: str | Path, largest: int = LARGEST) -> bytes:
    """The content of a file.

    Raises UserError where it cannot be read, is no file, or has more bytes than ``largest``.
    """
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UserError(f"{path} is not an ordinary file: put a copy of the file there.")
            content = file.read(largest + 1)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from error
    if len(content) > largest:
        raise UserError(
            f"{path} has more than {largest} bytes, too many for such a file: use the original."
        )
    return content


def read_yaml(path: str | Path) -> object:
    """The content of a YAML file without aliases and tags, which build more than they show.

    Raises UserError as `read_text` does, and where it is not such YAML.
    """
    text = read_text(path)
    try:
        return _Plain(text).get_single_data()
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        reason = getattr(error, "problem", None) or "it holds values that are none"
        raise UserError(f"{path} is not readable YAML ({reason}): use the original.") from error


def read_json(path: str | Path, largest: int = LARGEST) -> object:
    """The content of a JSON file. Raises UserError as `read_text` does, and for other content."""
    return parse_json(read_text(path, largest), path)


def parse_json(text: str, path: str | Path) -> object:
    """The content of a JSON text, which stands in the file ``path``. Raises UserError."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} does not hold readable JSON: use the original.") from error


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; a pipe does not wait for a writer."""
    return os.open(path, flags | os.O_NONBLOCK)


class _Plain(yaml.SafeLoader):
    """YAML as a tree: no aliases, no tags, a limited depth."""

    depth = 0

    def compose_node(self, parent, index):
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "aliases are not read", event.start_mark)
        if getattr(event, "tag", None) not in (None, "!"):
            raise yaml.composer.ComposerError(None, None, "tags are not read", event.start_mark)
        self.depth += 1
        if self.depth > DEEPEST:
            raise yaml.composer.ComposerError(None, None, "it is too deep", event.start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node
