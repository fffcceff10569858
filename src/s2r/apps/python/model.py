"""A model in Python: `load`, and the calls of what it returns."""

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import overload

import numpy as np

from s2r.apps.generate_speech import label_of
from s2r.apps.models import checked_seed, place_of
from s2r.apps.python.sound import Sound, read_sound
from s2r.apps.python.video import Video
from s2r.core.device import find_device
from s2r.core.errors import UserError
from s2r.generation.folder_content import read_card
from s2r.generation.model_folder import SpeechModel, load_model_folder
from s2r.generation.speaker import reference_frame, sampled_as
from s2r.generation.speech_file import (
    check_length,
    generated_frames,
    level_in_memory,
    marks_of,
)
from s2r.generation.stretches import code_stretches, speech_stretches
from s2r.speech.level import SpeechLevel

PathLike = str | os.PathLike
Progress = Callable[[int, int], object]


def load(
    model: PathLike = "results/model", *, device: str = "auto", revision: str | None = None
) -> "Model":
    """Load a model, ready to generate videos.

    Args:
        model: a model folder; or a repository of the Hugging Face hub, ``owner/name``, fetched once
            and then read from the hub's cache (with ``HF_HUB_OFFLINE=1`` from there only).
        device: ``auto`` (a GPU where there is one), ``cpu`` or ``cuda``.
        revision: branch, tag or commit of the repository; also ``owner/name@revision``.

    Raises:
        UserError: no such folder or repository, no model of s2r, a damaged file, or no GPU.
    """
    place = place_of(os.fspath(model), revision)
    return Model(load_model_folder(place.folder, find_device(device)), place.folder)


class Model:
    """A trained model. Call it with speech: ``video = model("speech.wav")``.

    `s2r.load` makes it. The command ``s2r generate`` makes the same videos.
    """

    def __init__(self, loaded: SpeechModel, folder: Path):
        self._loaded = loaded
        self.folder = folder
        """Where its files are."""

    @property
    def name(self) -> str:
        """Name of the trained run."""
        return self._loaded.name

    @property
    def checksum(self) -> str:
        """SHA-256 of the model folder; in the marks of its videos."""
        return self._loaded.checksum

    @property
    def source(self) -> str:
        """``owner/name@commit`` of a model from the hub, else ""; in the marks of its videos."""
        return self._loaded.source

    @property
    def speakers(self) -> Mapping[str, np.ndarray]:
        """The subjects that it can show: {name: (H, W) uint8 picture at rest}."""
        return dict(self._loaded.references)

    @property
    def rate(self) -> int:
        """Frames per second."""
        return self._loaded.frame_rate

    @property
    def card(self) -> str:
        """The model card, Markdown: what it was trained on, and what it must not be used for."""
        return read_card(self.folder)

    def __repr__(self) -> str:
        return f"<s2r model {self.name}: {self.source or self.folder}>"

    @overload
    def __call__(
        self,
        sound: PathLike | np.ndarray,
        rate: float | None = ...,
        *,
        draws: None = ...,
        **options,
    ) -> Video: ...

    @overload
    def __call__(
        self, sound: PathLike | np.ndarray, rate: float | None = ..., *, draws: int, **options
    ) -> list[Video]: ...

    def __call__(
        self,
        sound: PathLike | np.ndarray,
        rate: float | None = None,
        *,
        speaker: str | None = None,
        reference: PathLike | Sequence[PathLike] | None = None,
        seed: int | None = None,
        draws: int | None = None,
        clean: bool = False,
        preset: str | None = None,
        steps: int | None = None,
        guidance: float | None = None,
        force: bool = False,
        progress: Progress | None = None,
    ) -> Video | list[Video]:
        """Generate the video of speech.

        Args:
            sound: path of a sound or video file; or samples, (N,) or (channels, N): floats in
                [-1, 1] or integers over the range of their type. At least 0.1 s.
            rate: of the samples, in Hz.
            speaker: a subject of the model (`Model.speakers`); default: the first.
            reference: another speaker instead: path, or paths, of MRI pictures at rest or films.
            seed: another seed, another draw; default 0.
            draws: so many videos, of the seeds ``seed``, ``seed`` + 1 and so on, as a list.
            clean: leave out the noise of the scanner (preset s2r).
            preset: ``fast`` (2 noise levels) or ``best`` (8); default: as for the model's scores.
            steps: noise levels of the sampler.
            guidance: weight of the speech, 1 is no guidance.
            force: accept references that do not look like rtMRI, or like each other.
            progress: called with the number of frames that are done and their total.

        Warns:
            UserWarning: the sound is silent, or its level unusual (also in `Video.remarks`).

        Raises:
            UserError: sound or reference that cannot be used, an unknown speaker, a seed where the
                model draws nothing, or what else the model does not have.
        """
        first = checked_seed(self._loaded, seed)
        if draws is not None and (draws < 1 or not self._loaded.model.draws):
            raise UserError(f"{self.name} cannot make {draws} draws: give 1 or more, or none.")
        loaded = sampled_as(self._loaded, preset, steps, guidance, clean)
        picture = self._reference(speaker, reference, force)
        heard = read_sound(sound, rate)
        level, remarks = self._level(heard)
        seeds = range(first, first + (1 if draws is None else draws))
        total = len(seeds) * (len(heard.samples) * self.rate // heard.rate)
        done = 0

        def count(frames: int) -> None:
            nonlocal done
            done += frames
            if progress is not None:
                progress(min(done, total), total)

        videos = [
            Video(
                frames=generated_frames(
                    heard.samples,
                    loaded,
                    picture,
                    seed=number,
                    rate=heard.rate,
                    level=level,
                    on_frames=count,
                ),
                rate=self.rate,
                sound=heard.samples,
                sound_rate=heard.rate,
                marks=marks_of(loaded, number),
                label=label_of(loaded, number),
                remarks=remarks,
                probe=loaded.probe,
            )
            for number in seeds
        ]
        return videos[0] if draws is None else videos

    def codes(
        self,
        sound: PathLike | np.ndarray,
        rate: float | None = None,
        *,
        speaker: str | None = None,
        reference: PathLike | Sequence[PathLike] | None = None,
        seed: int | None = None,
        force: bool = False,
    ) -> np.ndarray:
        """The articulation codes of speech, which the frames of a video are decoded from.

        Code ``k`` of frame ``t`` says how much of the ``k``-th principal component of the changes
        in the training pictures is added to the speaker's picture at rest: 0 is the tract at rest,
        and the first codes vary most. Unit: grey levels (-1 black, 1 white) times pixels, at the
        places of the model's template; so codes of several speakers can be compared.
        ``results/autoencoder/codes.png`` shows what the codes of the workflow stand for.

        Args:
            seed: codes of this draw; None: the mean that the model draws around.
            sound, rate, speaker, reference, force: as of a call of the model.

        Returns:
            (T, C) float32, T frames at `Model.rate`.

        Raises:
            UserError: as a call does, and for a model without codes (any but preset s2r).
        """
        number = checked_seed(self._loaded, seed)
        picture = self._reference(speaker, reference, force)
        heard = read_sound(sound, rate)
        level, _ = self._level(heard)
        pieces = speech_stretches([heard.samples], heard.rate, level, self._loaded)
        drawn = seed is not None
        return np.concatenate(list(code_stretches(pieces, self._loaded, picture, number, drawn)))

    def _reference(
        self, speaker: str | None, reference: PathLike | Sequence[PathLike] | None, force: bool
    ) -> np.ndarray:
        if speaker is not None and reference is not None:
            raise UserError("Give either a speaker of the model or a reference, not both.")
        paths = [reference] if isinstance(reference, (str, os.PathLike)) else (reference or [])
        return reference_frame(self._loaded, speaker, [Path(path) for path in paths], force)

    def _level(self, heard: Sound) -> tuple[SpeechLevel, list[str]]:
        """The level of the sound, and remarks about it, which are warned of."""
        name = "" if heard.name == "the sound" else f"{heard.name}: "
        check_length(len(heard.samples) * self.rate // heard.rate, self._loaded, name)
        level = level_in_memory(heard.samples, heard.rate)
        remark = level.remark(heard.name)
        if remark:
            warnings.warn(f"{remark}.", stacklevel=3)
        return level, [f"{remark}."] if remark else []
