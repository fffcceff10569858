"""The systems that are scored and the test sets they are scored on: names, kinds and order."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

SETS = ("unseen_speech", "unseen_subject", "unseen_both")
"""The test sets, in the order of Table I."""


class Kind(StrEnum):
    """What a system is; tables and figures have their rows in this order."""

    REAL = "real"
    """The true video itself."""
    REAL_OTHER = "real_other"
    """Other real video of the same subject."""
    COPIED_FRAME = "copied_frame"
    """A given frame, held still."""
    MEAN_FRAME = "mean_frame"
    """The mean frame of the subject, held still."""
    MEAN = "mean"
    """The mean that a run of preset s2r draws around, on its own."""
    GAUSSIAN = "gaussian"
    """Noise around the mean of a run of preset s2r, in place of diffusion."""
    RECURRENT = "recurrent"
    """A recurrent regression."""
    MODEL = "model"
    """A run: a trained generative model."""


BASELINES = ("copied_frame", "mean_frame", "real_other")
"""Systems that need no training; their videos are made from real frames. Each is the only system
of its kind and has the kind's name."""


def evaluation_sets(config: Mapping) -> list[str]:
    """The test sets that the split can fill, in the order of ``SETS``."""
    return list(SETS) if config["paper_compat"]["split"] else held_out_sets(config["split"])


def held_out_sets(split: Mapping) -> list[str]:
    """The test sets for which ``split`` holds subjects or stimuli out, in the order of ``SETS``."""
    subjects = split["unseen_subjects"] > 0
    stimuli = bool(split["unseen_stimuli"])
    possible = {
        "unseen_speech": stimuli,
        "unseen_subject": subjects,
        "unseen_both": subjects and stimuli,
    }
    return [name for name in SETS if possible[name]]


def mean_system(run: str) -> str:
    """Name under which the mean that ``run`` draws around is scored."""
    return f"mean-{run}"


def runs_with_mean(config: Mapping) -> list[str]:
    """Runs that predict a mean and draw around it; it is scored as a system of its own."""
    return [run for run, settings in config["runs"].items() if settings["preset"] == "s2r"]


def gaussian_system(run: str) -> str:
    """Name under which noise around the mean of ``run`` is scored."""
    return f"gaussian-{run}"


def run_with_gaussian(config: Mapping) -> str | None:
    """The run that is scored with noise in place of its diffusion too; None without any.

    One is enough: the first run of preset s2r whose encoder is not log-mel, else the first one.
    """

    def is_control(run: str) -> bool:
        return config["encoders"][config["runs"][run]["encoder"]]["kind"] == "logmel"

    return min(runs_with_mean(config), key=is_control, default=None)


def recurrent_system(encoder: str) -> str:
    """Name under which the recurrent regression from ``encoder`` is scored."""
    return f"recurrent-{encoder}"


def trained_systems(config: Mapping) -> dict[str, str]:
    """The systems that have weights of their own, each with its encoder: runs, recurrent ones."""
    encoders = {run: settings["encoder"] for run, settings in config["runs"].items()}
    return encoders | {recurrent_system(name): name for name in config["recurrent"]["encoders"]}


def kinds_of_systems(config: Mapping) -> dict[str, Kind]:
    """All scored systems, each with its kind: baselines, means, noise, recurrent ones, runs."""
    kinds = {name: Kind(name) for name in BASELINES}
    kinds |= {mean_system(run): Kind.MEAN for run in runs_with_mean(config)}
    if run := run_with_gaussian(config):
        kinds[gaussian_system(run)] = Kind.GAUSSIAN
    for encoder in config["recurrent"]["encoders"]:
        kinds[recurrent_system(encoder)] = Kind.RECURRENT
    return kinds | dict.fromkeys(config["runs"], Kind.MODEL)


def systems(config: Mapping) -> list[str]:
    """Names of all scored systems, in the order of ``kinds_of_systems``."""
    return list(kinds_of_systems(config))


SEED_MARK = "@"
"""Between a system and a further seed; names of runs and encoders hold no such sign."""


class Replicate(NamedTuple):
    """A system, trained with one of its seeds."""

    system: str
    """Its row in the tables."""
    seed: int | None
    """None for baselines, which are not trained."""


def seeds_of(config: Mapping, trained: str) -> list[int]:
    """The seeds of a run or a recurrent regression, the first one first."""
    own = config["runs"].get(trained, config["recurrent"]).get("seeds")
    return list(config["seeds"] if own is None else own)


def replicates(config: Mapping) -> dict[str, Replicate]:
    """Everything that is scored, by the name of its files, in the order of ``systems``.

    The first seed has the system's own name, a further one ``{system}@{seed}``. Means and noise
    around them have the seeds of their run.
    """
    trained_by = {name: name for name in trained_systems(config)}
    trained_by |= {mean_system(run): run for run in runs_with_mean(config)}
    if run := run_with_gaussian(config):
        trained_by[gaussian_system(run)] = run
    found = {}
    for system in systems(config):
        seeds = seeds_of(config, trained_by[system]) if system in trained_by else [None]
        found[system] = Replicate(system, seeds[0])
        found |= {f"{system}{SEED_MARK}{seed}": Replicate(system, seed) for seed in seeds[1:]}
    return found


def replicates_of(config: Mapping, names: Iterable[str]) -> list[str]:
    """The names of the files of some systems, for all of their seeds."""
    wanted = set(names)
    return [name for name, found in replicates(config).items() if found.system in wanted]
