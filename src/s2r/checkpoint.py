"""The state of a training, as it lies between two calls."""

from pathlib import Path
from pickle import UnpicklingError

import torch

from s2r.errors import UserError


def read_state(path: str | Path, device: str) -> dict:
    """What a training wrote to ``path`` with ``torch.save``: tensors, numbers and texts only.

    Raises UserError where the file is damaged or holds anything else; no code in it is run.
    """
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise UserError(
            f"{path} is damaged or was not written by a training: delete it, and the training "
            "starts anew."
        ) from error
