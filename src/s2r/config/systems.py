"""The systems that are scored and the test sets they are scored on: names and order."""

from collections.abc import Mapping

SETS = ("unseen_speech", "unseen_subject", "unseen_both")
"""The test sets, in the order of Table I."""


BASELINES = ("copied_frame", "mean_frame", "real_other")
"""Systems that need no training; their videos are made from real frames."""


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


def regression_system(run: str) -> str:
    """Name under which the regression inside ``run`` is scored."""
    return f"regression-{run}"


def runs_with_regression(config: Mapping) -> list[str]:
    """Runs whose preset contains a regression; it is scored as a system of its own."""
    return [run for run, settings in config["runs"].items() if settings["preset"] == "s2r"]


def recurrent_system(encoder: str) -> str:
    """Name under which the recurrent regression from ``encoder`` is scored."""
    return f"recurrent-{encoder}"


def systems(config: Mapping) -> list[str]:
    """All scored systems: baselines, regressions, recurrent regressions, runs."""
    regressions = [regression_system(run) for run in runs_with_regression(config)]
    recurrent = [recurrent_system(encoder) for encoder in config["recurrent"]["encoders"]]
    return [*BASELINES, *regressions, *recurrent, *config["runs"]]
