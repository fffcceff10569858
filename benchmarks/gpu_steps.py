"""The steps of the check on a GPU: each does one thing on one device, in one precision."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import torch
from torch.overrides import TorchFunctionMode
from workloads import operations, peak_memory

from s2r.config.model_blocks import (
    AutoencoderBlock,
    MeanNetwork,
    MeanTraining,
    ResidualNetwork,
    ResidualTraining,
    SamplerConfig,
)
from s2r.core.units import FRAME_RATE, FRAME_SIZE, HALF_RANGE, to_unit_range
from s2r.generation.utterance import UtteranceVideos
from s2r.model import utterance_sampling
from s2r.model.autoencoder import load_autoencoder
from s2r.model.family import VideoTask
from s2r.model.registration import register
from s2r.model.utterance_model import UtteranceConfig, load_utterance_model
from s2r.preparation.recordings import RecordingSet
from s2r.preparation.resting import reference_frame
from s2r.training import loop, utterance, utterance_loss
from s2r.training.autoencoder import fit_autoencoder


@dataclass(frozen=True)
class Variant:
    """A device and a precision."""

    device: str
    float32: bool
    """Otherwise as the program runs there: see `s2r.core.device.half_precision`."""

    @property
    def name(self) -> str:
        """Head of its column."""
        return f"{self.device}, float32" if self.float32 else self.device

    @property
    def slug(self) -> str:
        """Name of its files."""
        return f"{self.device}-float32" if self.float32 else self.device

    @contextlib.contextmanager
    def precision(self) -> Iterator[None]:
        """In float32 neither bfloat16 nor TF32 is used."""
        if not self.float32:
            yield
            return
        whole = {"half_precision": lambda device: contextlib.nullcontext()}
        with (
            patch.multiple(utterance_loss, **whole),
            patch.multiple(utterance_sampling, **whole),
            torch.backends.cudnn.flags(enabled=True, allow_tf32=False),
        ):
            yield


class SameNumbers(TorchFunctionMode):
    """Draws the random numbers of a GPU's fresh generators on the CPU: equal on all devices."""

    def __init__(self):
        super().__init__()
        self._pair: tuple[torch.Generator, torch.Generator] | None = None

    def __torch_function__(self, function, types, args=(), kwargs=None):
        """See `TorchFunctionMode`."""
        kwargs = kwargs or {}
        generator = kwargs.get("generator")
        drawing = function in (torch.randn, torch.rand, torch.Tensor.random_)
        if not drawing or generator is None or generator.device.type == "cpu":
            return function(*args, **kwargs)
        if self._pair is None or self._pair[0] is not generator:
            self._pair = (generator, torch.Generator().manual_seed(generator.initial_seed()))
        on_cpu = kwargs | {"generator": self._pair[1]}
        if function is torch.Tensor.random_:
            numbers, *bounds = args
            return numbers.copy_(torch.empty_like(numbers, device="cpu").random_(*bounds, **on_cpu))
        return function(*args, **on_cpu | {"device": "cpu"}).to(generator.device)


@dataclass(frozen=True)
class Schedule:
    """Shape and training of a model."""

    config: UtteranceConfig = field(default_factory=UtteranceConfig)
    mean: MeanTraining = field(default_factory=MeanTraining)
    residual: ResidualTraining = field(default_factory=ResidualTraining)

    def of_steps(self, steps: int, validations: int) -> "Schedule":
        """A shorter one, ``steps`` for either network, with a row of the curve so many times."""
        parts = {}
        for name in ("mean", "residual"):
            part = getattr(self, name)
            clips = steps * part.batch
            every = clips // validations
            parts[name] = replace(part, clips=clips, warmup_clips=clips // 4, validate_clips=every)
        return replace(self, **parts)


DEFAULT = Schedule()
SMALL = Schedule(
    UtteranceConfig(AutoencoderBlock(codes=8), MeanNetwork(hidden=16), ResidualNetwork(hidden=16)),
    MeanTraining(batch=4, segment=50, speech_dimensions=16),
    ResidualTraining(batch=4, segment=50),
)


def fitted(schedule: Schedule, recordings: RecordingSet, path: Path, variant: Variant) -> float:
    """Stage 1: write the autoencoder to ``path``; wall seconds, without what a device's first use
    costs."""
    blank = torch.zeros(1, 1, FRAME_SIZE, FRAME_SIZE, device=variant.device)
    register(blank, blank)
    begun = time.perf_counter()
    with variant.precision():
        fit_autoencoder(schedule.config.autoencoder, recordings, path, variant.device)
    return time.perf_counter() - begun


@torch.inference_mode()
def decoded(path: Path, recordings: RecordingSet, name: str, variant: Variant) -> torch.Tensor:
    """A recording encoded and decoded, (T, 1, H, W) grey levels, not rounded, on the CPU."""
    model, _ = load_autoencoder(path, variant.device)
    frames, reference = (
        torch.from_numpy(pictures)[:, None].to(variant.device)
        for pictures in (
            to_unit_range(recordings.video(name)),
            reference_frame(recordings, name)[None],
        )
    )
    with variant.precision():
        speaker = model.speakers(reference)
        return model.decode(model.encode(frames, speaker), speaker).cpu() * HALF_RANGE


def trained(
    schedule: Schedule,
    recordings: RecordingSet,
    codes: Path,
    folder: Path,
    variant: Variant,
    same_numbers: bool = False,
) -> pd.DataFrame:
    """Stage 2: write the model below ``folder``; the training curve.

    With ``same_numbers`` all devices see the same random numbers, and no checkpoints are written.
    """
    autoencoder, _ = load_autoencoder(codes, variant.device)
    with contextlib.ExitStack() as stack:
        stack.enter_context(variant.precision())
        if same_numbers:
            stack.enter_context(SameNumbers())
            stack.enter_context(patch.object(loop, "save_state"))
        utterance.train_utterance(
            schedule.config,
            schedule.mean,
            schedule.residual,
            autoencoder,
            recordings,
            folder / "state",
            folder / "model.safetensors",
            folder / "curve.csv",
            variant.device,
        )
    return pd.read_csv(folder / "curve.csv")


def training_rates(curve: pd.DataFrame, schedule: Schedule) -> dict[str, float]:
    """Segments a second of both networks, without the first row of each, which warms up."""
    mean = curve["clips"] <= schedule.mean.clips
    rates = {}
    for name, rows in (("mean", curve[mean]), ("residual", curve[~mean])):
        clips = rows["clips"].iloc[-1] - rows["clips"].iloc[0]
        rates[name] = float(clips / rows["seconds"].iloc[1:].sum())
    return rates


def operations_of_segments(path: Path, schedule: Schedule) -> dict[str, float]:
    """10^12 operations of a segment's forward and backward pass, of both networks."""
    model, _ = load_utterance_model(path)
    found = {}
    for name, network in (("mean", model.mean), ("residual", model.denoiser)):
        segment = getattr(schedule, name).segment
        features = torch.zeros(1, segment, network.input.in_features)
        given = (features,) if name == "mean" else (features, torch.zeros(1))
        found[name] = operations(lambda n=network, g=given: n(*g).sum().backward())
    return found


def videos_of(path: Path, variant: Variant) -> UtteranceVideos:
    """The model on a device, sampled as the default has it."""
    return UtteranceVideos(load_utterance_model(path, variant.device)[0], SamplerConfig())


def task_of(
    videos: UtteranceVideos, recordings: RecordingSet, name: str, frames: int | None = None
) -> VideoTask:
    """The video of a recording, or one of ``frames`` frames, whose speech is said again."""
    speech = videos.project(recordings.embedded(name))
    if frames is not None:
        speech = np.resize(speech, (frames, speech.shape[1]))
    return VideoTask(speech, reference_frame(recordings, name), seed=0)


def two_videos(
    path: Path, recordings: RecordingSet, name: str, variant: Variant
) -> tuple[np.ndarray, np.ndarray]:
    """The mean and a draw of a recording: grey levels (T, H, W) as signed integers."""
    videos = videos_of(path, variant)
    task = task_of(videos, recordings, name)
    with variant.precision():
        found = videos.mean(task), videos.videos([task], on_frames=lambda _: None)[0]
    return tuple(video.astype(np.int16) for video in found)


def timed_videos(
    path: Path, recordings: RecordingSet, name: str, seconds: int, count: int, variant: Variant
) -> tuple[float, int]:
    """Generate ``count`` videos: seconds of video a second, and the largest memory in bytes."""
    videos = videos_of(path, variant)
    task = task_of(videos, recordings, name, seconds * FRAME_RATE)
    tasks = [replace(task, seed=seed) for seed in range(count)]
    with variant.precision():
        videos.videos(tasks[:1], on_frames=lambda _: None)
        if variant.device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        begun = time.perf_counter()
        videos.videos(tasks, on_frames=lambda _: None)
        taken = time.perf_counter() - begun
    return count * seconds / taken, peak_memory(variant.device)
