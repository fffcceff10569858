"""Movements that phones demand, and how well a tract variable tells these phones from others.

Where nobody filmed the speaker, no error can be measured. But /p b m/ cannot be said without
closing the lips, whoever says them: a video in which the lips are no narrower there than at other
phones does not show this speech.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from s2r.core.phonetics import SILENCE, UNKNOWN, Segment
from s2r.core.units import FRAME_RATE

COLUMNS = ("label", "demand", "value")
"""Of a table of phones."""


@dataclass(frozen=True)
class Demand:
    """A movement that some phones demand and most others do not."""

    variable: str
    """Of `s2r.evaluation.metrics.tract_variables`."""
    widest: bool
    """Whether the variable is large in these phones instead of small."""
    phones: tuple[str, ...]
    like: tuple[str, ...] = ()
    """Phones that nearly make the movement as well, and count as neither."""


DEMANDS: Mapping[str, Demand] = {
    "lips": Demand("lip_aperture", False, ("P", "B", "M"), ("F", "V", "W")),
    "tip": Demand(
        "tip_degree",
        False,
        ("T", "D", "N"),
        ("L", "CH", "JH", "S", "Z", "SH", "ZH", "TH", "DH"),
    ),
    "dorsum": Demand("velar_degree", False, ("K", "G", "NG")),
    "velum": Demand("velum_opening", True, ("M", "N", "NG")),
}
"""The larynx is not among them: what makes a stop voiceless is not seen in this plane."""


def middle_of(phone: Segment, length: int) -> slice:
    """The frames whose centres lie in the middle half of a phone, at least that at its middle.

    Frames at a border show the neighbour as well: with all frames that a phone touches, true videos
    of the phantom's unseen subjects had an area of .91 (lips) and .94 (velum) instead of .97 and
    .98.
    """
    quarter = (phone.end - phone.start) / 4
    first, stop = (
        round(time * FRAME_RATE) for time in (phone.start + quarter, phone.end - quarter)
    )
    if first >= stop:
        first = int((phone.start + phone.end) / 2 * FRAME_RATE)
        stop = first + 1
    return slice(min(first, length - 1), max(stop, 1))


def phone_values(
    variables: Mapping[str, np.ndarray], phones: Sequence[Segment], length: int
) -> pd.DataFrame:
    """The extreme of each variable in the middle of each phone: columns ``label, demand, value``.

    ``variables`` {name: (T,)} in mm of a video of ``length`` frames. Rests, times of which nobody
    knows the phone, phones that count as neither (`Demand.like`) and phones that begin after
    the video are left out. A variable that is missing gives no rows.
    """
    rows = []
    for phone in phones:
        if phone.label in (SILENCE, UNKNOWN) or phone.start * FRAME_RATE >= length:
            continue
        middle = middle_of(phone, length)
        for name, demand in DEMANDS.items():
            if phone.label in demand.like or demand.variable not in variables:
                continue
            values = variables[demand.variable][middle]
            if np.isfinite(values).any():
                extreme = np.nanmax(values) if demand.widest else np.nanmin(values)
                rows.append((phone.label, name, float(extreme)))
    return pd.DataFrame(rows, columns=COLUMNS)
