"""The instrument that says whether a video belongs to its sound: a trained network and its file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from s2r.core.errors import UserError
from s2r.core.files import atomic_path
from s2r.evaluation.agreement.network import WINDOW, AgreementNetwork, heard, seen

BLOCK = 500
"""Windows of video that are computed at a time."""


@dataclass(frozen=True)
class Usual:
    """Agreement of videos with their own sound and with another, on validation recordings.

    Each against other times of the same sound alone, as for a single file. (low, median, high):
    5, 50 and 95 % of the recordings.
    """

    own: tuple[float, float, float]
    other: tuple[float, float, float]
    recordings: int


@dataclass(frozen=True)
class Instrument:
    """A network that was trained on true pairs of speech and video."""

    network: AgreementNetwork
    encoder: str
    """Name of the speech encoder."""
    settings: Mapping[str, str | int | bool | None]
    """What its embeddings are made with: keys of `s2r.speech.encoder.EncoderConfig`."""
    usual: Usual | None = None
    """None without validation recordings."""

    @torch.inference_mode()
    def video(self, frames: np.ndarray) -> np.ndarray:
        """Vectors (T - 9, 48) float32 of the windows of a video (T, H, W) in grey levels.

        None, (0, 48), for fewer than 10 frames.
        """
        pictures = seen(frames)
        starts = range(0, max(len(pictures) - WINDOW + 1, 0), BLOCK)
        parts = [
            self.network.video(pictures[None, start : start + BLOCK + WINDOW - 1])[0].numpy()
            for start in starts
        ]
        return np.concatenate(parts) if parts else self._none()

    @torch.inference_mode()
    def speech(self, embeddings: np.ndarray) -> np.ndarray:
        """Vectors (T - 9, 48) float32 of the windows of speech (T, D)."""
        if len(embeddings) < WINDOW:
            return self._none()
        return self.network.speech(heard(embeddings)[None])[0].numpy()

    def _none(self) -> np.ndarray:
        return np.empty((0, self.network.movement[-1].out_channels), np.float32)


def save_instrument(instrument: Instrument, path: str | Path) -> None:
    """Write it as safetensors, atomically; what is not a tensor is in the metadata, as JSON."""
    usual = instrument.usual and vars(instrument.usual)
    facts = {"encoder": instrument.encoder, "settings": dict(instrument.settings), "usual": usual}
    with atomic_path(path) as temporary:
        save_file(instrument.network.state_dict(), temporary, {"agreement": json.dumps(facts)})


def load_instrument(path: str | Path) -> Instrument:
    """Read what ``save_instrument`` wrote; UserError where it is missing or something else."""
    if not Path(path).exists():
        raise UserError(f"{path} does not exist: run the rule agreement.")
    try:
        with safe_open(path, "pt") as file:
            facts = json.loads((file.metadata() or {})["agreement"])
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        network = AgreementNetwork(state["mean"], state["scale"])
        network.load_state_dict(state)
        usual = facts["usual"]
        if usual is not None:
            bounds = {name: tuple(map(float, usual[name])) for name in ("own", "other")}
            usual = Usual(**bounds, recordings=int(usual["recordings"]))
        return Instrument(network.eval(), facts["encoder"], facts["settings"], usual)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise UserError(
            f"{path}: this is no instrument of agreement ({error}): make it again."
        ) from error
