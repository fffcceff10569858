"""Rule ``contours``: contours that users traced, in mm, at the frames of the clock.

``contours.h5`` holds a group for each recording with an array (T, P, 2) for each articulator: mm of
the picture that the networks see, x to the right and y down from its upper left corner, NaN where
nothing was traced. The attribute ``field_mm`` is the side of that square picture.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from s2r.config.data_blocks import ContoursBlock
from s2r.core.errors import UserError
from s2r.core.files import atomic_path
from s2r.core.hdf5 import NewFile
from s2r.core.polylines import resampled
from s2r.core.units import FRAME_RATE
from s2r.corpus.articulators import ARTICULATORS
from s2r.corpus.contour_files import Frames, read_contours
from s2r.preparation.frames import first_frame_time
from s2r.preparation.recordings import RecordingSet

POINTS = 40
"""Points of a contour, evenly spaced along it, however many were traced."""

FEWEST = 20
"""Fewest traced frames of an articulator in training recordings."""

OUTSIDE = 0.02
"""Share of a file's points that may lie outside the picture, by a slip of the hand."""

ONE_FIELD = 0.01
"""Largest relative difference of the recordings' fields of view."""


def prepare_contours(recordings: RecordingSet, settings: ContoursBlock, path: str | Path) -> None:
    """Read the contours of ``settings``, bring them onto the clock and write ``path``.

    ``recordings`` with split and index. Recordings whose frames were not made are passed over and
    named. Raises UserError where contours do not fit the recordings: an unknown recording or
    articulator, frames after the last one, points outside the picture, fewer than `FEWEST` frames
    in training, or pictures of different width.
    """
    traced = read_contours(settings.path, recordings.index.index)
    fields, passed_over, prepared = {}, [], {}
    for recording, articulators in traced.items():
        if recording not in recordings.index.index:
            some = ", ".join(recordings.index.index[:3])
            raise UserError(
                f"{settings.path}: it has contours of {recording}, and the corpus has no such "
                f"recording (it has {some}, ...): name it as results/recordings.csv does."
            )
        if recording not in recordings.frames.recordings:
            passed_over.append(recording)
            continue
        about = recordings.about(recording)
        side = min(about["width"], about["height"])
        fields[recording] = side * settings.pixel_mm
        contours = prepared.setdefault(recording, {})
        for name, frames in articulators.items():
            articulator = _articulator(name, settings)
            if articulator in contours:
                raise UserError(
                    f"{settings.path}: two contours of {recording} are its {articulator}: correct "
                    "corpus.contours.articulators."
                )
            if frames:
                contours[articulator] = _on_clock(recordings, recording, name, frames, settings)
    if passed_over:
        print(f"Contours of recordings without frames are not used: {', '.join(passed_over)}.")
    _check_fields(settings, fields)
    _check_number(settings, recordings, prepared)
    with atomic_path(path) as temporary, NewFile(temporary) as file:
        file.attrs["field_mm"] = float(np.median(list(fields.values())))
        for recording, contours in prepared.items():
            for articulator, points in contours.items():
                file[f"{recording}/{articulator}"] = points.astype(np.float32)
                file.check()


def on_clock(frames: Mapping[int, np.ndarray], times: np.ndarray, source_rate: float) -> np.ndarray:
    """Contours (T, P, 2) at ``times`` (T,) s of the source video, NaN where none is near.

    ``frames`` are {number of the source frame: (P, 2)}, and frame i is centred at (i + 0.5) /
    ``source_rate``, as pictures are. Between neighbouring traced frames the contour is
    interpolated; beyond them it counts for times within half a period of the clock, so that a
    single traced frame gives one contour.
    """
    numbers = np.array(sorted(frames))
    contours = np.stack([frames[number] for number in numbers])
    reach = (times[1] - times[0]) / 2 if len(times) > 1 else 0.5 / FRAME_RATE
    centres = (numbers + 0.5) / source_rate
    after = np.searchsorted(centres, times)
    before, after = np.maximum(after - 1, 0), np.minimum(after, len(numbers) - 1)
    span = np.where(after > before, centres[after] - centres[before], 1.0)
    share = np.clip((times - centres[before]) / span, 0, 1)[:, None, None]
    between = (1 - share) * contours[before] + share * contours[after]
    earlier = np.abs(times - centres[before]) <= np.abs(times - centres[after])
    nearest = np.where(earlier, before, after)
    neighbours = numbers[after] - numbers[before] == 1
    found = np.where(neighbours[:, None, None], between, contours[nearest])
    inside = neighbours & (times >= centres[before]) & (times <= centres[after])
    near = np.abs(times - centres[nearest]) <= reach * (1 + 1e-9)
    found[~(inside | near)] = np.nan
    return found


def _articulator(name: str, settings: ContoursBlock) -> str:
    wanted = settings.articulators.get(name, name)
    if wanted not in ARTICULATORS:
        raise UserError(
            f"{settings.path}: it has contours of {name!r}, which is no articulator: say in "
            f"corpus.contours.articulators which it is ({', '.join(ARTICULATORS)})."
        )
    return wanted


def _on_clock(
    recordings: RecordingSet, recording: str, name: str, frames: Frames, settings: ContoursBlock
) -> np.ndarray:
    """Contours (T, POINTS, 2) in mm of the central square of the picture."""
    about = recordings.about(recording)
    where = f"{settings.path}: {name} of {recording}"
    frames = {number - settings.first_frame: points for number, points in frames.items()}
    first, last = min(frames), max(frames)
    if first < 0 or last >= about["frames"]:
        wrong = (first if first < 0 else last) + settings.first_frame
        raise UserError(
            f"{where} is traced in frame {wrong}, and the recording has frames "
            f"{settings.first_frame} to {about['frames'] - 1 + settings.first_frame}: correct "
            "corpus.contours.first_frame or the file."
        )
    width, height = about["width"], about["height"]
    corner = np.array([width - min(width, height), height - min(width, height)]) / 2
    scale = settings.pixel_mm
    placed = {}
    for number, points in frames.items():
        if len(points) < 2:
            raise UserError(
                f"{where} has {len(points)} point in frame {number + settings.first_frame}: at "
                "least 2 are needed."
            )
        pixels = points / scale if settings.unit == "mm" else points + 0.5 - settings.first_pixel
        placed[number] = pixels
    every = np.concatenate(list(placed.values()))
    outside = ((every < 0) | (every > (width, height))).any(1)
    if outside.mean() > OUTSIDE:
        low, high = every.min(0), every.max(0)
        raise UserError(
            f"{where}: {outside.sum()} of {len(every)} points lie outside the picture of {width} x "
            f"{height} pixels (x {low[0]:.1f} to {high[0]:.1f}, y {low[1]:.1f} to {high[1]:.1f} "
            "pixels): correct corpus.contours.unit, pixel_mm or the file."
        )
    placed = {
        number: resampled(((pixels - corner) * scale)[None], POINTS)[0]
        for number, pixels in placed.items()
    }
    start = first_frame_time(recordings.frames, recording)
    rate = recordings.frames.attributes(recording)["rate"]
    times = start + (np.arange(recordings.length(recording)) + 0.5) / rate
    return on_clock(placed, times, about["frame_rate"])


def _check_fields(settings: ContoursBlock, fields: Mapping[str, float]) -> None:
    if not fields:
        raise UserError(
            f"{settings.path}: no recording with contours has frames: see the column reason of "
            "recordings.csv."
        )
    smallest, largest = min(fields, key=fields.get), max(fields, key=fields.get)
    if fields[largest] > fields[smallest] * (1 + ONE_FIELD):
        raise UserError(
            f"corpus.contours: the picture of {largest} is {fields[largest]:.0f} mm wide and that "
            f"of {smallest} {fields[smallest]:.0f} mm, by pixels of {settings.pixel_mm} mm: "
            "contours of recordings with one field of view are read only."
        )


def _check_number(
    settings: ContoursBlock,
    recordings: RecordingSet,
    prepared: Mapping[str, Mapping[str, np.ndarray]],
) -> None:
    """Raise UserError where an articulator is traced in too few frames to train on."""
    training = set(recordings.members("train"))
    names = {articulator for contours in prepared.values() for articulator in contours}
    for articulator in sorted(names):
        count = sum(
            int(np.isfinite(contours[articulator][:, 0, 0]).sum())
            for recording, contours in prepared.items()
            if recording in training and articulator in contours
        )
        if count < FEWEST:
            raise UserError(
                f"{settings.path}: the contour of {articulator} is traced in {count} frames of "
                f"training recordings, and at least {FEWEST} are needed to learn it: trace more, "
                "or leave the articulator out."
            )
