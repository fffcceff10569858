"""The command ``score``: a generated video against the true one."""

from pathlib import Path

import numpy as np

from s2r.core.errors import UserError
from s2r.evaluation.instruments import Instruments
from s2r.evaluation.metric_list import METRICS
from s2r.evaluation.metrics.articulation import moving_cells
from s2r.preparation.frames import FramesConfig, video_on_clock, video_range
from s2r.preparation.pictures import scale_levels
from s2r.preparation.region import dynamic_region

SCALES = """\
Each video is scaled by its own darkest and brightest grey levels, so a pale copy is equal. In the
rows "as stored" both are scaled by those of the true video: there brightness and contrast count."""


def score(truth_path: Path, generated_path: Path) -> str:
    """A table of paired metrics of two videos.

    Raises UserError where they differ by more than two frames in length, or are too short.
    """
    settings = FramesConfig()
    paths = (truth_path, generated_path)
    stored = [video_on_clock(path, settings) for path in paths]
    lengths = [len(video) for video in stored]
    if abs(lengths[0] - lengths[1]) > 2 or min(lengths) < 10:
        raise UserError(
            f"{truth_path} has {lengths[0]} frames at {settings.rate} Hz and {generated_path} "
            f"{lengths[1]}: both must show the same speech, at least 10 frames of it."
        )
    ranges = [video_range(path, video, settings) for path, video in zip(paths, stored, strict=True)]
    stored = [video[: min(lengths)] for video in stored]
    truth, generated = (
        scale_levels(video, *levels) for video, levels in zip(stored, ranges, strict=True)
    )
    region = dynamic_region([truth])
    instruments = Instruments(region, moving_cells(region))
    scores = _paired(truth, generated, instruments)
    absolute = _paired(truth, scale_levels(stored[1], *ranges[0]), instruments)
    rows = [
        ("frames compared", f"{min(lengths)}"),
        ("SSIM, whole frame (1: equal)", f"{scores['ssim', 'frame']:.3f}"),
        ("SSIM, whole frame, as stored", f"{absolute['ssim', 'frame']:.3f}"),
        ("SSIM, dynamic region", f"{scores['ssim', 'dynamic']:.3f}"),
        ("PSNR, whole frame, dB", f"{scores['psnr', 'frame']:.1f}"),
        ("PSNR, whole frame, as stored, dB", f"{absolute['psnr', 'frame']:.1f}"),
        (
            "squared error x 1000, dynamic region",
            f"{1000 * scores['squared_error', 'dynamic']:.1f}",
        ),
        ("mean grey level as stored, true / generated", _pair(map(np.mean, stored))),
        ("contrast as stored (std), true / generated", _pair(map(np.std, stored))),
        ("correlation of regional intensity", f"{scores['kinematics', 'cells']:.3f}"),
        ("lag of the generated video, frames", f"{scores['lag', 'cells']:.0f}"),
        ("motion energy, ratio to the truth", f"{scores['motion', 'dynamic']:.2f}"),
        (
            "fine spatial power, ratio to the truth",
            f"{scores['high_frequency_power', 'frame']:.2f}",
        ),
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join([*(f"{name:<{width}}  {value}" for name, value in rows), "", SCALES])


def _paired(
    truth: np.ndarray, generated: np.ndarray, instruments: Instruments
) -> dict[tuple[str, str], float]:
    scores: dict[tuple[str, str], float] = {}
    for metric in METRICS:
        scores |= metric.values(truth, generated, instruments)
    return scores


def _pair(values) -> str:
    return " / ".join(f"{value:.1f}" for value in values)
