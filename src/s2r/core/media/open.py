"""Open a media file (PyAV) within bounds: what may be read, and how its errors are named."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import av
from av.stream import Disposition

from s2r.core.errors import UserError

LARGEST_PICTURE = 1 << 25
"""Pixels, as many as 8K video has: a damaged header may announce any number."""

SAMPLE_RATES = (1_000, 200_000)
"""Lowest and highest rate of sound, in Hz."""

FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,wav,w64,aiff,au,caf,flac,mp3,ogg,aac,ac3,amr,wv,"
    "asf,flv,mpeg,mpegts,mpegvideo,m4v,h264,hevc,ivf,nut,mxf,dv,gif,nistsphere,shn,tta,ape,voc,"
    "ircam,sox,avr,amrnb,amrwb,eac3,dts,loas,xwma,iff,rm,yuv4mpegpipe"
)
"""FFmpeg's names of what is read, whatever the suffix. Playlists are not: they would make it open
other files."""

SPHERE = "nistsphere"

# How MP4 and MOV (at byte 4), Matroska and WebM, AVI and WAV, Ogg, FLAC, MP3 with a tag begin.
_SIGNATURES = (
    (4, b"ftyp"),
    (0, b"\x1a\x45\xdf\xa3"),
    (0, b"RIFF"),
    (0, b"OggS"),
    (0, b"fLaC"),
    (0, b"ID3"),
)


class MediaError(UserError):
    """An error of one media file; ``reason`` is its short name, as in ``recordings.csv``."""

    def __init__(self, reason: str, path: str | Path, detail: str):
        super().__init__(f"{path}: {reason}: {detail}")
        self.reason = reason
        self.path = Path(path)
        self.detail = detail

    def __reduce__(self):
        return type(self), (self.reason, self.path, self.detail)


def open_media(path: str | Path, nothing: str = "zero frames") -> av.container.InputContainer:
    """Open a file of one of the FORMATS; no file that it names is opened.

    Raises MediaError with reason ``missing``, ``truncated`` or ``unreadable``, and ``nothing``
    for an empty file.
    """
    path = Path(path)
    if not path.is_file():
        what = "this is a folder; name a file in it" if path.is_dir() else "there is no such file"
        raise MediaError("missing", path, what)
    if not os.access(path, os.R_OK):
        raise MediaError("unreadable", path, "it may not be read; change its permissions")
    if path.stat().st_size == 0:
        raise MediaError(nothing, path, "the file is empty (0 bytes)")
    try:
        # The prefix: a name with a colon is no address of something else.
        return av.open(
            f"file:{path}",
            metadata_errors="replace",
            options={"protocol_whitelist": "file", "format_whitelist": FORMATS},
        )
    except av.FFmpegError as error:
        raise broken(path, error) from error


def broken(path: str | Path, error: av.FFmpegError) -> MediaError:
    """Name the error: a file that begins as a video but cannot be read on was cut or damaged."""
    with open(path, "rb") as file:
        head = file.read(16)
    if head.startswith(b"NIST_1A"):
        return sphere_refused(path)
    if isinstance(error, av.error.PatchWelcomeError):
        detail = "it holds what cannot be read yet; convert it (ffmpeg -i in out.wav, or out.mp4)"
        return MediaError("unreadable", path, f"{detail} ({error.strerror})")
    if any(head[at:].startswith(mark) for at, mark in _SIGNATURES):
        detail = "it begins as a media file but cannot be read to its end; copy it again"
        return MediaError("truncated", path, f"{detail} ({error.strerror})")
    return MediaError("unreadable", path, f"not a media file ({error.strerror})")


def sphere_refused(path: str | Path) -> MediaError:
    """The error for a NIST SPHERE file whose sound FFmpeg cannot decode."""
    with open(path, "rb") as file:
        coding = re.search(rb"^sample_coding \S+ (\S+)", file.read(1024), re.MULTILINE)
    named = coding[1].decode("ascii", "replace") if coding else "that its header does not name"
    detail = (
        f"a NIST SPHERE file with the coding {named}, which cannot be read: convert it "
        "(sph2pipe -f wav in.wav out.wav)"
    )
    return MediaError("unreadable", path, detail)


def video_stream(container: av.container.InputContainer, path: str | Path) -> av.VideoStream:
    """The video track that players show; MediaError where there is none that can be decoded."""
    video = _chosen(container.streams.video)
    if video is None:
        raise MediaError("zero frames", path, "the file has no video stream")
    if video.codec_context is None:
        raise MediaError("unreadable", path, "there is no decoder for its pictures")
    if video.width * video.height > LARGEST_PICTURE:
        size = f"{video.width} x {video.height}"
        raise MediaError("unreadable", path, f"its pictures have {size} pixels, more than 8K video")
    # Later pictures may be larger than what the header says.
    video.codec_context.options = {"max_pixels": str(LARGEST_PICTURE)}
    # A job has one core. Handing small frames between threads costs a quarter more.
    video.codec_context.thread_count = 1
    return video


def sound_stream(container: av.container.InputContainer) -> av.AudioStream | None:
    """The audio track that players play, unless FFmpeg knows no decoder for any."""
    sound = _chosen(container.streams.audio)
    return sound if sound and sound.codec_context else None


def _chosen(tracks: Sequence[av.stream.Stream]) -> av.stream.Stream | None:
    """Of the tracks that can be decoded the first that is marked as default, else the first.

    The cover of a record is no video. Where none can be decoded it is the first of the others.
    """
    tracks = [track for track in tracks if not track.disposition & Disposition.attached_pic]
    return min(
        tracks,
        key=lambda track: (
            track.codec_context is None,
            not track.disposition & Disposition.default,
        ),
        default=None,
    )


def announced_packets(track: av.VideoStream | av.AudioStream) -> int:
    """Packets that a track announces; 0 where it does not say.

    MP4 and MOV files hold all that was there before they were trimmed: what their edit lists show
    counts, and what is decoded for it.
    """
    if track.container.format.name.startswith("mov") and track.frames:
        return len(track.index_entries)
    return track.frames if track.type == "video" else 0


def check_sample_rate(rate: int, path: str | Path) -> None:
    """MediaError for a rate outside SAMPLE_RATES."""
    low, high = SAMPLE_RATES
    if not low <= rate <= high:
        raise MediaError("unreadable", path, f"its sound has {rate} samples per second")
