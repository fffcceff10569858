"""Where networks run."""

from s2r.errors import UserError


def find_device(wanted: str) -> str:
    """``cpu`` or ``cuda`` for the configuration's ``auto``, ``cpu`` or ``cuda``.

    Raises UserError where a GPU is asked for and none can be used.
    """
    import torch

    present = torch.cuda.is_available()
    if wanted == "cuda" and not present:
        raise UserError(
            "device: cuda was asked for, but PyTorch finds no GPU here; set device to auto or cpu."
        )
    return "cuda" if present and wanted != "cpu" else "cpu"
