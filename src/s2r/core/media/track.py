"""What is decoded of a track: damaged packets are passed over and counted."""

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
from s2r.core.media.packets import packets

LARGEST_LOSS = 0.1
"""Share of the packets of a track that may be damaged."""

COUNTED = ("mp3", "aac", "ac3", "eac3", "dts", "loas", "amr", "amrnb", "amrwb", "wv", "tta", "shn")
"""Files of sound without time stamps: FFmpeg counts packets instead."""

TAGS = (b"ID3", b"TAG", b"APETAGEX")
"""What files of sound that were joined have between them."""


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
        decoded = Decoded(container, video, path)
        return next((item for item in decoded if not isinstance(item, Hole)), None)
