"""The interface of models: how they are trained, and how they generate videos.

The models of this package and those of installed packages are found in the same way: an entry
point of the group ``s2r.models`` names a `ModelFamily`, and its name is the ``preset`` of a run.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

import numpy as np

from s2r.core.errors import UserError
from s2r.core.registry import MODELS, load_extension
from s2r.core.units import HALF_RANGE

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class VideoTask:
    """A video to generate: frames ``first`` to ``first + count`` of a recording's speech."""

    speech: np.ndarray
    """(L, P) projected embeddings of the whole recording (`VideoModel.project`)."""
    reference: np.ndarray
    """(H, W) in [-1, 1]: the subject at rest."""
    seed: int
    """Same seed, same video, whatever else is generated in the same batch."""
    first: int = 0
    count: int | None = None
    """None: to the end of the speech."""
    context: np.ndarray | None = None
    """(C, H, W) in [-1, 1], true frames up to ``first`` + the model's ``overlap``; None: there are
    none."""
    origin: int = 0
    """Number of the frame that ``speech`` begins with, in a video that is generated in stretches:
    equal seeds then continue the same noise."""
    lead_in: int = 0
    """Frames generated before ``first`` and thrown away: they move the window boundaries."""

    @property
    def frames(self) -> int:
        """Frames to generate."""
        return len(self.speech) - self.first if self.count is None else self.count


class VideoModel(ABC):
    """A trained model that generates videos.

    A model without windows or context only has `project` and `videos`.
    """

    window: int = 1
    """Frames generated at once; long sounds are generated in stretches of whole windows."""
    context: int = 0
    """True frames before a video that the model makes use of."""
    overlap: int = 0
    """How many frames of the video itself its context holds (the paper's released code: 1)."""
    reach: int = 0
    """Frames of speech on each side of a frame that the frame depends on."""
    one_seed: bool = False
    """Whether stretches of a long video have the same seed: a frame's random numbers then depend on
    the seed and on its number in the video alone. Else every stretch needs another seed."""
    template: "Tensor | None" = None
    """(1, 1, H, W) in [-1, 1], what pictures are registered to; None: they are not."""
    draws: bool = True
    """Whether another seed gives another video; a regression predicts the one mean."""

    @abstractmethod
    def project(self, embeddings: np.ndarray) -> np.ndarray:
        """Embeddings (T, D) of a recording -> the model's speech input (T, P) float32."""

    @abstractmethod
    def videos(
        self,
        tasks: Sequence[VideoTask],
        batch: int = 32,
        label: str = "generate",
        on_frames: Callable[[int], None] | None = None,
    ) -> list[np.ndarray]:
        """Generate the videos of ``tasks``, ``batch`` at a time: for each (T, H, W) uint8.

        ``on_frames`` is called with the number of frames whenever some are generated; without
        it the model shows a progress bar with ``label``.
        """

    def codes(self, task: VideoTask, drawn: bool = False) -> np.ndarray:
        """Articulation codes (T, C) float32 that the frames of ``task`` are decoded from.

        Those of the mean, or with ``drawn`` those of the draw of the task's seed. Raises UserError
        where the model has none.
        """
        raise UserError("This model has no articulation codes: use a model of preset s2r.")

    def takes(self, size: int) -> bool:
        """Whether the model generates pictures of ``size`` x ``size`` pixels."""
        return True

    def resampled(self, steps: int | None, guidance: float | None) -> "VideoModel":
        """The model with other noise levels or another guidance scale; None leaves its own.

        Raises UserError for either of them where the model has no sampler.
        """
        if steps is not None or guidance is not None:
            raise UserError("This model has no sampler: leave out --preset, --steps, --guidance.")
        return self

    def clean(self) -> "VideoModel":
        """The model without the noise that the scanner leaves in real pictures.

        Raises UserError where the model cannot tell that noise from the rest of the picture.
        """
        raise UserError("This model cannot leave out the scanner's noise: leave out --clean.")

    def at_rest(self, task: VideoTask) -> np.ndarray:
        """What the video of ``task`` shows while nobody speaks: (T, H, W) uint8.

        The reference frame, unless the model adds noise of its own to it.
        """
        frame = np.rint((task.reference + 1) * HALF_RANGE).astype(np.uint8)
        return np.broadcast_to(frame, (task.frames, *frame.shape))

    def window_starts(self, task: VideoTask) -> np.ndarray:
        """Which frames are the first of a window, other than the very first: (T,) bool."""
        return np.zeros(task.frames, bool)


@dataclass(frozen=True)
class TrainingJob:
    """A training, in types that JSON can hold, so that several processes can share it."""

    settings: Mapping[str, Any]
    """Of the run, see `s2r.config.parameters.run_settings`."""
    frames: list[str]
    """Shards of frames."""
    embeddings: list[str]
    """Shards of embeddings."""
    split: str
    """The file ``split.csv``."""
    autoencoder: str | None
    """The file of the corpus's articulation codes; None where the model needs none."""
    state_folder: str
    """Where checkpoints may lie; belongs to exactly these settings and data."""
    model_path: str
    """Gets the weights when the training is complete."""
    curve_path: str
    """Gets the training curve as CSV (`s2r.training.loop.write_curve`)."""
    seed: int = 0
    """Of weights, clips, noise and dropout: another seed gives another model (key ``seeds``)."""
    device: str = "cpu"
    """``cpu`` or ``cuda``."""
    processes: int = 1
    """Processes, one per GPU, that share each batch."""
    info: Mapping[str, Any] | None = None
    """Kept in the model file."""
    codes: Sequence[str] = ()
    """The shard with the codes of the training recordings (`s2r.training.recording_codes`), where
    the model needs the articulation codes."""


@dataclass(frozen=True)
class ModelFamily:
    """How a kind of model is trained and loaded: functions, or their names ``module:function``."""

    training: Callable[[TrainingJob], None] | str
    """Writes ``model_path`` and ``curve_path`` of the job."""
    loading: Callable[[Path, Mapping[str, Any], str], VideoModel] | str
    """A model from its file, the settings of its run, and the device."""

    def train(self, job: TrainingJob) -> None:
        """Train a model; after an interruption it goes on from the last checkpoint."""
        _function(self.training)(job)

    def load(self, path: str | Path, settings: Mapping[str, Any], device: str) -> VideoModel:
        """Load a trained model.

        Raises UserError where the file is missing or holds another kind of model.
        """
        if not Path(path).is_file():
            raise UserError(f"{path} does not exist: train the run first (`snakemake`).")
        return _function(self.loading)(Path(path), settings, device)


UTTERANCE = ModelFamily(
    "s2r.training.launch:train_run", "s2r.generation.utterance:load_utterance_videos"
)
"""Preset ``s2r``: articulation codes of whole utterances."""

WINDOWS = ModelFamily(
    "s2r.training.launch:train_run", "s2r.generation.window_videos:load_window_videos"
)
"""Preset ``paper``: diffusion of pixels, window by window."""


def find_family(preset: str) -> ModelFamily:
    """The family behind the preset of a run. Raises UserError for an unknown one."""
    return load_extension(MODELS, preset, ModelFamily)


def _function(function: Callable | str) -> Callable:
    return resolve_name(function) if isinstance(function, str) else function
