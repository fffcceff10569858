"""Rule ``instruments``: what scores are measured with, fitted on training frames only.

These are the dynamic region, the cells that move, and the contour probe.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from s2r.core.damaged import reading
from s2r.core.errors import UserError
from s2r.core.files import atomic_path
from s2r.core.progress import progress
from s2r.evaluation.metrics.articulation import moving_cells
from s2r.preparation.recordings import RecordingSet
from s2r.preparation.region import dynamic_region

if TYPE_CHECKING:
    from s2r.evaluation.metrics.contour_probe import Probe


@dataclass(frozen=True)
class Instruments:
    """Everything that a system is measured with, besides the true video."""

    region: np.ndarray
    """(H, W) bool, the dynamic region."""
    cells: np.ndarray
    """(K, 2) first row and column of the cells that move."""
    probe: "Probe | None" = None
    """Reads the contours of articulators off a frame; None where none are known of the corpus."""

    def contours(self, frames: np.ndarray) -> dict[str, np.ndarray]:
        """Contours {articulator: (T, P, 2)} in mm of the image, read off frames (T, H, W).

        Frames are grey levels 0..255. {} without a probe.
        """
        return {} if self.probe is None else self.probe.predict(frames)


def fit_instruments(
    recordings: RecordingSet,
    region_path: str | Path,
    probe_path: str | Path | None = None,
    seed: int = 0,
) -> None:
    """Fit on the training recordings; write ``region_path`` (npz) and ``probe_path``.

    ``recordings`` with their split; for a probe also with the index of the corpus, which names
    the files of true contours. ``probe_path`` None: no probe. Raises UserError without training
    recordings, and for a probe without true contours.
    """
    training = recordings.members("train")
    if not training:
        raise UserError(
            "The set train of the split has no recordings with frames, on which the instruments "
            "are fitted: change the block split of the configuration, or see the failed recordings "
            "in the JSON files beside the frames."
        )
    region = dynamic_region(
        recordings.video(recording) for recording in progress(training, "dynamic region")
    )
    with atomic_path(region_path) as temporary:
        np.savez(temporary, region=region, cells=moving_cells(region))
    if probe_path is not None:
        _fit_probe(recordings, probe_path, seed)


def _fit_probe(recordings: RecordingSet, path: str | Path, seed: int) -> None:
    """Train the contour probe and print its error on validation frames."""
    from s2r.evaluation.contour_fit import fit_probe, tell_errors, traced_frames
    from s2r.evaluation.metrics.contour_probe import save_probe

    traced = traced_frames(recordings, recordings.members("train"))
    probe = fit_probe(traced, recordings.field_mm, seed)
    save_probe(probe, path)
    tell_errors(probe, recordings, recordings.members("validation"))


def read_instruments(region: str | Path, probe: str | Path | None) -> Instruments:
    """Read what ``fit_instruments`` wrote; UserError where a file is missing."""
    for path in filter(None, (region, probe)):
        if not Path(path).exists():
            raise UserError(f"{path} does not exist: run the rule instruments.")
    remedy = "delete it and call snakemake again"
    with reading(region, remedy), np.load(region) as arrays:
        region_mask, cells = arrays["region"], arrays["cells"]
    if probe is None:
        return Instruments(region_mask, cells)
    from s2r.evaluation.metrics.contour_probe import load_probe

    return Instruments(region_mask, cells, load_probe(probe))
