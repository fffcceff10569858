"""Rule ``words``: scores of each word and consonant, ``words_items.csv`` and ``words.csv`` (means).

``mode`` says where an item's video comes from: ``rollout``, cut out of a whole generated
recording; or ``single``, the item alone, generated from the true frames
before it (`s2r.generation.words`).
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd

from s2r.config.systems import Kind
from s2r.core.files import write_csv
from s2r.core.progress import progress
from s2r.evaluation.data import EvaluationData
from s2r.evaluation.instruments import Instruments
from s2r.evaluation.metrics.statistics import bootstrap_correlation, bootstrap_interval
from s2r.evaluation.words.item_scores import item_rows
from s2r.evaluation.words.items import SpokenItems, read_items
from s2r.generation.generated_file import Generated, read_generated

MODES = ("rollout", "single")

VALUE_COLUMNS = ["system", "set", "mode", "recording", "item", "phone", "kind", "label"]
VALUE_COLUMNS += ["estimate", "metric", "value", "true"]

KEYS = ["system", "set", "mode", "kind", "label", "estimate", "metric"]
COLUMNS = [*KEYS, "value", "low", "high", "n", "recordings"]

ALL = "all"
"""Label of the rows over all words, VCVs or consonants."""

REAL = Kind.REAL.value
REAL_METRICS = ("contour_mm", "degree_mm", "place_mm", "closure_rise")
"""What is measured on the true frames too, as the system ``real``: the errors of the probe, below
which no system can be measured, and the true rise at a closure."""


def score_words(
    data: EvaluationData,
    *,
    segments: str | Path,
    rollouts: Mapping[tuple[str, str], str | Path],
    singles: Mapping[tuple[str, str], str | Path],
    items_path: str | Path,
    path: str | Path,
    resamples: int = 2000,
    seed: int = 0,
) -> None:
    """Score every item that was generated; write ``items_path`` (a row for each value) and
    ``path``.

    ``data`` with the index. ``segments`` is the file of `s2r.evaluation.words.segments`;
    ``rollouts`` and ``singles`` are {(system, set): generated file}. A word or consonant that no
    system has generated is not in the tables; a set without items gives no rows. Raises UserError
    where a generated video does not have the length of the true one.
    """
    items = read_items(data, segments)
    rows = []
    with ExitStack() as stack:
        videos: dict[str, list[tuple[str, str, Generated]]] = {}
        for mode, files in zip(MODES, (rollouts, singles), strict=True):
            for (system, set_name), file in files.items():
                content = stack.enter_context(read_generated(file))
                for item in _items_in(content, mode, set_name, items):
                    videos.setdefault(item, []).append((system, mode, content))
        for item in progress(sorted(videos), "score words"):
            row = items.segments.loc[item]
            shared = {"set": row["set"], "recording": row["recording"], "item": item}
            scored = _values(item, videos[item], items, data.instruments)
            rows += [shared | value for value in scored]
    values = pd.DataFrame(rows, columns=VALUE_COLUMNS)
    write_csv(values, items_path)
    write_csv(aggregate_words(values, resamples, seed), path)


def aggregate_words(values: pd.DataFrame, resamples: int = 2000, seed: int = 0) -> pd.DataFrame:
    """The table of words from the values of single items; columns ``COLUMNS``.

    ``value`` is the mean over the ``n`` items (or consonants in them), with a 95 % bootstrap
    interval over recordings, empty where there is only one. ``closure_correlation``: correlation
    over items of the generated with the true ``closure_rise``.
    """
    both = pd.concat([values, values.assign(label=ALL)], ignore_index=True)
    rows = []
    for key, group in both.groupby(KEYS, sort=True):
        named = dict(zip(KEYS, key, strict=True))
        grouped = group.groupby("recording")["value"]
        means, counts = grouped.mean(), grouped.size()
        interval = bootstrap_interval(means.to_dict(), counts.to_dict(), resamples, seed=seed)
        sizes = {"n": len(group), "recordings": len(means)}
        rows.append(named | interval._asdict() | sizes)
        if named["metric"] == "closure_rise" and named["system"] != REAL and len(group) > 2:
            correlation = bootstrap_correlation(
                group["true"].to_numpy(),
                group["value"].to_numpy(),
                group["recording"].tolist(),
                resamples,
                seed=seed,
            )
            named["metric"] = "closure_correlation"
            rows.append(named | correlation._asdict() | sizes)
    return pd.DataFrame(rows, columns=COLUMNS)


def _items_in(content: Generated, mode: str, set_name: str, items: SpokenItems) -> list[str]:
    names = set(content.rollouts)
    rows = items.segments[items.segments["set"] == set_name]
    if mode == "single":
        return [item for item in rows.index if item in names]
    return list(rows.index[rows["recording"].isin(names)])


def _values(
    item: str,
    videos: list[tuple[str, str, Generated]],
    items: SpokenItems,
    instruments: Instruments,
) -> Iterator[dict]:
    """All values of one item, of the truth and of every system."""
    reference = items.reference(item)
    real = list(item_rows(reference, reference.frames, instruments))
    for mode in sorted({mode for _, mode, _ in videos}):
        for row in real:
            if row["metric"] in REAL_METRICS:
                yield {"system": REAL, "mode": mode, "estimate": "draw"} | row
    for system, mode, content in videos:
        draws = items.draws(content, mode, item)
        estimate = content.attributes["estimate"]
        shared = {"system": system, "mode": mode}
        rows_of_draws = [list(item_rows(reference, draw, instruments)) for draw in draws]
        for rows in zip(*rows_of_draws, strict=True):
            mean_value = float(np.mean([row["value"] for row in rows]))
            yield shared | {"estimate": estimate} | rows[0] | {"value": mean_value}
        if estimate == "draw" and len(draws) > 1:
            mean = draws.mean(axis=0, dtype=np.float32)
            for row in item_rows(reference, mean, instruments):
                yield shared | {"estimate": "mean"} | row
