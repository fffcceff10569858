"""The files of a generated video, written while its frames are made: MP4 with sound, GIF, HDF5."""

import contextlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from s2r.core.files import atomic_path
from s2r.core.hdf5 import NewFile
from s2r.core.media.encode import VideoWriter
from s2r.core.media.gif import GifWriter
from s2r.core.origin import sentence, video_tags
from s2r.core.outputs import sealed
from s2r.generation.appearance import PLAIN, Appearance


class VideoFiles:
    """Write frames and their sound to files that appear when the block ends without an error.

    All of them hold the marks of a synthetic video, and a seal (`s2r.core.outputs`).

    >>> with VideoFiles(rate=50, sample_rate=16000, about=marks, video="tract.mp4") as files:
    ...     files.sound(samples)
    ...     files.frames(frames)
    """

    def __init__(
        self,
        *,
        rate: int,
        sample_rate: int,
        about: Mapping[str, str | int],
        shape: tuple[int, int],
        video: str | Path | None = None,
        gif: str | Path | None = None,
        frames: str | Path | None = None,
        appearance: Appearance = PLAIN,
        crf: int = 18,
    ):
        """
        Args:
            rate: frames per second.
            sample_rate: of the sound, in Hz.
            about: marks of what made the frames (`s2r.core.origin.marks`).
            shape: (H, W) of the frames.
            video: MP4 file, with the sound; ``gif``: animated GIF of the same pictures.
            frames: HDF5 file of the frames, lossless: ``frames`` (T, H, W) uint8, attribute
                ``frame_rate`` and the marks.
            appearance: how the frames are shown in ``video`` and ``gif``.
            crf: how strongly the MP4 is compressed (x264: 0 lossless to 51).
        """
        self._rate, self._sample_rate, self._about, self._shape = rate, sample_rate, about, shape
        self._paths, self._appearance, self._crf = (video, gif, frames), appearance, crf

    def __enter__(self) -> "VideoFiles":
        video, gif, frames = self._paths
        shown, self._writer, self._sinks = self._appearance, None, []
        size = (shown.size, shown.width)
        with contextlib.ExitStack() as stack:
            if video is not None:
                options = {"crf": self._crf, "tags": video_tags(self._about), "seal": True}
                options |= {"slow": shown.slow}
                writer = VideoWriter(video, size, self._rate, self._sample_rate, **options)
                self._writer = stack.enter_context(writer)
                self._sinks.append(self._writer.frames)
            if gif is not None:
                options = {"colours": shown.colours, "comment": sentence(self._about), "seal": True}
                writer = GifWriter(gif, size, self._rate / shown.slow, **options)
                self._sinks.append(stack.enter_context(writer).frames)
            self._add = stack.enter_context(
                frame_file(frames, self._shape, self._rate, self._about)
            )
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *failure) -> None:
        self._stack.__exit__(*failure)

    def sound(self, samples: np.ndarray) -> None:
        """Add sound (n,) float in [-1, 1]; before the frames that are played with it."""
        if self._writer is not None:
            self._writer.audio(samples)

    def frames(self, frames: np.ndarray, first: int = 0) -> None:
        """Add frames (t, H, W) uint8; ``first`` is the place of theirs in the truth beside them."""
        if self._sinks:
            pictures = self._appearance.pictures(frames, first)
            for add in self._sinks:
                add(pictures)
        self._add(frames)


@contextlib.contextmanager
def frame_file(
    path: str | Path | None,
    shape: tuple[int, int],
    frame_rate: int,
    about: Mapping[str, str | int],
):
    """A function that adds frames to the HDF5 file ``path``, or does nothing for None.

    ``about``: marks of what made them, which become attributes of the file.
    """
    if path is None:
        yield lambda frames: None
        return
    with atomic_path(path) as temporary, sealed(temporary), NewFile(temporary) as file:
        data = file.create_dataset(
            "frames", (0, *shape), np.uint8, maxshape=(None, *shape), chunks=(32, *shape)
        )
        file.attrs["frame_rate"] = frame_rate
        file.attrs.update(about)

        def add(frames: np.ndarray) -> None:
            data.resize(len(data) + len(frames), axis=0)
            data[-len(frames) :] = frames
            file.check()

        yield add
