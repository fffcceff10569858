"""From any video to frames on the clock: 50 Hz, 64 x 64, grey levels set by recording."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from s2r.clock import FRAME_RATE, FRAME_SIZE, SAMPLE_RATE
from s2r.corpus.offset import estimate_offset
from s2r.corpus.usc75 import read_recon
from s2r.errors import UserError
from s2r.media import read_audio, read_video, resample
from s2r.progress import progress
from s2r.store import write_shard

BLOCK = 32
"""Frames worked on at a time: few enough to stay in a processor's cache."""


@dataclass(frozen=True)
class FramesConfig:
    """How recordings are brought onto the clock.

    ``percentiles``: grey levels of the recording that become 0 and 255. ``onset_trim``: seconds
    dropped at the start (the first 1.5 s of a USC recording are brighter than the rest).
    ``audio_offset``: seconds by which the sound comes later than the picture it belongs to; it
    is moved earlier by as much (negative: later). ``estimate`` takes each recording's own
    estimate where that is sure and at least one frame.
    """

    size: int = FRAME_SIZE
    rate: int = FRAME_RATE
    interpolation: str = "linear"
    percentiles: tuple[float, float] = (0.5, 99.5)
    onset_trim: float = 0.0
    audio_offset: float | str = 0.0


def resample_frames(
    video: np.ndarray,
    source_rate: Fraction | float,
    *,
    size: int = FRAME_SIZE,
    rate: int = FRAME_RATE,
    interpolation: str = "linear",
    count: int | None = None,
    offset: float = 0.0,
) -> np.ndarray:
    """Video (T, H, W) at ``source_rate`` Hz to (count, size, size) float32 at ``rate`` Hz.

    Grey levels keep their unit. The picture is reduced as in ``shrink``, time as in ``retime``.
    """
    return retime(
        shrink(video, size),
        source_rate,
        rate=rate,
        interpolation=interpolation,
        count=count,
        offset=offset,
    )


def shrink(video: np.ndarray, size: int) -> np.ndarray:
    """Area averages: (T, H, W) to (T, size, size) float32.

    Every new pixel is the mean of the area it covers, pixels at its border counting in part. A
    picture that is not square is cut to its central square first, so shapes are not distorted.
    """
    height, width = video.shape[1:]
    side = min(height, width)
    # Whole pixels only; a half pixel too many on each side is left to the weights.
    top, left = (height - side) // 2, (width - side) // 2
    video = video[:, top : height - top, left : width - left]
    rows, columns = _area_weights(size, *video.shape[1:])
    # Weights that repeat along a side (84 to 64 pixels: four times) are applied piece by piece.
    tall = size // len(rows)
    small = np.empty((len(video), size, size), np.float32)
    for start in range(0, len(video), BLOCK):
        block = video[start : start + BLOCK].astype(np.float32)
        pieces = block.reshape(-1, columns.shape[1]) @ columns.T
        pieces = pieces.reshape(len(block), tall, -1, size)
        small[start : start + BLOCK] = (rows @ pieces).reshape(-1, size, size)
    return small


def retime(
    frames: np.ndarray,
    source_rate: Fraction | float,
    *,
    rate: int = FRAME_RATE,
    interpolation: str = "linear",
    count: int | None = None,
    offset: float = 0.0,
) -> np.ndarray:
    """Frames (T, ...) at ``source_rate`` Hz to (count, ...) float32 at ``rate`` Hz.

    Source frame ``i`` is centred at ``(i + 0.5) / source_rate``; new frame ``t`` takes its value
    at ``offset + (t + 0.5) / rate`` seconds, by linear interpolation between the neighbouring
    centres or from the nearest frame; beyond the outer centres the outer frame holds. ``count``
    defaults to the whole frames that fit.
    """
    if interpolation not in ("linear", "nearest"):
        raise UserError(f"frames.interpolation: {interpolation!r} is not linear or nearest.")
    if count is None:
        count = int((len(frames) / Fraction(source_rate) - _seconds(offset)) * rate)
    times = offset + (np.arange(count) + 0.5) / rate
    position = np.clip(times * float(source_rate) - 0.5, 0, len(frames) - 1)
    if interpolation == "nearest":
        return frames[np.rint(position).astype(int)].astype(np.float32)
    left = np.floor(position).astype(int)
    right = np.minimum(left + 1, len(frames) - 1)
    share = (position - left).astype(np.float32).reshape(-1, *[1] * (frames.ndim - 1))
    result = np.empty((count, *frames.shape[1:]), np.float32)
    for start in range(0, count, BLOCK):
        part = slice(start, start + BLOCK)
        before, after = frames[left[part]], frames[right[part]]
        result[part] = before + share[part] * (after.astype(np.float32) - before)
    return result


def intensity_range(frames: np.ndarray, percentiles: tuple[float, float]) -> tuple[float, float]:
    """The two percentiles of all grey levels. UserError if they are the same."""
    low, high = (percentile(frames, percent) for percent in percentiles)
    if not high > low:
        raise UserError(f"the picture never changes: its grey level is {low:.4g} everywhere")
    return low, high


def percentile(values: np.ndarray, percent: float) -> float:
    """What ``np.percentile`` gives, in less than half of its time on the frames of a recording.

    A sample brackets the wanted rank, and only the values within the bracket are ordered.
    """
    values = values.ravel()
    rank = percent / 100 * (len(values) - 1)
    sample = np.sort(values[::61])
    place = percent / 100 * (len(sample) - 1)
    slack = 5 * np.sqrt(len(sample))  # ten standard deviations of the sample's own rank
    within = values
    if place > slack:
        within = within[within >= sample[int(place - slack)]]
    first = int(rank) - (len(values) - len(within))
    if place + slack < len(sample) - 1:
        within = within[within <= sample[int(place + slack)]]
    if np.isnan(values.min()) or not 0 <= first < len(within) - 1:
        return float(np.percentile(values, percent))
    left, right = np.partition(within, (first, first + 1))[first : first + 2].astype(float)
    return left + (right - left) * (rank - int(rank))


def to_uint8(frames: np.ndarray, low: float, high: float) -> np.ndarray:
    """Map ``low``..``high`` to 0..255, rounded; levels outside are clipped."""
    frames = np.asarray(frames)
    result = np.empty(frames.shape, np.uint8)
    for start in range(0, len(frames), BLOCK):
        scaled = frames[start : start + BLOCK].astype(np.float32)
        scaled -= low
        scaled *= 255 / (high - low)
        np.rint(scaled, out=scaled)
        result[start : start + BLOCK] = scaled.clip(0, 255, out=scaled)
    return result


def prepare_video(path: str | Path, config: FramesConfig) -> np.ndarray:
    """Frames (T, size, size) uint8 of the picture of one video, as in ``prepare_recording``."""
    small, rate = read_video(path, lambda block: shrink(block, config.size))
    frames = retime(small, rate, rate=config.rate, interpolation=config.interpolation)
    try:
        return to_uint8(frames, *intensity_range(frames, config.percentiles))
    except UserError as fault:
        raise UserError(f"{path}: {fault}; give another video.") from fault


def prepare_recording(row: Mapping, config: FramesConfig) -> dict[str, object]:
    """Decode one recording of the index (keys ``recording``, ``video``, ``audio``).

    Returns ``frames`` (T, size, size) uint8, ``audio`` float32 of 16 kHz, exactly as long as the
    frames (320 samples each at 50 Hz), ``low`` and ``high`` (grey levels of the source that
    became 0 and 255), ``source_rate`` (Hz), ``moved`` (seconds by which the sound was moved
    earlier), and the delay of the sound in the file as ``offset.estimate_offset`` finds it:
    ``offset_estimate`` (s) and ``confidence``. Sound and picture are cut to the shorter.

    Raises UserError if a file cannot be decoded, nothing is left, or the picture never changes.
    """
    small, source_rate = _read_frames(row["video"], lambda block: shrink(block, config.size))
    sound, sample_rate = read_audio(row["audio"])
    audio, seconds = resample(sound, sample_rate, SAMPLE_RATE), Fraction(len(sound), sample_rate)
    moved = 0.0 if config.audio_offset == "estimate" else config.audio_offset
    made = _cut(row, small, source_rate, audio, seconds, config, moved)
    left, confidence = estimate_offset(made["frames"], made["audio"])
    if config.audio_offset == "estimate" and abs(left) * config.rate >= 1:
        moved, left = left, 0.0
        made = _cut(row, small, source_rate, audio, seconds, config, moved)
    return made | {
        "source_rate": float(source_rate),
        "moved": float(moved),
        "offset_estimate": moved + left,
        "confidence": confidence,
    }


def _cut(
    row: Mapping,
    small: np.ndarray,
    source_rate: Fraction,
    audio: np.ndarray,
    audio_seconds: Fraction,
    config: FramesConfig,
    moved: float,
) -> dict[str, object]:
    """``frames``, ``audio``, ``low`` and ``high`` with the sound ``moved`` seconds earlier."""
    trim, late = _seconds(config.onset_trim), _seconds(moved)
    # Where the sound would have to start before its first sample, both start later instead.
    video_start = max(trim, -late)
    audio_start = video_start + late
    seconds = min(len(small) / source_rate - video_start, audio_seconds - audio_start)
    count = int(seconds * config.rate)
    if count < 1:
        raise UserError(
            f"{row['video']}: nothing is left after recordings.onset_trim ({config.onset_trim} s) "
            f"and recordings.audio_offset ({config.audio_offset} s)."
        )
    frames = retime(
        small,
        source_rate,
        rate=config.rate,
        interpolation=config.interpolation,
        count=count,
        offset=float(video_start),
    )
    try:
        low, high = intensity_range(frames, config.percentiles)
    except UserError as fault:
        raise UserError(f"{row['video']}: {fault}; take it out of the corpus.") from fault
    first, length = int(audio_start * SAMPLE_RATE), count * SAMPLE_RATE // config.rate
    return {
        "frames": to_uint8(frames, low, high),
        "audio": np.clip(audio[first : first + length], -1, 1),
        "low": low,
        "high": high,
    }


def prepare_shard(rows: pd.DataFrame, path: str | Path, config: FramesConfig) -> None:
    """Prepare every recording of ``rows`` (from the index, status ``ok``) and write the shard.

    A recording that cannot be prepared is left out; its sentence stands under ``failed`` in the
    JSON index of the shard (see ``store``).
    """
    failed: dict[str, str] = {}

    def items():
        records = rows.sort_values("recording").to_dict("records")
        for row in progress(records, f"frames {Path(path).stem}"):
            try:
                made = prepare_recording(row, config)
            except Exception as fault:  # no single recording may stop the job
                name = "" if isinstance(fault, UserError) else f"{type(fault).__name__}: "
                failed[row["recording"]] = f"{name}{fault}"
                continue
            arrays = {name: made.pop(name) for name in ("frames", "audio")}
            yield row["recording"], arrays, made | {k: row[k] for k in ("subject", "stimulus")}

    write_shard(path, items(), _attributes(config), failed)


def _attributes(config: FramesConfig) -> dict:
    return asdict(config) | {"percentiles": list(config.percentiles), "sample_rate": SAMPLE_RATE}


def _read_frames(path: str, transform: Callable[[np.ndarray], np.ndarray]):
    read = read_recon if str(path).endswith(".h5") else read_video
    return read(path, transform)


def _seconds(value: float) -> Fraction:
    """The decimal number the user wrote, exactly (0.1 s is five frames, not a hair more)."""
    return Fraction(value).limit_denominator(1_000_000)


@cache
def _area_weights(size: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Matrices that average areas of the central square along columns and along rows.

    (size / n, height / n) and (size / n, width / n), where the weights repeat n times.
    """
    side = min(height, width)
    return _overlaps(size, height, side), _overlaps(size, width, side)


def _overlaps(size: int, length: int, side: int) -> np.ndarray:
    """Share of source pixel ``j`` in new pixel ``i``, of one period; the rows sum to one."""
    periods = math.gcd(size, side) if length == side else 1
    edges = (length - side) / 2 + side / size * np.arange(size // periods + 1)
    pixels = np.arange(length // periods)
    upper = np.minimum(edges[1:, None], pixels + 1)
    lower = np.maximum(edges[:-1, None], pixels)
    return (np.clip(upper - lower, 0, None) * (size / side)).astype(np.float32)
