"""Pictures of the phantom without files of video: reference frames, and sets of recordings."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F

from s2r.core.shards import Shards, write_shard
from s2r.core.units import to_unit_range
from s2r.corpus.phantom.stimuli import Profile
from s2r.corpus.phantom.writer import record
from s2r.preparation.recordings import RecordingSet
from s2r.preparation.resting import resting_frame

SIZE = 84


@cache
def video(subject: int, stimulus: str = "vcv1", seconds: float = 1.2) -> np.ndarray:
    """A recording's frames (T, 84, 84) uint8."""
    profile = Profile(subject, ((stimulus, None),), seconds, seconds)
    return record(subject, stimulus, 0, profile).frames


@cache
def references(count: int) -> torch.Tensor:
    """Reference frames (count, 1, 84, 84) in [-1, 1] of as many speakers."""
    frames = [resting_frame(video(subject)) for subject in range(1, count + 1)]
    return torch.from_numpy(to_unit_range(np.stack(frames)))[:, None]


def resized(frames: np.ndarray, size: int) -> np.ndarray:
    """Frames (T, H, W) uint8 at another size."""
    if frames.shape[-1] == size:
        return frames
    levels = torch.from_numpy(frames)[:, None].float()
    levels = F.interpolate(levels, (size, size), mode="bilinear", antialias=True)
    return levels[:, 0].round().byte().numpy()


def recording_set(folder: Path, videos: dict[str, np.ndarray]) -> RecordingSet:
    """Videos by name ``subject_stimulus`` as training recordings."""
    write_shard(folder / "00.h5", [(n, {"frames": v}, {}) for n, v in videos.items()], {})
    rows = [(name, *name.split("_"), "train") for name in videos]
    split = pd.DataFrame(rows, columns=["recording", "subject", "stimulus", "set"])
    return RecordingSet(Shards([folder / "00.h5"]), split)
