"""Videos of a recurrent regression: of any speech, and of the recordings of every test set."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from s2r.config.systems import Kind
from s2r.core.progress import progress
from s2r.core.units import to_levels
from s2r.generation.clip_choice import CLIP_LENGTH, choose_clips, starts_of
from s2r.generation.generate import read_pictures
from s2r.generation.generated_file import GeneratedWriter
from s2r.model.family import VideoModel, VideoTask
from s2r.model.recurrent import RecurrentModel, load_recurrent
from s2r.preparation.recordings import RecordingSet


@dataclass(frozen=True)
class RecurrentVideos(VideoModel):
    """A recurrent regression in a model folder: it predicts a mean, and draws nothing."""

    model: RecurrentModel
    draws = False

    def takes(self, size: int) -> bool:
        """See `VideoModel.takes`: those of the corpus that it was trained on."""
        return self.model.components.shape[1:] == (size**2,)

    def project(self, embeddings: np.ndarray) -> np.ndarray:
        """Embeddings (T, D) -> (T, P) float32."""
        return self.model.project(embeddings)

    def videos(
        self,
        tasks: Sequence[VideoTask],
        batch: int = 32,
        label: str = "generate",
        on_frames: Callable[[int], None] | None = None,
    ) -> list[np.ndarray]:
        """See `VideoModel.videos`; a video longer than its speech ends with the last frame."""
        results = []
        total = sum(task.frames for task in tasks)
        with progress(total=total, label=label, unit="frame", disable=on_frames is not None) as bar:
            for task in tasks:
                video = to_levels(self.model.video(task.speech, task.reference))
                frames = np.arange(task.first, task.first + task.frames)
                results.append(video[np.minimum(frames, len(video) - 1)])
                (on_frames or bar.update)(task.frames)
        return results


def generate_recurrent(
    model_path: str | Path,
    recordings: RecordingSet,
    outputs: Mapping[str, str | Path],
    labels: Mapping[str, str],
    *,
    clips: int,
    rollouts: int | None = None,
    device: str = "cpu",
) -> None:
    """Write the generated file of each set (`s2r.generation.generated_file`): a mean, no draws.

    A clip is cut from the video of its whole recording, for which the first frame is
    given.

    Args:
        recordings: opened with their embeddings and their split.
        outputs: for each set the file to write.
        labels: system, encoder, size, pooling and the checksum of the weights, kept in the files.
        clips: evaluation clips of each set.
        rollouts: the most recordings of a set that are rolled out (None: all; see
            `s2r.preparation.selection.recordings_of`).
    """
    model, _ = load_recurrent(model_path, device)
    for name, path in outputs.items():
        members = recordings.members(name)
        lengths = {recording: recordings.length(recording) for recording in members}
        starts = starts_of(choose_clips(lengths, clips))
        rolled_out = recordings.members(name, rollouts)
        with GeneratedWriter(path, **labels, kind=Kind.RECURRENT, estimate="mean") as writer:
            for recording in progress(sorted({*rolled_out, *starts}), name.replace("_", " ")):
                speech = model.project(recordings.embedded(recording, 0, lengths[recording]))
                reference = read_pictures(recordings, recording, 0, 1)[0]
                video = to_levels(model.video(speech, reference))
                if recording in rolled_out:
                    writer.rollout(recording, video[None])
                if recording in starts:
                    clip_frames = starts[recording][:, None] + np.arange(CLIP_LENGTH)
                    writer.clips(recording, starts[recording], video[clip_frames][:, None])
