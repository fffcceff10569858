"""Which differences between systems are sure: ``differences.csv``, and a page to read.

Every trained system is compared with its rivals on the same recordings and seeds, for every measure
of Table 1 that has a value for each recording.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from s2r.config.systems import BASELINES, SETS, Kind, gaussian_system, mean_system
from s2r.core.damaged import reading
from s2r.core.files import atomic_path, write_csv
from s2r.evaluation.metric import Measure
from s2r.evaluation.metrics.paired_tests import Difference, holm, paired_difference
from s2r.report.captions import PHANTOM, made_by
from s2r.report.cells import markdown_rows, section_head
from s2r.report.measures import all_measures
from s2r.report.scores_table import REMEDY, read_scores, reader_name

SURE = 0.05
"""Largest probability, corrected, of a difference that counts as sure."""

COLUMNS = ["measure", "set", "system", "rival", "estimate", *Difference._fields[:3]]
COLUMNS += ["p_recordings", "p_seeds", "p", "p_holm", "n", "seeds", "better"]
VALUE_KEYS = ["set", "mode", "estimate", "metric", "region", "recording"]


@dataclass(frozen=True)
class Scored:
    """The scores of one system by recording."""

    values: pd.DataFrame
    """A column for each seed; rows by ``VALUE_KEYS``. A system without seeds has one column."""
    frames: pd.Series
    """The number of frames behind each row of ``values``."""
    trained: bool
    draws: bool
    """Whether it makes draws."""
    instruments: Mapping[str, str]
    """By which instrument the values of a metric are, where there are several."""

    def find(self, measure: Measure, set_name: str, estimate: str) -> pd.DataFrame | None:
        """The values of a measure in a set, recordings by seeds, or None where there are none."""
        key = (set_name, measure.mode, estimate, measure.metric, measure.region)
        return self.values.loc[key] if key in self.values.index else None


def write_differences(
    *, score_files: Sequence[str | Path], csv: str | Path, markdown: str | Path, synthetic: bool
) -> None:
    """Write the table of `differences` and its page from score files (`s2r.evaluation.score`)."""
    table = differences(score_files)
    write_csv(table, csv)
    lines = ["# Differences between systems", ""]
    if synthetic:
        lines += [f"**{PHANTOM}**", ""]
    for paragraph in _caption(table):
        lines += [paragraph, ""]
    for measure in all_measures():
        for column, estimate in measure.columns().items():
            rows = _page_rows(table[table["measure"] == column], measure)
            if rows:
                name = f", {estimate}s" if measure.estimate == "both" else ""
                lines += [f"## {measure.heading}{name}", ""]
                lines += [*markdown_rows(rows, ["Difference", *section_head()[1:]]), ""]
    lines += [made_by(), ""]
    with atomic_path(markdown) as temporary:
        temporary.write_text("\n".join(lines))


def differences(score_files: Sequence[str | Path]) -> pd.DataFrame:
    """Differences of all `pairs` of systems, from score files; columns ``COLUMNS``.

    ``value`` is the mean over recordings (weighted by their frames) and over the seeds that both
    have of ``system`` minus ``rival``, in the unit of ``table1.csv``, between ``low`` and ``high``
    (`s2r.evaluation.metrics.paired_tests`); a system that is not trained is the same for all seeds.
    Draws are compared with draws, and means with means, as ``estimate`` says. Where 1 is right, the
    distances of the two from 1 are compared. ``p_holm`` is corrected for all pairs of a measure and
    a set. ``better`` names the better one where that is below ``SURE``. Measures of which 0 is the
    bound and not the aim are left out, and so are distances of whole collections of clips and
    values by different instruments. Raises UserError as `s2r.report.scores_table.read_scores`.
    """
    systems, kinds = {}, {}
    for system, contents in read_scores(score_files).items():
        with reading(", ".join(contents), REMEDY):
            first = next(iter(contents.values()))
            systems[system] = _read(list(contents.values()))
            kinds[system] = Kind(first["kind"])
    rows = []
    for measure in all_measures():
        if measure.better == "above zero":
            continue
        for column, wanted in measure.columns().items():
            for set_name in SETS:
                family = []
                for system, rival in pairs(kinds):
                    a, b = systems[system], systems[rival]
                    estimate = wanted
                    if wanted == "own":
                        estimate = "draw" if a.draws and b.draws else "mean"
                    found = _compare(a, b, measure, set_name, estimate)
                    if found is not None:
                        labels = (column, set_name, system, rival, estimate)
                        row = dict(zip(COLUMNS, labels, strict=False)) | found._asdict()
                        family.append(row | {"p": found.p})
                for row, p in zip(family, holm([row["p"] for row in family]), strict=True):
                    better = _better(measure, row) if p < SURE else ""
                    rows.append(row | {"p_holm": p, "better": better})
    return pd.DataFrame(rows, columns=COLUMNS)


def pairs(kinds: Mapping[str, Kind]) -> list[tuple[str, str]]:
    """What is compared: every model with every other one, with the mean that it draws around, with
    noise around that, with recurrent regressions, and with baselines; these regressions with each
    other and with baselines."""
    models = [name for name, kind in kinds.items() if kind == Kind.MODEL]
    recurrent = [name for name, kind in kinds.items() if kind == Kind.RECURRENT]
    baselines = [name for name in BASELINES if name in kinds]
    found = list(combinations(models, 2))
    for model in models:
        own = [name for name in (mean_system(model), gaussian_system(model)) if name in kinds]
        found += [(model, rival) for rival in (*own, *recurrent, *baselines)]
    found += combinations(recurrent, 2)
    return found + [(name, rival) for name in recurrent for rival in baselines]


def _read(contents: list[dict]) -> Scored:
    trainings = [
        pd.DataFrame(of_set["values"]).assign(set=set_name, seed=content.get("seed"))
        for content in contents
        for set_name, of_set in content["sets"].items()
        if of_set["values"]
    ]
    trained = contents[0].get("seed") is not None
    instruments = contents[0].get("instruments", {})
    if not trainings:
        empty = pd.DataFrame(index=pd.MultiIndex.from_arrays([[]] * 6, names=VALUE_KEYS))
        return Scored(empty, pd.Series(dtype=float), trained, False, instruments)
    values = pd.concat(trainings)
    values["seed"] = values["seed"].fillna(-1)  # no seed is one column too
    table = values.pivot_table("value", VALUE_KEYS, "seed", aggfunc="first")
    frames = values.groupby(VALUE_KEYS)["frames"].first()
    return Scored(table, frames, trained, bool((values["estimate"] == "draw").any()), instruments)


def _compare(
    a: Scored, b: Scored, measure: Measure, set_name: str, estimate: str
) -> Difference | None:
    """The difference of two systems, or None where a measure, a recording or a seed is missing, and
    where the measure was taken by different instruments."""
    if a.instruments.get(measure.metric) != b.instruments.get(measure.metric):
        return None
    first, second = (one.find(measure, set_name, estimate) for one in (a, b))
    if first is None or second is None:
        return None
    recordings = first.index.intersection(second.index)
    seeds = first.columns.intersection(second.columns) if b.trained else first.columns
    if not len(recordings) or not len(seeds):
        return None
    x = first.loc[recordings, seeds].to_numpy()
    # The same column for every seed, where there is only one.
    y = second.loc[recordings, seeds if b.trained else second.columns].to_numpy()
    if measure.better == "one":
        x, y = np.abs(x - 1), np.abs(y - 1)
    key = (set_name, measure.mode, estimate, measure.metric, measure.region)
    return paired_difference(x - y, a.frames.loc[key].loc[recordings].to_numpy())


def _better(measure: Measure, row: Mapping) -> str:
    higher = measure.better == "higher"
    return row["system"] if (row["value"] > 0) == higher else row["rival"]


def _caption(table: pd.DataFrame) -> list[str]:
    if not len(table):
        return ["Nothing was scored that could be compared."]
    sure = int((table["better"] != "").sum())
    counts = " to ".join(str(n) for n in sorted({table["n"].min(), table["n"].max()}))
    seeds = table["seeds"].max()
    paragraphs = [
        "Each cell is the mean difference, the first system minus the second, with its 95 % "
        f"interval, over the recordings of a set that both have ({counts}). The name of the better "
        "system follows where the difference is sure: p below 0.05, corrected (Holm) for all pairs "
        "of a measure and a set. Draws are compared with draws, means with means. Where 1 is "
        "right, the distances from 1 are compared.",
        f"{sure} of {len(table)} differences are sure. One that is not sure may still be there: "
        "with few recordings only large ones are found. All numbers: differences.csv.",
    ]
    if seeds == 1:
        paragraphs.append(
            "One training each: what is said here holds for these trained weights on other "
            "recordings. Whether the systems keep their order when they are trained again is not "
            "known; the key seeds trains them several times."
        )
    else:
        paragraphs.append(
            f"Up to {seeds} trainings each: intervals and p are for other recordings and other "
            "trainings."
        )
    return paragraphs


def _page_rows(table: pd.DataFrame, measure: Measure) -> list[list[str]]:
    rows = []
    for (system, rival), group in table.groupby(["system", "rival"], sort=False):
        by_set = group.set_index("set")
        cells = [_cell(by_set.loc[s], measure) if s in by_set.index else "" for s in SETS]
        rows.append([f"{reader_name(system)} - {reader_name(rival)}", *cells])
    return rows


def _cell(row: pd.Series, measure: Measure) -> str:
    value, low, high = (
        f"{measure.factor * row[key]:+.{measure.decimals}f}" for key in ("value", "low", "high")
    )
    interval = f" [{low}, {high}]" if np.isfinite(row["low"]) else ""
    return value + interval + (f" {reader_name(row['better'])}" if row["better"] else "")
