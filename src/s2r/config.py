"""The configuration: checked before any job starts, one sentence for each fault.

``snakemake`` reads the YAML files; the functions here see the merged dictionary. Nothing heavy is
imported: they run every time the workflow is parsed.
"""

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path

from s2r.corpus.folder import compile_pattern
from s2r.corpus.metafile import check_notes_settings
from s2r.errors import UserError
from s2r.released.switches import check_switches, released_settings

SETS = ("unseen_speech", "unseen_subject", "unseen_both")
"""The test sets, in the order of Table I."""

BASELINES = ("copied_frame", "mean_frame", "real_other")
"""Systems that need no training; their videos are made from real frames."""

PHANTOM_SUBJECTS = {"default": 10, "tiny": 3, "paper": 75}
"""Speakers in each profile of the phantom."""

BLOCKS = ("window", "model", "denoiser", "training", "sampler")
"""Settings that all runs share and any run may override."""

RATING_CLIPS = ("words", "items", "practice", "margin", "seed")
"""Settings of the block ``rating`` that decide the clips, given a run."""

PRESETS = {
    "s2r": {"denoiser": {"speech_by": "film", "mean_channel": True}},
    "paper": {
        "window": {"reference": False, "context": 1, "new": 9},
        "model": {"context_sigma": 0.0},
        "denoiser": {"speech_by": "cross_attention", "mean_channel": False},
        "training": {
            "sigma_mean": -1.2,
            "sigma_spread": 1.2,
            "context_dropout": 0.0,
            "context_sigma_max": 0.0,
            "noise_correlation": 0.0,
        },
        "sampler": {
            "solver": "stochastic_heun",
            "steps": 10,
            "sigma_min": 0.002,
            "sigma_max": 80.0,
            "spacing": "karras",
            "noise_correlation": 0.0,
            "churn": 80,
        },
    },
}
"""What a preset puts in place of the shared settings; a run's own settings win over both.

``paper`` (Nguyen et al. 2025): ten frames of which the first is given, speech by cross-attention,
no regression, the noise levels of Karras et al. 2022 and ten stochastic Heun steps."""


def remove_nulls(config: dict) -> None:
    """Delete encoders and runs set to null, and recurrent regressions from such, in place.

    Configuration files are merged key by key, so a second file can only take away what the
    first one defined by setting it to null.
    """
    for section in ("encoders", "runs"):
        content = config.get(section)
        if isinstance(content, dict):
            config[section] = {key: value for key, value in content.items() if value is not None}
            gone = content.keys() - config[section].keys()
            recurrent = config.get("recurrent")
            if section == "encoders" and isinstance(recurrent, dict):
                listed = recurrent.get("encoders")
                if isinstance(listed, list):
                    recurrent["encoders"] = [name for name in listed if name not in gone]


def check_config(config: Mapping) -> None:
    """What no schema can say: how the keys of a valid configuration must fit together.

    Raises UserError with one sentence that starts with the key at fault.
    """
    _check_corpus(config["corpus"])
    check_notes_settings(config["corpus"], config["recordings"]["exclude_notes"])
    _check_split(config["corpus"], config["split"])
    check_switches(config)
    _check_runs(config)
    run = config["rating"]["run"]
    if run is not None and run not in config["runs"]:
        known = ", ".join(config["runs"])
        raise UserError(f"rating.run: {run!r} is not one of the runs ({known}).")
    low, high = config["frames"]["percentiles"]
    if low >= high:
        raise UserError(
            f"frames.percentiles: the lower one ({low}) must be below the upper one ({high})."
        )


def evaluation_sets(config: Mapping) -> list[str]:
    """The test sets that the split can fill, in the order of ``SETS``."""
    return list(SETS) if config["paper_compat"]["split"] else _held_out_sets(config["split"])


def _held_out_sets(split: Mapping) -> list[str]:
    subjects = split["unseen_subjects"] > 0
    stimuli = bool(split["unseen_stimuli"])
    possible = {
        "unseen_speech": stimuli,
        "unseen_subject": subjects,
        "unseen_both": subjects and stimuli,
    }
    return [name for name in SETS if possible[name]]


def run_settings(config: Mapping, run: str) -> dict:
    """Everything that decides the weights and videos of ``run``: shared < preset < its own.

    Switches of ``paper_compat`` come after the preset, in runs of preset ``paper`` only.

    Keys: ``encoder``, ``pooling``, ``preset`` and the blocks ``BLOCKS``.
    """
    own = config["runs"][run]
    settings = {key: own[key] for key in ("encoder", "pooling", "preset")}
    layers = [config, PRESETS[own["preset"]]]
    if own["preset"] == "paper":
        layers.append(released_settings(config["paper_compat"]))
    for block in BLOCKS:
        settings[block] = {}
        for layer in (*layers, own):
            settings[block] |= layer.get(block, {})
    return deepcopy(settings)


def regression_system(run: str) -> str:
    """Name under which the regression inside ``run`` is scored."""
    return f"regression-{run}"


def runs_with_regression(config: Mapping) -> list[str]:
    """Runs whose preset contains a regression; it is scored as a system of its own."""
    return [run for run, settings in config["runs"].items() if settings["preset"] == "s2r"]


def recurrent_system(encoder: str) -> str:
    """Name under which the recurrent regression from ``encoder`` is scored."""
    return f"recurrent-{encoder}"


def recurrent_settings(config: Mapping) -> dict:
    """Everything that decides the weights of a recurrent regression but its encoder."""
    return {key: value for key, value in config["recurrent"].items() if key != "encoders"}


def encoder_settings(config: Mapping, encoder: str) -> dict:
    """Everything that decides the embeddings of ``encoder``; its label does not."""
    own = config["encoders"][encoder]
    released = {}
    if config["paper_compat"]["encoder_class"] and own["kind"] == "huggingface":
        released = {"as_wav2vec2": True}
    return {
        "kind": own["kind"],
        "model": own.get("model", ""),
        "revision": own.get("revision"),
        "layer": own.get("layer", "top"),
        **released,
    }


def size_label(config: Mapping, run: str) -> str:
    """The column ``size`` of Table I for ``run``."""
    return config["encoders"][config["runs"][run]["encoder"]].get("size", "-")


def gpus_wanted(device: str) -> int:
    """GPUs that a job asks the scheduler for; ``auto`` asks where this machine has one."""
    present = any(Path("/dev").glob("nvidia[0-9]*"))
    return int(device == "cuda" or (device == "auto" and present))


def transcripts(config: Mapping) -> dict[str, str]:
    """What is said in each stimulus, {stimulus: text}; null takes one of an earlier file away."""
    return {name: text for name, text in config["words"]["transcripts"].items() if text}


def any_of(names: Iterable[str]) -> str:
    """Regular expression that matches exactly the names, and nothing where there are none."""
    return "|".join(re.escape(name) for name in names) or "(?!)"


def systems(config: Mapping) -> list[str]:
    """All scored systems: baselines, regressions, recurrent regressions, runs."""
    regressions = [regression_system(run) for run in runs_with_regression(config)]
    recurrent = [recurrent_system(encoder) for encoder in config["recurrent"]["encoders"]]
    return [*BASELINES, *regressions, *recurrent, *config["runs"]]


def _check_corpus(corpus: Mapping) -> None:
    kind = corpus["kind"]
    if kind == "phantom" and corpus["path"] is not None:
        raise UserError(
            "corpus.path: the phantom is always written to data/phantom; remove the path, or set "
            "corpus.kind to usc75 or folder to read your own recordings."
        )
    if kind != "phantom" and corpus["path"] is None:
        raise UserError(f"corpus.path: name the folder of your recordings (corpus.kind is {kind}).")
    if kind == "folder":
        compile_pattern(corpus["folder"]["pattern"])


def _check_split(corpus: Mapping, split: Mapping) -> None:
    if corpus["kind"] == "phantom":
        profile = corpus["phantom"]["profile"]
        subjects = PHANTOM_SUBJECTS[profile]
        if split["unseen_subjects"] >= subjects:
            raise UserError(
                f"split.unseen_subjects: {split['unseen_subjects']} subjects cannot be held out "
                f"of the {subjects} in the phantom's profile {profile}; at least one must be left "
                "to train on."
            )
    unseen, validation = split["unseen_stimuli"], split["validation_stimuli"]
    if isinstance(unseen, list) and isinstance(validation, list):
        for stimulus in unseen:
            if stimulus in validation:
                raise UserError(
                    f"split.validation_stimuli: {stimulus} is in split.unseen_stimuli too; a "
                    "stimulus can serve only one of them."
                )
    if not _held_out_sets(split):
        raise UserError(
            "split.unseen_stimuli: nothing is held out; name at least one unseen stimulus, or set "
            "split.unseen_subjects above 0."
        )


def _check_runs(config: Mapping) -> None:
    for run, own in config["runs"].items():
        if run in BASELINES or run.startswith((regression_system(""), recurrent_system(""))):
            raise UserError(f"runs.{run}: this name is taken by a baseline; choose another one.")
        if own["encoder"] not in config["encoders"]:
            known = ", ".join(config["encoders"])
            raise UserError(
                f"runs.{run}.encoder: {own['encoder']!r} is not one of the encoders ({known})."
            )
        settings = run_settings(config, run)
        _check_settings(f"runs.{run}", settings, config["frames"]["size"])
        batch, gpus = settings["training"]["batch"], config["gpus"]
        if batch % gpus:
            raise UserError(
                f"gpus: {gpus} cannot share a batch of {batch} clips evenly; set training.batch "
                f"of runs.{run} to a multiple of {gpus}."
            )
    for encoder in config["recurrent"]["encoders"]:
        if encoder not in config["encoders"]:
            known = ", ".join(config["encoders"])
            raise UserError(
                f"recurrent.encoders: {encoder!r} is not one of the encoders ({known})."
            )
    for name, encoder in config["encoders"].items():
        if (encoder["kind"] == "huggingface") != bool(encoder.get("model")):
            raise UserError(
                f"encoders.{name}.model: kind huggingface needs a hub name or a local folder, the "
                "other kinds take none."
            )


def _check_settings(where: str, settings: Mapping, frame_size: int) -> None:
    """``where`` is the run; a fault may come from it or from the shared settings."""
    sampler, window = settings["sampler"], settings["window"]
    if sampler["sigma_min"] >= sampler["sigma_max"]:
        raise UserError(
            f"sampler.sigma_min: {sampler['sigma_min']} must be below sampler.sigma_max "
            f"({sampler['sigma_max']}) in {where}."
        )
    low, high = sampler["guidance_interval"]
    if low >= high:
        raise UserError(
            f"sampler.guidance_interval: the lower sigma ({low}) must be below the upper one "
            f"({high}) in {where}."
        )
    if not window["reference"] and window["context"] == 0:
        raise UserError(
            "window.context: without a reference frame at least one context frame must be given "
            f"in {where}."
        )
    if window.get("repeats") and (window["reference"] or window["context"] != 1):
        raise UserError(
            "paper_compat.condition_frame: the released code gives one frame and no reference "
            f"frame; leave window.reference and window.context out of {where}."
        )
    denoiser = settings["denoiser"]
    size = denoiser["patch"] * 2 ** (len(denoiser["channels"]) - 1)
    if frame_size % size:
        raise UserError(
            f"denoiser.channels: {len(denoiser['channels'])} resolutions and patches of "
            f"{denoiser['patch']} pixels need frames.size to be a multiple of {size}, not "
            f"{frame_size}, in {where}."
        )
    heads = denoiser["heads"]
    for channels in denoiser["channels"][denoiser["attention_from"] :]:
        if channels % heads:
            raise UserError(
                f"denoiser.heads: {heads} heads cannot share {channels} channels in {where}."
            )
