"""The speaker and the sampling that a user selects: reference frame, steps, guidance."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from s2r.core.errors import UserError
from s2r.generation.model_folder import SpeechModel
from s2r.preparation.frames import FramesConfig, prepare_video
from s2r.preparation.pictures import intensity_range, scale_levels, shrink
from s2r.preparation.reference import correlation, read_grey

PRESET_STEPS = {"fast": 2, "best": 8}
"""Noise levels of the presets of `s2r generate`."""


PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif", ".pgm"}
"""Suffixes of still pictures; other files are read as videos."""


def sampled_as(
    loaded: SpeechModel, preset: str | None, steps: int | None, guidance: float | None
) -> SpeechModel:
    """The model with the sampler settings that the user gives; None leaves the model's own.

    Raises UserError for any of them where the model draws nothing.
    """
    sampler_steps = steps or (PRESET_STEPS[preset] if preset else None)
    return replace(loaded, model=loaded.model.resampled(sampler_steps, guidance))


def reference_frame(
    loaded: SpeechModel, speaker: str | None, path: Path | None, force: bool
) -> np.ndarray:
    """The frame (H, W) uint8 of the speaker at rest: a subject of the model, or the user's picture.

    Of a video the first frame is taken. Raises UserError for an unknown subject, an unreadable
    file, and, without ``force``, for a picture that does not resemble the model's references.
    """
    if path is None:
        speaker = speaker or next(iter(loaded.references))
        if speaker not in loaded.references:
            known = ", ".join(loaded.references)
            raise UserError(f"{speaker!r} is not a subject of the model {loaded.name} ({known}).")
        return loaded.references[speaker]
    if not path.is_file():
        raise UserError(f"{path}: there is no such file.")
    settings = frames_config(loaded)
    if path.suffix.lower() in PICTURES:
        small = shrink(read_grey(path)[None], settings.size)
        try:
            frame = scale_levels(small, *intensity_range(small, settings.percentiles))[0]
        except UserError as error:
            raise UserError(f"{path}: {error}; give another picture.") from error
    else:
        frame = prepare_video(path, settings)[0]
    likeness = correlation(frame, np.mean(list(loaded.references.values()), axis=0))
    if likeness < loaded.least_correlation and not force:
        raise UserError(
            f"{path} does not look like a midsagittal rtMRI frame (correlation {likeness:.2f} with "
            f"the model's own, at least {loaded.least_correlation:.2f} expected): turn it so that "
            "the face looks as in references/ of the model folder, or go on with --force."
        )
    return frame


def frames_config(loaded: SpeechModel) -> FramesConfig:
    """How pictures are brought to the model's size, rate and grey levels."""
    size = next(iter(loaded.references.values())).shape[0]
    return FramesConfig(size=size, rate=loaded.frame_rate, percentiles=loaded.percentiles)
