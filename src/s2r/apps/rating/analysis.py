"""Table 2: how well raters distinguish generated from real clips, for each word and for all.

The task is to detect "synthesised": precision is the share of these answers that are right, recall
the share of generated clips that got this answer. Sums over raters are split into one value and one
weight for each rater, so that intervals come from resampling raters: they say how the numbers would
vary with other raters and the same clips.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import ndtri

from s2r.apps.rating.agreement import interval, krippendorff_alpha, nominal
from s2r.apps.rating.answers import read_answers
from s2r.apps.rating.table_text import write_table2
from s2r.core.files import write_csv
from s2r.evaluation.metrics.statistics import Interval, bootstrap_interval

ALL, FIRST_BLOCK = "all", "all, first block"
CHANCE = ("always synthesised", "coin")
"""Rows beside the words: all answers, those of the first block, and two kinds of guessing."""

FORMULA = r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]"
"""How texts begin that spreadsheets take as formulas; the last four are the wide forms."""

METRICS = ("f1", "precision", "recall", "accuracy", "d_prime", "mos_real", "mos_generated")
COLUMNS = ["word", "raters", "clips", "answers"]
COLUMNS += [f"{name}{end}" for name in METRICS for end in ("", "_low", "_high")]
COLUMNS += ["alpha_answer", "alpha_naturalness"]


def write_results(
    *,
    answers: str | Path,
    table: str | Path,
    markdown: str | Path,
    rows: str | Path,
    comments: str | Path,
    raters: str | Path,
    synthetic: bool,
    resamples: int = 2000,
    seed: int = 0,
) -> None:
    """Analyse the file ``answers`` (`s2r.apps.rating.answers`).

    Writes Table 2 as CSV (``table``) and ``markdown``, every answer (``rows``), every comment, and
    the progress and attention checks of every rater (``raters``) as CSV. Checks are in ``rows`` and
    ``raters`` only. ``synthetic`` says that the corpus is the phantom. Raises UserError without
    answers.
    """
    ratings, remarks, people = read_answers(answers)
    result = table2(ratings[ratings["part"] == "test"], resamples, seed)
    write_csv(_as_text(ratings), rows)
    write_csv(_as_text(remarks), comments)
    write_csv(_as_text(people), raters)
    write_csv(_as_text(result), table)
    write_table2(result, markdown, synthetic, people)


def _as_text(table: pd.DataFrame) -> pd.DataFrame:
    """The table with an apostrophe before texts that a spreadsheet would compute, or run."""
    texts = {
        name: column.mask(column.astype(str).str.match(FORMULA), "'" + column.astype(str))
        for name, column in table.items()
        if not pd.api.types.is_numeric_dtype(column)
    }
    return table.assign(**texts)


def table2(answers: pd.DataFrame, resamples: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Table 2, columns ``COLUMNS``: a row for each word, then all words, the first block, chance.

    ``answers`` has the columns ``rater, clip, word, block, kind`` (real, generated), ``answer``
    (real, synthesised) and ``naturalness`` (1 to 5, or missing). ``accuracy`` is the share of
    right answers; ``d_prime`` is the mean over raters of the sensitivity, which a preference for
    one answer does not change (0: none), for all words only: one word has too few clips.
    ``alpha_...`` is Krippendorff's alpha, nominal for the answers and interval for the naturalness.
    The chance rows follow from the share of generated clips. Values that are not defined are
    empty.
    """
    groups = [(word, group) for word, group in answers.groupby("word", sort=True)]
    groups.append((ALL, answers))
    if (answers["block"] == 1).any() and (answers["block"] != 1).any():
        groups.append((FIRST_BLOCK, answers[answers["block"] == 1]))
    rows = [_row(name, group, resamples, seed) for name, group in groups]
    if len(answers):
        share = float((answers["kind"] == "generated").mean())
        rows += [_chance(*row, share) for row in zip(CHANCE, (1.0, 0.5), strict=True)]
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.astype(dict.fromkeys(("raters", "clips", "answers"), "Int64"))


def sensitivity(hits: int, generated: int, false_alarms: int, real: int) -> float:
    """d' of one rater: z(hit rate) - z(false alarm rate), each of a count + 0.5 of n + 1.

    The added halves keep perfect raters finite (log-linear correction, Hautus 1995); NaN where
    one of the kinds was never shown.
    """
    if not generated or not real:
        return float("nan")
    rates = (hits + 0.5) / (generated + 1), (false_alarms + 0.5) / (real + 1)
    return float(ndtri(rates[0]) - ndtri(rates[1]))


def _row(name: str, group: pd.DataFrame, resamples: int, seed: int) -> dict:
    counts = _counts(group)
    hits, false, missed = counts["hits"], counts["false"], counts["missed"]
    right = hits + counts["shown_real"] - false
    shares = {
        "f1": (2 * hits, 2 * hits + false + missed),
        "precision": (hits, hits + false),
        "recall": (hits, hits + missed),
        "accuracy": (right, counts["shown"]),
    }
    intervals = {
        metric: _share(part, whole, resamples, seed) for metric, (part, whole) in shares.items()
    }
    if name in (ALL, FIRST_BLOCK):
        values = {
            str(row.Index): sensitivity(row.hits, row.hits + row.missed, row.false, row.shown_real)
            for row in counts.itertuples()
        }
        intervals["d_prime"] = bootstrap_interval(values, resamples=resamples, seed=seed)
    for kind in ("real", "generated"):
        rated = group[(group["kind"] == kind) & group["naturalness"].notna()]
        sums = rated.groupby("rater")["naturalness"].agg(["sum", "size"])
        intervals[f"mos_{kind}"] = _share(sums["sum"], sums["size"], resamples, seed)
    row = {"word": name, "raters": len(counts), "answers": len(group)}
    row["clips"] = group["clip"].nunique()
    for metric, value in intervals.items():
        row |= {metric: value.value, f"{metric}_low": value.low, f"{metric}_high": value.high}
    numbers = group.assign(answer=(group["answer"] == "synthesised").astype(float))
    for column, distance in (("answer", nominal), ("naturalness", interval)):
        units = [values.dropna().to_numpy(float) for _, values in numbers.groupby("clip")[column]]
        row[f"alpha_{column}"] = krippendorff_alpha(units, distance)
    return row


def _counts(group: pd.DataFrame) -> pd.DataFrame:
    """Counts for each rater: hits, misses, false alarms, real clips shown, clips shown."""
    generated, detected = group["kind"] == "generated", group["answer"] == "synthesised"
    table = pd.DataFrame(
        {
            "hits": generated & detected,
            "missed": generated & ~detected,
            "false": ~generated & detected,
            "shown_real": ~generated,
            "shown": True,
        }
    )
    return table.astype(int).groupby(group["rater"]).sum()


def _share(part: pd.Series, whole: pd.Series, resamples: int, seed: int) -> Interval:
    """sum(part) / sum(whole) over raters, as the mean of their own shares weighted by whole."""
    kept = whole[whole > 0].astype(float)
    shares = part[kept.index].astype(float) / kept
    return bootstrap_interval(shares.to_dict(), kept.to_dict(), resamples, seed=seed)


def _chance(name: str, recall: float, precision: float) -> dict:
    """A rater who answers "synthesised" with the probability ``recall``, for any clip.

    ``precision`` is then the share of generated clips.
    """
    f1 = 2 * precision * recall / (precision + recall) if precision else np.nan
    accuracy = precision * recall + (1 - precision) * (1 - recall)
    row = {"f1": f1, "precision": precision, "recall": recall, "accuracy": accuracy}
    return {"word": name, "d_prime": 0.0} | row
