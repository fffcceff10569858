"""Model files: weights, configuration and how they were made, in one safetensors file."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from s2r.config.errors import read_block
from s2r.core.errors import UserError
from s2r.core.files import atomic_path
from s2r.core.text_files import parse_json

Config = TypeVar("Config")
Network = TypeVar("Network", bound=nn.Module)


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


def read_model_file(
    path: str | Path, kind: str, cls: type[Config]
) -> tuple[dict[str, Tensor], Config, dict]:
    """Weights by name, configuration (a ``cls``) and ``info``, see `write_model_file`.

    Raises:
        UserError: the file is missing, is not a model of this kind, has a configuration that
            nobody can train, or weights that are not numbers.
    """
    try:
        with safe_open(path, "pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise UserError(
            f"{path}: not a readable model file ({error}): train the model again, or copy it again."
        ) from error
    found = header.get("format", "")
    if found != kind and found.rpartition("-")[0] == kind.rpartition("-")[0]:
        raise UserError(
            f"{path}: made by another version of s2r ({found}; this one reads {kind}): train the "
            "model again."
        )
    if found != kind:
        raise UserError(
            f"{path}: not a model of this kind ({kind}); train one or give another file."
        )
    content, info = (parse_json(header.get(name, ""), path) for name in ("config", "info"))
    if not isinstance(content, dict) or not isinstance(info, dict):
        raise UserError(f"{path}: it does not say how it was made: train the model again.")
    try:
        config = read_block(cls, content)
    except UserError as error:
        raise UserError(f"{path}: its configuration cannot be used: {error}") from None
    for name, tensor in tensors.items():
        if not tensor.isfinite().all():
            raise UserError(
                f"{path}: its weights {name} hold values that are not numbers: train the model "
                "again, or copy it again."
            )
    return tensors, config, info


def with_weights(
    path: str | Path, tensors: Mapping[str, Tensor], make: Callable[[], Network]
) -> Network:
    """The model that ``make`` builds, with the weights ``tensors`` of the file ``path``.

    Raises UserError where the weights are not those of such a model. It is built without memory
    first, so that no more is asked for than the file holds.
    """
    try:
        with torch.device("meta"):
            expected = make().state_dict()
    except (KeyError, IndexError, TypeError, ValueError, RuntimeError) as error:
        raise _unfit(path, str(error).strip().splitlines()[0]) from error
    for name in expected.keys() | tensors.keys():
        if name not in tensors or name not in expected:
            raise _unfit(path, f"{name} is {'missing' if name in expected else 'unknown'}")
        due, there = expected[name], tensors[name]
        if (due.shape, due.dtype) != (there.shape, there.dtype):
            raise _unfit(path, f"{name} is {there.dtype} {tuple(there.shape)}")
    model = make()
    model.load_state_dict(tensors)
    return model.eval()


def _unfit(path: str | Path, reason: str) -> UserError:
    return UserError(
        f"{path}: its weights do not fit its configuration ({reason}): train the model again, or "
        "copy it again."
    )
