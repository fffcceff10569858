"""Packets of a file on one clock, and what is decoded of them: damaged ones are passed over."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av

from s2r.core.media.open import (
    SPHERE,
    MediaError,
    announced_packets,
    broken,
    open_media,
    sphere_refused,
    video_stream,
)

LARGEST_LOSS = 0.1
"""Share of the packets of a track that may be damaged."""

COUNTED = ("mp3", "aac", "ac3", "eac3", "dts", "loas", "amr", "amrnb", "amrwb", "wv", "tta", "shn")
"""Files of sound without time stamps: FFmpeg counts packets instead."""

TAGS = (b"ID3", b"TAG", b"APETAGEX")
"""What files of sound that were joined have between them."""

JOINED = ("mpegts", "mpeg", "ogg")
"""Containers that may be joined end to end as they are."""

STARTS_AGAIN = 1.0
"""Seconds by which time stamps go back where files were joined end to end; less is disorder."""


def packets(container: av.container.InputContainer) -> Iterator[av.Packet]:
    """Packets of all tracks. Where their time stamps start again (MPEG-TS or Ogg files that were
    joined), the second part follows the first, with one shift for picture and sound."""
    joined = container.format.name in JOINED
    shifts, end = [0.0], 0.0
    part: dict[int, int] = {}
    last: dict[int, float] = {}
    for packet in _read(container):
        ticks = packet.pts if packet.dts is None else packet.dts
        if not joined or ticks is None or packet.stream.type not in ("audio", "video"):
            yield packet
            continue
        track, unit = packet.stream.index, float(packet.time_base)
        now = ticks * unit
        if now < last.get(track, now) - STARTS_AGAIN:
            part[track] = part.get(track, 0) + 1
            if part[track] == len(shifts):
                shifts.append(end - now)
        last[track] = now
        shift = shifts[part.get(track, 0)]
        if shift:
            packet.pts, packet.dts = (
                _later(stamp, round(shift / unit)) for stamp in (packet.pts, packet.dts)
            )
        end = max(end, now + shift + (packet.duration or 0) * unit)
        yield packet


def _read(container: av.container.InputContainer) -> Iterator[av.Packet]:
    """Packets as they lie in the file, then an empty one for every track."""
    try:
        yield from container.demux()
    except IndexError:  # PyAV's, at the end of a file in which another track begins on the way
        for track in container.streams:
            packet = av.Packet()
            packet.stream, packet.time_base = track, track.time_base
            yield packet


def _later(stamp: int | None, ticks: int) -> int | None:
    """A time stamp that comes later; None where the sum cannot be right."""
    return None if stamp is None or abs(stamp + ticks) >= 1 << 62 else stamp + ticks


@dataclass(frozen=True)
class Hole:
    """A packet that cannot be decoded."""

    time: float | None
    """When it would begin, s on the clock of the file."""
    seconds: float


class Decoded:
    """The decoded frames of one track, and a `Hole` for every packet that cannot be decoded.

    >>> for item in Decoded(container, track, path):
    ...     ...

    Raises MediaError where the file cannot be read on.
    """

    def __init__(
        self,
        container: av.container.InputContainer,
        track: av.VideoStream | av.AudioStream,
        path: str | Path,
    ):
        self._container, self._track, self._path = container, track, path
        self.packets = 0
        """Packets that are there, also those that an edit list hides."""
        self.lost = 0
        """Packets that cannot be decoded, beyond the first that could be."""
        self._counted = container.format.name in COUNTED
        self._size = self._decoded = 0

    def __iter__(self) -> Iterator[av.VideoFrame | av.AudioFrame | Hole]:
        begun, leading = False, 0
        try:
            for packet in packets(self._container):
                if packet.stream.index != self._track.index:
                    continue
                if not packet.size and packet.pts is not None:
                    continue  # Theora: the picture before it is shown on
                self.packets += bool(packet.size and not packet.is_corrupt)
                # A packet that the end of the file cuts off is marked as corrupt.
                frames = None if packet.is_corrupt else _frames_of(packet)
                if frames:
                    begun = True
                    self._size, self._decoded = self._size + packet.size, self._decoded + 1
                    yield from frames
                elif frames is None and not packet.is_discard:
                    self.lost += 1
                    leading += not begun
                    yield Hole(_time_of(packet), self._seconds_of(packet))
        except av.FFmpegError as error:
            raise broken(self._path, error) from error
        # A film that was cut in the stream begins with pictures that need those before them.
        if begun and self._track.type == "video":
            self.lost -= leading

    def check(self, what: str) -> None:
        """Raise MediaError if more than ``LARGEST_LOSS`` of the packets are missing or damaged."""
        absent = max(0, announced_packets(self._track) - self.packets - self.lost)
        lost = self.lost + absent * (self._track.type == "audio")
        share = lost / max(self.packets + absent, lost, 1)
        if share > LARGEST_LOSS:
            if self._container.format.name == SPHERE:
                raise sphere_refused(self._path)
            detail = (
                f"{100 * share:.0f} % of its {what} cannot be decoded, and at most "
                f"{100 * LARGEST_LOSS:.0f} % may be damaged; copy it again"
            )
            raise MediaError("damaged", self._path, detail)

    def _seconds_of(self, packet: av.Packet) -> float:
        seconds = float((packet.duration or 0) * packet.time_base)
        if not seconds and self._track.type == "audio" and self._track.rate:
            seconds = (self._track.codec_context.frame_size or 0) / self._track.rate
        # Where nothing else marks the packets, a damaged one reaches to the next that is whole.
        if self._counted and self._size and not bytes(packet).startswith(TAGS):
            seconds *= max(1.0, packet.size * self._decoded / self._size)
        return seconds


def _time_of(packet: av.Packet) -> float | None:
    return None if packet.pts is None else float(packet.pts * packet.time_base)


def _frames_of(packet: av.Packet) -> list[av.VideoFrame | av.AudioFrame] | None:
    """What is decoded of a packet; None where it is damaged."""
    try:
        return packet.decode()
    except MemoryError:
        raise
    except av.FFmpegError:
        return None


def first_picture(path: str | Path) -> av.VideoFrame | None:
    """The first picture of a film that can be decoded; its ``time`` is the zero of pictures and
    sound, s on the clock of the file. None where the file has no video that can be decoded.

    Raises MediaError as ``open_media`` does.
    """
    with open_media(path) as container:
        try:
            video = video_stream(container, path)
        except MediaError:
            return None
        return next(
            (item for item in Decoded(container, video, path) if not isinstance(item, Hole)), None
        )
