"""The switches of the block ``paper_compat``: what each puts back into a run.

What every one of them does to the numbers is measured in ``docs/reproduction.md``. Scoring as the
released code does is no switch but a table of its own, see ``s2r.released.scores``.
"""

from collections.abc import Mapping

from s2r.errors import UserError

RUN_SWITCHES: dict[str, dict[str, dict]] = {
    "condition_frame": {"window": {"context": 1, "new": 10, "repeats": True}},
    "raw_condition": {"model": {"raw_condition": True}},
    "batch_pooling": {"model": {"pooling": False}},
    "last_weights": {"training": {"ema_length": 1e-6}},
}
"""Switch: settings of runs of preset ``paper``. An average of relative length 1e-6 is the newest
weights (``s2r.model.ema``). ``batch_pooling`` leaves the label ``pooling`` of the run as it is:
the mean over the batch of one recording, that is of one number, pools nothing."""


def released_settings(switches: Mapping[str, bool]) -> dict[str, dict]:
    """The settings, by block, that the switched-on ``RUN_SWITCHES`` put into a run."""
    settings: dict[str, dict] = {}
    for name, blocks in RUN_SWITCHES.items():
        if switches[name]:
            for block, values in blocks.items():
                settings.setdefault(block, {}).update(values)
    return settings


def check_switches(config: Mapping) -> None:
    """Raise UserError for a switch that could act on nothing in ``config``."""
    switches = config["paper_compat"]
    presets = {run["preset"] for run in config["runs"].values()}
    for name in RUN_SWITCHES:
        if switches[name] and "paper" not in presets:
            raise UserError(
                f"paper_compat.{name}: it acts on runs of preset paper, and there is none."
            )
    pooled = any(r["preset"] == "paper" and r["pooling"] for r in config["runs"].values())
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
