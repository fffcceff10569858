"""The configuration: checked before any job starts, one sentence for each error.

``snakemake`` reads the YAML files; the functions here see the merged dictionary. Nothing heavy is
imported: they run every time the workflow is parsed.
"""

from collections.abc import Mapping

from s2r.config.check_runs import check_encoders, check_runs
from s2r.config.errors import read
from s2r.config.keys import plain
from s2r.config.parameters import remove_nulls
from s2r.config.patterns import check_notes_settings, check_pattern
from s2r.config.presets import RUN_SWITCHES
from s2r.config.systems import held_out_sets, trained_systems
from s2r.core.errors import UserError

PHANTOM_SUBJECTS = {"default": 24, "tiny": 3, "paper": 75}
"""Speakers in each profile of the phantom."""

CLIP_FRAMES = 20
"""Frames of an evaluation clip and its context, without which nothing can be scored."""

LEAST_RANGE = 50
"""Least difference of the two percentiles of grey levels."""


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
    check_runs(config)
    check_encoders(config)
    run = config["rating"]["run"]
    if run is not None and run not in trained_systems(config):
        known = ", ".join(trained_systems(config))
        raise UserError(
            f"rating.run: {run!r} is not one of the runs and recurrent regressions ({known})."
        )
    shortest = config["recordings"]["minimum_frames"]
    if shortest < CLIP_FRAMES:
        raise UserError(
            f"recordings.minimum_frames: must be at least {CLIP_FRAMES}, the frames of an "
            f"evaluation clip and of what comes before it, not {shortest}."
        )
    low, high = config["frames"]["percentiles"]
    if high - low < LEAST_RANGE:
        raise UserError(
            f"frames.percentiles: the lower one ({low}) must be below the upper one ({high}) by at "
            f"least {LEAST_RANGE}, or most of the picture is black or white."
        )


def _check_corpus(corpus: Mapping) -> None:
    kind = corpus["kind"]
    if kind == "phantom" and corpus["path"] is not None:
        raise UserError(
            "corpus.path: the phantom is always written to data/phantom, or with voices to "
            "data/phantom_voices; remove the path, or set corpus.kind to usc75 or folder to "
            "read your own recordings."
        )
    if kind != "phantom" and corpus["path"] is None:
        raise UserError(f"corpus.path: name the folder of your recordings (corpus.kind is {kind}).")
    if kind == "folder":
        check_pattern(corpus["folder"]["pattern"])
    _check_contours(kind, corpus["contours"])


def _check_contours(kind: str, contours: Mapping) -> None:
    if contours["path"] is None:
        return
    if kind == "phantom":
        raise UserError(
            "corpus.contours.path: the phantom has contours of its own; remove the path, or read "
            "your own recordings (corpus.kind usc75 or folder)."
        )
    if contours["pixel_mm"] is None:
        raise UserError(
            "corpus.contours.pixel_mm: say how many mm a pixel of the recordings is wide; the USC "
            "75-speaker corpus has 2.4."
        )


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
