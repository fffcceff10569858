"""Whisper's encoder from a CTranslate2 model file."""

import struct
from pathlib import Path

import numpy as np
import torch

from s2r.core.errors import UserError
from s2r.speech.whisper_network import WhisperEncoder, WhisperShape

TYPES = ("<f4", "<i1", "<i2", "<i4", "<f2")
"""Type codes 0 to 4 of the file."""

MODULES = {
    "self_attention/layer_norm": "self_attn_layer_norm",
    "self_attention/linear_1": "self_attn.out_proj",
    "ffn/layer_norm": "final_layer_norm",
    "ffn/linear_0": "fc1",
    "ffn/linear_1": "fc2",
}
"""Modules of one layer, theirs to ours; the fused projection linear_0 is split by hand."""

TENSORS = {"weight": "weight", "bias": "bias", "gamma": "weight", "beta": "bias"}


def read_ctranslate2(path: str | Path) -> dict[str, np.ndarray]:
    """Variables of the encoder in a CTranslate2 Whisper file (binary version 6), by name.

    The file is little-endian: version, specification name, revision, number of variables, then
    for each its name, rank, dimensions, type code, byte count and bytes; a name is its length and
    its characters with a closing zero. Decoder variables and the aliases at the end are skipped.

    Raises UserError for any other file.
    """
    with open(path, "rb") as file:

        def number(code: str) -> int:
            return struct.unpack("<" + code, file.read(struct.calcsize("<" + code)))[0]

        def name() -> str:
            return file.read(number("H"))[:-1].decode()

        if number("I") != 6 or name() != "WhisperSpec":
            raise UserError(f"{path} is not a Whisper model in CTranslate2's format, version 6.")
        number("I")
        variables = {}
        for _ in range(number("I")):
            key = name()
            shape = [number("I") for _ in range(number("B"))]
            code, size = number("B"), number("I")
            if key.startswith("encoder/"):
                content = np.frombuffer(file.read(size), dtype=TYPES[code])
                variables[key.removeprefix("encoder/")] = content.reshape(shape)
            else:
                file.seek(size, 1)
    return variables


def build_encoder(variables: dict[str, np.ndarray], positions: int | None = None) -> WhisperEncoder:
    """Float32 model with every weight of ``variables`` in its place, sizes read from them.

    ``positions`` keeps that many of the position codes: the model then reads windows of exactly
    that many embeddings, twice as many spectra.
    """
    codes = "position_encodings/encodings"
    variables = variables | {codes: variables[codes][:positions]}
    width, bands, _ = variables["conv1/weight"].shape
    shape = WhisperShape(
        bands=bands,
        width=width,
        layers=sum(key.endswith("ffn/linear_0/weight") for key in variables),
        heads=int(variables["num_heads"]),
        hidden=len(variables["layer_0/ffn/linear_0/bias"]),
        positions=len(variables[codes]),
    )
    network = WhisperEncoder(shape)
    network.load_state_dict(_state(variables), strict=True)
    return network.eval().requires_grad_(False)


def _state(variables: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    state = {}
    for key, array in variables.items():
        if key == "num_heads":
            continue
        value = torch.from_numpy(array.astype(np.float32))
        if key == "position_encodings/encodings":
            state["embed_positions.weight"] = value
            continue
        module, tensor = key.rsplit("/", 1)
        tensor = TENSORS[tensor]
        if not module.startswith("layer_") or module == "layer_norm":
            state[f"{module}.{tensor}"] = value
            continue
        layer, module = module.split("/", 1)
        prefix = f"layers.{layer.removeprefix('layer_')}"
        if module != "self_attention/linear_0":
            state[f"{prefix}.{MODULES[module]}.{tensor}"] = value
            continue
        for projection, part in zip("qkv", value.chunk(3), strict=True):
            if (projection, tensor) == ("k", "bias"):
                # Whisper's keys have no bias; the fused form holds zeros in its place.
                if part.any():
                    raise ValueError(f"{key} has a bias for the keys")
                continue
            state[f"{prefix}.self_attn.{projection}_proj.{tensor}"] = part
    return state
