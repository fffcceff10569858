"""Several processes that train one model: their numbers, their shares, how they communicate.

Every function works without a process group too; there is then one process, the first.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist

from s2r.core.processes import end_with

STORE_VARIABLE = "S2R_PROCESS_STORE"
"""Names the file by which the processes of one training find each other."""

PATIENCE = timedelta(hours=2)
"""How long a process waits for the others. Long, since one reads the data while they wait; if
a process dies, all of them end at once in any case."""


def rank() -> int:
    """Number of this process, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def processes() -> int:
    """Number of processes."""
    return dist.get_world_size() if dist.is_initialized() else 1


def is_first() -> bool:
    """Whether this process writes files and progress."""
    return rank() == 0


def share(count: int) -> slice:
    """This process's part of ``count`` items, which must be a multiple of the processes."""
    if count % processes():
        raise ValueError(f"{count} cannot be shared evenly by {processes()} processes")
    part = count // processes()
    return slice(rank() * part, (rank() + 1) * part)


def mean_over_processes(value: torch.Tensor) -> torch.Tensor:
    """The mean of ``value`` over all processes, in each of them."""
    if processes() == 1:
        return value
    total = value.clone()
    dist.all_reduce(total)
    return total / processes()


@contextmanager
def first_before_others() -> Iterator[None]:
    """Run the block in the first process, then in all others: they find its files complete."""
    if not is_first():
        dist.barrier()
    yield
    if is_first() and processes() > 1:
        dist.barrier()


@contextmanager
def process_group(device: str) -> Iterator[None]:
    """Join the group that the launcher's variables describe; each process gets its own GPU.

    All processes are on one machine: they find each other by a file and communicate on the
    loopback interface. PyTorch's own store would accept connections on every interface.

    Args:
        device: ``cuda`` or ``cpu``. ``cuda`` then means this process's GPU.
    """
    end_with(os.getppid())
    if device == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    backend = "nccl" if device == "cuda" else "gloo"
    os.environ[f"{backend.upper()}_SOCKET_IFNAME"] = "lo0" if sys.platform == "darwin" else "lo"
    count = int(os.environ["WORLD_SIZE"])
    dist.init_process_group(
        backend,
        store=dist.FileStore(os.environ[STORE_VARIABLE], count),
        rank=int(os.environ["RANK"]),
        world_size=count,
        timeout=PATIENCE,
    )
    yield
    # Not after an error: it must be recorded before the other processes lose their connection.
    dist.destroy_process_group()
