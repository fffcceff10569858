"""What trained weights were made from, kept in their file, and compared before they are exported.

``made_from`` in the ``info`` of a model file:

    corpus      kind of the corpus (`s2r.config.data_blocks.CorpusBlock`)
    settings    what decides the weights, given the recordings
    seed        of the training
    embeddings  what the encoder said of itself (`Encoder.describe`), with a digest of its weights
    threads, device   where it was trained: they change the weights by rounding only
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from safetensors import SafetensorError, safe_open

from s2r.config.keys import plain
from s2r.config.parameters import weight_settings
from s2r.config.systems import seeds_of
from s2r.core.errors import UserError
from s2r.core.shards import shard_attributes
from s2r.speech.encoder import EncoderConfig
from s2r.speech.load import load_encoder


def made_from(
    config: Mapping,
    name: str,
    embeddings: Sequence[str | Path],
    *,
    seed: int,
    threads: int,
    device: str,
) -> dict:
    """The record of the trained system ``name`` of the configuration, for its model file."""
    return {
        "corpus": config["corpus"]["kind"],
        "settings": plain(weight_settings(config, name)),
        "seed": seed,
        "embeddings": shard_attributes(embeddings[0]),
        "threads": threads,
        "device": device,
    }


def check_made_from(
    config: Mapping,
    name: str,
    model_path: str | Path,
    encoder: EncoderConfig,
    embeddings: Sequence[str | Path],
    weights_folder: str | Path,
) -> None:
    """Raise UserError where weights were made from something else than the configuration names.

    ``embeddings`` are the shards beside weights of an earlier version, which hold no record; they
    may be absent, and then nothing is compared.
    """
    record = read_made_from(model_path)
    remedy = f"train {name} again, or use the configuration that it was trained with."
    now = {"corpus": config["corpus"]["kind"], "settings": plain(weight_settings(config, name))}
    now["seed"] = seeds_of(config, name)[0]
    for key, value in now.items():
        if key in record and (different := _difference(record[key], value)):
            raise UserError(f"{model_path}: it was trained with {key}{different}; {remedy}")
    described = record.get("embeddings")
    if described is None and embeddings:
        described = shard_attributes(embeddings[0])
    if described:
        today = load_encoder(encoder, weights_folder).describe()
        # The version of the package that reads the weights is no part of them.
        then, now = ({**about, "package": None} for about in (described, today))
        if different := _difference(then, now):
            raise UserError(
                f"{model_path}: it was trained with the speech encoder's {different[1:]}; {remedy}"
            )


def read_made_from(model_path: str | Path) -> dict:
    """The record in a model file; empty in files of earlier versions or of other packages."""
    try:
        with safe_open(model_path, "numpy") as file:
            info = json.loads((file.metadata() or {}).get("info", "{}"))
    except (OSError, SafetensorError, ValueError):  # loading it says what it is
        return {}
    record = info.get("made_from") if isinstance(info, dict) else None
    return record if isinstance(record, dict) else {}


def _difference(then: object, now: object) -> str:
    """Where two nested values first differ: ``.layer 2, and now it is 3``, or ""."""
    if isinstance(then, dict) and isinstance(now, dict):
        for key in [*then, *(key for key in now if key not in then)]:
            if different := _difference(then.get(key), now.get(key)):
                return f".{key}{different}"
        return ""
    same = json.dumps(then) == json.dumps(now)
    return "" if same else f" {json.dumps(then)}, and now it is {json.dumps(now)}"
