"""Runs and encoders of a configuration: that their settings fit together and can be trained."""

from collections.abc import Mapping

from s2r.config.errors import nearest
from s2r.config.parameters import run_settings
from s2r.config.presets import BLOCKS, BLOCKS_OF_PRESET
from s2r.config.systems import (
    BASELINES,
    Kind,
    gaussian_system,
    mean_system,
    recurrent_system,
)
from s2r.core.errors import UserError
from s2r.core.registry import ENCODERS, MODELS, extension_names

TAKEN = (*BASELINES, Kind.REAL)
"""Names of other systems that are scored."""

WHISPER_LAYERS = 4
"""Layers of Whisper tiny.en, the checkpoint of encoders without a model."""

LEAST_RATIO = 1.1
"""Of the highest noise level to the lowest: below it, levels would be the same number."""


def check_runs(config: Mapping) -> None:
    """Check runs and recurrent regressions.

    Raises UserError with one sentence that starts with the key that is wrong.
    """
    prefixes = (mean_system(""), gaussian_system(""), recurrent_system(""))
    for run, run_block in config["runs"].items():
        if run in TAKEN or run.startswith(prefixes):
            raise UserError(
                f"runs.{run}: this name is taken by a baseline or by the real videos; choose "
                "another one."
            )
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
        check_sampler(f"runs.{run}", settings["sampler"])
        if preset == "paper":
            _check_windows(f"runs.{run}", settings, config)
        else:
            _check_codes(run, config)
        for block in set(settings) & {"mean", "residual", "training"}:
            batch, gpus = settings[block]["batch"], config["gpus"]
            if batch % gpus:
                raise UserError(
                    f"gpus: {gpus} cannot share a batch of {batch} clips evenly; set {block}.batch "
                    f"of runs.{run} to a multiple of {gpus}."
                )
    for encoder in config["recurrent"]["encoders"]:
        _check_encoder_name("recurrent.encoders", encoder, config["encoders"])


def check_encoders(config: Mapping) -> None:
    """Check that encoders have what their kind needs, and nothing else.

    Raises UserError with one sentence that starts with the key that is wrong.
    """
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
    layer = encoder["layer"]
    numbers = () if layer == "top" else layer if isinstance(layer, list | tuple) else (layer,)
    if kind == "whisper" and not model and max(numbers, default=0) > WHISPER_LAYERS:
        raise UserError(
            f"encoders.{name}.layer: must be top, or a number from 0 to {WHISPER_LAYERS}, not "
            f"{max(numbers)}: Whisper tiny.en has {WHISPER_LAYERS} layers."
        )


def check_sampler(where: str, sampler: Mapping) -> None:
    """Raise UserError where the settings ``sampler``, each valid by itself, do not fit together.

    ``where`` says in the message whose settings they are, such as ``runs.logmel``.
    """
    low, high = sampler["sigma_min"], sampler["sigma_max"]
    if high < LEAST_RATIO * low:
        raise UserError(
            f"sampler.sigma_min: {low} must be below sampler.sigma_max ({high}), which is at least "
            f"{LEAST_RATIO} times as large, in {where}."
        )
    low, high = sampler["guidance_interval"]
    if low >= high:
        raise UserError(
            f"sampler.guidance_interval: the lower sigma ({low}) must be below the upper one "
            f"({high}) in {where}."
        )


def _check_codes(run: str, config: Mapping) -> None:
    """Check a run of preset s2r against the pictures: a picture has so many codes at most."""
    codes, size = config["autoencoder"]["codes"], config["frames"]["size"]
    if codes > size**2:
        raise UserError(
            f"autoencoder.codes: pictures of {size} x {size} pixels (frames.size) have at most "
            f"{size**2}, not {codes}, in runs.{run}."
        )


def _check_windows(run_key: str, settings: Mapping, config: Mapping) -> None:
    """Check the settings of a run of windows, merged with the shared ones."""
    window = settings["window"]
    if window.get("repeats") and window["context"] != 1:
        raise UserError(
            "paper_compat.condition_frame: the released code gives one frame; leave window.context "
            f"out of {run_key}."
        )
    shortest = config["recordings"]["minimum_frames"]
    if window["new"] > shortest:
        raise UserError(
            f"window.new: {window['new']} frames are more than the shortest recordings have "
            f"(recordings.minimum_frames, {shortest}), in {run_key}."
        )
    denoiser, size = settings["denoiser"], config["frames"]["size"]
    step = denoiser["patch"] * 2 ** (len(denoiser["channels"]) - 1)
    if size % step:
        raise UserError(
            f"denoiser.channels: {len(denoiser['channels'])} resolutions and patches of "
            f"{denoiser['patch']} pixels need frames.size to be a multiple of {step}, such as "
            f"{nearest(size, step)}, not {size}, in {run_key}."
        )
    heads = denoiser["heads"]
    for channels in denoiser["channels"]:
        if channels % heads:
            raise UserError(
                f"denoiser.heads: {heads} heads cannot share {channels} channels in {run_key}."
            )
