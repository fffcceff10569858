"""Decode video and sound (PyAV); writing is in `s2r.core.media.encode`.

Times are counted from the first video frame. Pictures are grey, 0-255 over the full range,
whatever the pixel format of the file.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from s2r.core.media.display import shown
from s2r.core.media.mix import mixed
from s2r.core.media.open import (
    MediaError,
    broken,
    check_sample_rate,
    open_media,
    sound_stream,
    video_stream,
)
from s2r.core.media.timeline import even_timeline

BLOCK = 128
"""Most frames handed on at a time while a video is decoded."""

BLOCK_BYTES = 64_000_000
"""Most bytes of large pictures handed on at a time."""


@dataclass(frozen=True)
class VideoProbe:
    """What the packets of a video file say, without decoding."""

    frames: int
    frame_rate: Fraction
    width: int
    height: int
    video_seconds: float
    audio_seconds: float | None
    """None where the file has no audio stream."""
    sample_rate: int | None


def probe(path: str | Path) -> VideoProbe:
    """Count the frames of a video by reading its packets, without decoding them.

    Raises MediaError with reason ``missing``, ``zero frames`` (empty file, no video stream, no
    packets), ``truncated`` (index missing, or fewer packets than the header announces) or
    ``unreadable``.
    """
    with open_media(path) as container:
        video = video_stream(container, path)
        sound = sound_stream(container)
        stamps, packets, ends = [], 0, {video.index: 0.0}
        try:
            for packet in container.demux([video, sound] if sound else [video]):
                if not packet.size or packet.is_corrupt:
                    continue
                if packet.pts is not None:
                    end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                    ends[packet.stream.index] = max(ends.get(packet.stream.index, 0.0), end)
                if packet.stream.index == video.index:
                    packets += 1
                    stamps += [] if packet.is_discard else [packet.pts]
        except av.FFmpegError as error:
            raise broken(path, error) from error
        _check_count(packets, video, path)
        if not stamps:
            raise MediaError("zero frames", path, "its video stream holds no frame")
        # Matroska announces a duration instead of a number of frames.
        announced = (container.duration or 0) / av.time_base
        if not video.frames and max(ends.values()) < announced - 0.5:
            detail = f"it ends after {max(ends.values()):.2f} of the {announced:.2f} s it announces"
            raise MediaError("truncated", path, detail)
        slots, rate = _timeline(stamps, video, path)
        announced = float(sound.duration * sound.time_base) if sound and sound.duration else 0.0
        return VideoProbe(
            frames=len(slots),
            frame_rate=rate,
            width=video.width,
            height=video.height,
            video_seconds=float(len(slots) / rate),
            audio_seconds=(announced or ends.get(sound.index, 0.0)) if sound else None,
            sample_rate=sound.rate if sound else None,
        )


def read_video(
    path: str | Path, transform: Callable[[np.ndarray], np.ndarray] | None = None
) -> tuple[np.ndarray, Fraction]:
    """Decode a whole video; returns frames (T, H, W) and the frame rate in Hz.

    Frames are as players show them (`s2r.core.media.display`): uint8, or float32 of the same range
    where the file has more than 8 bits a sample.
    Frame ``i`` describes the time from ``i / rate`` to ``(i + 1) / rate``. ``transform`` is
    applied to every block (n, H, W) as it is decoded, so that large pictures need not be held;
    then frames are what it returns, joined. Raises MediaError.
    """
    frames, stamps = np.empty(0), []
    with open_media(path) as container:
        video = video_stream(container, path)
        # A job has one core. Handing small frames between threads costs a quarter more.
        video.codec_context.thread_count = 1
        for pictures, times in _decoded_blocks(container, video, path):
            part = transform(pictures) if transform else pictures
            first, last = len(stamps), len(stamps) + len(part)
            if last > len(frames):
                # All that are announced at once: to join blocks would take the memory twice.
                announced = min(video.frames, Path(path).stat().st_size)  # a byte each, at least
                room = announced if last <= announced else 2 * last
                grown = np.empty((room, *part.shape[1:]), part.dtype)
                if first:
                    grown[:first] = frames[:first]
                frames = grown
            frames[first:last] = part
            stamps += times
        if not stamps:
            raise MediaError("zero frames", path, "no frame could be decoded")
        _check_count(len(stamps), video, path)
        slots, rate = _timeline(stamps, video, path)
    frames = frames[: len(stamps)]
    return (frames if np.array_equal(slots, np.arange(len(frames))) else frames[slots]), rate


def read_audio(path: str | Path) -> tuple[np.ndarray, int]:
    """Decode the first audio stream; returns (N,) float32 in [-1, 1] (channels mixed)
    and its own sample rate in Hz.

    Sample 0 is at the first video frame where the file has video. Raises MediaError with reason
    ``no audio`` where there is none, or as ``probe`` does.
    """
    with _opened_sound(path) as (container, sound):
        video = next(iter(container.streams.video), None)
        start, rate, pieces = None, 0, []
        try:
            for frame in container.decode(sound):
                start = frame.time if start is None else start
                rate = frame.sample_rate
                check_sample_rate(rate, path)
                pieces.append(_mono(frame))
        except av.FFmpegError as error:
            raise broken(path, error) from error
        if not pieces:
            raise MediaError("no audio", path, "its audio stream holds no sample")
        audio = np.concatenate(pieces)
        # The last packet of a lossy codec is padded; the container knows the true length.
        length = round(float((sound.duration or 0) * sound.time_base) * rate)
        if 0 < len(audio) - length < sound.codec_context.frame_size:
            audio = audio[:length]
        first = float((video.start_time or 0) * video.time_base) if video else 0.0
        late = round(((start or 0.0) - first) * rate)
        if abs(late) > len(audio) + 60 * rate:
            detail = f"its sound begins {late / rate:.0f} s after its first frame"
            raise MediaError("unreadable", path, detail)
    audio = np.pad(audio, (late, 0)) if late > 0 else audio[-late:]
    return audio, rate


@dataclass(frozen=True)
class AudioStream:
    """The first audio stream of a file, decoded as it is asked for."""

    rate: int
    """Samples per second."""
    seconds: float | None
    """Length as the container announces it; None where it does not."""
    blocks: Iterator[np.ndarray]
    """(n,) float32 in [-1, 1], channels mixed; of any lengths."""


@contextmanager
def open_audio(path: str | Path) -> Iterator[AudioStream]:
    """Decode sound of any length piece by piece.

    Raises MediaError as ``read_audio`` does, but not for a stream without samples, for a rate that
    changes on the way, or for sound that begins long after the video.
    """
    with _opened_sound(path) as (container, sound):

        def blocks() -> Iterator[np.ndarray]:
            try:
                for frame in container.decode(sound):
                    yield np.clip(_mono(frame), -1, 1)
            except av.FFmpegError as error:
                raise broken(path, error) from error

        length = container.duration / av.time_base if container.duration else None
        yield AudioStream(sound.rate, length, blocks())


@contextmanager
def _opened_sound(
    path: str | Path,
) -> Iterator[tuple[av.container.InputContainer, av.AudioStream]]:
    """A file and its first audio stream, with the sample rate that it announces checked."""
    with open_media(path, nothing="no audio") as container:
        sound = sound_stream(container)
        if sound is None:
            raise MediaError("no audio", path, "the file has no audio stream that can be decoded")
        check_sample_rate(sound.rate, path)
        yield container, sound


def _timeline(
    stamps: list[int | None], video: av.VideoStream, path: str | Path
) -> tuple[np.ndarray, Fraction]:
    try:
        return even_timeline(stamps, video.time_base, _nominal_rate(video))
    except ValueError as error:
        raise MediaError("unreadable", path, str(error)) from error


def _nominal_rate(video: av.VideoStream) -> Fraction:
    """The rate a header announces; FFmpeg's own fallback, 25 Hz, where there is none."""
    return Fraction(video.average_rate or video.guessed_rate or 25)


def _check_count(there: int, video: av.VideoStream, path: str | Path) -> None:
    """A few frames may be missing (AVI announces empty ones too), never a stretch of them."""
    if there < 0.98 * video.frames:
        detail = f"{there} of the {video.frames} frames it announces are there"
        raise MediaError("truncated", path, detail)


def _decoded_blocks(container, video, path) -> Iterator[tuple[np.ndarray, list[int | None]]]:
    """Blocks of grey frames (n, H, W) with their time stamps."""
    pictures, stamps, size = [], [], None
    # One converter for all frames: four times faster.
    converter = VideoReformatter()
    try:
        for frame in _frames(container, video):
            pictures.append(shown(frame, converter, video.sample_aspect_ratio))
            stamps.append(frame.pts)
            size = size or pictures[0].shape
            if pictures[-1].shape != size:
                raise MediaError("unreadable", path, "its pictures change their size")
            if len(pictures) == min(BLOCK, max(1, BLOCK_BYTES // pictures[0].size)):
                yield np.stack(pictures), stamps
                pictures, stamps = [], []
    except av.FFmpegError as error:
        raise broken(path, error) from error
    except ValueError as error:
        raise MediaError("unreadable", path, str(error)) from error
    if pictures:
        yield np.stack(pictures), stamps


def _frames(container, video) -> Iterator[av.VideoFrame]:
    """Decoded frames; a packet that the end of the file cuts off is not one of them."""
    for packet in container.demux(video):
        if not packet.is_corrupt:
            yield from packet.decode()


def _mono(frame: av.AudioFrame) -> np.ndarray:
    """One decoded frame, its channels mixed (`s2r.core.media.mix`), float32 in [-1, 1]."""
    if frame.layout.nb_channels == 1 and frame.format.name in ("flt", "fltp"):
        return np.frombuffer(frame.planes[0], np.float32, frame.samples)  # as AAC is decoded
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if samples.dtype == np.uint8:
        samples = (samples.astype(np.float32) - 128) / 128
    elif samples.dtype.kind == "i":
        samples = samples / -float(np.iinfo(samples.dtype).min)
    return mixed(samples, [channel.name for channel in frame.layout.channels])
