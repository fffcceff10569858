"""Settings drawn from the keys of a block: any that its bounds allow, in sizes that are quick."""

import math
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from s2r.config.model_blocks import SamplerConfig
from s2r.config.window_blocks import DenoiserBlock

QUICK = {
    "clips": 8, "warmup_clips": 12, "batch": 4, "segment": 30, "hidden": 16, "layers": 2,
    "channels": 24, "condition": 24, "blocks": 2, "fine": 8, "steps": 3, "new": 20,
    "speech_radius": 4, "dilations": 64, "folds": 3,
}  # fmt: skip
"""Largest values drawn of keys that decide how long a training takes."""

LONGEST_LIST = 3


def samplers() -> st.SearchStrategy[dict[str, Any]]:
    """Settings of the block sampler that fit together."""
    return settings_of(SamplerConfig).map(_in_order)


def denoisers() -> st.SearchStrategy[dict[str, Any]]:
    """Settings of the block denoiser whose heads share the channels."""
    heads = st.sampled_from([1, 2, 4, 8])
    return st.tuples(settings_of(DenoiserBlock), heads).map(
        lambda drawn: (
            drawn[0]
            | {"channels": [width - width % 8 for width in drawn[0]["channels"]], "heads": drawn[1]}
        )
    )


def _in_order(sampler: dict[str, Any]) -> dict[str, Any]:
    levels = {name: sampler[name] for name in ("sigma_min", "sigma_max") if name in sampler}
    interval = sampler.get("guidance_interval")
    low, high = min(levels.values(), default=0.15), max(levels.values(), default=8.0)
    ordered = {"sigma_min": min(low, high / 2), "sigma_max": high} if levels else {}
    if interval:
        low, high = sorted(interval)
        ordered["guidance_interval"] = [low, high if high > low else math.inf]
    return sampler | ordered


def settings_of(cls: type) -> st.SearchStrategy[dict[str, Any]]:
    """Some of the keys of the block ``cls`` with values that it accepts, and all in ``QUICK``."""
    hints = get_type_hints(cls, include_extras=True)
    fields = cls.__pydantic_fields__
    values = {name: _values(hints[name], fields[name].metadata, name) for name in fields}
    quick = {name: values.pop(name) for name in QUICK if name in values}
    return st.fixed_dictionaries(quick, optional=values)


def _values(annotation: Any, metadata: list, name: str) -> st.SearchStrategy:
    if get_origin(annotation) is Annotated:
        annotation, *own = get_args(annotation)
        metadata = [*metadata, *(rule for info in own for rule in getattr(info, "metadata", ()))]
    bounds = {
        bound: getattr(rule, bound)
        for rule in metadata
        for bound in ("ge", "gt", "le", "lt", "min_length", "max_length")
        if hasattr(rule, bound)
    }
    origin = get_origin(annotation)
    if origin is Literal:
        return st.sampled_from(get_args(annotation))
    if origin is tuple:
        entries = _values(get_args(annotation)[0], [], name)
        longest = min(bounds.get("max_length", LONGEST_LIST), LONGEST_LIST)
        return st.lists(entries, min_size=bounds.get("min_length", 0), max_size=longest)
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        largest = min(bounds.get("le", 2**64), QUICK.get(name, 2**64))
        return st.integers(bounds.get("ge"), largest)
    assert annotation is float, (name, annotation)
    least, most = bounds.get("ge", bounds.get("gt")), bounds.get("le", bounds.get("lt"))
    return st.floats(
        least, most, exclude_min="gt" in bounds, exclude_max="lt" in bounds, allow_nan=False
    )
