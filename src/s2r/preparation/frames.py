"""From any video to frames on the clock: 50 Hz, 64 x 64, grey levels set by recording."""

import sys
from collections.abc import Mapping
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd

from s2r.config.data_blocks import FramesBlock, TimingBlock, VolumesBlock
from s2r.config.keys import block
from s2r.core.errors import UserError
from s2r.core.media.decode import read_audio
from s2r.core.media.open import MediaError
from s2r.core.media.resample import resample
from s2r.core.progress import progress
from s2r.core.shards import Shards, write_shard
from s2r.core.units import SAMPLE_RATE
from s2r.corpus.films import read_film
from s2r.corpus.usc75 import RECON
from s2r.preparation.offsets import estimate_offset
from s2r.preparation.pictures import intensity_range, retime, scale_levels, seconds_exactly, shrink


@block
class FramesConfig(TimingBlock, FramesBlock):
    """How recordings are brought onto the clock.

    The sound is moved earlier by ``audio_offset`` (negative: later). ``estimate`` takes each
    recording's own estimate where that is sure and at least one frame.
    """


def prepare_video(path: str | Path, config: FramesConfig) -> np.ndarray:
    """Frames (T, size, size) uint8 of the picture of one video, as in ``prepare_recording``.

    At least one, however short the video is.
    """
    frames = video_on_clock(path, config)
    return scale_levels(frames, *video_range(path, frames, config))


def video_on_clock(path: str | Path, config: FramesConfig) -> np.ndarray:
    """Frames (T, size, size) float32 of one film, with the grey levels of the file."""
    shrunk, rate = read_film(path, lambda pictures: shrink(pictures, config.size))
    count = max(1, int(len(shrunk) / rate * config.rate))
    return retime(shrunk, rate, rate=config.rate, interpolation=config.interpolation, count=count)


def video_range(path: str | Path, frames: np.ndarray, config: FramesConfig) -> tuple[float, float]:
    """The grey levels of a video that become 0 and 255; UserError where it never changes."""
    try:
        return intensity_range(frames, config.percentiles)
    except UserError as error:
        raise UserError(f"{path}: {error}; give another video.") from error


def prepare_recording(
    row: Mapping, config: FramesConfig, volumes: VolumesBlock = RECON
) -> dict[str, object]:
    """Decode one recording of the index (keys ``recording``, ``video``, ``audio``).

    ``volumes`` says how arrays of frames are read.

    Returns ``frames`` (T, size, size) uint8, ``audio`` float32 of 16 kHz, exactly as long as the
    frames (320 samples each at 50 Hz), ``low`` and ``high`` (grey levels of the source that
    became 0 and 255), ``source_rate`` (Hz), ``moved`` (seconds by which the sound was moved
    earlier), and the delay of the sound in the file as ``offsets.estimate_offset`` finds it:
    ``offset_estimate`` (s) and ``confidence``. ``first_frame_time`` is when the frames start in
    the source video (s): above 0 with ``onset_trim`` or a negative ``moved``. Sound and picture
    are cut to the shorter.

    A recording without sound (``audio`` of the index is empty) has an ``audio`` of no samples,
    and nothing about its delay.

    Raises UserError if a file cannot be decoded, nothing is left, or the picture never changes.
    """
    shrunk, source_rate = read_film(
        row["video"], lambda pictures: shrink(pictures, config.size), volumes
    )
    if not row["audio"]:
        nothing, seconds = np.empty(0, np.float32), len(shrunk) / source_rate
        prepared = _aligned(row, shrunk, source_rate, nothing, seconds, config, moved=0.0)
        return prepared | {"source_rate": float(source_rate)}
    sound, sample_rate = read_audio(row["audio"])
    audio, seconds = resample(sound, sample_rate, SAMPLE_RATE), Fraction(len(sound), sample_rate)
    moved = 0.0 if config.audio_offset == "estimate" else config.audio_offset
    prepared = _aligned(row, shrunk, source_rate, audio, seconds, config, moved)
    remaining, confidence = estimate_offset(prepared["frames"], prepared["audio"])
    if config.audio_offset == "estimate" and abs(remaining) * config.rate >= 1:
        moved, remaining = remaining, 0.0
        prepared = _aligned(row, shrunk, source_rate, audio, seconds, config, moved)
    return prepared | {
        "source_rate": float(source_rate),
        "moved": float(moved),
        "offset_estimate": moved + remaining,
        "confidence": confidence,
    }


def _aligned(
    row: Mapping,
    shrunk: np.ndarray,
    source_rate: Fraction,
    audio: np.ndarray,
    audio_seconds: Fraction,
    config: FramesConfig,
    moved: float,
) -> dict[str, object]:
    """Arrays, grey levels and ``first_frame_time`` with the sound ``moved`` seconds earlier."""
    trim, delay = seconds_exactly(config.onset_trim), seconds_exactly(moved)
    # Where the sound would have to start before its first sample, both start later instead.
    video_start = max(trim, -delay)
    audio_start = video_start + delay
    seconds = min(len(shrunk) / source_rate - video_start, audio_seconds - audio_start)
    count = int(seconds * config.rate)
    if count < 1:
        raise MediaError(
            "too short",
            row["video"],
            f"nothing is left after recordings.onset_trim ({config.onset_trim} s) "
            f"and recordings.audio_offset ({config.audio_offset} s)",
        )
    frames = retime(
        shrunk,
        source_rate,
        rate=config.rate,
        interpolation=config.interpolation,
        count=count,
        offset=float(video_start),
    )
    try:
        low, high = intensity_range(frames, config.percentiles)
    except UserError as error:
        raise UserError(f"{row['video']}: {error}; take it out of the corpus.") from error
    first, length = int(audio_start * SAMPLE_RATE), count * SAMPLE_RATE // config.rate
    return {
        "frames": scale_levels(frames, low, high),
        "audio": np.clip(audio[first : first + length], -1, 1),
        "low": low,
        "high": high,
        "first_frame_time": float(video_start),
    }


def first_frame_time(frames: Shards, recording: str) -> float:
    """When the frames of a recording start in its source video, s, as the frames stage stored it.

    Raises UserError for frames of an earlier version, which did not store it.
    """
    attributes = frames.attributes(recording)
    if "first_frame_time" not in attributes:
        raise UserError(
            f"The frames of {recording} were made by an earlier version of s2r: run the stage "
            "again (snakemake -R frames)."
        )
    return float(attributes["first_frame_time"])


def prepare_shard(
    rows: pd.DataFrame, path: str | Path, config: FramesConfig, volumes: VolumesBlock = RECON
) -> None:
    """Prepare every recording of ``rows`` (from the index, status ``ok``) and write the shard.

    A recording that cannot be prepared is left out. The reason is printed on standard error, and
    stands under ``failed`` in the JSON index of the shard (see `s2r.core.shards`); it begins as
    those of the index of the corpus do.
    """
    failed: dict[str, str] = {}

    def prepared_recordings():
        records = rows.sort_values("recording").to_dict("records")
        for row in progress(records, f"frames {Path(path).stem}"):
            try:
                prepared = prepare_recording(row, config, volumes)
            except Exception as error:  # no single recording may stop the job
                failed[row["recording"]] = _reason(error)
                print(f"{row['recording']} is left out: {_reason(error)}", file=sys.stderr)
                continue
            arrays = {name: prepared.pop(name) for name in ("frames", "audio")}
            labels = {key: row[key] for key in ("subject", "stimulus")}
            yield row["recording"], arrays, prepared | labels

    write_shard(path, prepared_recordings(), _attributes(config), failed)


def _reason(error: Exception) -> str:
    if isinstance(error, MediaError):
        return f"{error.reason}: {error.path.name}: {error.detail}"
    if isinstance(error, UserError):
        return f"unusable: {error}"
    return f"unreadable: {type(error).__name__}: {error}"


def _attributes(config: FramesConfig) -> dict:
    return asdict(config) | {"percentiles": list(config.percentiles), "sample_rate": SAMPLE_RATE}
