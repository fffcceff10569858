"""The videos of a trained model for evaluation: clips and whole recordings of every set."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from zlib import crc32

import numpy as np
import pandas as pd

from s2r.config.result_blocks import GenerationConfig
from s2r.config.systems import Kind, mean_system
from s2r.core.units import to_unit_range
from s2r.generation.clip_choice import CLIP_CONTEXT, CLIP_LENGTH, choose_clips, starts_of
from s2r.generation.generated_file import GeneratedWriter
from s2r.generation.utterance import UtteranceVideos
from s2r.model.family import VideoModel, VideoTask
from s2r.preparation.recordings import RecordingSet
from s2r.preparation.resting import reference_frame


def other_speech(recording: str, candidates: Sequence[str], split: pd.DataFrame) -> str:
    """The recording whose speech is used as the wrong speech for ``recording``.

    Another recording of the same subject where there is one, so that only the utterance differs;
    else the next recording of the set; in a set of one recording, that recording (its speech
    is then shifted by half its length).
    """
    subject = dict(zip(split["recording"], split["subject"], strict=True))
    following = [*candidates, *candidates][candidates.index(recording) + 1 :][: len(candidates) - 1]
    same_subject = [
        candidate for candidate in following if subject[candidate] == subject[recording]
    ]
    return (same_subject or following or [recording])[0]


def lead_ins(draws: int, new: int) -> list[int]:
    """Lead-ins that spread the window boundaries of draws evenly over ``new`` new frames.

    Where one draw has a window boundary, another is inside a window, so that the two can be
    compared at the same speech (`s2r.evaluation.metrics.texture.seam_ratio`).
    """
    return [draw * new // draws for draw in range(draws)]


def seed_of(name: str, seed: int) -> int:
    """The first seed of the videos of a recording or an item, from the run's ``seed``."""
    return crc32(name.encode()) * 1000 + seed


def read_pictures(
    recordings: RecordingSet, recording: str, start: int, stop: int | None
) -> np.ndarray:
    """Frames ``start`` to ``stop`` of a recording, (T, H, W) float32 in [-1, 1]."""
    return to_unit_range(recordings.video(recording, start, stop))


@dataclass(frozen=True)
class SetTasks:
    """The videos to generate for one test set, by recording."""

    rollouts: dict[str, list[VideoTask]]
    """The draws of a whole recording, then the one with the wrong speech."""
    wrong: dict[str, str]
    """The recording whose speech the last of the rollouts has."""
    clips: dict[str, list[VideoTask]]
    """Evaluation clips; the true frames before them are given."""


def set_tasks(
    model: VideoModel, recordings: RecordingSet, name: str, settings: GenerationConfig
) -> SetTasks:
    """All videos to generate for the set ``name``."""
    members = recordings.members(name)
    rolled_out = recordings.members(name, settings.recordings)
    lengths = {recording: recordings.length(recording) for recording in members}
    starts = starts_of(choose_clips(lengths, settings.clips))
    speech = {recording: model.project(recordings.embedded(recording)) for recording in members}
    wrong = {
        recording: other_speech(recording, members, recordings.split) for recording in rolled_out
    }
    tasks = SetTasks({}, wrong, {})
    for recording in sorted({*rolled_out, *starts}):
        reference = reference_frame(recordings, recording)
        seed = seed_of(recording, settings.seed)
        if recording in rolled_out:
            wrong_speech = speech[wrong[recording]]
            if wrong[recording] == recording:
                wrong_speech = np.roll(wrong_speech, len(wrong_speech) // 2, axis=0)
            wrong_speech = wrong_speech[np.arange(lengths[recording]) % len(wrong_speech)]
            draws = [
                VideoTask(speech[recording], reference, seed + draw, lead_in=lead_in)
                for draw, lead_in in enumerate(lead_ins(settings.draws, model.window))
            ]
            tasks.rollouts[recording] = [*draws, VideoTask(wrong_speech, reference, seed)]
        for start in map(int, starts.get(recording, [])):
            context_end = start + model.overlap
            context = read_pictures(recordings, recording, context_end - CLIP_CONTEXT, context_end)
            tasks.clips.setdefault(recording, []).append(
                VideoTask(speech[recording], reference, seed + start, start, CLIP_LENGTH, context)
            )
    return tasks


def write_videos(
    writer: GeneratedWriter, tasks: SetTasks, videos: Iterator[np.ndarray], model: VideoModel
) -> None:
    """Write the videos of ``tasks``; ``videos`` has the rollouts first, then the clips."""
    for recording, recording_tasks in tasks.rollouts.items():
        *draws, wrong = islice(videos, len(recording_tasks))
        window_starts = np.stack([model.window_starts(task) for task in recording_tasks[:-1]])
        writer.rollout(
            recording, np.stack(draws), window_starts, wrong[None], tasks.wrong[recording]
        )
    for recording, recording_tasks in tasks.clips.items():
        starts = [task.first for task in recording_tasks]
        writer.clips(
            recording, starts, np.stack(list(islice(videos, len(recording_tasks))))[:, None]
        )


def write_means(writer: GeneratedWriter, tasks: SetTasks, model: UtteranceVideos) -> None:
    """Write the means that the model draws around, for the same tasks."""
    for recording, recording_tasks in tasks.rollouts.items():
        writer.rollout(recording, model.mean(recording_tasks[0])[None])
    for recording, recording_tasks in tasks.clips.items():
        means = np.stack([model.mean(task) for task in recording_tasks])
        writer.clips(recording, [task.first for task in recording_tasks], means[:, None])


def generate_run(
    model: VideoModel,
    recordings: RecordingSet,
    outputs: Mapping[str, str | Path],
    mean_outputs: Mapping[str, str | Path],
    settings: GenerationConfig,
    labels: Mapping[str, str],
    kind: Kind = Kind.MODEL,
) -> None:
    """Generate everything that one trained model is scored on.

    Args:
        recordings: opened with their embeddings and their split.
        outputs: for each set the file to write (see `s2r.generation.generated_file`).
        mean_outputs: the same for the mean that the model draws around, which only
            `UtteranceVideos` have (`s2r.config.systems.runs_with_mean`); empty for none.
        labels: system, encoder, size, pooling, preset and the checksum of the weights
            (``model_sha256``), kept in the files.
        kind: of the system; `Kind.GAUSSIAN` for `UtteranceVideos.without_diffusion`.
    """
    for name, path in outputs.items():
        tasks = set_tasks(model, recordings, name, settings)
        all_tasks = [*chain(*tasks.rollouts.values()), *chain(*tasks.clips.values())]
        videos = model.videos(all_tasks, settings.batch, name.replace("_", " "))
        marks = {"estimate": "draw", "seed": settings.seed}
        with GeneratedWriter(path, **labels, kind=kind, **marks) as writer:
            write_videos(writer, tasks, iter(videos), model)
        if name in mean_outputs:
            mean_labels = dict(labels) | {"system": mean_system(labels["system"])}
            mean_labels |= {"kind": Kind.MEAN, "estimate": "mean"}
            with GeneratedWriter(mean_outputs[name], **mean_labels) as writer:
                write_means(writer, tasks, model)
