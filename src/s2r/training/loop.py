"""The loop that all trainings share: steps, validations, checkpoints, the choice of the weights."""

import copy
import math
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from s2r.config.schedule import Schedule
from s2r.core.files import atomic_path
from s2r.core.progress import progress
from s2r.training import distributed
from s2r.training.checkpoints import check_finite, load_state, save_state


def learning_rate(schedule: Schedule, seen: int) -> float:
    """Linear warm-up, then a cosine down to zero at the last clip."""
    if seen < schedule.warmup_clips:
        return schedule.learning_rate * (seen + schedule.batch) / schedule.warmup_clips
    rest = (seen - schedule.warmup_clips) / max(1, schedule.clips - schedule.warmup_clips)
    return schedule.learning_rate * 0.5 * (1 + math.cos(math.pi * min(rest, 1.0)))


def adamw(
    model: nn.Module, schedule: Schedule, betas: tuple[float, float] = (0.9, 0.99)
) -> torch.optim.Optimizer:
    """The optimiser of all trainings; in one kernel, which takes a third of the time."""
    return torch.optim.AdamW(
        model.parameters(),
        lr=schedule.learning_rate,
        betas=betas,
        weight_decay=schedule.weight_decay,
        fused=True,
    )


def optimizer_step(
    loss: Tensor, model: nn.Module, optimizer: torch.optim.Optimizer, rate: float
) -> None:
    """A step of the optimiser at the learning rate ``rate``; the gradient's norm is at most 1."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


def run_training(
    batch_loss: Callable[[int], Tensor],
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: Schedule,
    state_folder: Path,
    *,
    validate: Callable[[nn.Module], dict[str, float]] | None = None,
    average: AveragedModel | None = None,
    keep_best: bool = False,
    checkpoint_clips: int | None = None,
    device: str = "cpu",
    label: str = "train",
    rate_key: str = "training.learning_rate",
) -> list[dict[str, float]]:
    """Train ``model``, or continue an interrupted training from its last checkpoint.

    In a process group (`s2r.training.distributed`) every process calls this; the first one
    validates, shows progress and writes checkpoints.

    Args:
        batch_loss: clips seen -> loss of the next batch; everything random in it must depend
            on that number alone.
        schedule: see `Schedule`.
        state_folder: where checkpoints lie; belongs to exactly these settings and data.
        validate: measures of the averaged model, or of ``model`` where there is no average, by
            name; errors have names that end in ``error``.
        average: of the weights, updated after every step.
        keep_best: whether the weights of the lowest ``validation_error`` are kept at the end; the
            last ones without validation.
        checkpoint_clips: clips between checkpoints; None leaves one at every validation.
        rate_key: key of the configuration to lower where the loss is not finite.

    Returns:
        The training curve: a row a validation, with ``clips``, ``loss``, ``seconds`` and what
        ``validate`` measured. ``model`` and ``average`` are trained in place.

    Raises:
        UserError: the loss is no longer finite, or the disk is full.
    """
    first = distributed.is_first()
    best = copy.deepcopy(model.state_dict()) if keep_best else None
    parts = {"model": model, "optimizer": optimizer} | ({"average": average} if average else {})
    seen, curve = 0, []
    with distributed.first_before_others():
        state = load_state(state_folder, device)
    if state is not None:
        for name, part in parts.items():
            part.load_state_dict(state[name])
        seen, curve, best = state["seen"], state["curve"], state.get("best")
    bar = progress(label=label, total=schedule.clips, initial=seen, disable=not first)
    losses, started, saved = [], time.monotonic(), seen
    while seen < schedule.clips:
        loss = batch_loss(seen)
        optimizer_step(loss, model, optimizer, learning_rate(schedule, seen))
        if average:
            average.update_parameters(model)
        seen += schedule.batch
        losses.append(loss.detach())
        bar.update(schedule.batch)
        last = seen >= schedule.clips
        validates = last or seen % schedule.validate_clips < schedule.batch
        saves = validates if checkpoint_clips is None else last or seen - saved >= checkpoint_clips
        if validates or saves:
            means = distributed.mean_over_processes(torch.stack(losses))
            check_finite(means, seen, schedule.batch, rate_key)
        if validates:
            row = {"clips": seen, "loss": means.mean().item()}
            row |= {"seconds": time.monotonic() - started}
            if first and validate:
                row |= validate((average.module if average else model).eval())
            if keep_best and _is_lowest(row, curve):
                best = copy.deepcopy(model.state_dict())
            curve.append(row)
            losses, started = [], time.monotonic()
            bar.set_postfix(
                {
                    name: f"{value:.4g}"
                    for name, value in row.items()
                    if name not in ("clips", "seconds")
                }
            )
        if saves:
            saved = seen
            if first:
                state = {name: part.state_dict() for name, part in parts.items()}
                state |= {"best": best} if keep_best else {}
                save_state(state_folder, seen, state | {"seen": seen, "curve": curve})
    bar.close()
    if keep_best:
        model.load_state_dict(best)
    return curve


def write_curve(curve: list[dict[str, float]], path: Path) -> None:
    """Write a training curve as CSV, atomically."""
    with atomic_path(path) as temporary:
        pd.DataFrame(curve).to_csv(temporary, index=False)


def _is_lowest(row: dict[str, float], curve: list[dict[str, float]]) -> bool:
    """Whether a row has the lowest validation error so far; without one, always."""
    lowest = min((earlier.get("validation_error", math.inf) for earlier in curve), default=math.inf)
    return row.get("validation_error", -math.inf) < lowest
