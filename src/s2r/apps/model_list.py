"""The commands ``models`` and ``push``: which models are here, and one of them uploaded."""

import sys
from collections.abc import Iterator
from pathlib import Path

from s2r.apps.models import DEFAULT_MODEL, MODELS
from s2r.core.errors import UserError
from s2r.generation.card_metadata import exported_by
from s2r.generation.folder_content import (
    WEIGHTS,
    FolderContent,
    read_content,
    size_of,
    whole_card,
)
from s2r.generation.hub import ModelPlace, cached_models, push_model
from s2r.generation.provenance import read_made_from

COLUMNS = ("name", "where", "trained on", "size", "sha256", "version")


def list_models() -> str:
    """A table of the model folders here, in `MODELS` and in the cache of the Hugging Face hub.

    Folders that are none are passed over; of one that is damaged the last line says so.
    """
    rows, damaged = [COLUMNS], []
    for place in _places():
        try:
            rows.append(_row(place))
        except UserError as error:
            damaged.append(str(error))
    if len(rows) == 1 and not damaged:
        return (
            f"There is no model in {DEFAULT_MODEL}, in {MODELS} or in the hub's cache: `make "
            "table1` makes one."
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, *damaged])


def push(folder: Path, name: str, private: bool, message: str | None) -> str:
    """Upload a model folder; returns a sentence with how to use it. Raises as `push_model`."""
    print(f"Uploading {folder} ...", file=sys.stderr, flush=True)
    source = push_model(folder, name, private=private, message=message)
    return f"{source}: s2r generate speech.wav --model {name} -o tract.mp4"


def _places() -> Iterator[ModelPlace]:
    """Folders that may be model folders."""
    here = [DEFAULT_MODEL, *(sorted(MODELS.iterdir()) if MODELS.is_dir() else [])]
    yield from (ModelPlace(folder) for folder in here if (folder / "config.yaml").is_file())
    yield from cached_models()


def _row(place: ModelPlace) -> tuple[str, ...]:
    content = read_content(place.folder)
    program = exported_by(whole_card(place.folder)).removeprefix("s2r ")
    return (
        content.name,
        place.source or str(place.folder),
        _trained_on(place.folder, content),
        f"{size_of(place.folder, content) / 1e6:.0f} MB",
        content.checksum[:12],
        program.replace(", commit", "") or "unknown",
    )


def _trained_on(folder: Path, content: FolderContent) -> str:
    """Kind of the corpus and number of subjects."""
    corpus = read_made_from(folder / WEIGHTS).get("corpus", "unknown")
    subjects = sum(name.startswith("references/") for name in content.files)
    return f"{corpus}, {subjects} subject{'s' * (subjects != 1)}"
