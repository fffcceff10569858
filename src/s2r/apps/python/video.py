"""A generated video in Python: its frames, and what can be done with them."""

import base64
import html
import os
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from s2r.apps.models import chosen_probe
from s2r.apps.overlay import ContourOverlay, open_probe
from s2r.core.errors import UserError
from s2r.core.origin import sentence
from s2r.core.outputs import check_outputs
from s2r.evaluation.metrics.tract_variables import tract_variables
from s2r.generation.appearance import Appearance
from s2r.generation.video_files import VideoFiles

if TYPE_CHECKING:
    import pandas as pd

KINDS = {".mp4": "video", ".gif": "gif", ".h5": "frames"}
"""Suffixes that `Video.save` knows, and what is written."""

SHOWN_SECONDS = 20
"""Longest part that a notebook shows; it keeps what it shows in its file."""

SHOWN_SIZE, SHOWN_CRF = 192, 26
"""Height in a notebook, in pixels, and how strongly the video is compressed there."""


class Video:
    """A generated video with its sound. It is synthetic: a model made it, nothing was measured.

    Calls of a `Model` make it; a notebook shows it.
    """

    def __init__(
        self,
        frames: np.ndarray,
        rate: int,
        *,
        sound: np.ndarray,
        sound_rate: int,
        marks: Mapping[str, str | int],
        label: str = "",
        remarks: Sequence[str] = (),
        probe: Path | None = None,
    ):
        self.frames = frames
        """(T, H, W) uint8 grey levels. Frame ``t`` shows the time from ``t / rate`` to
        ``(t + 1) / rate`` seconds."""
        self.rate = rate
        """Frames per second."""
        self.sound = sound
        """(N,) float32 in [-1, 1], the speech that it was generated from."""
        self.sound_rate = sound_rate
        """Of `sound`, in Hz."""
        self.marks = dict(marks)
        """What says in saved files that it is synthetic, and made it: model, checksum, seed."""
        self.remarks = tuple(remarks)
        """Sentences about silent, soft or loud sound."""
        self._label, self._probe = label, probe

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.frames) / self.rate

    @property
    def times(self) -> np.ndarray:
        """(T,) the centre of every frame, s."""
        return (np.arange(len(self.frames)) + 0.5) / self.rate

    def __len__(self) -> int:
        return len(self.frames)

    def __repr__(self) -> str:
        height, width = self.frames.shape[1:]
        return (
            f"<synthetic s2r video: {self.seconds:.2f} s, {len(self)} frames of {height} x {width} "
            f"by {self.marks.get('model', 'a model')}>"
        )

    def save(
        self,
        path: str | os.PathLike,
        *,
        size: int = 256,
        slow: float = 1,
        label: bool = False,
        overlay: bool = False,
        probe: str | os.PathLike | None = None,
        overwrite: bool = False,
    ) -> Path:
        """Write it to a file, whose suffix says what is written.

        ``.mp4``: video with sound. ``.gif``: moving picture without. ``.h5``: the frames, lossless
        (``frames``, attribute ``frame_rate``). All of them hold the marks of a synthetic video.

        Args:
            path: the file; it is replaced where s2r wrote it and nobody changed it since.
            size: height in pixels (not of ``.h5``).
            slow: how many times slower picture and sound are played, 1 to 16.
            label: write into the picture that it is synthetic.
            overlay: draw the contours that the contour probe reads.
            probe: as of `tract_variables`; asks for ``overlay``.
            overwrite: replace a file whoever wrote it.

        Returns:
            The path.

        Raises:
            UserError: another suffix, a number out of range, a folder that is not there, or a file
                that s2r did not write.
        """
        path = Path(path)
        if path.suffix not in KINDS:
            raise UserError(f"{path}: use a name that ends in .mp4, .gif or .h5.")
        if not 16 <= size <= 4096 or not 1 <= slow <= 16:
            raise UserError(f"size {size} must be from 16 to 4096, and slow {slow} from 1 to 16.")
        check_outputs([path], [], overwrite)
        contours = None
        if overlay or probe is not None:
            contours = ContourOverlay(self._probe_file(probe))
        appearance = Appearance(
            size=size,
            label=self._label if label else "",
            overlay=contours,
            slow=Fraction(slow).limit_denominator(1000),
        )
        self._write({KINDS[path.suffix]: path}, appearance)
        return path

    def contours(self, probe: str | os.PathLike | None = None) -> dict[str, np.ndarray]:
        """The contours of the articulators that the contour probe reads off the frames.

        They are an estimate of where the picture shows them (docs/metrics.md says how far off).

        Args:
            probe: as of `tract_variables`.

        Returns:
            {articulator: (T, P, 2) float32}: x to the right and y down, in mm from the upper left
            corner of the picture.

        Raises:
            UserError: there is no probe.
        """
        return open_probe(self._probe_file(probe)).predict(self.frames)

    def tract_variables(self, probe: str | os.PathLike | None = None) -> "pd.DataFrame":
        """The tract variables over time: openings, heights and constrictions.

        They are measured on the contours that the contour probe reads off the frames, so they are
        an estimate of what the picture shows. What each is: docs/metrics.md.

        Args:
            probe: file of the contour probe. Default: that in the model folder; a model without
                one (trained on a corpus without true contours, or exported before models had
                them) takes that of the workflow, ``results/instruments/probe.safetensors``.

        Returns:
            One row for each frame and one column, in mm, for each variable; the index ``time`` is
            the centre of the frame in s. For reliable fixed places (the upper incisor) give whole
            utterances.

        Raises:
            UserError: there is no probe.
        """
        import pandas as pd

        found = tract_variables(self.contours(probe))
        return pd.DataFrame(found, index=pd.Index(self.times, name="time"))

    def _repr_html_(self) -> str:
        """What a notebook shows: the video, at most its first 20 s, and that it is synthetic."""
        shown = min(len(self), SHOWN_SECONDS * self.rate)
        with TemporaryDirectory() as folder:
            path = Path(folder) / "shown.mp4"
            self._write({"video": path}, Appearance(size=SHOWN_SIZE), shown, SHOWN_CRF)
            film = base64.b64encode(path.read_bytes()).decode()
        part = "" if shown == len(self) else f" The first {SHOWN_SECONDS} s are shown."
        return (
            f'<figure style="margin:0"><video controls loop src="data:video/mp4;base64,{film}">'
            f"</video><figcaption>{html.escape(sentence(self.marks))}{part}</figcaption></figure>"
        )

    def _probe_file(self, probe: str | os.PathLike | None) -> Path:
        return chosen_probe(None if probe is None else Path(probe), self._probe)

    def _write(
        self,
        paths: dict[str, Path],
        appearance: Appearance,
        count: int | None = None,
        crf: int = 18,
    ) -> None:
        """Write the first ``count`` frames, or all; second by second, so that sound and picture
        stay together."""
        count = len(self) if count is None else count
        files = VideoFiles(
            rate=self.rate,
            sample_rate=self.sound_rate,
            about=self.marks,
            shape=self.frames.shape[1:],
            appearance=appearance,
            crf=crf,
            **paths,
        )
        last = len(self.sound) if count == len(self) else count * self.sound_rate // self.rate
        with files:
            for start in range(0, count, self.rate):
                stop = min(start + self.rate, count)
                here = start * self.sound_rate // self.rate
                there = last if stop == count else stop * self.sound_rate // self.rate
                files.sound(self.sound[here:there])
                files.frames(self.frames[start:stop])
