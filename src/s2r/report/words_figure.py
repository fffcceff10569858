"""The figure of words: truth above generated, for a typical item, a contact and a failure.

After Fig. 3 of Nguyen et al. 2025. Which items are shown follows from their scores, not from
anyone's taste.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from s2r.core.files import atomic_path
from s2r.core.phonetics import TONGUE_CLOSURES
from s2r.evaluation.words.closure import middle_of
from s2r.evaluation.words.scores import Corpus, draws_of, read_items
from s2r.generation.generated_file import read_generated
from s2r.report.captions import PHANTOM
from s2r.report.scores_table import rank
from s2r.report.strips import PAPER, strip_block, text_box

PICTURES = 12
"""Frames of an item that are shown at most."""


def plot_words(
    *,
    values: str | Path,
    frame_shards: Sequence[str | Path],
    recordings: str | Path,
    segments: str | Path,
    rollouts: Mapping[tuple[str, str], str | Path],
    path: str | Path,
    synthetic: bool,
) -> None:
    """Draw the items that ``choose_items`` names, of the best model; ``values`` is its table.

    ``rollouts`` is {(system, set): generated file}; ``synthetic`` adds the statement about the
    phantom. Where no model has made an item the picture says so.
    """
    corpus = read_items(frame_shards, recordings, segments)
    table = pd.read_csv(values, dtype={"recording": str, "item": str}, keep_default_na=False)
    model, panels = choose_items(table)
    blocks = []
    for title, item in panels.items():
        set_name = corpus.segments.loc[item, "set"]
        blocks.append(_panel(title, item, corpus, rollouts[model, set_name], model))
    if not blocks:
        blocks = [text_box("No model has made a word or VCV of the test sets.", 640, 30)]
    width = max(block.shape[1] for block in blocks)
    if synthetic:
        blocks.insert(0, text_box(PHANTOM, width, 40, small=True))
    padded = [np.pad(b, ((0, 0), (0, width - b.shape[1])), constant_values=PAPER) for b in blocks]
    with atomic_path(path) as temporary:
        Image.fromarray(np.concatenate(padded)).save(temporary)


def choose_items(values: pd.DataFrame) -> tuple[str, dict[str, str]]:
    """The best model, and {title: item} from the values of single items.

    The best model has the lowest mean squared error over the items of the rollouts. Of its items
    ``typical`` has the error nearest to their median, ``failure`` the largest; ``tongue-palate
    contact`` has the consonant with a closure of the tongue that is shown best. An item is shown
    once; nothing is chosen where no model has made an item.
    """
    errors = values[
        (values["mode"] == "rollout")
        & (values["metric"] == "squared_error")
        & (values["estimate"] == "draw")
        & (values["system"].map(rank) > rank("regression"))
    ]
    whole = errors[errors["phone"] == -1]
    if whole.empty:
        return "", {}
    model = str(whole.groupby("system")["value"].mean().idxmin())
    own = whole[whole["system"] == model].set_index("item")["value"]
    chosen = {"typical": (own - own.median()).abs()}
    contacts = errors[(errors["system"] == model) & errors["label"].isin(TONGUE_CLOSURES)]
    contacts = contacts[contacts["kind"] == "consonant"]
    chosen["tongue-palate contact"] = contacts.groupby("item")["value"].min()
    chosen["failure"] = -own
    panels: dict[str, str] = {}
    for title, distance in chosen.items():
        left = distance.drop(list(panels.values()), errors="ignore")
        if len(left):
            panels[title] = str(left.idxmin())
    return model, panels


def _panel(title: str, item: str, corpus: Corpus, file: str | Path, model: str) -> np.ndarray:
    recording, first, stop = corpus.span(item)
    times = np.linspace(first, stop - 1, min(PICTURES, stop - first)).round().astype(int)
    truth = corpus.frames.read(recording, "frames", first, stop)[times - first]
    with read_generated(file) as content:
        draw = draws_of(content, "rollout", item, corpus)[0][times - first]
    said = corpus.items[item]
    heading = f"{title}: {said.label}, {recording}"
    closed = [phone for phone in said.phones if phone.label in TONGUE_CLOSURES]
    if closed:
        moments = ", ".join(f"{phone.label} {middle_of(phone):.2f} s" for phone in closed)
        heading += f" (closed: {moments})"
    return strip_block(heading, [("truth", truth), (f"{model}\none draw", draw)], times, 2)
