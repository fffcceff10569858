"""Checkpoints in the format of transformers, from the hub or a local folder.

A checkpoint is read as data: only weights are taken from its files, and its code is never run.
"""

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from torch import nn
from transformers import AutoConfig, PretrainedConfig
from transformers.utils import cached_file, logging

from s2r.core.errors import UserError
from s2r.core.files import digest_of, sha256_of
from s2r.core.network import require_network
from s2r.core.text_files import read_json
from s2r.speech.encoder import Layer, layer_numbers

NO_CODE = {"trust_remote_code": False}
"""Python files in a checkpoint are never run, and nobody is asked whether they should be."""

SETTINGS_FILES = ("config.json", "preprocessor_config.json")

MOST = {"layers": 500, "n_fft": 10_000, "feature_size": 1000, "hop_length": 10_000, "chunk": 1000}
"""Largest values of settings by a part of their name; `LARGEST` of all others."""
LARGEST, MOST_ENTRIES = 10_000_000, 1000

FEW_WEIGHTS = 10_000_000
"""A network of so many may be made whatever its files hold."""

UNREADABLE = (
    *(OSError, ValueError, RuntimeError, TypeError, KeyError),
    *(SafetensorError, StrictDataclassError, UnpicklingError),
)
"""What transformers raises for checkpoints that are absent, damaged or no mere weights."""


@contextmanager
def reading(model: str) -> Iterator[None]:
    """Raise UserError where the block, which reads the checkpoint ``model``, cannot do so."""
    # transformers would otherwise ask the hub, from a thread, to convert checkpoints it holds.
    os.environ.setdefault("DISABLE_SAFETENSORS_CONVERSION", "1")
    # It would also print every weight that is left out; `check_weights` says which may not be.
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    except UNREADABLE as error:
        raise _unreadable(model, error) from error
    finally:
        logging.set_verbosity(verbosity)


def find_commit(model: str, revision: str | None) -> str | None:
    """Commit of a hub checkpoint, found before anything is loaded; None for a local folder."""
    if Path(model).is_dir():
        return None
    require_network(f"The speech model {model!r}")
    with reading(model):
        return Path(cached_file(model, "config.json", revision=revision)).parent.name


def model_type(model: str, commit: str | None) -> str:
    """Architecture that the checkpoint's config.json names, such as ``whisper`` or ``hubert``."""
    with reading(model):
        return AutoConfig.from_pretrained(model, revision=commit, **NO_CODE).model_type


def check_plausible(model: str, build: Callable[[PretrainedConfig], nn.Module]) -> None:
    """Raise UserError where the settings of a local checkpoint ask for more than its files hold.

    A file of some bytes may name a billion layers, which transformers would begin to make.
    ``build`` makes the network of a configuration; here without memory for its weights.
    """
    folder = Path(model)
    if not folder.is_dir():
        return
    for name in SETTINGS_FILES:
        if (folder / name).exists():
            try:
                where = _implausible(read_json(folder / name))
            except UserError as error:
                raise _unreadable(model, error) from error
            if where:
                raise UserError(f"{folder / name}: {where} cannot be right: use the original file.")
    with reading(model), torch.device("meta"):
        network = build(AutoConfig.from_pretrained(model, **NO_CODE))
    weights = sum(parameter.numel() for parameter in network.parameters())
    files = [path for path in folder.iterdir() if path.suffix in {".safetensors", ".bin"}]
    if weights > max(FEW_WEIGHTS, sum(path.stat().st_size for path in files)):
        raise UserError(
            f"{model}: its config.json describes a network of {weights} weights, which its files "
            "do not hold: use the checkpoint with its own config.json."
        )


def _implausible(content: object, name: str = "") -> str:
    """The first setting that no checkpoint has, as words; empty where there is none."""
    entries = content.items() if isinstance(content, dict) else ()
    if isinstance(content, list):
        entries = ((name, entry) for entry in content)
        if len(content) > MOST_ENTRIES:
            return f"a list of {len(content)} entries"
    if isinstance(content, (int, float)):
        most = next((most for part, most in MOST.items() if part in name), LARGEST)
        if not abs(content) <= most:
            return f"{name} {content}"
    return next(filter(None, (_implausible(entry, key) for key, entry in entries)), "")


def origin(model: str, commit: str | None) -> str:
    """The commit, or for a local folder a short digest of its weight files."""
    if commit:
        return commit
    files = sorted(p for p in Path(model).iterdir() if p.suffix in {".safetensors", ".bin"})
    return f"folder {digest_of({path.name: sha256_of(path) for path in files})}"


def check_weights(
    model: str,
    architecture: str,
    missing: Collection[str],
    misshapen: Collection[str],
    dropped: Collection[str],
) -> None:
    """Raise UserError where any of these weights of ``architecture`` were not read as they are.

    transformers makes up the ``missing`` and, if so asked, the ``misshapen``, and leaves out the
    ``dropped``, all in silence.
    """
    wrong = sorted([*missing, *misshapen, *dropped])
    if wrong:
        raise UserError(
            f"{model} does not fit the {architecture} that its config.json names: {len(missing)} "
            f"weights are missing, {len(misshapen)} have another shape and {len(dropped)} would "
            f"be dropped, such as {wrong[0]}; use the checkpoint with its own config.json."
        )


def misshapen_keys(report: dict) -> list[str]:
    """Names of the weights whose shape did not fit, from the report of a loading."""
    return [key for key, *_ in report["mismatched_keys"]]


def _unreadable(model: str, error: Exception) -> UserError:
    reason = next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".:")
    if isinstance(error, UnpicklingError):  # its own text advises to trust the file
        reason = "its weights file holds more than weights, or is damaged"
    return UserError(
        f"The speech model {model!r} could not be loaded ({reason}): check the name; without a "
        "network, download it elsewhere and give the path of its folder, or point HF_HOME to a "
        "cache that holds it."
    )


def take_layer(output, layer: Layer) -> torch.Tensor:
    """Hidden states (1, T, D) of ``layer`` from the output of a transformers model; those of
    several layers are joined, (1, T, n D).

    ``top`` is ``last_hidden_state``: in some models with a final layer norm ``hidden_states[-1]``
    is the state before that norm (in Whisper, since transformers 5, it is the same).
    """
    if layer == "top":
        return output.last_hidden_state
    return torch.cat([output.hidden_states[number] for number in layer_numbers(layer)], dim=-1)
