"""What a metric is: a function that compares a generated video with the true one, with its name.

A metric may carry measures, which say how Table 1 shows it. docs/own-metric.md has an example.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from s2r.core.errors import UserError
from s2r.evaluation.instruments import Instruments

MODES = ("clip", "rollout")
ESTIMATES = ("own", "draw", "mean", "both")
BETTER = {
    "lower": "lower is better",
    "higher": "higher is better",
    "one": "1 is right",
    "above zero": "above 0 is right",
}
"""Where good values lie, and how that is said."""


@dataclass(frozen=True)
class Measure:
    """How a metric is shown in Table 1: which of its values, under which name, where.

    It always has a column in ``table1.csv``; ``paper``, ``section`` and ``panel`` say where
    readers find it besides.
    """

    stem: str
    """Start of the columns' names in ``table1.csv``."""
    metric: str
    region: str
    """``metric`` and ``region`` of the values in ``scores.csv``."""
    heading: str
    """What is measured, above its own small table."""
    better: str
    """Where good values lie: a key of ``BETTER``."""
    mode: str = "rollout"
    """``clip`` or ``rollout``."""
    estimate: str = "own"
    """``draw``, ``mean``, ``both`` (a column each, ``{stem}_draw`` and ``{stem}_mean``), or
    ``own``: draws of a system that draws, else its mean."""
    unit: str = ""
    """Unit of the column in ``table1.csv``; "" for a pure number."""
    factor: float = 1
    """Values are multiplied by it where people read them, not in the CSV files."""
    decimals: int = 2
    reading: str = ""
    """How to read a value, in brackets after the heading."""
    paper: str = ""
    """Name above its columns in the table of the paper's shape, or "": not there."""
    section: bool = True
    """Whether it has a small table of its own below."""
    panel: str = ""
    """Title of its panel of the figure, or "": not there."""
    panel_reading: str = ""
    """How to read a value, below the panel, where ``reading`` is too long."""

    def __post_init__(self):
        for name, allowed in (("mode", MODES), ("estimate", ESTIMATES), ("better", BETTER)):
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"{name} of the measure {self.stem!r} must be one of {', '.join(allowed)}, "
                    f"not {getattr(self, name)!r}"
                )
        if self.paper and self.estimate == "both":
            raise ValueError(
                f"the measure {self.stem!r} has two columns, so the table in the paper's shape "
                "(paper) cannot show it"
            )

    def columns(self) -> dict[str, str]:
        """Its columns in ``table1.csv``: {stem: the estimate that it holds}."""
        if self.estimate == "both":
            return {f"{self.stem}_{estimate}": estimate for estimate in ("draw", "mean")}
        return {self.stem: self.estimate}


@dataclass(frozen=True)
class Metric:
    """A function of a true video, a generated one and the instruments, and its name.

    It is computed on rollouts without their first frame, which some systems are given.
    """

    name: str
    """``metric`` in ``scores.csv``."""
    region: str | tuple[str, ...]
    """``region`` in ``scores.csv``: ``frame``, ``dynamic`` or ``cells``; several where one
    computation gives a value for each."""
    compute: Callable[[np.ndarray, np.ndarray, Instruments], float | tuple[float, ...]]
    """Both videos are (T, H, W) grey levels 0..255, uint8, or float for a mean of draws. Gives a
    value for each region; what is not defined is NaN and left out."""
    clips: bool = False
    """Whether it is computed on clips too: it judges every frame on its own, so that frames of
    several clips may follow each other."""
    every: int = 1
    """Every so many frames of a rollout enter."""
    measures: tuple[Measure, ...] = ()
    """How Table 1 shows it; those of this package are in `s2r.report.measures`."""

    def __post_init__(self):
        for measure in self.measures:
            if (measure.metric, measure.region) not in self.keys:
                raise ValueError(
                    f"the measure {measure.stem!r} shows the metric {measure.metric!r} in the "
                    f"region {measure.region!r}, which {self.name!r} does not give"
                )
            if measure.mode == "clip" and not self.clips:
                raise ValueError(
                    f"the measure {measure.stem!r} is on clips, but the metric {self.name!r} is "
                    "not computed on clips (clips=True)"
                )

    @property
    def keys(self) -> list[tuple[str, str]]:
        """(name, region) of its values."""
        regions = (self.region,) if isinstance(self.region, str) else self.region
        return [(self.name, region) for region in regions]

    def values(
        self, truth: np.ndarray, generated: np.ndarray, instruments: Instruments
    ) -> dict[tuple[str, str], float]:
        """{(name, region): value} of a video, see ``compute``.

        Raises UserError where ``compute`` does not give a number for each region.
        """
        found = np.atleast_1d(self.compute(truth, generated, instruments))
        if found.shape != (len(self.keys),) or found.dtype.kind not in "biuf":
            raise UserError(
                f"The metric {self.name!r} gave {found.dtype} of shape {found.shape} in place of a "
                f"number for each of its {len(self.keys)} regions: correct its function."
            )
        return dict(zip(self.keys, found.astype(float).tolist(), strict=True))
