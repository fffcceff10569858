"""Videos of the utterance model: draws, and the mean, of whole recordings or parts of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from s2r.config.build import build
from s2r.config.model_blocks import SamplerConfig
from s2r.core.progress import progress
from s2r.core.units import to_levels
from s2r.model.autoencoder import Speaker
from s2r.model.family import VideoModel, VideoTask
from s2r.model.sampler import resampled
from s2r.model.utterance_model import POOLED_FRAMES, UtteranceModel, load_utterance_model
from s2r.model.utterance_sampling import (
    draw_codes,
    gaussian_codes,
    mean_codes,
    mean_uncertainty,
    reach,
)

DECODED = 256
"""Frames decoded at once."""


@dataclass(frozen=True)
class UtteranceVideos(VideoModel):
    """An utterance model and how it is sampled."""

    model: UtteranceModel
    sampler: SamplerConfig
    noise: bool = True
    """Whether draws have the noise of real pictures."""
    diffusion: bool = True
    """Whether diffusion draws; else noise of the residuals' kind is added to the mean."""
    _speakers: dict[bytes, Speaker] = field(default_factory=dict)

    window = POOLED_FRAMES
    """Stretches of long sounds hold whole groups of pooled frames."""
    one_seed = True

    @property
    def reach(self) -> int:
        """See `VideoModel.reach`."""
        return reach(self.model, self.sampler)

    @property
    def mean_reach(self) -> int:
        """The same for a frame of `mean`."""
        return self.model.mean.radius

    @property
    def template(self) -> Tensor:
        """See `VideoModel.template`."""
        return self.model.autoencoder.template

    def takes(self, size: int) -> bool:
        """See `VideoModel.takes`: those of the corpus that it was trained on."""
        return size == self.model.autoencoder.size

    def project(self, embeddings: np.ndarray) -> np.ndarray:
        """Embeddings (T, D) -> (T, P) float32."""
        return self.model.project(embeddings)

    def videos(
        self,
        tasks: Sequence[VideoTask],
        batch: int = 32,
        label: str = "generate",
        on_frames: Callable[[int], None] | None = None,
    ) -> list[np.ndarray]:
        """See `VideoModel.videos`; whole utterances are generated one after another."""
        self._register(tasks)
        total = sum(task.frames for task in tasks)
        with progress(total=total, label=label, unit="frame", disable=on_frames is not None) as bar:
            return [self._video(task, on_frames or bar.update) for task in tasks]

    def mean(self, task: VideoTask) -> np.ndarray:
        """The mean that the model draws around, without noise: (T, H, W) uint8."""
        return self._video(task, drawn=False)

    def codes(self, task: VideoTask, drawn: bool = False) -> np.ndarray:
        """See `VideoModel.codes`."""
        return self._codes(task, drawn).cpu().numpy()

    def resampled(self, steps: int | None, guidance: float | None) -> "UtteranceVideos":
        """See `VideoModel.resampled`."""
        return replace(self, sampler=resampled(self.sampler, steps, guidance))

    def without_diffusion(self) -> "UtteranceVideos":
        """The model with noise of the residuals' kind around its mean in place of diffusion."""
        return replace(self, diffusion=False)

    def clean(self) -> "UtteranceVideos":
        """See `VideoModel.clean`."""
        return replace(self, noise=False)

    @torch.no_grad()
    def at_rest(self, task: VideoTask) -> np.ndarray:
        """The reference frame with the noise that the same frames of a draw have."""
        codes = self.model.code_scale.new_zeros(task.frames, self.model.config.autoencoder.codes)
        return self._shown(codes, task, drawn=True)

    @torch.no_grad()
    def _video(
        self,
        task: VideoTask,
        on_frames: Callable[[int], None] = lambda frames: None,
        drawn: bool = True,
    ) -> np.ndarray:
        return self._shown(self._codes(task, drawn), task, drawn, on_frames)

    @torch.no_grad()
    def _codes(self, task: VideoTask, drawn: bool) -> Tensor:
        """The codes (T, K) of the frames of a task."""
        device = self.model.code_scale.device
        start = max(task.first - self.reach, 0)
        stop = min(task.first + task.frames + self.reach, len(task.speech))
        speech = torch.from_numpy(task.speech[start:stop]).to(device)[None]
        (speaker,) = self._register([task])
        codes = mean_codes(self.model, speech, speaker.code)
        if drawn:
            codes = self._around(codes, speech, speaker.code, task.seed, task.origin + start)
        codes = codes[0, task.first - start :][: task.frames]
        if len(codes) < task.frames:  # a video longer than its speech ends with the last frame
            codes = torch.cat([codes, codes[-1:].expand(task.frames - len(codes), -1)])
        return codes

    def _around(
        self, mean: Tensor, speech: Tensor, speaker: Tensor, seed: int, first: int
    ) -> Tensor:
        """A draw around mean codes, both (1, T, K), of which the first frame is ``first``."""
        model = self.model
        uncertainty = mean_uncertainty(model, speech, speaker, mean, first)
        if not self.diffusion:
            return gaussian_codes(model, mean, uncertainty, seed, first)
        return draw_codes(model, speech, speaker, mean, uncertainty, self.sampler, seed, first)

    def _shown(
        self,
        codes: Tensor,
        task: VideoTask,
        drawn: bool,
        on_frames: Callable[[int], None] = lambda frames: None,
    ) -> np.ndarray:
        """The frames (T, H, W) uint8 of codes (T, K); draws get noise."""
        (speaker,) = self._register([task])
        autoencoder = self.model.autoencoder
        video = np.empty((len(codes), *task.reference.shape), np.uint8)
        for place in range(0, len(codes), DECODED):
            part = codes[place : place + DECODED]
            frames = autoencoder.decode(part, speaker)
            if drawn and self.noise:
                first = task.origin + task.first + place
                frames = frames + autoencoder.noise_for(speaker, first, len(part), task.seed)
            video[place : place + DECODED] = to_levels(frames[:, 0])
            on_frames(len(part))
        return video

    @torch.no_grad()
    def _register(self, tasks: Sequence[VideoTask]) -> list[Speaker]:
        """The speaker of every task; each reference frame is registered once."""
        keys = [task.reference.tobytes() for task in tasks]
        new = {
            key: task.reference
            for key, task in zip(keys, tasks, strict=True)
            if key not in self._speakers
        }
        if new:
            pictures = torch.from_numpy(np.stack(list(new.values()))).float()[:, None]
            speakers = self.model.autoencoder.speakers(pictures.to(self.model.code_scale.device))
            for number, key in enumerate(new):
                self._speakers[key] = speakers[number : number + 1]
        return [self._speakers[key] for key in keys]


def load_utterance_videos(path: Path, settings: Mapping, device: str) -> UtteranceVideos:
    """A trained model, sampled as the block ``sampler`` of ``settings`` says."""
    model, _ = load_utterance_model(path, device)
    return UtteranceVideos(model, build(SamplerConfig, settings["sampler"]))
