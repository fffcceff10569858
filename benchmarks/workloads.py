"""The work that the benchmarks time, a network of random weights on random data, and their clocks.

Seconds are processor time on a CPU, wall time on a GPU. Operations are counted as PyTorch counts
them: a multiplication and an addition are two.
"""

import argparse
import multiprocessing
import os
import platform
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from projection import read_config

from s2r.config.parameters import run_settings
from s2r.core.device import find_device
from s2r.core.errors import UserError
from s2r.core.units import FRAME_RATE, FRAME_SIZE


def first_settings(config: dict) -> dict:
    """Settings of the configuration's first run."""
    return run_settings(config, next(iter(config["runs"])))


def untrained(config: dict, device: str, channels_last: bool):
    """An untrained model of the configuration's first run, its training, and random clips."""
    import torch

    from s2r.config.build import build
    from s2r.config.window_blocks import TrainingConfig
    from s2r.model.window_model import WindowModel, model_config
    from s2r.training.windows import WindowDataset

    settings = first_settings(config)
    shape, training = model_config(settings), build(TrainingConfig, settings["training"])
    width = training.speech_dimensions
    speech_width = width * (2 * shape.radius + 1)
    shape = replace(shape, denoiser=replace(shape.denoiser, speech_dimension=speech_width))
    order = torch.channels_last if channels_last else torch.contiguous_format
    model = WindowModel(shape, width, width).to(device, memory_format=order)
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (400, FRAME_SIZE, FRAME_SIZE), np.uint8)
    speech = rng.normal(size=(400, width)).astype(np.float32)
    return model, training, WindowDataset(["a"], frames, speech, np.array([0]), np.array([400]))


@dataclass(frozen=True)
class Work:
    """Something to time."""

    run: Callable[[], None]
    amount: float
    """Units that one ``run`` makes: clips seen, or seconds of video."""
    model: Any
    loss: Callable | None = None
    """The part of a training step before the backward pass."""


def training_step(config: dict, device: str, batch: int, channels_last: bool = True) -> Work:
    """One step of `s2r.training.window_model` on ``batch`` clips."""
    import torch

    from s2r.model.ema import averaged
    from s2r.training.fitting import Prepared
    from s2r.training.loop import optimizer_step
    from s2r.training.loss import training_loss

    model, training, clips = untrained(config, device, channels_last)
    training = replace(training, batch=batch)
    prepared = Prepared(model, clips.on_device(device))
    average = averaged(model, training.ema_length)
    optimizer = torch.optim.AdamW(model.parameters(), fused=device == "cuda")

    def loss():
        return training_loss(prepared, training, 0, model)

    def run() -> None:
        optimizer_step(loss(), model, optimizer, 1e-4)
        average.update_parameters(model)

    return Work(run, batch, model, loss)


def generation(
    config: dict, device: str, batch: int, windows: int, channels_last: bool = False
) -> Work:
    """``batch`` videos side by side, of ``windows`` windows each."""
    from s2r.config.build import build
    from s2r.config.model_blocks import SamplerConfig
    from s2r.core.units import to_unit_range
    from s2r.generation.window_videos import generate_videos
    from s2r.model.family import VideoTask

    model, _, clips = untrained(config, device, channels_last)
    reference = to_unit_range(clips.frames[0])
    count = windows * model.config.window.new
    tasks = [VideoTask(clips.speech, reference, seed, count=count) for seed in range(batch)]
    sampler = build(SamplerConfig, first_settings(config)["sampler"])

    def run() -> None:
        generate_videos(model.eval(), tasks, sampler, batch, on_frames=lambda _: None)

    return Work(run, batch * count / FRAME_RATE, model)


def seconds(work: Callable[[], object], device: str, times: int) -> list[float]:
    """Time of ``work``, ``times`` over; of several runs the first is not counted."""
    import torch

    clock = time.perf_counter if device == "cuda" else time.process_time
    taken = []
    for _ in range(times):
        begun = clock()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        taken.append(clock() - begun)
    return taken[1:] or taken


def operations(work: Callable[[], object]) -> float:
    """Operations of ``work`` in units of 10^12."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops() / 1e12


def matrix_rate(device: str) -> tuple[str, float]:
    """What the device reaches in one large product of matrices, in 10^12 operations a second.

    In the type that networks run in here, which comes first.
    """
    import torch

    from s2r.core.device import half_precision

    size = 8192 if device == "cuda" else 1024
    one, other = torch.randn(2, size, size, device=device)
    with half_precision(one.device):
        kind = str((one @ other).dtype).removeprefix("torch.")
    one, other = one.to(getattr(torch, kind)), other.to(getattr(torch, kind))
    return kind, 2 * size**3 / 1e12 / min(seconds(lambda: one @ other, device, 10))


def peak_memory(device: str) -> int:
    """Largest memory so far, in bytes: of the card, or of this process on a CPU."""
    import torch

    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(make: Callable[..., Work], device: str, compiled: bool, times: int, *given) -> dict:
    """Time ``make(...)`` in this process: seconds and 10^12 operations a unit, and memory.

    Operations are those of the network as written, compiled or not.
    """
    work = make(*given)
    count = operations(work.run)
    if compiled:
        work.model.denoiser.compile()
    taken = seconds(work.run, device, times + 1)
    memory = peak_memory(device)
    kind, rate = matrix_rate(device)
    return {
        "seconds": statistics.median(taken) / work.amount,
        "tflop": count / work.amount,
        "memory": memory,
        "kind": kind,
        "rate": rate,
    }


def table(rows: Sequence[tuple[int, dict]], unit: str) -> str:
    """Markdown of what `measure` found, by batch."""
    lines = [
        f"| batch | {unit} / s | s / {unit} | GFLOP / {unit} | model TFLOP/s | matrices TFLOP/s "
        "| share | peak GB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for batch, cost in rows:
        reached = cost["tflop"] / cost["seconds"]
        lines.append(
            f"| {batch} | {1 / cost['seconds']:.3g} | {cost['seconds']:.3g} "
            f"| {1000 * cost['tflop']:.3g} | {reached:.3g} | {cost['rate']:.3g} ({cost['kind']}) "
            f"| {reached / cost['rate']:.0%} | {cost['memory'] / 1e9:.2f} |"
        )
    return "\n".join(lines)


def main(
    description: str,
    make: Callable[..., Work],
    unit: str,
    configured: Callable[[dict], int],
    channels_last: bool,
) -> None:
    """Command line of a benchmark: one row a batch size, each in a process of its own.

    Args:
        make: (config, device, batch, channels_last) -> work.
        unit: what ``Work.amount`` counts.
        configured: config -> batch that is taken where none is asked for.
        channels_last: order of the weights as the program has it.
    """
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    parser.add_argument("--configfile", help="merged over config/config.yaml")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--batch", type=int, nargs="+", help="one row each (of the configuration)")
    parser.add_argument("--times", type=int, default=5, help="the median of so many is printed (5)")
    parser.add_argument("--compile", action="store_true", help="compile the network")
    parser.add_argument(
        "--channels-last",
        action=argparse.BooleanOptionalAction,
        default=channels_last,
        help=f"order of the weights in memory ({'on' if channels_last else 'off'}, as s2r has it)",
    )
    given = parser.parse_args()
    try:
        config, device = read_config(given.configfile), find_device(given.device)
    except UserError as error:
        raise SystemExit(str(error)) from error
    rows = []
    context = multiprocessing.get_context("spawn")
    for batch in given.batch or [configured(config)]:
        arguments = (make, device, given.compile, given.times, config, device, batch)
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            found = pool.submit(measure, *arguments, given.channels_last).result()
        rows.append((batch, found))
    name = platform.machine()
    if device == "cuda":
        import torch

        name = torch.cuda.get_device_name()
    clock = "wall time" if device == "cuda" else "processor time"
    print(
        f"{name}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {clock}, median of "
        f"{given.times}; {'compiled' if given.compile else 'not compiled'}, channels last "
        f"{'on' if given.channels_last else 'off'}\n"
    )
    print(table(rows, unit))
