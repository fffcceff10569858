"""``manifest.csv``: what the clips of a rating study show, and which of them are real.

One row for each clip. Columns:

* ``clip``: file name in ``clips/``; the numbers are in random order, so that they tell nothing;
* ``part``: ``practice`` for the labelled real examples, ``test`` for the clips to rate,
  ``attention`` for checks whose right answer is known (`s2r.apps.rating.checks`);
* ``word``, ``subject``, ``recording``, ``item`` (a word of a recording, as in ``segments.csv``:
  its real and its generated clip share the name);
* ``start``, ``end``: of the clip, margins included, in s from the first frame of the recording;
* ``kind``: ``real`` or ``generated``, for a check the right answer; ``system``: the run that
  generated it, or ``spoiled``;
* ``seed`` of the random order; ``sha256`` of the file.

``clips/clips.csv`` is the list without ``kind`` and ``system``, for other experiment software.
"""

from pathlib import Path

import pandas as pd

from s2r.core.damaged import read_table, reading
from s2r.core.errors import UserError

COLUMNS = ["clip", "part", "word", "subject", "recording", "item", "start", "end"]
COLUMNS += ["kind", "system", "seed", "sha256"]

SECRET = ["kind", "system", "sha256"]
"""Columns that show, or help to find out, which clips are real."""

MANIFEST, CLIPS, BLIND = "manifest.csv", "clips", "clips.csv"
"""Files and folders of a rating folder; ``BLIND`` is in ``CLIPS``."""


def read_manifest(folder: str | Path) -> pd.DataFrame:
    """The manifest of a rating folder.

    Raises UserError where it or a clip is missing, where a clip is a link (the file that it leads
    to would be shown to everybody), and for a table that is not as above.
    """
    folder = Path(folder)
    path = folder / MANIFEST
    if not path.is_file():
        raise UserError(
            f"{folder} has no {MANIFEST}, so it is not a rating folder: make one with "
            "`snakemake --cores 8 results/rating`."
        )
    numbers = {"start": float, "end": float, "seed": int}
    types = {name: numbers.get(name, str) for name in COLUMNS}
    table = read_table(path, types, "make the rating folder again", columns=COLUMNS)
    with reading(path, "make the rating folder again"):
        for name in table["clip"]:
            clip_path(folder, name)
    if not (table["part"] == "test").any():
        raise UserError(f"{path} has no clip to rate (part test): make the rating folder again.")
    _check_pairs(table, path)
    return table


def clip_path(folder: str | Path, name: str) -> Path:
    """The file of a clip; UserError where it is missing, or a link to somewhere else."""
    place = Path(folder).resolve() / CLIPS / name
    if Path(name).name != name or not place.is_file():
        shown = Path(folder) / CLIPS / (name if name.isprintable() else repr(name))
        raise UserError(f"{shown} is missing: make the rating folder again.")
    if place.resolve() != place:
        raise UserError(
            f"{Path(folder) / CLIPS / name} is a link, and raters would see the file it leads to: "
            "copy the folder with its files (cp -rL)."
        )
    return place


def _check_pairs(table: pd.DataFrame, path: Path) -> None:
    """UserError unless every clip is named once, and every item to rate has one of each kind."""
    rated = table[table["part"] == "test"]
    kinds = rated.groupby("item")["kind"].agg(lambda kind: sorted(kind) == ["generated", "real"])
    if not kinds.all() or table["clip"].duplicated().any():
        raise UserError(
            f"{path} does not hold every item once as real and once as generated: make the rating "
            "folder again."
        )
