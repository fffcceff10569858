"""Packets of a file on one clock, also where files were joined and pages of Ogg are lost."""

from collections.abc import Iterator

import av

from s2r.core.media.open import sound_stream

LEAST_LOST = 0.1
"""Seconds by which the end of an Ogg file must be missing to count."""

STARTS_AGAIN = 1.0
"""Seconds by which time stamps go back where files were joined end to end; less is disorder."""


def packets(container: av.container.InputContainer) -> Iterator[av.Packet]:
    """Packets of all tracks. Where their time stamps start again (MPEG-TS, Ogg or FLAC files that
    were joined), the second part follows the first, with one shift for picture and sound."""
    # Stamps of MP4 go back for the pictures that its edit lists hide.
    joined = not container.format.name.startswith("mov")
    shifts, end = [0.0], 0.0
    part: dict[int, int] = {}
    last: dict[int, float] = {}
    for packet in _last_page_in_place(container):
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


def _last_page_in_place(container: av.container.InputContainer) -> Iterator[av.Packet]:
    """Packets; those on the last page of an Ogg file end where the file does.

    After lost pages the first stamp counts of every page but the last, whose packets FFmpeg counts
    on from what came before.
    """
    sound = sound_stream(container) if container.format.name == "ogg" else None
    page: list[av.Packet] = []
    for packet in _read(container):
        if sound is None or packet.stream.index != sound.index:
            yield packet
            continue
        if page and packet.pos != page[0].pos:
            if not packet.size:
                _end_with(page, sound)
            yield from page
            page = []
        if packet.size:
            page.append(packet)
        else:
            yield packet


def _end_with(page: list[av.Packet], sound: av.AudioStream) -> None:
    """Move the packets of the last page so that they end with the track."""
    *others, last = page
    if last.pts is None or not last.duration or not sound.duration:
        return
    # Of Vorbis and Speex, all that is missing was added to the last packet.
    usual = max((one.duration or 0 for one in others), default=0)
    last.duration = min(last.duration, usual or last.duration)
    late = (sound.start_time or 0) + sound.duration - last.pts - last.duration
    if late * sound.time_base > LEAST_LOST:
        for one in page:
            one.pts, one.dts = _later(one.pts, late), _later(one.dts, late)


def _later(stamp: int | None, ticks: int) -> int | None:
    """A time stamp that comes later; None where the sum cannot be right."""
    return None if stamp is None or abs(stamp + ticks) >= 1 << 62 else stamp + ticks
