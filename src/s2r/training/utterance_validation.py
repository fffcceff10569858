"""Validation of the utterance model: videos of whole recordings against the true ones."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from s2r.config.model_blocks import SamplerConfig
from s2r.model.autoencoder import Speaker
from s2r.model.dilated import DilatedNetwork
from s2r.model.utterance_model import UtteranceModel
from s2r.model.utterance_sampling import draw_codes, expected_codes, mean_codes
from s2r.preparation.recordings import RecordingSet
from s2r.preparation.region import dynamic_region
from s2r.training.codes import CodeSet, with_speech
from s2r.training.fitting import training_recordings
from s2r.training.recording_codes import recording_codes
from s2r.training.video_error import VALIDATION_RECORDINGS, error_sum

SAMPLER = SamplerConfig()
"""How validation draws, for every model alike: the sampler of a run belongs to its videos."""


@dataclass(frozen=True)
class Validation:
    """Whole recordings to compare videos with, most often those of the validation set."""

    codes: CodeSet
    speakers: Speaker
    """One for each recording."""
    videos: list[np.ndarray]
    """The true ones, (T, H, W) uint8."""
    region: Tensor
    """(H, W) bool, the dynamic region."""

    @torch.inference_mode()
    def of_mean(self, model: UtteranceModel, network: DilatedNetwork) -> dict[str, float]:
        """Squared error of the mean in the dynamic region, in units of [-1, 1]."""
        means = (mean_codes(model, *self._given(number), network) for number in self._numbers)
        return {"validation_error": self._error(model, means)}

    @torch.inference_mode()
    def of_draws(self, model: UtteranceModel) -> Callable[[DilatedNetwork], dict[str, float]]:
        """What gives the same for a denoiser: of one draw a recording, with its own speech and with
        another recording's.

        The model's mean is trained. The noise of pictures is left out: it is the same for every
        model.
        """
        drawing = {"draw_error": [], "wrong_speech_error": []}
        for name, known in drawing.items():
            for number in self._numbers:
                given = (model, *self._given(number, wrong=name == "wrong_speech_error"))
                known.append((*given, *expected_codes(*given), SAMPLER, number))

        @torch.inference_mode()
        def errors(denoiser: DilatedNetwork) -> dict[str, float]:
            return {
                name: self._error(model, (draw_codes(*part, denoiser=denoiser) for part in known))
                for name, known in drawing.items()
            }

        return errors

    @property
    def _numbers(self) -> range:
        return range(len(self.codes.recordings))

    def _given(self, number: int, wrong: bool = False) -> tuple[Tensor, Tensor]:
        """Speech (1, T, P), of another recording if ``wrong``, and speaker (1, K)."""
        speech = self.codes.speech[self.codes.part(number)]
        if wrong:
            other = self.codes.speech[self.codes.part((number + 1) % len(self.codes.recordings))]
            speech = other[torch.arange(len(speech)) % len(other)]
        return speech[None], self.speakers.code[number : number + 1]

    def _error(self, model: UtteranceModel, predicted: Iterable[Tensor]) -> float:
        """That of predicted codes (1, T, K) of each recording."""
        total = 0.0
        # Of the pictures only what is compared: decoding takes most of the time.
        rows, columns = (
            slice(int(places.min()), int(places.max()) + 1)
            for places in self.region.nonzero(as_tuple=True)
        )
        region = self.region[rows, columns]
        for number, codes in enumerate(predicted):
            speaker = self.speakers[number : number + 1].within(rows, columns)
            video = model.autoencoder.decode(codes[0], speaker)[:, 0]
            total += error_sum(video, self.videos[number][:, rows, columns], region)
        return total / len(self.codes.codes)


def load_validation(
    model: UtteranceModel, recordings: RecordingSet, set_name: str = "validation"
) -> Validation | None:
    """Recordings of a set, evenly chosen; None where it has none."""
    names = recordings.members(set_name, VALIDATION_RECORDINGS)
    if not names:
        return None
    device = model.code_scale.device
    training = training_recordings(recordings)
    region = dynamic_region(recordings.video(name) for name in training)
    codes, speakers = recording_codes(model.autoencoder, recordings, names)
    return Validation(
        with_speech(model, recordings, names, codes, speakers),
        speakers,
        [recordings.video(name) for name in names],
        torch.from_numpy(region).to(device),
    )
