"""The blocks of each preset, and what preset ``paper`` and its switches change in shared ones."""

from collections.abc import Mapping

BLOCKS_OF_PRESET = {
    "s2r": ("mean", "residual", "sampler"),
    "paper": ("window", "model", "denoiser", "training", "sampler"),
}
"""Settings that all runs of a preset share and any of them may override.

The defaults of ``window``, ``model``, ``denoiser`` and ``training`` are the published set-up
(Nguyen et al. 2025): ten frames of which the first is given, speech by cross-attention, the noise
levels of Karras et al. 2022."""

BLOCKS = tuple(dict.fromkeys(block for blocks in BLOCKS_OF_PRESET.values() for block in blocks))
"""All of these blocks."""

PAPER_SAMPLER = {
    "solver": "stochastic_heun",
    "steps": 10,
    "sigma_min": 0.002,
    "sigma_max": 80.0,
    "spacing": "karras",
    "churn": 80,
}
"""How runs of preset ``paper`` are sampled (Nguyen et al. 2025): these replace the values of the
block ``sampler``, which are those of preset ``s2r``; a run's own settings win over both."""

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
