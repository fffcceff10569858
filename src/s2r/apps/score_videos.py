"""The command ``score``: a generated video against the true one."""

from pathlib import Path

from s2r.core.errors import UserError
from s2r.evaluation.instruments import Instruments
from s2r.evaluation.metric_list import METRICS
from s2r.evaluation.metrics.articulation import moving_cells
from s2r.preparation.frames import FramesConfig, prepare_video
from s2r.preparation.region import dynamic_region


def score(truth_path: Path, generated_path: Path) -> str:
    """A table of paired metrics of two videos.

    Raises UserError where they differ by more than two frames in length, or are too short.
    """
    settings = FramesConfig()
    truth, generated = (prepare_video(path, settings) for path in (truth_path, generated_path))
    if abs(len(truth) - len(generated)) > 2 or min(len(truth), len(generated)) < 10:
        raise UserError(
            f"{truth_path} has {len(truth)} frames at {settings.rate} Hz and {generated_path} "
            f"{len(generated)}: both must show the same speech, at least 10 frames of it."
        )
    count = min(len(truth), len(generated))
    truth, generated = truth[:count], generated[:count]
    region = dynamic_region([truth])
    instruments = Instruments(region, moving_cells(region))
    scores: dict[tuple[str, str], float] = {}
    for metric in METRICS:
        scores |= metric.values(truth, generated, instruments)
    rows = [
        ("frames compared", f"{count}"),
        ("SSIM, whole frame (1: equal)", f"{scores['ssim', 'frame']:.3f}"),
        ("SSIM, dynamic region", f"{scores['ssim', 'dynamic']:.3f}"),
        ("PSNR, whole frame, dB", f"{scores['psnr', 'frame']:.1f}"),
        (
            "squared error x 1000, dynamic region",
            f"{1000 * scores['squared_error', 'dynamic']:.1f}",
        ),
        ("correlation of regional intensity", f"{scores['kinematics', 'cells']:.3f}"),
        ("lag of the generated video, frames", f"{scores['lag', 'cells']:.0f}"),
        ("motion energy, ratio to the truth", f"{scores['motion', 'dynamic']:.2f}"),
        (
            "fine spatial power, ratio to the truth",
            f"{scores['high_frequency_power', 'frame']:.2f}",
        ),
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)
