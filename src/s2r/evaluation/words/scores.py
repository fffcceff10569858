"""Scores per word and per consonant: ``words_items.csv`` and, averaged, ``words.csv``.

``mode`` says where an item's video comes from: ``rollout``, cut out of a whole recording that
was generated from its first frame; or ``single``, the item alone, generated from the true frames
before it (`s2r.generation.words`).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from s2r.core.errors import UserError
from s2r.core.files import write_csv
from s2r.core.progress import progress
from s2r.core.shards import Shards
from s2r.core.units import FRAME_RATE, frames_of
from s2r.corpus.index import read_corpus
from s2r.evaluation.instruments import Instruments, read_instruments
from s2r.evaluation.metrics.statistics import bootstrap_correlation, bootstrap_interval
from s2r.evaluation.words.item_scores import Reference, item_rows
from s2r.evaluation.words.segments import items_of, read_segments
from s2r.generation.generated_file import Generated, read_generated
from s2r.preparation.true_contours import true_contour

MODES = ("rollout", "single")

VALUE_COLUMNS = ["system", "set", "mode", "recording", "item", "phone", "kind", "label"]
VALUE_COLUMNS += ["estimate", "metric", "value", "true"]

KEYS = ["system", "set", "mode", "kind", "label", "estimate", "metric"]
COLUMNS = [*KEYS, "value", "low", "high", "n", "recordings"]

ALL = "all"
"""Label of the rows over all words, VCVs or consonants."""

REAL = "real"
REAL_METRICS = ("contour_mm", "degree_mm", "place_mm", "closure_rise")
"""What is read off the true frames too, as the system ``real``: the probe's own errors, below
which no system can be measured, and the true rise at a closure."""


@dataclass(frozen=True)
class Corpus:
    """What the items of the test sets look like, read one at a time."""

    frames: Shards
    recordings: pd.DataFrame
    """The table of the corpus, by recording."""
    segments: pd.DataFrame
    """Rows of words and VCVs only."""
    items: dict

    def span(self, item: str, margin: float = 0.0) -> tuple[str, int, int]:
        """Recording, first frame and the frame after the last of an item.

        ``margin`` s before and after come with it, as far as the recording goes.
        """
        row = self.segments.loc[item]
        length = self.frames.length(row["recording"])
        return row["recording"], *frames_of(row["start"] - margin, row["end"] + margin, length)

    def reference(self, item: str) -> Reference:
        """The true item."""
        recording, first, stop = self.span(item)
        line = self.recordings.loc[recording]
        lines = [true_contour(line, self.frames, name) for name in ("tongue", "wall")]
        return Reference(
            self.items[item].moved(-first / FRAME_RATE),
            self.frames.read(recording, "frames", first, stop),
            *(None if contour is None else contour[first:stop] for contour in lines),
        )


def read_items(
    frame_shards: Sequence[str | Path], recordings: str | Path, segments: str | Path
) -> Corpus:
    """The items of ``segments`` (`s2r.evaluation.words.segments`) with their frames and true contours."""
    table = read_segments(segments)
    rows = table[table["kind"] != "phone"].set_index("item")
    return Corpus(Shards(frame_shards), read_corpus(recordings), rows, items_of(table))


def score_words(
    *,
    frame_shards: Sequence[str | Path],
    recordings: str | Path,
    segments: str | Path,
    rollouts: Mapping[tuple[str, str], str | Path],
    singles: Mapping[tuple[str, str], str | Path],
    region: str | Path,
    probe: str | Path | None,
    items_path: str | Path,
    path: str | Path,
    resamples: int = 2000,
    seed: int = 0,
) -> None:
    """Score every item that was generated; write ``items_path`` (one row a value) and ``path``.

    ``rollouts`` and ``singles`` are {(system, set): generated file}. A word or consonant that no
    system has made is not in the tables; a set without items gives no rows. Raises UserError
    where a generated video does not have the length of the true one.
    """
    corpus = read_items(frame_shards, recordings, segments)
    measures = read_instruments(region, probe)
    rows = []
    with ExitStack() as stack:
        made: dict[str, list[tuple[str, str, Generated]]] = {}
        for mode, files in zip(MODES, (rollouts, singles), strict=True):
            for (system, set_name), file in files.items():
                content = stack.enter_context(read_generated(file))
                for item in _items_in(content, mode, set_name, corpus):
                    made.setdefault(item, []).append((system, mode, content))
        for item in progress(sorted(made), "score words"):
            row = corpus.segments.loc[item]
            shared = {"set": row["set"], "recording": row["recording"], "item": item}
            rows += [shared | value for value in _values(item, made[item], corpus, measures)]
    values = pd.DataFrame(rows, columns=VALUE_COLUMNS)
    write_csv(values, items_path)
    write_csv(aggregate_words(values, resamples, seed), path)


def draws_of(
    content: Generated, mode: str, item: str, corpus: Corpus, margin: float = 0.0
) -> np.ndarray:
    """The generated frames of an item, (k, n, H, W) uint8; of rollouts with a margin in s."""
    recording, first, stop = corpus.span(item, margin)
    single = mode == "single"
    draws = content.rollout(item if single else recording).draws
    length = stop - first if single else corpus.frames.length(recording)
    if draws.shape[1] != length:
        raise UserError(
            f"{content.path}: {item if single else recording} has {draws.shape[1]} frames and the "
            f"true video {length}: delete the file and run the generate stage again."
        )
    return draws if single else draws[:, first:stop]


def aggregate_words(values: pd.DataFrame, resamples: int = 2000, seed: int = 0) -> pd.DataFrame:
    """The table of words from the values of single items; columns ``COLUMNS``.

    ``value`` is the mean over the ``n`` items (or consonants in them), with a 95 % bootstrap
    interval over recordings, empty where there is only one. ``closure_correlation``: correlation
    over items of the generated with the true ``closure_rise``.
    """
    both = pd.concat([values, values.assign(label=ALL)], ignore_index=True)
    rows = []
    for key, group in both.groupby(KEYS, sort=True):
        own = dict(zip(KEYS, key, strict=True))
        grouped = group.groupby("recording")["value"]
        means, counts = grouped.mean(), grouped.size()
        interval = bootstrap_interval(means.to_dict(), counts.to_dict(), resamples, seed=seed)
        sizes = {"n": len(group), "recordings": len(means)}
        rows.append(own | interval._asdict() | sizes)
        if own["metric"] == "closure_rise" and own["system"] != REAL and len(group) > 2:
            found = bootstrap_correlation(
                group["true"].to_numpy(),
                group["value"].to_numpy(),
                group["recording"].tolist(),
                resamples,
                seed=seed,
            )
            rows.append(own | {"metric": "closure_correlation"} | found._asdict() | sizes)
    return pd.DataFrame(rows, columns=COLUMNS)


def _items_in(content: Generated, mode: str, set_name: str, corpus: Corpus) -> list[str]:
    held = set(content.rollouts)
    rows = corpus.segments[corpus.segments["set"] == set_name]
    if mode == "single":
        return [item for item in rows.index if item in held]
    return list(rows.index[rows["recording"].isin(held)])


def _values(
    item: str, made: list[tuple[str, str, Generated]], corpus: Corpus, measures: Instruments
) -> Iterator[dict]:
    """All values of one item, of the truth and of every system."""
    reference = corpus.reference(item)
    real = list(item_rows(reference, reference.frames, measures))
    for mode in sorted({mode for _, mode, _ in made}):
        for row in real:
            if row["metric"] in REAL_METRICS:
                yield {"system": REAL, "mode": mode, "estimate": "draw"} | row
    for system, mode, content in made:
        draws = draws_of(content, mode, item, corpus)
        shared = {"system": system, "mode": mode}
        own = shared | {"estimate": content.attributes["estimate"]}
        singly = [list(item_rows(reference, draw, measures)) for draw in draws]
        for same in zip(*singly, strict=True):
            yield own | same[0] | {"value": float(np.mean([row["value"] for row in same]))}
        if own["estimate"] == "draw" and len(draws) > 1:
            mean = draws.mean(axis=0, dtype=np.float32)
            for row in item_rows(reference, mean, measures):
                yield shared | {"estimate": "mean"} | row
