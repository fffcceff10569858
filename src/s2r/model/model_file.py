"""Model files: weights, configuration and how they were made, in one safetensors file."""

import json
from dataclasses import asdict
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from s2r.core.errors import UserError
from s2r.core.files import atomic_path


def write_model_file(
    model: nn.Module, path: str | Path, kind: str, config: object, info: dict
) -> None:
    """Write the weights of ``model`` with its ``config`` (a dataclass) and ``info`` (JSON-able).

    ``kind`` names the kind of model; `read_model_file` requires the same one.
    """
    header = {
        "format": kind,
        "config": json.dumps(asdict(config)),
        "info": json.dumps(info),
    }
    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    with atomic_path(path) as temporary:
        save_file(tensors, temporary, metadata=header)


def read_model_file(path: str | Path, kind: str) -> tuple[dict[str, Tensor], dict, dict]:
    """Weights by name, configuration and ``info`` as written by `write_model_file`.

    Raises:
        UserError: the file is missing or is not a model of this kind.
    """
    try:
        with safe_open(path, "pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path}: not a readable model file ({error})") from error
    if header.get("format") != kind:
        raise UserError(
            f"{path}: not a model of this kind ({kind}); train one or give another file"
        )
    return tensors, json.loads(header["config"]), json.loads(header["info"])
