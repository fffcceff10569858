"""Rule ``words``: its figure, truth above generated, for a typical item, a contact and a failure.

After Fig. 3 of Nguyen et al. 2025. Which items are shown follows from their scores alone.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from s2r.core.phonetics import TONGUE_CLOSURES
from s2r.evaluation.words.closure import middle_of
from s2r.evaluation.words.items import SpokenItems, read_items
from s2r.generation.generated_file import read_generated
from s2r.preparation.recordings import RecordingSet
from s2r.report.captions import PHANTOM
from s2r.report.strips import save_blocks, strip_block, text_box

PICTURES = 12
"""Frames of an item that are shown at most."""


def plot_words(
    recordings: RecordingSet,
    *,
    values: str | Path,
    segments: str | Path,
    rollouts: Mapping[tuple[str, str], str | Path],
    best: str,
    path: str | Path,
    synthetic: bool,
) -> None:
    """Draw the items that ``choose_items`` names, of the system ``best`` (`s2r.report.best`).

    ``values`` and ``segments`` are the files of `s2r.evaluation.words`; ``rollouts`` is {(system,
    set): generated file}; ``synthetic`` adds the statement about the phantom. Where ``best`` has
    generated no item the picture says so.
    """
    items = read_items(recordings, segments)
    table = pd.read_csv(values, dtype={"recording": str, "item": str}, keep_default_na=False)
    blocks = []
    for title, item in choose_items(table, best).items():
        set_name = items.segments.loc[item, "set"]
        blocks.append(_panel(title, item, items, rollouts[best, set_name], best))
    if not blocks:
        blocks = [text_box(f"{best} has generated no word or VCV of the test sets.", 640, 30)]
    save_blocks(path, blocks, PHANTOM if synthetic else "", height=40, small=True)


def choose_items(values: pd.DataFrame, system: str) -> dict[str, str]:
    """{title: item} of a system, from the values of single items in its rollouts.

    ``typical`` has the error nearest to their median, ``failure`` the largest; ``tongue-palate
    contact`` has the consonant with a closure of the tongue that is shown best. An item is shown
    once. Of a system that draws, its draws are judged.
    """
    errors = values[
        (values["mode"] == "rollout")
        & (values["metric"] == "squared_error")
        & (values["system"] == system)
    ]
    if (errors["estimate"] == "draw").any():
        errors = errors[errors["estimate"] == "draw"]
    whole = errors[errors["phone"] == -1]
    by_item = whole.set_index("item")["value"]
    distances = {"typical": (by_item - by_item.median()).abs()}
    contacts = errors[errors["label"].isin(TONGUE_CLOSURES)]
    contacts = contacts[contacts["kind"] == "consonant"]
    distances["tongue-palate contact"] = contacts.groupby("item")["value"].min()
    distances["failure"] = -by_item
    panels: dict[str, str] = {}
    for title, distance in distances.items():
        left = distance.drop(list(panels.values()), errors="ignore")
        if len(left):
            panels[title] = str(left.idxmin())
    return panels


def _panel(title: str, item: str, items: SpokenItems, file: str | Path, system: str) -> np.ndarray:
    recording, first, stop = items.span(item)
    times = np.linspace(first, stop - 1, min(PICTURES, stop - first)).round().astype(int)
    truth = items.recordings.video(recording, first, stop)[times - first]
    with read_generated(file) as content:
        draw = items.draws(content, "rollout", item)[0][times - first]
    said = items.items[item]
    heading = f"{title}: {said.label}, {recording}"
    closed = [phone for phone in said.phones if phone.label in TONGUE_CLOSURES]
    if closed:
        moments = ", ".join(f"{phone.label} {middle_of(phone):.2f} s" for phone in closed)
        heading += f" (closed: {moments})"
    return strip_block(heading, [("truth", truth), (f"{system}\none video", draw)], times, 2)
