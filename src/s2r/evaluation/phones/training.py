"""Rule ``phone_recogniser``: fit the recogniser of phones on true training videos only."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from s2r.core.progress import progress
from s2r.corpus.textgrid import SpokenTimes
from s2r.evaluation.phones.recogniser import SIDE, Recogniser, movement, save_recogniser
from s2r.evaluation.phones.times import NO_PHONE, frame_codes, read_phone_times
from s2r.preparation.recordings import RecordingSet
from s2r.preparation.selection import evenly

LEAST_FRAMES = 1000
"""Frames with a known phone, 20 s, below which no recogniser is fitted."""

MOST_FRAMES = 100_000
"""Frames that are held in memory (0.2 GB); of a larger corpus some recordings are taken."""

BATCH, CROP = 8, 24
PASSES = 15
"""Times that every training frame is seen."""
FEWEST_STEPS, MOST_STEPS = 300, 1600
"""Steps of training whatever the size of the corpus; the most take about a minute of one core."""
LEARNING_RATE = 4e-3
WARMUP = 40
WEIGHT_DECAY = 0.02
SPLICES = 3
SMOOTHING = 0.1
"""Share of the labels that is spread over all phones: boundaries of phones are not sharp."""


def fit_recogniser(
    recordings: RecordingSet, *, phone_times: str | Path, path: str | Path, seed: int = 0
) -> None:
    """Fit on the training recordings whose phones are known; write ``path``.

    ``recordings`` with split. Without ``LEAST_FRAMES`` of them the file says that there is no
    recogniser, and so does standard output. The share of right frames of the validation recordings
    is printed; it decides nothing.
    """
    times = read_phone_times(phone_times)
    training = [name for name in recordings.members("train") if name in times]
    codes = {name: frame_codes(times[name], recordings.length(name)) for name in training}
    known = sum(int((own != NO_PHONE).sum()) for own in codes.values())
    if known < LEAST_FRAMES:
        print(
            f"No phones are read off videos: they are known of {known} training frames, and "
            f"{LEAST_FRAMES} are needed. A TextGrid beside each recording would give them."
        )
        save_recogniser(None, path)
        return
    total = sum(map(len, codes.values()))
    kept = evenly(training, max(1, len(training) * MOST_FRAMES // max(total, MOST_FRAMES)))
    seen = [movement(recordings.video(name)).half() for name in progress(kept, "read videos")]
    steps = PASSES * sum(map(len, seen)) // (BATCH * CROP)
    steps = min(max(steps, FEWEST_STEPS), MOST_STEPS)
    recogniser = train_recogniser(seen, [codes[name] for name in kept], steps, seed)
    save_recogniser(recogniser, path)
    _print_validation(recogniser, recordings, times)


def train_recogniser(
    seen: Sequence[Tensor], codes: Sequence[np.ndarray], steps: int, seed: int = 0
) -> Recogniser:
    """Train on videos, each a `recogniser.movement` (T, 32, 32), with phones (T,) in frames.

    Codes are numbers of ``PHONES`` or ``NO_PHONE``. Crops are drawn at random, long videos as much
    more often as they are longer; turned, scaled, sheared, moved, blurred, made fainter or stronger
    and noisy, so that subjects and textures beyond those of the training are read too. The same
    seed gives the same recogniser on the same machine.
    """
    generator = torch.Generator().manual_seed(seed)
    targets = [torch.from_numpy(np.asarray(own, np.int64)) for own in codes]
    weights = torch.tensor([len(own) for own in codes], dtype=torch.float64)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # of the first weights and of dropout
        recogniser = Recogniser()
        optimizer = torch.optim.AdamW(
            recogniser.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY
        )
        warmup = min(WARMUP, max(steps // 5, 1))
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer,
            lambda step: min((step + 1) / warmup, 1) * (1 + math.cos(math.pi * step / steps)) / 2,
        )
        for _ in progress(range(steps), "phone recogniser"):
            drawn = torch.multinomial(weights, BATCH, replacement=True, generator=generator)
            crops = [_crop(seen[place], targets[place], generator) for place in drawn.tolist()]
            pictures = augment(torch.stack([crop for crop, _ in crops]), generator)
            pictures, truth = splice(pictures, torch.stack([own for _, own in crops]), generator)
            if not (truth != NO_PHONE).any():
                continue
            loss = F.cross_entropy(
                recogniser(pictures).flatten(0, 1),
                truth.flatten(),
                ignore_index=NO_PHONE,
                label_smoothing=SMOOTHING,
            )
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(recogniser.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    return recogniser.eval()


def augment(seen: Tensor, generator: torch.Generator) -> Tensor:
    """Crops (B, T, 32, 32), each changed in one way over all of its frames."""
    count = len(seen)

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, generator=generator)

    angle = uniform(-1, 1) * math.radians(6)
    across, down = uniform(-0.1, 0.1).exp(), uniform(-0.1, 0.1).exp()
    rows = [
        torch.stack([angle.cos() * across, -angle.sin() * down, uniform(-0.1, 0.1)], 1),
        torch.stack([angle.sin() * across, angle.cos() * down, uniform(-0.1, 0.1)], 1),
    ]
    grid = F.affine_grid(torch.stack(rows, 1), list(seen.shape), align_corners=False)
    moved = F.grid_sample(seen, grid, padding_mode="border", align_corners=False)
    single = moved.reshape(-1, 1, SIDE, SIDE)
    line = torch.tensor([0.25, 0.5, 0.25])
    kernel = torch.outer(line, line)[None, None]
    blurred = F.conv2d(F.pad(single, (1, 1, 1, 1), mode="replicate"), kernel).view_as(moved)
    shape = (count, 1, 1, 1)
    moved = torch.lerp(moved, blurred, uniform(-1, 1).clamp(min=0).view(shape))
    noise = torch.randn(moved.shape, generator=generator) * uniform(0, 0.15).view(shape)
    return moved * uniform(0.8, 1.25).view(shape) + noise


def splice(seen: Tensor, codes: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Crops (B, T, 32, 32) and phones (B, T) that go on as another crop of the batch, often.

    Training texts are few: phones are to be read off the frames, not off what was said before.
    """
    count, frames = codes.shape
    for _ in range(SPLICES):
        cut = torch.randint(4, max(frames, 5), (count, 1), generator=generator)
        other = torch.randperm(count, generator=generator)
        late = torch.arange(frames) >= cut
        seen = torch.where(late[..., None, None], seen[other], seen)
        codes = torch.where(late, codes[other], codes)
    return seen, codes


def _crop(seen: Tensor, codes: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """A random part of ``CROP`` frames; a shorter video is continued by its last frame."""
    start = int(torch.randint(max(1, len(codes) - CROP + 1), (1,), generator=generator))
    crop, own = seen[start : start + CROP].float(), codes[start : start + CROP]
    missing = CROP - len(own)
    if missing:
        crop = torch.cat([crop, crop[-1:].expand(missing, -1, -1)])
        own = torch.cat([own, own.new_full((missing,), NO_PHONE)])
    return crop, own


def _print_validation(
    recogniser: Recogniser, recordings: RecordingSet, times: Mapping[str, SpokenTimes]
) -> None:
    right, read = 0, 0
    for name in recordings.members("validation"):
        if name in times:
            truth = frame_codes(times[name], recordings.length(name))
            found = recogniser.predict(recordings.video(name)[None])[0].argmax(-1)
            right += int((found == truth).sum())
            read += int((truth != NO_PHONE).sum())
    if read:
        print(
            f"Phone recogniser: {100 * right / read:.1f} % of {read} validation frames are right."
        )
