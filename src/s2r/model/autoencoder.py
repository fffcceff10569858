"""Stage 1: articulation codes of a frame, and the frame that codes describe.

A linear autoencoder in the coordinates of a template (`s2r.model.registration`): the change of a
frame from the speaker's reference frame, brought to the template, is described by its projections
on the leading principal components of such changes. These projections are the articulation codes,
in units of [-1, 1] times pixels, the first ones with the largest variance. Decoding adds the
described change, brought back to the speaker's picture, to the reference frame: all texture of
tissue that does not move is the speaker's own.

The reference frame itself has a code too: of its difference from the template. It says who speaks.
"""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from s2r.config.model_blocks import AutoencoderBlock
from s2r.model.model_file import read_model_file, with_weights, write_model_file
from s2r.model.noise import NoiseModel, fit_noise, fresh_noise
from s2r.model.registration import Registration, joined, register, warp

FORMAT = "s2r-autoencoder-1"
BATCH = 256
"""Frames warped at once."""

NOISE_SEED = 2**40
"""Added to the seed of a video for the noise of its pictures."""

SPEAKERS = 64
"""Reference frames registered at once."""


@dataclass(frozen=True)
class Speaker:
    """B speakers: their reference frames, registered to the template."""

    reference: Tensor
    """(B, 1, H, W) in [-1, 1]."""
    registration: Registration
    code: Tensor
    """(B, K) of the reference frame."""

    def __getitem__(self, index: slice) -> "Speaker":
        """Some of the speakers."""
        return Speaker(self.reference[index], self.registration[index], self.code[index])

    def within(self, rows: slice, columns: slice) -> "Speaker":
        """The same speakers, of whose pictures only this part is decoded."""
        to_template = self.registration.to_template[:, rows, columns]
        found = replace(self.registration, to_template=to_template)
        return Speaker(self.reference[..., rows, columns], found, self.code)


class Autoencoder(nn.Module):
    """Frames to articulation codes and back; fitted in closed form, nothing in it is trained."""

    def __init__(self, config: AutoencoderBlock, size: int):
        """Not fitted, for pictures of ``size`` x ``size``; see `s2r.training.autoencoder`."""
        super().__init__()
        self.config, self.size = config, size
        self.register_buffer("template", torch.zeros(1, 1, size, size))
        self.register_buffer("components", torch.zeros(config.codes, size * size))
        self.register_buffer("noise_level", torch.zeros(1, 1, size, size))
        self.register_buffer("noise_spectrum", torch.zeros(size, size // 2 + 1))
        self.register_buffer("noise_steadiness", torch.tensor(0.0))

    @property
    def noise(self) -> NoiseModel:
        """The noise of real pictures, at the template's places."""
        return NoiseModel(self.noise_level, self.noise_spectrum, self.noise_steadiness)

    def speakers(self, references: Tensor) -> Speaker:
        """Register reference frames (B, 1, H, W) in [-1, 1] and read their codes."""
        found = [register(part, self.template) for part in references.split(SPEAKERS)]
        return self.registered(references, joined(found))

    def registered(self, references: Tensor, found: Registration) -> Speaker:
        """Read the codes of reference frames that are registered already."""
        registered = found.gain * warp(references, found.to_speaker) + found.offset
        code = (registered - self.template).flatten(1) @ self.components.T
        return Speaker(references, found, code)

    def changes(self, frames: Tensor, speaker: Speaker) -> Tensor:
        """Changes of frames (T, 1, H, W) of one speaker, at the template's places: (T, H * W)."""
        changed = self.to_template(frames - speaker.reference, speaker)
        return (speaker.registration.gain * changed).flatten(1)

    def encode(self, frames: Tensor, speaker: Speaker) -> Tensor:
        """Frames (T, 1, H, W) in [-1, 1] of one speaker -> codes (T, K)."""
        return self.changes(frames, speaker) @ self.components.T

    def decode(self, codes: Tensor, speaker: Speaker) -> Tensor:
        """Codes (T, K) of one speaker -> frames (T, 1, H, W), about in [-1, 1], not clipped.

        Codes of zero give the reference frame exactly.
        """
        changes = (codes @ self.components).view(-1, 1, self.size, self.size)
        return speaker.reference + self.to_speaker(changes, speaker) / speaker.registration.gain

    def to_speaker(self, pictures: Tensor, speaker: Speaker) -> Tensor:
        """Pictures (T, 1, H, W) at the template's places, brought to one speaker's picture."""
        return torch.cat(
            [warp(part, speaker.registration.to_template) for part in pictures.split(BATCH)]
        )

    def to_template(self, pictures: Tensor, speaker: Speaker) -> Tensor:
        """Pictures (T, 1, H, W) of one speaker, brought to the template's places."""
        found = speaker.registration.to_speaker
        return torch.cat([warp(part, found) for part in pictures.split(BATCH)])

    def fit_noise(self, residuals: list[Tensor], speakers: list[Speaker]) -> NoiseModel:
        """The noise in what the codes leave of films (T, 1, H, W), each of one of the speakers."""
        return fit_noise(
            residuals,
            [partial(self.to_template, speaker=speaker) for speaker in speakers],
            [partial(self.to_speaker, speaker=speaker) for speaker in speakers],
        )

    def set_noise(self, noise: NoiseModel) -> None:
        """Take ``noise`` for that of real pictures."""
        self.noise_level.copy_(noise.level)
        self.noise_spectrum.copy_(noise.spectrum)
        self.noise_steadiness.copy_(noise.steadiness)

    def noise_for(self, speaker: Speaker, first: int, count: int, seed: int) -> Tensor:
        """Fresh noise (count, 1, H, W) for the frames of one speaker from ``first`` on."""
        level = self.to_speaker(self.noise_level, speaker).clamp_min(0)
        # other numbers than those from which the codes are drawn
        return level * fresh_noise(self.noise, first, count, seed + NOISE_SEED)


def save_autoencoder(model: Autoencoder, path: str | Path, info: dict) -> None:
    """Write an autoencoder and ``info`` (JSON-able) as one safetensors file."""
    write_model_file(model, path, FORMAT, model.config, info)


def load_autoencoder(path: str | Path, device: str = "cpu") -> tuple[Autoencoder, dict]:
    """Read an autoencoder and its ``info``. Raises UserError for a missing or another file."""
    tensors, config, info = read_model_file(path, FORMAT, AutoencoderBlock)
    model = with_weights(path, tensors, lambda: Autoencoder(config, tensors["template"].shape[-1]))
    return model.to(device), info
