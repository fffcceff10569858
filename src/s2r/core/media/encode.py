"""Encode video with sound (PyAV), piece by piece or in one go."""

import contextlib
import wave
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from s2r.core.files import atomic_path
from s2r.core.media.slow import SlowSound
from s2r.core.outputs import sealed

AAC_RATE, AAC_BIT_RATE = 44_100, 96_000

QUICK = {"preset": "ultrafast", "x264-params": "8x8dct=1:bframes=3:deblock=1"}
"""x264's fastest preset with what costs little there: of rtMRI 1.7 times as fast as superfast, with
errors that are no larger, in files larger by a quarter."""


class VideoWriter:
    """Write an mp4 piece by piece; it appears under its name only when the block ends well.

    >>> with VideoWriter(path, (64, 64), 50, sample_rate=16000) as writer:
    ...     writer.frames(pictures)
    ...     writer.audio(samples)

    H.264 (yuv420p); an odd height or width gets one more row or column, a copy of the last. The
    sound is AAC, mono, 44.1 kHz, 96 kb/s. Pieces of picture and sound that are played together
    should be written one after the other: the container holds back what has no counterpart yet.
    One encoder thread: equal input gives equal bytes with the default and with superfast; slower
    presets use x264's macroblock tree, which is not repeatable on every processor.
    """

    def __init__(
        self,
        path: str | Path,
        size: tuple[int, int],
        frame_rate: Fraction | int,
        sample_rate: int | None = None,
        *,
        crf: int = 14,
        preset: str | None = None,
        tags: Mapping[str, str] | None = None,
        seal: bool = False,
        slow: Fraction = Fraction(1),
    ):
        """``size`` is (height, width) of the pictures; no ``sample_rate``, no sound.

        ``preset``: of x264; None for `QUICK`. ``tags``: metadata of the file, {name: text}, by the
        names that ffmpeg has for those of MP4 (title, comment, description). ``seal``: the video is
        a user's output, see `s2r.core.outputs`. ``slow``: how many times slower picture and sound
        are played than ``frame_rate`` and ``sample_rate`` say, at the same pitch.
        """
        self._path, self._size = path, size
        self._rate, self._sample_rate = Fraction(frame_rate) / slow, sample_rate
        self._slow = SlowSound(sample_rate, slow) if sample_rate and slow != 1 else None
        self._options = {"crf": str(crf)} | ({"preset": preset} if preset else QUICK)
        self._tags, self._seal = dict(tags or {}), seal
        self._pictures = self._samples = 0

    def __enter__(self) -> "VideoWriter":
        self._stack = contextlib.ExitStack()
        try:
            temporary = self._stack.enter_context(atomic_path(self._path))
            if self._seal:
                self._stack.enter_context(sealed(temporary))
            self._container = self._stack.enter_context(av.open(str(temporary), "w"))
            self._container.metadata.update(self._tags)
            self._video = self._container.add_stream("libx264", rate=self._rate)
            height, width = self._size
            self._video.height, self._video.width = height + height % 2, width + width % 2
            self._video.pix_fmt = "yuv420p"
            self._video.options = self._options
            self._video.codec_context.thread_count = 1
            self._sound = None
            if self._sample_rate:
                self._sound = self._container.add_stream("aac", rate=AAC_RATE, layout="mono")
                self._sound.bit_rate = AAC_BIT_RATE
                self._resampler = av.AudioResampler(format="fltp", layout="mono", rate=AAC_RATE)
        except BaseException as failure:
            self._stack.__exit__(type(failure), failure, failure.__traceback__)
            raise
        return self

    def __exit__(self, *failure) -> None:
        try:
            if failure[0] is None:
                self._finish()
        except BaseException as late:
            self._stack.__exit__(type(late), late, late.__traceback__)
            raise
        self._stack.__exit__(*failure)

    def frames(self, pictures: np.ndarray) -> None:
        """Add pictures (n, H, W) uint8, grey, or (n, H, W, 3) red, green and blue."""
        height, width = self._size
        odd = ((0, 0), (0, height % 2), (0, width % 2), (0, 0))[: pictures.ndim]
        layout = "gray" if pictures.ndim == 3 else "rgb24"
        for picture in np.pad(pictures, odd, mode="edge") if any(map(sum, odd)) else pictures:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format=layout)
            frame.pts, frame.time_base = self._pictures, 1 / self._rate
            self._pictures += 1
            self._container.mux(self._video.encode(frame))

    def audio(self, samples: np.ndarray) -> None:
        """Add sound (n,) float in [-1, 1] at the writer's sample rate."""
        for piece in self._slow.pieces(samples) if self._slow and len(samples) else [samples]:
            self._add_audio(piece)

    def _add_audio(self, samples: np.ndarray) -> None:
        if not len(samples):
            return
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples, np.float32)[None], format="fltp", layout="mono"
        )
        frame.sample_rate, frame.pts = self._sample_rate, self._samples
        frame.time_base = Fraction(1, self._sample_rate)
        self._samples += len(samples)
        self._encode(self._resampler.resample(frame))

    def _encode(self, frames: list[av.AudioFrame]) -> None:
        for frame in frames:
            self._container.mux(self._sound.encode(frame))

    def _finish(self) -> None:
        self._container.mux(self._video.encode())
        if self._sound:
            for piece in self._slow.rest() if self._slow else ():
                self._add_audio(piece)
            if self._samples:
                self._encode(self._resampler.resample(None))
            self._container.mux(self._sound.encode())


def write_video(
    path: str | Path,
    frames: np.ndarray,
    frame_rate: Fraction | int,
    audio: np.ndarray | None = None,
    sample_rate: int | None = None,
    **options,
) -> None:
    """Write frames (T, H, W) uint8 and audio (N,) float32 in [-1, 1]; options: `VideoWriter`."""
    rate = None if audio is None else sample_rate
    with VideoWriter(path, frames.shape[1:], frame_rate, rate, **options) as writer:
        writer.frames(frames)
        if audio is not None:
            writer.audio(audio)


def write_wav(path: str | Path, audio: np.ndarray, sample_rate: int) -> None:
    """Write audio (N,) float in [-1, 1] as 16-bit mono PCM; louder samples are clipped."""
    samples = np.clip(np.rint(np.asarray(audio, np.float64) * 32768), -32768, 32767)
    with atomic_path(path) as temporary, wave.open(str(temporary), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(samples.astype("<i2").tobytes())
