"""One interface for every frozen speech encoder.

Embedding t describes the 20 ms bin centred at 20 t + 10 ms; a waveform of N samples at 16 kHz has
N // 320 of them. The families live in modules of their own, imported only when asked for.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from s2r.core.errors import UserError
from s2r.core.units import HOP, frames_in


@dataclass(frozen=True)
class EncoderConfig:
    """Which frozen encoder to use.

    kind: ``logmel`` (no model), ``whisper`` (the encoder of Whisper tiny.en) or ``huggingface``
    (a checkpoint of the wav2vec 2.0 family: wav2vec 2.0, HuBERT, WavLM).
    model: for ``huggingface``, a hub name or a local folder.
    revision: branch, tag or commit on the hub; the commit it stood for is recorded.
    layer: ``top`` for the last hidden state, or i for the output of layer i (0 is what enters the
    first layer).
    as_wav2vec2: for ``huggingface``, load every checkpoint as wav2vec 2.0 whatever it is, as the
    paper's released code does; weights that class does not have are dropped.
    """

    kind: str
    model: str = ""
    revision: str | None = None
    layer: str | int = "top"
    as_wav2vec2: bool = False


@dataclass(frozen=True)
class Encoder:
    """A frozen encoder: ``embed`` maps (N,) float32 to (N // 320, dimension) float32."""

    dimension: int
    description: dict[str, str | int | bool]
    embed: Callable[[np.ndarray], np.ndarray]

    def describe(self) -> dict[str, str | int | bool]:
        """What produced the embeddings, as plain values to be stored beside them."""
        return {**self.description, "dimension": self.dimension}

    def encode(self, waveform: np.ndarray) -> np.ndarray:
        """Embeddings (N // 320, D) float32 of a mono waveform (N,) at 16 kHz in [-1, 1].

        Raises UserError for less than one bin of sound and for values that are not finite.
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
        expected = (frames_in(len(waveform)), self.dimension)
        if embeddings.shape != expected:
            raise RuntimeError(f"embeddings of shape {embeddings.shape}, expected {expected}")
        return embeddings


def check_layer(layer: str | int, layers: int, model: str) -> None:
    """Raise UserError unless ``layer`` is ``top`` or an index from 0 to ``layers``."""
    if layer != "top" and not (type(layer) is int and 0 <= layer <= layers):
        raise UserError(f"{model} has no layer {layer!r}: use top, or a number from 0 to {layers}.")


def take_layer(output, layer: str | int):
    """Hidden states (1, T, D) of ``layer`` from the output of a transformers model.

    ``top`` is ``last_hidden_state``: in models with a final layer norm ``hidden_states[-1]`` is
    the state before that norm.
    """
    return output.last_hidden_state if layer == "top" else output.hidden_states[layer]
