"""The configuration: checked before any job starts, one sentence for each error.

``snakemake`` reads the YAML files; the functions here see the merged dictionary. Nothing heavy is
imported: they run every time the workflow is parsed.
"""

from collections.abc import Mapping

from s2r.config.errors import read
from s2r.config.keys import plain
from s2r.config.parameters import remove_nulls, run_settings
from s2r.config.patterns import check_notes_settings, compile_pattern
from s2r.config.presets import BLOCKS, BLOCKS_OF_PRESET, RUN_SWITCHES
from s2r.config.systems import (
    BASELINES,
    Kind,
    gaussian_system,
    held_out_sets,
    mean_system,
    recurrent_system,
    trained_systems,
)
from s2r.core.errors import UserError
from s2r.core.registry import ENCODERS, MODELS, extension_names

PHANTOM_SUBJECTS = {"default": 24, "tiny": 3, "paper": 75}
"""Speakers in each profile of the phantom."""


def complete(config: dict) -> dict:
    """The merged YAML files, checked, with the defaults of all keys that they leave out.

    Raises UserError with one sentence that starts with the key that is wrong.
    """
    remove_nulls(config)
    completed = plain(read(config))
    if completed["pathvars"] is None:
        del completed["pathvars"]  # Snakemake has its own defaults
    check_config(completed)
    return completed


def check_config(config: Mapping) -> None:
    """Check that the keys of a configuration, each valid by itself, fit together.

    Raises UserError with one sentence that starts with the key that is wrong.
    """
    _check_corpus(config["corpus"])
    check_notes_settings(config["corpus"], config["recordings"]["exclude_notes"])
    _check_split(config["corpus"], config["split"])
    _check_switches(config)
    _check_silent(config)
    _check_runs(config)
    run = config["rating"]["run"]
    if run is not None and run not in trained_systems(config):
        known = ", ".join(trained_systems(config))
        raise UserError(
            f"rating.run: {run!r} is not one of the runs and recurrent regressions ({known})."
        )
    low, high = config["frames"]["percentiles"]
    if low >= high:
        raise UserError(
            f"frames.percentiles: the lower one ({low}) must be below the upper one ({high})."
        )


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
    if not held_out_sets(split):
        raise UserError(
            "split.unseen_stimuli: nothing is held out; name at least one unseen stimulus, or set "
            "split.unseen_subjects above 0."
        )


def _check_runs(config: Mapping) -> None:
    prefixes = (mean_system(""), gaussian_system(""), recurrent_system(""))
    for run, run_block in config["runs"].items():
        if run in BASELINES or run.startswith(prefixes):
            raise UserError(f"runs.{run}: this name is taken by a baseline; choose another one.")
        _check_encoder_name(f"runs.{run}.encoder", run_block["encoder"], config["encoders"])
        if run_block["preset"] not in BLOCKS_OF_PRESET:
            _check_extension_run(run, run_block)
            continue
        settings, preset = run_settings(config, run), run_block["preset"]
        taken = ", ".join(BLOCKS_OF_PRESET[preset])
        if run_block["settings"]:
            raise UserError(
                f"runs.{run}.settings: these are for models of installed packages; preset "
                f"{preset} takes the blocks {taken}."
            )
        for block in set(BLOCKS) - set(BLOCKS_OF_PRESET[preset]):
            if run_block[block]:
                raise UserError(
                    f"runs.{run}.{block}: preset {preset} does not read this block; it takes "
                    f"{taken}."
                )
        _check_sampler(f"runs.{run}", settings["sampler"])
        if preset == "paper":
            _check_windows(f"runs.{run}", settings, config["frames"]["size"])
        for block in set(settings) & {"mean", "residual", "training"}:
            batch, gpus = settings[block]["batch"], config["gpus"]
            if batch % gpus:
                raise UserError(
                    f"gpus: {gpus} cannot share a batch of {batch} clips evenly; set {block}.batch "
                    f"of runs.{run} to a multiple of {gpus}."
                )
    for encoder in config["recurrent"]["encoders"]:
        _check_encoder_name("recurrent.encoders", encoder, config["encoders"])
    for name, encoder in config["encoders"].items():
        _check_encoder(name, encoder)


def _check_encoder_name(key: str, name: str, encoders: Mapping) -> None:
    if name not in encoders:
        known = ", ".join(encoders)
        raise UserError(f"{key}: {name!r} is not one of the encoders ({known}).")


def _check_extension_run(run: str, run_block: Mapping) -> None:
    """A run of a model that an installed package provides; its settings stand in ``settings``."""
    if run_block["preset"] == Kind.RECURRENT:
        raise UserError(
            f"runs.{run}.preset: a recurrent regression is not a run; name its encoder "
            f"({run_block['encoder']}) in recurrent.encoders."
        )
    installed = extension_names(MODELS)
    known = [*BLOCKS_OF_PRESET, *(name for name in installed if name not in BLOCKS_OF_PRESET)]
    if run_block["preset"] not in known:
        raise UserError(
            f"runs.{run}.preset: {run_block['preset']!r} is not one of the presets and models "
            f"({', '.join(known)})."
        )
    for block in BLOCKS:
        if run_block[block]:
            raise UserError(
                f"runs.{run}.{block}: the model {run_block['preset']} takes its settings from "
                f"runs.{run}.settings."
            )


def _check_encoder(name: str, encoder: Mapping) -> None:
    kind, model = encoder["kind"], encoder["model"]
    known = extension_names(ENCODERS)
    if kind not in known:
        raise UserError(
            f"encoders.{name}.kind: {kind!r} is not one of the kinds of encoders "
            f"({', '.join(known)})."
        )
    if kind == "huggingface" and not model:
        raise UserError(f"encoders.{name}.model: kind huggingface needs a hub name or a folder.")
    refused = {"logmel": ("model", "revision"), "whisper": () if model else ("revision",)}
    for key in refused.get(kind, ()):
        if encoder[key]:
            raise UserError(
                f"encoders.{name}.{key}: kind {kind} without a model has none; remove it."
            )
    if kind == "logmel" and encoder["layer"] != "top":
        raise UserError(f"encoders.{name}.layer: kind logmel has no layers; remove it.")


def _check_sampler(run_key: str, sampler: Mapping) -> None:
    """Check how a run is sampled; ``run_key`` is its dotted key, for the messages."""
    if sampler["sigma_min"] >= sampler["sigma_max"]:
        raise UserError(
            f"sampler.sigma_min: {sampler['sigma_min']} must be below sampler.sigma_max "
            f"({sampler['sigma_max']}) in {run_key}."
        )
    low, high = sampler["guidance_interval"]
    if low >= high:
        raise UserError(
            f"sampler.guidance_interval: the lower sigma ({low}) must be below the upper one "
            f"({high}) in {run_key}."
        )


def _check_windows(run_key: str, settings: Mapping, frame_size: int) -> None:
    """Check the settings of a run of windows, merged with the shared ones."""
    window = settings["window"]
    if window.get("repeats") and window["context"] != 1:
        raise UserError(
            "paper_compat.condition_frame: the released code gives one frame; leave window.context "
            f"out of {run_key}."
        )
    denoiser = settings["denoiser"]
    size = denoiser["patch"] * 2 ** (len(denoiser["channels"]) - 1)
    if frame_size % size:
        raise UserError(
            f"denoiser.channels: {len(denoiser['channels'])} resolutions and patches of "
            f"{denoiser['patch']} pixels need frames.size to be a multiple of {size}, not "
            f"{frame_size}, in {run_key}."
        )
    heads = denoiser["heads"]
    for channels in denoiser["channels"][denoiser["attention_from"] :]:
        if channels % heads:
            raise UserError(
                f"denoiser.heads: {heads} heads cannot share {channels} channels in {run_key}."
            )


def _check_silent(config: Mapping) -> None:
    """Raise UserError where recordings without sound would be prepared for nothing."""
    presets = {run["preset"] for run in config["runs"].values()}
    if config["corpus"]["silent"] == "use" and presets == {"paper"}:
        raise UserError(
            "corpus.silent: recordings without sound are used by the articulation codes of preset "
            "s2r, and all runs are of preset paper; set it to defect."
        )


def _check_switches(config: Mapping) -> None:
    """Raise UserError for a switch that has no effect in ``config``."""
    switches = config["paper_compat"]
    presets = {run["preset"] for run in config["runs"].values()}
    for name in RUN_SWITCHES:
        if switches[name] and "paper" not in presets:
            raise UserError(
                f"paper_compat.{name}: it acts on runs of preset paper, and there is none."
            )
    pooled = any(run["preset"] == "paper" and run["pooling"] for run in config["runs"].values())
    if switches["batch_pooling"] and not pooled:
        raise UserError(
            "paper_compat.batch_pooling: it acts on runs of preset paper with pooling: true, and "
            "there is none."
        )
    kinds = {encoder["kind"] for encoder in config["encoders"].values()}
    if switches["encoder_class"] and "huggingface" not in kinds:
        raise UserError(
            "paper_compat.encoder_class: it acts on encoders of kind huggingface, and there is "
            "none."
        )
    if switches["split"] and config["corpus"]["kind"] == "folder":
        raise UserError(
            "paper_compat.split: it reads the names of the USC corpus; set corpus.kind to usc75 "
            "or phantom, or switch it off."
        )
