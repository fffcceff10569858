"""A model of preset s2r on one recording, in the few figures that an adaptation is judged by."""

from dataclasses import replace

import numpy as np

from s2r.core.units import to_levels, to_unit_range
from s2r.evaluation.instruments import Instruments
from s2r.evaluation.metrics.articulation import course_correlation, time_courses
from s2r.evaluation.metrics.paired import squared_error
from s2r.evaluation.metrics.texture import motion_ratio
from s2r.generation.utterance import UtteranceVideos
from s2r.model.family import VideoTask

DRAWS = 3
"""Videos that are drawn; their figures are averaged."""


def video_scores(
    truth: np.ndarray, video: np.ndarray, instruments: Instruments
) -> dict[str, float]:
    """Squared error x 1000 in the dynamic region, kinematics and motion of a video (T, H, W).

    Of a still picture kinematics and motion are 0; formulas: docs/metrics.md.
    """
    courses = (time_courses(frames, instruments.cells) for frames in (truth, video))
    return {
        "error": 1000 * float(squared_error(truth, video, instruments.region).mean()),
        "kinematics": course_correlation(*courses),
        "motion": motion_ratio(truth, video, instruments.region),
    }


def speech_scores(
    videos: UtteranceVideos, task: VideoTask, truth: np.ndarray, instruments: Instruments
) -> dict[str, float]:
    """`video_scores` of the mean and of draws, as ``error_mean``, ``error_draw`` and so on."""
    mean = video_scores(truth, videos.mean(task), instruments)
    drawn = []
    for number in range(DRAWS):
        (video,) = videos.videos(
            [replace(task, seed=task.seed + number)], on_frames=lambda frames: None
        )
        drawn.append(video_scores(truth, video, instruments))
    draw = {name: float(np.mean([scores[name] for scores in drawn])) for name in mean}
    return {f"{name}_mean": value for name, value in mean.items()} | {
        f"{name}_draw": value for name, value in draw.items()
    }


def described(videos: UtteranceVideos, truth: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """What the articulation codes describe of true frames (T, H, W) uint8: the same, uint8.

    ``reference`` (H, W) uint8, the speaker at rest.
    """
    import torch

    autoencoder = videos.model.autoencoder
    device = autoencoder.template.device
    with torch.no_grad():
        picture = torch.from_numpy(to_unit_range(reference))[None, None].to(device)
        frames = torch.from_numpy(to_unit_range(truth))[:, None].to(device)
        speaker = autoencoder.speakers(picture)
        return to_levels(autoencoder.decode(autoencoder.encode(frames, speaker), speaker)[:, 0])


def mean_frame(frames: np.ndarray, count: int) -> np.ndarray:
    """The mean of frames (T, H, W) uint8 as a still video (count, H, W) uint8: the floor."""
    still = np.rint(frames.mean(0, dtype=np.float64)).astype(np.uint8)
    return np.broadcast_to(still, (count, *still.shape))
