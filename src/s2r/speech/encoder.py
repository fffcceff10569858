"""One interface for every frozen speech encoder, and for the families of encoders.

Embedding t describes the 20 ms bin centred at 20 t + 10 ms; a waveform of N samples at 16 kHz has
N // 320 of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from s2r.config.keys import block
from s2r.config.model_blocks import EncoderKeys
from s2r.core.errors import UserError
from s2r.core.units import HOP, frames_in

Layer = str | int | Sequence[int]
"""Of a network: ``top``, a number from 0 (what enters the first layer), or several numbers."""


@block
class EncoderConfig(EncoderKeys):
    """Which frozen encoder to use: its keys, and what the released protocol changes."""

    as_wav2vec2: bool = False
    """For ``huggingface``, load every checkpoint as wav2vec 2.0 whatever it is, as the paper's
    released code does; weights that class does not have are dropped."""


@dataclass(frozen=True)
class Encoder:
    """A frozen encoder: ``embed`` maps (N,) float32 to (N // 320, dimension) float32.

    ``description`` holds what else decides the embeddings, as plain values. ``load_encoder`` adds
    the kind and the package that provides it.
    """

    dimension: int
    description: dict[str, str | int | bool]
    embed: Callable[[np.ndarray], np.ndarray]

    def describe(self) -> dict[str, str | int | bool]:
        """What produced the embeddings, as plain values to be stored beside them."""
        return {**self.description, "dimension": self.dimension}

    def encode(self, waveform: np.ndarray) -> np.ndarray:
        """Embeddings (N // 320, D) float32 of a mono waveform (N,) at 16 kHz in [-1, 1].

        Raises UserError for less than one bin of sound, for values that are not finite, and,
        naming the encoder and its package, for embeddings of another shape or type.
        """
        waveform = np.ascontiguousarray(waveform, dtype=np.float32)
        if waveform.ndim != 1:
            raise ValueError(f"a mono waveform has one axis, not shape {waveform.shape}")
        if len(waveform) < HOP:
            raise UserError(
                f"the recording has {len(waveform)} samples at 16 kHz, but one embedding needs "
                f"{HOP} (20 ms): leave the recording out."
            )
        if not np.isfinite(waveform).all():
            raise UserError("the sound holds values that are not numbers: decode it again.")
        embeddings = self.embed(waveform)
        self._check(embeddings, (frames_in(len(waveform)), self.dimension))
        return embeddings

    def _check(self, embeddings: object, shape: tuple[int, int]) -> None:
        if isinstance(embeddings, np.ndarray):
            result = f"a {embeddings.dtype} array of shape {embeddings.shape}"
            if embeddings.shape == shape and embeddings.dtype == np.float32:
                return
        else:
            result = f"a {type(embeddings).__name__}"
        kind, package = (self.description.get(key, "unknown") for key in ("kind", "package"))
        raise UserError(
            f"The encoder kind {kind!r} of the package {package} gave {result} where a float32 "
            f"array of shape {shape} is due: correct that package."
        )


def refuse_model(config: EncoderConfig) -> None:
    """Raise UserError where ``config`` names a model, revision or layer: for encoders without."""
    given = {"model": config.model, "revision": config.revision, "layer": config.layer != "top"}
    for key, value in given.items():
        if value:
            raise UserError(f"The encoder kind {config.kind!r} takes no {key}: remove the key.")


def save_nothing(config: EncoderConfig, weights_folder: Path, folder: Path) -> EncoderConfig:
    """How an encoder without weights is saved: its configuration is all that it needs."""
    return config


@dataclass(frozen=True)
class EncoderFamily:
    """A family of encoders, as an extension of the group ``s2r.encoders`` provides it.

    The three functions are called only when their work is due; a module that imports its network
    inside them costs nothing when the configuration is checked.

    load(config, weights_folder, device): the encoder that ``config`` asks for, ready on the torch
    device; ``weights_folder`` is where weights are kept once they have been downloaded.

    check(config): raises UserError with one sentence where ``config`` lacks what the family needs
    or has what it cannot use. Called before ``load`` and ``save``; it opens no file.

    save(config, weights_folder, folder): writes everything that ``load`` needs into ``folder``, a
    model folder, so that no network is needed there. Returns the configuration to load it with:
    its ``model``, where it has one, is a path in ``folder``, and ``load`` is then called with
    ``folder`` as its weights folder.
    """

    load: Callable[[EncoderConfig, Path, str], Encoder]
    check: Callable[[EncoderConfig], None] = refuse_model
    save: Callable[[EncoderConfig, Path, Path], EncoderConfig] = save_nothing


def layer_numbers(layer: Layer) -> tuple[str | int, ...]:
    """The layers whose states are joined: one, or several."""
    return (layer,) if isinstance(layer, str | int) else tuple(layer)


def layer_name(layer: Layer) -> str | int:
    """``layer`` as one value: several numbers as ``2+4``."""
    return layer if isinstance(layer, str | int) else "+".join(map(str, layer))


def check_layer(layer: Layer, layers: int, model: str) -> None:
    """Raise UserError unless ``layer`` is ``top``, an index from 0 to ``layers``, or several."""
    for number in () if layer == "top" else layer_numbers(layer):
        if not (type(number) is int and 0 <= number <= layers):
            raise UserError(
                f"{model} has no layer {number!r}: use top, or a number from 0 to {layers}."
            )
