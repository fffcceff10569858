"""Areas under the curve of each demand: of every voice, and their mean over voices.

A table of areas has a row for each kind of speech, demand and voice, and one with an empty
``voice`` for the mean over voices. Columns: ``speech, demand, variable, phones, voice, auc, low,
high, n, others, units, unit``: ``n`` counts the phones that demand the movement and ``others`` all
others; the interval is a 95 % bootstrap over ``units`` recordings (of a voice) or voices.
"""

from itertools import product

import numpy as np
import pandas as pd

from s2r.evaluation.metrics.statistics import Interval, bootstrap_interval, resampled_interval
from s2r.evaluation.real_speech.demands import DEMANDS

COLUMNS = ["speech", "demand", "variable", "phones", "voice", "auc", "low", "high"]
COLUMNS += ["n", "others", "units", "unit"]

MEAN = ""
"""The voice in rows of the mean over voices."""


def area_under_curve(values: np.ndarray, demanded: np.ndarray, widest: bool) -> float:
    """The share of pairs of a demanded and another phone that the values put in order.

    values (N,), demanded (N,) bool. It is the area under the receiver operating characteristic, by
    the statistic of Mann & Whitney (1947): 1 where they tell all phones apart, .5 where they tell
    nothing. NaN where one of the two kinds is missing.
    """
    pairs = _Pairs(values, demanded, np.zeros(len(values), int), widest)
    return float(pairs.area(np.ones((1, 1)))[0])


class _Pairs:
    """Pairs of a demanded and another phone, counted by the recordings that the two come from."""

    def __init__(
        self, values: np.ndarray, demanded: np.ndarray, recording: np.ndarray, widest: bool
    ):
        """values (N,), demanded (N,) bool, recording (N,) int from 0."""
        self.recordings = count = int(recording.max(initial=0)) + 1
        values = values if widest else -values
        those, owner = values[demanded], recording[demanded]
        self.those = np.bincount(owner, minlength=count)
        self.others = np.bincount(recording[~demanded], minlength=count)
        self.ordered = np.empty((count, count))
        """Pairs in order, by the recording of the demanded phone and that of the other."""
        for number in range(count):
            others = np.sort(values[~demanded & (recording == number)])
            below = sum(np.searchsorted(others, those, side) for side in ("left", "right")) / 2
            self.ordered[:, number] = np.bincount(owner, below, minlength=count)

    def area(self, times: np.ndarray) -> np.ndarray:
        """The area (B,) where recordings are there ``times`` (B, R); NaN without a pair."""
        pairs = (times @ self.those) * (times @ self.others)
        ordered = ((times @ self.ordered) * times).sum(1)
        return np.divide(ordered, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)


def areas(values: pd.DataFrame, resamples: int = 2000, seed: int = 0) -> pd.DataFrame:
    """The table of areas (see the module) of a table of phones.

    ``values``: columns ``speech, voice, recording, label, demand, value``. The mean over voices
    weighs all voices alike. A voice without pairs has no part in it.
    """
    rows = []
    groups = dict(iter(values.groupby(["speech", "demand"])))
    for speech, name in product(dict.fromkeys(values["speech"]), DEMANDS):
        if (speech, name) not in groups:
            continue
        group = groups[speech, name]
        demand = DEMANDS[name]
        about = {"speech": speech, "demand": name, "variable": demand.variable}
        about["phones"] = " ".join(demand.phones)
        found = []
        for voice, part in group.groupby("voice", sort=False):
            demanded = part["label"].isin(demand.phones).to_numpy()
            recording = pd.factorize(part["recording"])[0]
            pairs = _Pairs(part["value"].to_numpy(float), demanded, recording, demand.widest)
            interval = resampled_interval(pairs.area, pairs.recordings, resamples, seed)
            counts = {"n": int(demanded.sum()), "others": int((~demanded).sum())}
            found.append(about | {"voice": voice} | _columns(interval, "recordings") | counts)
        interval = bootstrap_interval(
            {row["voice"]: row["auc"] for row in found}, resamples=resamples, seed=seed
        )
        counts = {key: sum(row[key] for row in found) for key in ("n", "others")}
        rows += [about | {"voice": MEAN} | _columns(interval, "voices") | counts, *found]
    return pd.DataFrame(rows, columns=COLUMNS)


def _columns(interval: Interval, unit: str) -> dict:
    low_high = {"low": interval.low, "high": interval.high}
    return {"auc": interval.value} | low_high | {"units": interval.n, "unit": unit}
