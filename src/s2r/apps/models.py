"""The model that a command or a program asks for: found here or on the hub, and loaded."""

from pathlib import Path, PurePath

from s2r.core.errors import UserError
from s2r.generation.hub import ModelPlace, find_model

DEFAULT_MODEL = Path("results/model")
"""Where the workflow writes its best model."""

MODELS = Path("models")
"""Folder of the folders that `s2r export` and `s2r adapt` write."""

DEFAULT_PROBE = Path("results/instruments/probe.safetensors")
"""Where the workflow writes its contour probe."""


def place_of(model: str | PurePath | None, revision: str | None = None) -> ModelPlace:
    """Where the model folder ``model`` is: here or on the hub (`find_model`).

    None is that of the workflow. Raises UserError where it cannot be had.
    """
    return find_model(DEFAULT_MODEL if model is None else model, revision)


def chosen_probe(probe: Path | None, own: Path | None) -> Path:
    """The contour probe to use: that which is named, else the model's ``own``, else that of the
    workflow."""
    return probe or own or DEFAULT_PROBE


def checked_seed(speech_model, seed: int | None) -> int:
    """The seed of a draw: ``seed``, or 0. UserError for a seed where the model draws nothing."""
    if seed is not None and not speech_model.model.draws:
        raise UserError(f"{speech_model.name} predicts a mean and draws nothing: leave out --seed.")
    return seed or 0
