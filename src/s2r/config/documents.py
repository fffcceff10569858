"""Files written from the keys: ``config/config.yaml``, the JSON schema, the tables of the README.

``python -m s2r.config.documents`` in the project's folder rewrites them; a test compares them.
"""

import inspect
import re
import textwrap
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import TypeAdapter

from s2r.config.keys import plain
from s2r.config.tree import Config, block_of, leaves, place_at
from s2r.core.files import atomic_path

YAML_FILE = Path("config/config.yaml")
SCHEMA_FILE = Path("workflow/schemas/config.schema.yaml")
README_FILE = Path("config/README.md")

YAML_HEAD = """\
# The embedded default: a synthetic corpus (a numerical phantom of the vocal tract), small enough
# for two CPU cores. Every key, its unit and its default: config/README.md.
# For another corpus write a file with only what differs, and name it:
#   snakemake --cores 8 --configfile config/folder.yaml
# This file is written from src/s2r/config: python -m s2r.config.documents
"""

OPTIONAL = ("pathvars",)
"""Blocks that the default leaves to Snakemake."""


def default_yaml() -> str:
    """The text of ``config/config.yaml``: every key with its default."""
    lines = [YAML_HEAD]
    for name, value in plain(Config()).items():
        if name in OPTIONAL:
            continue
        place = place_at([name])
        comment = description(name)
        if block_of(place.annotation) is None and not isinstance(value, Mapping):
            lines.append(f"{name}: {in_line(value)}")
        else:
            lines += ["", *textwrap.wrap(comment, 98, initial_indent="# ", subsequent_indent="# ")]
            lines += [f"{name}:", *_block_lines(_without_defaults(name, value), "  ")]
    return "\n".join(lines) + "\n"


def description(name: str) -> str:
    """What a block of the configuration is for, or what a key means."""
    place = place_at([name])
    cls = block_of(place.annotation)
    if cls is None and isinstance(place.default, Mapping):
        cls = block_of(place_at([name, "x"]).annotation)
    return " ".join(inspect.getdoc(cls).split()) if cls else place.text


def schema_yaml() -> str:
    """The text of the JSON schema, for editors that check YAML files while they are written."""
    schema = TypeAdapter(Config).json_schema()
    for name in ("encoders", "runs"):
        blocks = schema["properties"][name]
        ((names, entry),) = blocks.pop("patternProperties").items()
        blocks["propertyNames"]["pattern"] = names
        # null removes an entry that an earlier file defined
        blocks["additionalProperties"] = {"anyOf": [entry, {"type": "null"}]}
    head = "# Written from src/s2r/config: python -m s2r.config.documents\n"
    return head + yaml.safe_dump(schema, sort_keys=False, allow_unicode=True, width=100)


def readme_tables(text: str) -> str:
    """The README with the table of every block rewritten between its two markers.

    Raises ValueError where a block has no markers, or markers have no block.
    """
    rows: dict[str, list[str]] = {}
    for dotted, place in leaves():
        default = "" if place.required else f"`{in_line(_table_default(dotted, place.default))}`"
        row = f"| `{dotted}` | {place.text} | {place.unit} | {default} |"
        rows.setdefault(dotted.partition(".")[0], []).append(row)
    for name, lines in rows.items():
        start, end = f"<!-- keys of {name} -->", "<!-- end of keys -->"
        table = ["| key | meaning | unit | default |", "|---|---|---|---|", *lines]
        introduction = [description(name), ""] if len(lines) > 1 else []
        section = "\n".join([start, *introduction, *table, end])
        text, count = re.subn(rf"{re.escape(start)}.*?{end}", lambda _: section, text, flags=re.S)  # noqa: B023
        if count != 1:
            raise ValueError(f"{README_FILE} has {count} tables of the block {name}")
    if unknown := set(re.findall(r"<!-- keys of (\w+) -->", text)) - rows.keys():
        raise ValueError(f"{README_FILE} has tables of {', '.join(sorted(unknown))}")
    return text


def in_line(value: object) -> str:
    """A value as YAML writes it in one line."""
    return yaml.safe_dump(value, default_flow_style=True, width=1000).split("\n")[0]


def _table_default(dotted: str, default: object) -> object:
    """The default of a key; None for a mapping whose names the user chooses."""
    return None if dotted.endswith("<name>") else default


def _without_defaults(name: str, value: object) -> object:
    """Blocks by name (encoders, runs) with only the values that differ from the defaults."""
    if block_of(place_at([name]).annotation) is not None:
        return value
    keys = block_of(place_at([name, "x"]).annotation).__pydantic_fields__
    required = {key for key, field in keys.items() if field.is_required()}
    return {
        entry: {
            key: content
            for key, content in block.items()
            if key in required or content != plain(keys[key].get_default(call_default_factory=True))
        }
        for entry, block in value.items()
    }


def _block_lines(value: Mapping, indent: str) -> list[str]:
    lines = []
    for name, content in value.items():
        if isinstance(content, Mapping) and content:
            lines += [f"{indent}{name}:", *_block_lines(content, f"{indent}  ")]
        else:
            lines.append(f"{indent}{name}: {in_line(content)}")
    return lines


def write(root: Path = Path()) -> None:
    """Write the three documents below ``root``."""
    readme = readme_tables((root / README_FILE).read_text())
    documents = {YAML_FILE: default_yaml(), SCHEMA_FILE: schema_yaml(), README_FILE: readme}
    for file, text in documents.items():
        with atomic_path(root / file) as temporary:
            temporary.write_text(text)


if __name__ == "__main__":
    write()
