"""Generated videos on disk: one lossless HDF5 file for each system and set.

Layout of ``results/generated/{system}/{set}.h5``:

* attributes: ``system``, its ``kind`` (`s2r.config.systems.Kind`), ``encoder``, ``size``,
  ``pooling``, ``preset``; ``estimate`` is ``draw`` for samples and ``mean`` for systems that
  predict an average (a regression, a mean frame); ``oracle`` is true where the system saw frames
  that no real system could have seen; ``skipped`` lists recordings that the system cannot generate,
  and ``fewer_clips`` is true where single clips may be missing too. The marks of
  `s2r.core.origin.marks` (``synthetic``, ``model_sha256``, ``seed``, ``version``, ``commit``) say
  what made it.
* ``rollouts/<recording>``: ``draws`` (k, T, 64, 64) uint8; ``window_starts`` (k, T) bool, true
  where a frame is the first of a window; optional ``wrong_speech`` (1, T, 64, 64) uint8 with the
  attribute ``speech_of``.
* ``clips/<recording>``: ``start`` (n,) int, ``draws`` (n, k, clip, 64, 64) uint8.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from s2r.config.systems import BASELINES, Kind
from s2r.core.damaged import reading
from s2r.core.errors import UserError
from s2r.core.files import atomic_path
from s2r.core.hdf5 import NewFile, open_hdf5
from s2r.core.origin import GENERATED, REARRANGED, marks

ESTIMATES = ("draw", "mean")

AGAIN = "delete it and run the generate stage again"


class GeneratedWriter:
    """Write one generated file; it appears only when the block ends without an error.

    >>> with GeneratedWriter(path, system="copied_frame", kind=Kind.COPIED_FRAME) as writer:
    ...     writer.rollout("sub001_2drt_12_picture1", draws)
    ...     writer.clips("sub001_2drt_12_picture1", starts, clip_draws)
    """

    def __init__(
        self,
        path: str | Path,
        *,
        system: str,
        kind: Kind,
        encoder: str = "",
        size: str = "",
        pooling: str = "",
        preset: str = "",
        estimate: str = "draw",
        oracle: bool = False,
        skipped: Sequence[str] = (),
        fewer_clips: bool = False,
        model_sha256: str = "",
        seed: int | None = None,
    ):
        if estimate not in ESTIMATES:
            raise ValueError(f"estimate must be one of {ESTIMATES}, not {estimate!r}")
        self._path = Path(path)
        self._attributes = {
            "system": system,
            "kind": Kind(kind).value,
            "encoder": encoder,
            "size": size,
            "pooling": pooling,
            "preset": preset,
            "estimate": estimate,
            "oracle": oracle,
            "fewer_clips": fewer_clips,
            "skipped": np.array(list(skipped), dtype=h5py.string_dtype()),
        }
        synthetic = REARRANGED if str(kind) in BASELINES else GENERATED
        self._attributes |= marks(synthetic, checksum=model_sha256, seed=seed)

    def __enter__(self) -> "GeneratedWriter":
        self._stack = contextlib.ExitStack()
        temporary = self._stack.enter_context(atomic_path(self._path))
        self._file = self._stack.enter_context(NewFile(temporary))
        self._file.attrs.update(self._attributes)
        self._file.create_group("rollouts")
        self._file.create_group("clips")
        return self

    def __exit__(self, *failure) -> None:
        self._stack.__exit__(*failure)

    def rollout(
        self,
        recording: str,
        draws: np.ndarray,
        window_starts: np.ndarray | None = None,
        wrong_speech: np.ndarray | None = None,
        speech_of: str | None = None,
    ) -> None:
        """Add the rollouts of a whole recording.

        ``draws`` (k, T, 64, 64) uint8 with k = 1 for a deterministic system; ``window_starts``
        (k, T) true where a frame is the first of a window (None: there are no windows);
        ``wrong_speech`` (1, T, 64, 64) uint8, one draw driven by the speech of ``speech_of``.
        """
        if (wrong_speech is None) != (speech_of is None):
            raise ValueError("wrong_speech and speech_of go together")
        draws = _frames(draws, 4)
        if window_starts is None:
            window_starts = np.zeros(draws.shape[:2])
        window_starts = np.asarray(window_starts, bool)
        if window_starts.shape != draws.shape[:2]:
            raise ValueError(f"window_starts {window_starts.shape} do not fit draws {draws.shape}")
        group = self._file["rollouts"].create_group(recording)
        group.create_dataset("draws", data=draws)
        group.create_dataset("window_starts", data=window_starts)
        if wrong_speech is not None:
            if wrong_speech.shape != (1, *draws.shape[1:]):
                raise ValueError(f"wrong_speech has shape {wrong_speech.shape}")
            group.create_dataset("wrong_speech", data=_frames(wrong_speech, 4))
            group["wrong_speech"].attrs["speech_of"] = speech_of
        self._file.check()

    def clips(self, recording: str, starts: Sequence[int], draws: np.ndarray) -> None:
        """Add clips: ``starts`` (n,) first frames, ``draws`` (n, k, clip, 64, 64) uint8."""
        draws = _frames(draws, 5)
        if len(starts) != len(draws):
            raise ValueError(f"{len(starts)} starts for {len(draws)} clips")
        group = self._file["clips"].create_group(recording)
        group.create_dataset("start", data=np.asarray(starts, dtype=np.int64))
        group.create_dataset("draws", data=draws)
        self._file.check()


@dataclass(frozen=True)
class Rollout:
    """One recording, generated from start to end by one system."""

    draws: np.ndarray
    """(k, T, 64, 64) uint8."""
    window_starts: np.ndarray
    """(k, T) bool: the first frames of windows; all false where there are no windows."""
    wrong_speech: np.ndarray | None
    """(1, T, 64, 64) uint8, driven by another recording's speech, or None."""
    speech_of: str
    """The recording whose speech drove ``wrong_speech``, or ""."""


class Generated:
    """A generated file, read piece by piece; a context manager. See ``read_generated``."""

    def __init__(self, path: Path, file: h5py.File):
        self.path = path
        self._file = file
        self.attributes = {
            key: value.item() if hasattr(value, "item") and np.ndim(value) == 0 else value
            for key, value in file.attrs.items()
        }
        self.skipped = [str(name) for name in self.attributes.pop("skipped", [])]
        self.rollouts = sorted(file["rollouts"])
        """Recordings that have a rollout."""
        self.clip_recordings = sorted(file["clips"])
        """Recordings that have clips."""

    def __enter__(self) -> "Generated":
        return self

    def __exit__(self, *_) -> None:
        self._file.close()

    def rollout(self, recording: str) -> Rollout:
        """The rollout of a recording; UserError where the file has none."""
        with reading(self.path, AGAIN):
            group = self._group("rollouts", recording)
            wrong_speech = group.get("wrong_speech")
            return Rollout(
                draws=group["draws"][()],
                window_starts=group["window_starts"][()],
                wrong_speech=None if wrong_speech is None else wrong_speech[()],
                speech_of="" if wrong_speech is None else wrong_speech.attrs["speech_of"],
            )

    def draws(self, recording: str) -> int:
        """How many draws the rollout of a recording holds."""
        with reading(self.path, AGAIN):
            return len(self._group("rollouts", recording)["draws"])

    def clips(self, recording: str) -> tuple[np.ndarray, np.ndarray]:
        """Starts (n,) and draws (n, k, clip, 64, 64) uint8; UserError where there are none."""
        with reading(self.path, AGAIN):
            group = self._group("clips", recording)
            return group["start"][()], group["draws"][()]

    def first_draws(self) -> dict[tuple[str, int], np.ndarray]:
        """The first draw of every clip: {(recording, start): (clip, 64, 64) uint8}."""
        return {
            (recording, int(start)): video[0]
            for recording in self.clip_recordings
            for start, video in zip(*self.clips(recording), strict=True)
        }

    def _group(self, part: str, recording: str) -> h5py.Group:
        if recording not in self._file[part]:
            raise UserError(
                f"{self.path} has no {part} of recording {recording}: delete the file and run "
                "the generate stage again."
            )
        return self._file[part][recording]


def read_generated(path: str | Path) -> Generated:
    """Open a generated file for reading (use it in a ``with`` statement).

    Raises UserError where the file is missing, is not a generated file, or was made by an earlier
    version, which did not store the kind of the system.
    """
    path, file = Path(path), open_hdf5(path)
    try:
        with reading(path, AGAIN):
            return _opened(path, file)
    except UserError:
        file.close()
        raise


def _opened(path: Path, file: h5py.File) -> Generated:
    if "rollouts" not in file or "clips" not in file or "system" not in file.attrs:
        raise UserError(
            f"{path} lacks the groups rollouts and clips or the attribute system: delete it and "
            "run the generate stage again."
        )
    if "kind" not in file.attrs:
        raise UserError(
            f"{path} was made by an earlier version of s2r, which did not store the kind of the "
            "system: delete it and run the generate stage again."
        )
    return Generated(path, file)


def kind_of(path: str | Path) -> Kind:
    """The kind of the system that made a generated file; errors as of ``read_generated``."""
    with read_generated(path) as content:
        return Kind(content.attributes["kind"])


def _frames(array: np.ndarray, dimensions: int) -> np.ndarray:
    array = np.asarray(array)
    if array.dtype != np.uint8 or array.ndim != dimensions:
        raise ValueError(f"expected {dimensions}-D uint8 frames, got {array.dtype} {array.shape}")
    return array
