"""Several processes that train one model: who is who, and what they say to each other.

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
"""How long a process waits for the others. Long, since one reads the data while they wait; a
process that dies ends all at once, whatever this is."""


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
    """This process's part of ``count`` things, which must be a multiple of the processes."""
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
    """Join the group that the launcher's variables describe; each process gets a GPU of its own.

    All processes are on one machine and keep to it: they meet by a file and speak on the loopback
    interface. PyTorch's own store would listen on every interface, to anybody.

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
    # After an error the group stays until it is recorded, or those of the others would come first.
    dist.destroy_process_group()
