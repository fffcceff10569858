"""Which instrument judges whether the videos of a system belong to their sound.

A model is not judged by the encoder that it is driven by: whatever that encoder misses, or hears
that is not there, model and instrument would share.
"""

from collections.abc import Mapping

from s2r.config.systems import (
    BASELINES,
    Kind,
    gaussian_system,
    mean_system,
    run_with_gaussian,
    runs_with_mean,
    trained_systems,
)

LOGMEL = "logmel"
"""The instrument that most systems are judged by; its speech needs no encoder of the experiment."""

CONTROL = "_control"
"""End of the names of values by the second instrument, of systems that both judge."""


def encoder_of(config: Mapping, system: str) -> str | None:
    """The encoder that drives a system; None for one without."""
    encoders = trained_systems(config)
    encoders |= {mean_system(run): encoders[run] for run in runs_with_mean(config)}
    if run := run_with_gaussian(config):
        encoders[gaussian_system(run)] = encoders[run]
    return encoders.get(system)


def is_logmel(config: Mapping, encoder: str | None) -> bool:
    """Whether an encoder of the experiment is a log-mel spectrum."""
    return encoder is not None and config["encoders"][encoder]["kind"] == "logmel"


def control_encoder(config: Mapping) -> str | None:
    """The encoder whose instrument judges systems driven by log-mel: the first of another kind.

    None where no system is driven by log-mel, and where the experiment has no other encoder that a
    system uses.
    """
    used = list(dict.fromkeys(trained_systems(config).values()))
    others = [name for name in used if not is_logmel(config, name) and name != LOGMEL]
    return others[0] if others and len(others) < len(used) else None


def instruments(config: Mapping) -> list[str]:
    """The names of all instruments: log-mel, then that of ``control_encoder``; [] for none."""
    if config["evaluation"]["agreement_steps"] is None:
        return []
    control = control_encoder(config)
    return [LOGMEL, control] if control else [LOGMEL]


def judges(config: Mapping, system: str) -> list[dict]:
    """Which instruments are asked about ``system``, and what.

    Each is a mapping of ``encoder`` (the instrument's name), ``suffix`` (end of the names of its
    values of agreement, None where it gives none), ``distances`` (whether it gives the distances
    of windows, which are by log-mel for all systems, so that they can be compared) and ``note``
    (what the long table says of its values). The baselines and the true video are judged by both,
    so that every row has its floor and its ceiling.
    """
    if not instruments(config):
        return []
    control, encoder = control_encoder(config), encoder_of(config, system)
    driven_by_logmel = is_logmel(config, encoder)
    distances = system != Kind.REAL
    if driven_by_logmel and control:
        return [_judge(LOGMEL, None, distances), _judge(control, "", False)]
    first = _judge(LOGMEL, "", distances)
    if driven_by_logmel:
        first["note"] += ", which drives this row too: no other encoder is in use"
    both = control and system in (Kind.REAL, *BASELINES)
    return [first, _judge(control, CONTROL, False)] if both else [first]


def _judge(encoder: str, suffix: str | None, distances: bool) -> dict:
    note = f"instrument trained on {encoder}"
    return {"encoder": encoder, "suffix": suffix, "distances": distances, "note": note}
