"""Settings of presets and ``paper_compat`` switches, which replace the shared ones of a run."""

from collections.abc import Mapping

BLOCKS_OF_PRESET = {
    "s2r": ("mean", "residual", "sampler"),
    "paper": ("window", "model", "denoiser", "training", "sampler"),
}
"""Settings that all runs of a preset share and any of them may override."""

BLOCKS = tuple(dict.fromkeys(block for blocks in BLOCKS_OF_PRESET.values() for block in blocks))
"""All of these blocks."""

PRESETS = {
    "s2r": {},
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
"""Settings of a preset, which replace the shared ones; a run's own settings win over both.

``paper`` (Nguyen et al. 2025): ten frames of which the first is given, speech by cross-attention,
no regression, the noise levels of Karras et al. 2022 and ten stochastic Heun steps."""


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
