"""True contours of a recording, brought onto its frames."""

from dataclasses import replace

import numpy as np
import pandas as pd

from s2r.core.shards import Shards
from s2r.corpus.truth import read_truth, truth_on_grid
from s2r.preparation.frames import first_frame_time


def true_contour(row: pd.Series, frames: Shards, line: str = "tongue") -> np.ndarray | None:
    """A true contour of a recording on the clock, (T, P, 2) in mm; None without truth.

    ``row`` is the recording's line in the index of the corpus; ``line`` is ``tongue`` or ``wall``
    (see `s2r.corpus.truth`). The contour starts with the frames (`first_frame_time`).
    """
    if not row["truth"]:
        return None
    recording = str(row.name)
    truth = read_truth(row["truth"])
    truth = replace(truth, times=truth.times - first_frame_time(frames, recording))
    rate = frames.attributes(recording)["rate"]
    return truth_on_grid(truth, frames.length(recording), rate, line)
