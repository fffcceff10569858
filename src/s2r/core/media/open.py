"""Open a media file (PyAV) within bounds: what may be read, and how its errors are named."""

import os
from pathlib import Path

import av

from s2r.core.errors import UserError

LARGEST_PICTURE = 1 << 25
"""Pixels, as many as 8K video has: a damaged header may announce any number."""

SAMPLE_RATES = (1_000, 200_000)
"""Lowest and highest rate of sound, in Hz."""

FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,wav,w64,aiff,au,caf,flac,mp3,ogg,aac,ac3,amr,wv,"
    "asf,flv,mpeg,mpegts,mpegvideo,m4v,h264,hevc,ivf,nut,mxf,dv,gif"
)
"""FFmpeg's names of what is read. Playlists are not: they would make it open other files."""

# How MP4 and MOV (at byte 4), Matroska and WebM, AVI and WAV begin.
_SIGNATURES = ((4, b"ftyp"), (0, b"\x1a\x45\xdf\xa3"), (0, b"RIFF"))


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
        raise MediaError("missing", path, "there is no such file")
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
    if any(head[at:].startswith(mark) for at, mark in _SIGNATURES):
        detail = "it begins as a media file but cannot be read to its end; copy it again"
        return MediaError("truncated", path, f"{detail} ({error.strerror})")
    return MediaError("unreadable", path, f"not a media file ({error.strerror})")


def video_stream(container: av.container.InputContainer, path: str | Path) -> av.VideoStream:
    """The first video stream; MediaError where there is none that can be decoded."""
    if not container.streams.video:
        raise MediaError("zero frames", path, "the file has no video stream")
    video = container.streams.video[0]
    if video.codec_context is None:
        raise MediaError("unreadable", path, "there is no decoder for its pictures")
    if video.width * video.height > LARGEST_PICTURE:
        size = f"{video.width} x {video.height}"
        raise MediaError("unreadable", path, f"its pictures have {size} pixels, more than 8K video")
    # Later pictures may be larger than what the header says.
    video.codec_context.options = {"max_pixels": str(LARGEST_PICTURE)}
    return video


def sound_stream(container: av.container.InputContainer) -> av.AudioStream | None:
    """The first audio stream, unless FFmpeg knows no decoder for it."""
    sound = next(iter(container.streams.audio), None)
    return sound if sound and sound.codec_context else None


def check_sample_rate(rate: int, path: str | Path) -> None:
    """MediaError for a rate outside SAMPLE_RATES."""
    low, high = SAMPLE_RATES
    if not low <= rate <= high:
        raise MediaError("unreadable", path, f"its sound has {rate} samples per second")
