"""A small network that reads phones off a video: log-probabilities of every phone in every frame.

As classifiers of phones from MR images of the vocal tract in the literature (van Leeuwen et al.
2019, Interspeech), a convolutional network sees the frames; here another one over time sees what it
found in the frames beside. What it is shown is how each frame differs from the mean of its own
video, over the standard deviation of these differences: most of the anatomy, and the contrast, are
gone.
"""

import itertools
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from s2r.core.errors import UserError
from s2r.core.files import atomic_path
from s2r.core.phonetics import PHONES

SIDE = 32
"""Height and width in pixels of what the network sees, whatever the size of the frames."""

LEAST_MOVEMENT = 1.0
"""Grey levels: what moves less, such as a frame held still, is not enlarged to the movement of
speech."""

WIDTHS = (16, 32, 48)
FEATURES = 128
KERNEL = 5


def movement(video: np.ndarray) -> Tensor:
    """What the network sees of a whole video, (T, H, W) grey levels 0..255: (T, 32, 32) float32.

    The difference of each frame from the mean frame, over the standard deviation of all of them.
    """
    small = np.empty((len(video), SIDE, SIDE), np.float32)
    for start in range(0, len(video), 256):
        part = torch.from_numpy(np.asarray(video[start : start + 256], np.float32))
        small[start : start + 256] = F.adaptive_avg_pool2d(part[:, None], SIDE)[:, 0].numpy()
    moved = torch.from_numpy(small - small.mean(0))
    return moved / moved.square().mean().sqrt().clamp(min=LEAST_MOVEMENT)


class Recogniser(nn.Module):
    """``movement`` of frames -> phones; made by `training.train_recogniser`."""

    def __init__(self):
        super().__init__()
        layers: list[nn.Module] = []
        for inside, outside in itertools.pairwise((1, *WIDTHS)):
            kernel = 5 if inside == 1 else 3
            layers += [nn.Conv2d(inside, outside, kernel, 2, kernel // 2)]
            layers += [nn.BatchNorm2d(outside), nn.SiLU()]
        left = (SIDE >> len(WIDTHS)) ** 2 * WIDTHS[-1]
        layers += [nn.Flatten(), nn.Dropout(0.2), nn.Linear(left, FEATURES), nn.SiLU()]
        self.picture = nn.Sequential(*layers)
        layers = []
        for _ in range(2):
            layers += [nn.Conv1d(FEATURES, FEATURES, KERNEL, padding=KERNEL // 2), nn.SiLU()]
            layers += [nn.Dropout(0.3)]
        self.time = nn.Sequential(*layers, nn.Conv1d(FEATURES, len(PHONES), 1))

    def forward(self, seen: Tensor) -> Tensor:
        """(B, T, 32, 32) -> (B, T, S) unnormalised log-probabilities."""
        frames = seen.flatten(0, 1)[:, None].contiguous(memory_format=torch.channels_last)
        features = self.picture(frames).unflatten(0, seen.shape[:2])
        return self.time(features.transpose(1, 2)).transpose(1, 2)

    @torch.inference_mode()
    def predict(self, videos: np.ndarray) -> np.ndarray:
        """Log-probabilities (K, T, S) float32 of K whole videos (K, T, H, W) in grey levels."""
        found = [self(movement(video)[None]).log_softmax(-1)[0].numpy() for video in videos]
        return np.stack(found)


def save_recogniser(recogniser: Recogniser | None, path: str | Path) -> None:
    """Write a recogniser as safetensors, atomically; of None, that there is none."""
    tensors = {} if recogniser is None else dict(recogniser.state_dict())
    with atomic_path(path) as temporary:
        save_file(tensors, temporary, {"phones": json.dumps(PHONES if tensors else [])})


def load_recogniser(path: str | Path) -> Recogniser | None:
    """Read what ``save_recogniser`` wrote; UserError where it is missing or something else."""
    if not Path(path).exists():
        raise UserError(f"{path} does not exist: run the rule phone_recogniser.")
    try:
        with safe_open(path, "pt") as file:
            phones = json.loads((file.metadata() or {}).get("phones", "null"))
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if phones == []:
            return None
        if phones != list(PHONES):
            raise ValueError("its phones are others")
        recogniser = Recogniser()
        recogniser.load_state_dict(state)
    except (OSError, ValueError, TypeError, RuntimeError, SafetensorError) as error:
        reason = str(error).split("\n")[0]
        raise UserError(
            f"{path}: this is no recogniser of phones ({reason}): make it again."
        ) from error
    return recogniser.eval()
