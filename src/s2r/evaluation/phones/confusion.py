"""Which places and manners of articulation are taken for which, in frames."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from s2r.config.systems import Kind
from s2r.core.phonetics import MANNERS, PLACES
from s2r.core.progress import progress
from s2r.evaluation.data import EvaluationData
from s2r.evaluation.phones.scores import CLASSES
from s2r.evaluation.phones.times import NO_PHONE
from s2r.evaluation.recording_scores import GIVEN
from s2r.generation.generated_file import read_generated

NAMES = {"place": tuple(PLACES), "manner": tuple(MANNERS)}
"""The classes, in the order of ``core.phonetics``."""

COLUMNS = ["system", "set", "by", "said", "read", "frames"]


def count_confusions(
    data: EvaluationData, generated: Mapping[tuple[str, str], str | Path]
) -> pd.DataFrame:
    """The frames of each class that were read as each other class; columns ``COLUMNS``.

    ``generated`` is {(system, set): generated file}, of whose rollouts the first draw is read. The
    true videos of the same recordings are the system ``real``. ``by`` is place or manner. Without
    known phones there are no rows.
    """
    counts: dict[tuple[str, str, str], np.ndarray] = {}
    recordings: dict[str, set[str]] = {}
    for (system, set_name), file in progress(generated.items(), "confusions"):
        with read_generated(file) as content:
            for recording in content.rollouts if data.phones else ():
                _count(counts, data, system, set_name, recording, content.rollout(recording).draws)
                recordings.setdefault(set_name, set()).add(recording)
    for set_name, names in recordings.items():
        for recording in sorted(names):
            video = data.video(recording)[None]
            _count(counts, data, Kind.REAL.value, set_name, recording, video)
    rows = [
        dict(zip(COLUMNS, (*key, said, read, int(table[i, j])), strict=True))
        for key, table in counts.items()
        for i, said in enumerate(NAMES[key[2]])
        for j, read in enumerate(NAMES[key[2]])
        if table[i].any()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def confusion_matrix(table: pd.DataFrame, system: str, by: str) -> pd.DataFrame:
    """Shares of the frames of what was said, in rows that sum to 1, over all sets."""
    own = table[(table["system"] == system) & (table["by"] == by)]
    counts = own.pivot_table(index="said", columns="read", values="frames", aggfunc="sum")
    counts = counts.reindex(columns=list(NAMES[by]), fill_value=0)
    counts = counts.reindex([name for name in NAMES[by] if name in counts.index])
    return counts.div(counts.sum(axis=1), axis=0)


def _count(counts, data, system, set_name, recording, draws) -> None:
    said = data.phones.said(recording, draws.shape[1])
    if said is None:
        return
    read = data.phones.recogniser.predict(draws[:1])[0].argmax(-1)[GIVEN:]
    truth = said.codes[GIVEN:]
    known = truth != NO_PHONE
    for by, names in NAMES.items():
        classes = CLASSES[f"{by}_accuracy"]
        pairs = classes[truth[known]] * len(names) + classes[read[known]]
        found = np.bincount(pairs, minlength=len(names) ** 2).reshape(len(names), -1)
        key = system, set_name, by
        counts[key] = counts.get(key, 0) + found
