"""The speaker and the sampling that a user selects: reference frame, steps, guidance, noise."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from s2r.core.errors import UserError
from s2r.core.media.open import MediaError
from s2r.generation.model_folder import SpeechModel
from s2r.preparation.film import sound_of
from s2r.preparation.frames import FramesConfig, prepare_video
from s2r.preparation.pictures import intensity_range, scale_levels, shrink
from s2r.preparation.reference import NoPictureError, correlation, read_pages
from s2r.preparation.resting import mean_of_alike, resting_frame

PRESET_STEPS = {"fast": 2, "best": 8}
"""Noise levels of the presets of `s2r generate`."""


def sampled_as(
    loaded: SpeechModel,
    preset: str | None,
    steps: int | None,
    guidance: float | None,
    clean: bool = False,
) -> SpeechModel:
    """The model with the sampler settings that the user gives; None leaves the model's own.

    ``clean`` leaves out the scanner's noise. Raises UserError for what the model does not have.
    """
    sampler_steps = steps or (PRESET_STEPS[preset] if preset else None)
    model = loaded.model.resampled(sampler_steps, guidance)
    return replace(loaded, model=model.clean() if clean else model)


def reference_frame(
    loaded: SpeechModel,
    speaker: str | None,
    paths: Sequence[Path],
    force: bool,
    on_remark: Callable[[str], object] = lambda sentence: None,
) -> np.ndarray:
    """The frame (H, W) uint8 of the speaker at rest: a subject of the model, or the user's files.

    ``paths`` are still pictures or films of one speaker, of any sizes; none takes ``speaker``, or
    the model's first subject. The frame is the mean of the pictures, without those that differ
    most from their median; for a film its frames at rest count (`s2r.preparation.resting`).

    ``on_remark`` is called with a sentence where the frame is of another kind than the model's: of
    a scanner, and the model of the phantom, or the other way round.

    Raises UserError for an unknown subject, an unreadable file, and, without ``force``, for files
    that do not resemble the model's references or each other.
    """
    if not paths:
        speaker = speaker or next(iter(loaded.references))
        if speaker not in loaded.references:
            known = ", ".join(loaded.references)
            raise UserError(f"{speaker!r} is not a subject of the model {loaded.name} ({known}).")
        return loaded.references[speaker]
    names, pictures = _pictures_at_rest(paths, frames_config(loaded))
    if not force:
        check_likeness(names, pictures, loaded)
    frame = mean_of_alike(pictures)
    if sentence := domain_remark(loaded, paths[0], frame):
        on_remark(sentence)
    return frame


def domain_remark(loaded: SpeechModel, name: object, picture: np.ndarray) -> str:
    """What `s2r.generation.domain.Domain.remark` says of a picture, if anything."""
    return loaded.domain.remark(name, picture) if loaded.domain else ""


def frames_config(loaded: SpeechModel) -> FramesConfig:
    """How pictures are brought to the model's size, rate and grey levels."""
    size = next(iter(loaded.references.values())).shape[0]
    return FramesConfig(size=size, rate=loaded.frame_rate, percentiles=loaded.percentiles)


def _pictures_at_rest(paths: Sequence[Path], config: FramesConfig) -> tuple[list[Path], np.ndarray]:
    """Every still picture, and one frame of every film: their files, and (P, H, W) uint8.

    All still pictures of 8 bits share one scale of grey levels, and so do all deeper ones.
    """
    missing = next((path for path in paths if not path.is_file()), None)
    if missing:
        raise UserError(f"{missing}: there is no such file.")
    names, stills, films = [], [], []
    for path in paths:
        try:
            pages = read_pages(path)
        except NoPictureError:  # the content decides, not the suffix
            films.append(path)
            continue
        names += [path] * len(pages)
        stills += pages
    pictures = [_film_at_rest(path, config)[None] for path in films]
    if stills:
        pictures.insert(0, _same_scale(names, stills, config))
    return names + films, np.concatenate(pictures)


def _same_scale(names: list[Path], pages: list[np.ndarray], config: FramesConfig) -> np.ndarray:
    """Pictures of any sizes and depths as (P, H, W) uint8 of the model's size."""
    small = np.concatenate([shrink(page[None], config.size) for page in pages])
    deep = np.array([page.dtype != np.uint8 for page in pages])
    scaled = np.empty(small.shape, np.uint8)
    for group in (deep, ~deep):
        if group.any():
            try:
                levels = intensity_range(small[group], config.percentiles)
            except UserError as error:
                name = names[int(group.argmax())]
                raise UserError(f"{name}: {error}; give another picture.") from error
            scaled[group] = scale_levels(small[group], *levels)
    return scaled


def _film_at_rest(path: Path, config: FramesConfig) -> np.ndarray:
    try:
        return resting_frame(prepare_video(path, config), sound_of(path))
    except MediaError as error:
        if error.reason != "unreadable":
            raise
        raise UserError(
            f"{path} is neither a picture nor a film that can be read ({error.detail}): give a "
            "PNG, JPEG, TIFF or WebP picture, or a video."
        ) from error


def check_likeness(names: Sequence[Path], pictures: np.ndarray, loaded: SpeechModel) -> None:
    """UserError for a picture unlike the model's references, or unlike the other pictures.

    ``pictures`` (P, H, W) uint8, with the files ``names`` that they are of.
    """
    least = loaded.least_correlation
    mean = np.mean(list(loaded.references.values()), axis=0)
    for name, picture in zip(names, pictures, strict=True):
        likeness = correlation(picture, mean)
        if likeness < least:
            raise UserError(
                f"{name} does not look like a midsagittal rtMRI frame (correlation {likeness:.2f} "
                f"with the model's own, at least {least:.2f} expected): turn it so that the face "
                "looks as in references/ of the model folder, or go on with --force."
            )
    if len(pictures) == 1:
        return
    others = [np.median(np.delete(pictures, i, 0), axis=0) for i in range(len(pictures))]
    alike = [correlation(*pair) for pair in zip(pictures, others, strict=True)]
    unlike = int(np.argmin(alike))
    if alike[unlike] < least:
        raise UserError(
            f"{names[unlike]} does not show the same speaker as the other pictures (correlation "
            f"{alike[unlike]:.2f}, at least {least:.2f} expected): leave it out, or go on with "
            "--force."
        )
