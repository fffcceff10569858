"""The settings that each rule needs: a change reruns only the rules that take it."""

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path

from s2r.config.presets import BLOCKS_OF_PRESET, PAPER_SAMPLER, released_settings

RATING_CLIPS = ("words", "items", "practice", "attention", "margin", "seed")
"""Settings of the block ``rating`` that decide the clips, given a run."""


def remove_nulls(config: dict) -> None:
    """Delete, in place, encoders and runs set to null, and recurrent regressions from them.

    Configuration files are merged key by key, so a second file removes an entry of the
    first one by setting it to null.
    """
    for section in ("encoders", "runs"):
        entries = config.get(section)
        if isinstance(entries, dict):
            config[section] = {key: value for key, value in entries.items() if value is not None}
            removed = entries.keys() - config[section].keys()
            recurrent = config.get("recurrent")
            if section == "encoders" and isinstance(recurrent, dict):
                listed = recurrent.get("encoders")
                if isinstance(listed, list):
                    kept = [
                        name for name in listed if not isinstance(name, str) or name not in removed
                    ]
                    recurrent["encoders"] = kept


def run_settings(config: Mapping, run: str) -> dict:
    """What decides the weights and videos of ``run``, but for the seed: shared settings < its own.

    Between them come, in runs of preset ``paper``, its sampler and the switches of
    ``paper_compat``.

    Keys: ``encoder``, ``pooling``, ``preset`` and the blocks of the preset; for a model of an
    installed package ``settings`` instead of the blocks.
    """
    run_block = config["runs"][run]
    settings = {key: run_block[key] for key in ("encoder", "pooling", "preset")}
    if run_block["preset"] not in BLOCKS_OF_PRESET:
        return settings | {"settings": deepcopy(run_block["settings"])}
    layers = [config]
    if run_block["preset"] == "paper":
        layers += [{"sampler": PAPER_SAMPLER}, released_settings(config["paper_compat"])]
    for block in BLOCKS_OF_PRESET[run_block["preset"]]:
        settings[block] = {}
        for layer in (*layers, run_block):
            settings[block] |= layer.get(block, {})
    return deepcopy(settings)


def recurrent_settings(config: Mapping) -> dict:
    """Everything that decides the weights of a recurrent regression except encoder and seed."""
    rows = ("encoders", "seeds")
    return {key: value for key, value in config["recurrent"].items() if key not in rows}


def weight_settings(config: Mapping, name: str) -> dict:
    """What decides the weights of a run or recurrent regression, but for the seed of the training:
    the sampler does not."""
    if name not in config["runs"]:
        return recurrent_settings(config)
    own = run_settings(config, name)
    return {key: value for key, value in own.items() if key != "sampler"}


def encoder_settings(config: Mapping, encoder: str) -> dict:
    """Everything that decides the embeddings of ``encoder``; its label does not."""
    encoder_block = config["encoders"][encoder]
    released = {}
    if config["paper_compat"]["encoder_class"] and encoder_block["kind"] == "huggingface":
        released = {"as_wav2vec2": True}
    return {
        "kind": encoder_block["kind"],
        "model": encoder_block.get("model"),
        "revision": encoder_block.get("revision"),
        "layer": encoder_block.get("layer", "top"),
        **released,
    }


def sound_copies(config: Mapping, encoder: str) -> int:
    """How many changed copies of the sound the trainings with ``encoder`` need: key
    ``mean.sound_copies``."""
    settings = [run_settings(config, run) for run in config["runs"]]
    needed = [
        own["mean"]["sound_copies"]
        for own in settings
        if own["encoder"] == encoder and "mean" in own
    ]
    return max(needed, default=0)


def size_label(config: Mapping, encoder: str) -> str:
    """The column ``size`` of Table I for systems with ``encoder``."""
    return config["encoders"][encoder].get("size", "-")


def labels(run: str, settings: Mapping, size: str) -> dict[str, str]:
    """What tables say of ``run``, given its settings and the label of its encoder's size."""
    return {
        "system": run,
        "encoder": settings["encoder"],
        "size": size,
        "pooling": "yes" if settings["pooling"] else "no",
        "preset": settings["preset"],
    }


def of_phantom(config: Mapping) -> bool:
    """Whether the corpus is the phantom, whose results say so."""
    return config["corpus"]["kind"] == "phantom"


def gpus_wanted(device: str) -> int:
    """GPUs that a job asks the scheduler for; ``auto`` asks where this machine has one."""
    has_gpu = any(Path("/dev").glob("nvidia[0-9]*"))
    return int(device == "cuda" or (device == "auto" and has_gpu))


def transcripts(config: Mapping) -> dict[str, str]:
    """What is said in each stimulus, {stimulus: text}; null removes one of an earlier file."""
    return {name: text for name, text in config["words"]["transcripts"].items() if text}


def any_of(names: Iterable[str]) -> str:
    """Regular expression that matches exactly the names; without names it matches nothing."""
    return "|".join(re.escape(name) for name in names) or "(?!)"
