"""Movements that phones demand, and how well a tract variable tells these phones from all others.

Where nobody filmed the speaker, no error can be measured. But /p b m/ cannot be said without
closing the lips, whoever says them: a video in which the lips are no narrower there than at other
phones does not show this speech.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import mannwhitneyu

from s2r.core.phonetics import SILENCE, UNKNOWN, Segment
from s2r.core.units import frames_of
from s2r.evaluation.metrics.statistics import bootstrap_interval


@dataclass(frozen=True)
class Demand:
    """A movement that some phones demand and most others do not."""

    variable: str
    """Of `s2r.evaluation.metrics.tract_variables`."""
    widest: bool
    """Whether the variable is large in these phones instead of small."""
    phones: tuple[str, ...]


DEMANDS: Mapping[str, Demand] = {
    "lips": Demand("lip_aperture", False, ("P", "B", "M")),
    "tip": Demand("tip_degree", False, ("T", "D", "N")),
    "dorsum": Demand("velar_degree", False, ("K", "G", "NG")),
    "velum": Demand("velum_opening", True, ("M", "N", "NG")),
}
"""The larynx is not among them: what makes a stop voiceless is not seen in this plane."""


def phone_values(
    variables: Mapping[str, np.ndarray], phones: Sequence[Segment], length: int
) -> pd.DataFrame:
    """The extreme of each demanded variable in each phone: columns ``label, demand, value``.

    ``variables`` {name: (T,)} of a video of ``length`` frames; rests and unknown times are left
    out, and phones that reach no frame. A variable that is missing gives no rows.
    """
    rows = []
    for phone in phones:
        first, stop = frames_of(phone.start, phone.end, length)
        if phone.label in (SILENCE, UNKNOWN) or first >= stop:
            continue
        for name, demand in DEMANDS.items():
            values = variables.get(demand.variable, np.full(length, np.nan))[first:stop]
            if np.isfinite(values).any():
                extreme = np.nanmax(values) if demand.widest else np.nanmin(values)
                rows.append({"label": phone.label, "demand": name, "value": float(extreme)})
    return pd.DataFrame(rows, columns=["label", "demand", "value"])


def area_under_curve(values: np.ndarray, demanded: np.ndarray, widest: bool) -> float:
    """The share of pairs of a demanded and another phone that the values put in order.

    values (N,), demanded (N,) bool. It is the area under the receiver operating characteristic, by
    the statistic of Mann & Whitney (1947): 1 where they tell all phones apart, .5 where they tell
    nothing. NaN where one of the two kinds is missing.
    """
    those, others = values[demanded], values[~demanded]
    if not len(those) or not len(others):
        return float("nan")
    above = mannwhitneyu(those, others).statistic / (len(those) * len(others))
    return float(above if widest else 1 - above)


def summary(values: pd.DataFrame, resamples: int = 2000, seed: int = 0) -> pd.DataFrame:
    """The area of each demand, the mean over voices with its bootstrap interval over voices.

    ``values``: columns ``speech, voice, label, demand, value``. Gives a row for each kind of speech
    and demand: ``speech, demand, variable, phones, auc, low, high, voices, n, others``; ``n``
    counts the phones that demand the movement. Without an interval where there is one voice.
    """
    rows = []
    for (speech, name), group in values.groupby(["speech", "demand"], sort=False):
        demand = DEMANDS[name]
        demanded = group["label"].isin(demand.phones)
        areas = {
            voice: area_under_curve(
                part["value"].to_numpy(), demanded[part.index].to_numpy(), demand.widest
            )
            for voice, part in group.groupby("voice", sort=False)
        }
        interval = bootstrap_interval(areas, resamples=resamples, seed=seed)
        rows.append(
            {
                "speech": speech,
                "demand": name,
                "variable": demand.variable,
                "phones": " ".join(demand.phones),
                "auc": interval.value,
                "low": interval.low,
                "high": interval.high,
                "voices": interval.n,
                "n": int(demanded.sum()),
                "others": int((~demanded).sum()),
            }
        )
    columns = ["speech", "demand", "variable", "phones", "auc", "low", "high", "voices"]
    return pd.DataFrame(rows, columns=[*columns, "n", "others"])
