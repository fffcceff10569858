"""Something to time, and the clocks and counters of the benchmarks.

Seconds are processor time on a CPU, wall time on a GPU. Operations are counted as PyTorch counts
them: a multiplication and an addition are two.
"""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from s2r.config.parameters import run_settings


@dataclass(frozen=True)
class Work:
    """Something to time."""

    run: Callable[[], None]
    amount: float
    """Units that one ``run`` makes: clips or segments seen, or seconds of video."""
    model: Any
    """What it runs: a module of PyTorch."""
    loss: Callable | None = None
    """The part of a training step before the backward pass."""


def first_settings(config: dict) -> dict:
    """Settings of the configuration's first run."""
    return run_settings(config, next(iter(config["runs"])))


def training_step(loss: Callable, network: Any, model: Any, ema_length: float, batch: int) -> Work:
    """A step as `s2r.training.loop.run_training` does it, on ``batch`` clips.

    ``loss`` () is that of a batch; ``network`` is the part of ``model`` that is trained.
    """
    import torch

    from s2r.model.ema import averaged
    from s2r.training.loop import optimizer_step

    average = averaged(network, ema_length)
    optimizer = torch.optim.AdamW(network.parameters(), fused=True)

    def run() -> None:
        optimizer_step(loss(), network, optimizer, 1e-4)
        average.update_parameters(network)

    return Work(run, batch, model, loss)


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
