"""Checkpoints: the last two states of a running training on disk, in finite numbers only.

A state is ``<clips seen>-<SHA-256>.pt``. It gets this name when it is complete; if it is damaged
later, its checksum no longer agrees with the name.
"""

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from pickle import UnpicklingError

import torch

from s2r.core.checksums import index_path
from s2r.core.errors import UserError
from s2r.core.files import atomic_path, digest_of, remove_leftovers, sha256_of, sync

STATES_KEPT = 2


def save_state(folder: Path, seen: int, state: dict) -> None:
    """Write the state of a training after ``seen`` clips, and remove all but the last two states.

    Args:
        state: nested dictionaries and lists of tensors, numbers and text.

    Raises:
        UserError: a number in a tensor is not finite (earlier states stay), or the disk is full.
    """
    if not _all_finite(state):
        raise UserError(
            f"{folder}: the weights are not finite after {seen} clips; lower the learning rate. "
            "The checkpoint before is kept."
        )
    unnamed = folder / "new.pt"
    remove_leftovers(unnamed)
    with atomic_path(unnamed) as temporary:
        torch.save(state, temporary)
    os.replace(unnamed, folder / f"{seen:012d}-{sha256_of(unnamed)}.pt")
    sync(folder)
    for older in _states(folder)[STATES_KEPT:]:
        older.unlink()


def load_state(folder: Path, device: str = "cpu") -> dict | None:
    """The last state whose checksum is right; None where there is none.

    A damaged one is removed, and a line on standard error says so. Raises UserError where one with
    the right checksum is no state (`read_state`).
    """
    for path in _states(folder):
        if sha256_of(path) == path.stem.rpartition("-")[2]:
            return read_state(path, device)
        print(
            f"Warning: {path}: this checkpoint is damaged (its checksum differs); the training "
            "goes on from the one before it, or from the start.",
            file=sys.stderr,
        )
        path.unlink()
    return None


def read_state(path: Path, device: str) -> dict:
    """What `save_state` wrote: tensors, numbers and text only, no code in a file is run.

    Raises:
        UserError: the file holds anything else.
    """
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise UserError(
            f"{path} is damaged or was not written by a training: delete it, and the training "
            "goes on from the checkpoint before it, or from the start."
        ) from error


def check_finite(losses: torch.Tensor, seen: int, batch: int, key: str) -> None:
    """Raise UserError, with the step, where a loss is not finite.

    Args:
        losses: (N,) of the last steps.
        seen: clips seen after them.
        batch: clips of a step.
        key: key of the configuration that should be lowered.
    """
    not_finite = (~losses.isfinite()).nonzero()
    if len(not_finite):
        clips = seen - (len(losses) - int(not_finite[0]) - 1) * batch
        raise UserError(
            f"the loss is not finite at step {clips // batch} ({clips} clips); lower {key}. "
            "Checkpoints from before are kept."
        )


def _states(folder: Path) -> list[Path]:
    """Newest first."""
    return sorted(folder.glob("*-*.pt"), reverse=True)


def _all_finite(state: object) -> bool:
    """Whether all tensors are finite, with one transfer from each device."""
    flags: dict[torch.device, list[torch.Tensor]] = {}
    for tensor in _tensors(state):
        flags.setdefault(tensor.device, []).append(tensor.isfinite().all())
    return all(bool(torch.stack(device_flags).all()) for device_flags in flags.values())


def _tensors(state: object) -> list[torch.Tensor]:
    if isinstance(state, torch.Tensor):
        return [state]
    parts = state.values() if isinstance(state, dict) else state if isinstance(state, list) else ()
    return [tensor for part in parts for tensor in _tensors(part)]


def state_folder(
    parent: str | Path,
    settings: Mapping,
    shards: Iterable[str | Path],
    files: Iterable[str | Path],
) -> Path:
    """Folder below ``parent`` for the state of a training with these settings and these data.

    Any change of the settings, of a shard's content or of one of ``files`` (the split among them)
    gives another folder, so that the training starts afresh.
    """
    content = [sha256_of(index_path(shard)) for shard in shards]
    return Path(parent) / digest_of([dict(settings), content, *(sha256_of(file) for file in files)])
