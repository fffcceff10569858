"""Decode video and sound (PyAV); writing is in `s2r.core.media.encode`.

Times are counted from the first picture that can be decoded, by the time stamps of the file.
Pictures are grey, 0-255 over the full range, whatever the pixel format of the file. Damaged packets
are passed over: the picture before or after them holds, the sound is silent, and ``tell`` is called
with a sentence that says how much.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from s2r.core.media.display import shown
from s2r.core.media.mix import mixed
from s2r.core.media.open import (
    SPHERE,
    MediaError,
    broken,
    check_sample_rate,
    open_media,
    sound_stream,
    sphere_refused,
    video_stream,
)
from s2r.core.media.packets import packets
from s2r.core.media.sound_clock import Piece, on_clock, to_the_end
from s2r.core.media.timeline import check_count, timeline_of
from s2r.core.media.track import COUNTED, Decoded, Hole, first_picture
from s2r.core.progress import say

BLOCK = 128
"""Most frames handed on at a time while a video is decoded."""

BLOCK_BYTES = 64_000_000
"""Most bytes of large pictures handed on at a time."""


ANNOUNCING = ("matroska,webm", "flv", "asf")
"""Containers whose header announces how long they last, but not how many frames they hold."""

LEAST_TOLD = 0.02
"""Seconds of sound that must be missing before a word is said about it."""

LONGEST_HOLE = 60
"""Seconds that one damaged packet can stand for."""


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
    """Count the frames of a video by reading its packets; only its first pictures are decoded.

    Raises MediaError with reason ``missing``, ``zero frames`` (empty file, no video stream, no
    packets), ``truncated`` (index missing, or fewer packets than the header announces) or
    ``unreadable``.
    """
    picture = first_picture(path)
    with open_media(path) as container:
        video = video_stream(container, path)
        sound = sound_stream(container)
        if picture is None:
            raise MediaError("zero frames", path, "no frame can be decoded")
        zero = picture.time
        stamps, count, ends = [], 0, {video.index: 0.0}
        try:
            for packet in packets(container):
                if not packet.size or packet.is_corrupt:
                    continue
                if packet.pts is not None:
                    end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                    ends[packet.stream.index] = max(ends.get(packet.stream.index, 0.0), end)
                if packet.stream.index == video.index:
                    count += 1
                    stamps += [] if _hidden(packet, zero) else [packet.pts]
        except av.FFmpegError as error:
            raise broken(path, error) from error
        check_count(count, stamps, video, path)
        if not stamps:
            raise MediaError("zero frames", path, "its video stream holds no frame")
        # Matroska announces a duration, of all tracks together, instead of a number of frames.
        announced = (container.duration or 0) / av.time_base
        if container.format.name in ANNOUNCING and max(ends.values()) < announced - 0.5:
            detail = f"it ends after {max(ends.values()):.2f} of the {announced:.2f} s it announces"
            raise MediaError("truncated", path, detail)
        slots, rate = timeline_of(stamps, video, path)
        return VideoProbe(
            frames=len(slots),
            frame_rate=rate,
            width=video.width,
            height=video.height,
            video_seconds=float(len(slots) / rate),
            audio_seconds=max(0.0, ends.get(sound.index, 0.0) - (zero or 0.0)) if sound else None,
            sample_rate=sound.rate if sound else None,
        )


def _hidden(packet: av.Packet, zero: float | None) -> bool:
    """Whether an edit list hides a picture, or it comes before the first that can be decoded."""
    if packet.is_discard or packet.pts is None or zero is None:
        return packet.is_discard
    return float(packet.pts * packet.time_base) < zero - 1e-6


def read_video(
    path: str | Path,
    transform: Callable[[np.ndarray], np.ndarray] | None = None,
    tell: Callable[[str], object] = say,
) -> tuple[np.ndarray, Fraction]:
    """Decode a whole video; returns frames (T, H, W) and the frame rate in Hz.

    Frames are as players show them (`s2r.core.media.display`): uint8, or float32 of the same range
    where the file has more than 8 bits a sample.
    Frame ``i`` describes the time from ``i / rate`` to ``(i + 1) / rate``. ``transform`` is
    applied to every block (n, H, W) as it is decoded, so that large pictures need not be held;
    then frames are what it returns, joined. Raises MediaError as ``probe`` does, and with reason
    ``damaged`` where too many pictures cannot be decoded.
    """
    frames, stamps = np.empty(0), []
    with open_media(path) as container:
        video = video_stream(container, path)
        decoded = Decoded(container, video, path)
        for pictures, times in _decoded_blocks(decoded, video, path):
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
        decoded.check("pictures")
        if not stamps:
            raise MediaError("zero frames", path, "no frame could be decoded")
        check_count(decoded.packets, stamps, video, path)
        slots, rate = timeline_of(stamps, video, path)
    if decoded.lost:
        tell(f"{path}: {decoded.lost} of its pictures cannot be decoded: their neighbours hold.")
    frames = frames[: len(stamps)]
    return (frames if np.array_equal(slots, np.arange(len(frames))) else frames[slots]), rate


def read_audio(path: str | Path, tell: Callable[[str], object] = say) -> tuple[np.ndarray, int]:
    """Decode the sound of a file; returns (N,) float32 in [-1, 1] (channels mixed) and its own
    sample rate in Hz.

    Sample 0 is at the first picture where the file has video. Gaps in the time stamps are silent.
    Raises MediaError with reason ``no audio`` where there is none, ``damaged`` where too much of
    it cannot be decoded, or as ``probe`` does.
    """
    with open_audio(path, tell) as sound:
        blocks = list(sound.blocks)
    early = round(-sound.begins * sound.rate)
    audio = np.concatenate(blocks)[early:] if blocks else np.empty(0, np.float32)
    if not len(audio):
        empty = "its audio stream holds no sample"
        detail = "its sound ends before its first picture" if blocks else empty
        raise MediaError("no audio", path, detail)
    return audio, sound.rate


@dataclass(frozen=True)
class AudioStream:
    """The sound of a file, decoded as it is asked for."""

    rate: int
    """Samples per second."""
    seconds: float | None
    """Length as the container announces it; None where it does not."""
    begins: float
    """When the first sample is heard, s after the first picture: 0, or less where the sound begins
    before it."""
    blocks: Iterator[np.ndarray]
    """(n,) float32 in [-1, 1], channels mixed; of any lengths."""


@contextmanager
def open_audio(path: str | Path, tell: Callable[[str], object] = say) -> Iterator[AudioStream]:
    """Decode sound of any length piece by piece.

    Where it begins after the first picture of the file, silence comes first. Raises MediaError as
    ``read_audio`` does (where too much is damaged, at the end), but not for a stream without
    samples.
    """
    with open_media(path, nothing="no audio") as container:
        picture = first_picture(path)
        zero = picture.time if picture else None
        sound = sound_stream(container)
        if sound is None and container.format.name == SPHERE:
            raise sphere_refused(path)
        if sound is None:
            raise MediaError("no audio", path, "the file has no audio stream that can be decoded")
        check_sample_rate(sound.rate, path)
        decoded, missing = Decoded(container, sound, path), []
        pieces = _pieces(decoded, container, path, missing)
        first = next(pieces, None)
        rate, begins = first.rate if first else sound.rate, 0.0
        if first and first.time is not None and zero is not None:
            begins = min(0.0, first.time - zero)
            zero += begins

        if zero is None:
            zero = first.time if first else None

        def blocks() -> Iterator[np.ndarray]:
            placed = on_clock(chain([first] if first else [], pieces), rate, zero, missing)
            try:
                yield from to_the_end(placed, container, sound, zero, rate)
            except ValueError as error:
                raise MediaError("unreadable", path, str(error)) from error
            decoded.check("sound")
            if sum(missing) >= LEAST_TOLD:
                tell(f"{path}: {sum(missing):.2f} s of its sound are missing or damaged: silent.")

        length = float(sound.duration * sound.time_base) if sound.duration else None
        if length is None and container.duration:
            length = container.duration / av.time_base
        yield AudioStream(rate, length, begins, blocks())


def _pieces(
    decoded: Decoded, container: av.container.InputContainer, path: str | Path, missing: list[float]
) -> Iterator[Piece]:
    """Decoded sound with its time, and silence for what cannot be decoded."""
    # Where stamps are counted from the sound itself, they say nothing about it.
    counted, rate = container.format.name in COUNTED, 0
    for item in decoded:
        if not isinstance(item, Hole):
            rate = item.sample_rate
            check_sample_rate(rate, path)
            yield Piece(None if counted else item.time, np.clip(_mono(item), -1, 1), rate)
        elif rate:
            seconds = min(item.seconds, LONGEST_HOLE)
            missing.append(seconds)
            silence = np.zeros(round(seconds * rate), np.float32)
            yield Piece(None if counted else item.time, silence, rate)


def _decoded_blocks(
    decoded: Decoded, video: av.VideoStream, path: str | Path
) -> Iterator[tuple[np.ndarray, list[int | None]]]:
    """Blocks of grey frames (n, H, W) with their time stamps."""
    pictures, stamps, size = [], [], None
    # One converter for all frames: four times faster.
    converter = VideoReformatter()
    try:
        for frame in decoded:
            if isinstance(frame, Hole):
                continue
            pictures.append(shown(frame, converter, video.sample_aspect_ratio))
            stamps.append(frame.pts)
            size = size or pictures[0].shape
            if pictures[-1].shape != size:
                raise MediaError("unreadable", path, "its pictures change their size")
            if len(pictures) == min(BLOCK, max(1, BLOCK_BYTES // pictures[0].size)):
                yield np.stack(pictures), stamps
                pictures, stamps = [], []
    except ValueError as error:
        raise MediaError("unreadable", path, str(error)) from error
    if pictures:
        yield np.stack(pictures), stamps


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
