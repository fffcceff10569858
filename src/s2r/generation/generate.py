"""What a trained model generates for evaluation: clips and whole recordings of every set."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from zlib import crc32

import numpy as np
import pandas as pd

from s2r.config.result_blocks import GenerationConfig
from s2r.config.systems import Kind, regression_system
from s2r.core.shards import Shards
from s2r.core.units import to_unit_range
from s2r.generation.clip_choice import CLIP_CONTEXT, CLIP_LENGTH, choose_clips, starts_of
from s2r.generation.generated_file import GeneratedWriter
from s2r.model.family import VideoModel, VideoTask
from s2r.preparation.selection import recordings_of


def other_speech(recording: str, candidates: Sequence[str], split: pd.DataFrame) -> str:
    """The recording whose speech stands in as the wrong one.

    Another recording of the same subject where there is one, so that only what is said differs;
    else the next recording of the set; a set of one recording stands in for itself (its speech
    is then shifted by half its length).
    """
    subject = dict(zip(split["recording"], split["subject"], strict=True))
    ahead = [*candidates, *candidates][candidates.index(recording) + 1 :][: len(candidates) - 1]
    same = [one for one in ahead if subject[one] == subject[recording]]
    return (same or ahead or [recording])[0]


def lead_ins(draws: int, new: int) -> list[int]:
    """Lead-ins that spread the window boundaries of draws evenly over ``new`` new frames.

    What one draw shows across a window boundary another shows inside a window, so that the two
    can be compared while the same is said (`s2r.evaluation.metrics.texture.seam_ratio`).
    """
    return [draw * new // draws for draw in range(draws)]


def read_pictures(frames: Shards, recording: str, start: int, stop: int | None) -> np.ndarray:
    """Frames ``start`` to ``stop`` of a recording, (T, H, W) float32 in [-1, 1]."""
    return to_unit_range(frames.read(recording, "frames", start, stop))


@dataclass(frozen=True)
class SetTasks:
    """The videos that one test set asks for, by recording."""

    rollouts: dict[str, list[VideoTask]]
    """The draws of a whole recording, then the one with the wrong speech."""
    wrong: dict[str, str]
    """Whose speech the last of the rollouts has."""
    clips: dict[str, list[VideoTask]]
    """Evaluation clips: what comes before them is given."""


def set_tasks(
    model: VideoModel,
    frames: Shards,
    embeddings: Shards,
    split: pd.DataFrame,
    name: str,
    settings: GenerationConfig,
) -> SetTasks:
    """All videos to generate for the set ``name``."""
    members = recordings_of(split, name, frames)
    rolled = recordings_of(split, name, frames, settings.recordings)
    lengths = {one: frames.length(one) for one in members}
    starts = starts_of(choose_clips(lengths, settings.clips))
    speech = {one: model.project(embeddings.read(one, "embeddings")) for one in members}
    wrong = {one: other_speech(one, members, split) for one in rolled}
    tasks = SetTasks({}, wrong, {})
    for one in sorted({*rolled, *starts}):
        reference = read_pictures(frames, one, 0, 1)[0]
        seed = crc32(one.encode()) * 1000 + settings.seed
        if one in rolled:
            other = speech[wrong[one]]
            if wrong[one] == one:
                other = np.roll(other, len(other) // 2, axis=0)
            other = other[np.arange(lengths[one]) % len(other)]
            draws = [
                VideoTask(speech[one], reference, seed + draw, lead_in=lead_in)
                for draw, lead_in in enumerate(lead_ins(settings.draws, model.window))
            ]
            tasks.rollouts[one] = [*draws, VideoTask(other, reference, seed)]
        for start in map(int, starts.get(one, [])):
            end = start + model.overlap
            before = read_pictures(frames, one, end - CLIP_CONTEXT, end)
            tasks.clips.setdefault(one, []).append(
                VideoTask(speech[one], reference, seed + start, start, CLIP_LENGTH, before)
            )
    return tasks


def write_videos(
    writer: GeneratedWriter, tasks: SetTasks, videos: Iterator[np.ndarray], model: VideoModel
) -> None:
    """Write what was made of ``tasks``; ``videos`` in the order of rollouts, then clips."""
    for recording, ordered in tasks.rollouts.items():
        *draws, wrong = islice(videos, len(ordered))
        places = np.stack([model.window_starts(task) for task in ordered[:-1]])
        writer.rollout(recording, np.stack(draws), places, wrong[None], tasks.wrong[recording])
    for recording, ordered in tasks.clips.items():
        starts = [task.first for task in ordered]
        writer.clips(recording, starts, np.stack(list(islice(videos, len(ordered))))[:, None])


def write_regression(writer: GeneratedWriter, tasks: SetTasks, model: VideoModel) -> None:
    """Write what the model's regression alone makes of the same tasks."""
    for recording, ordered in tasks.rollouts.items():
        writer.rollout(recording, model.regression(ordered[0])[None])
    for recording, ordered in tasks.clips.items():
        means = np.stack([model.regression(task) for task in ordered])
        writer.clips(recording, [task.first for task in ordered], means[:, None])


def generate_run(
    model: VideoModel,
    frames: Shards,
    embeddings: Shards,
    split: pd.DataFrame,
    outputs: Mapping[str, str | Path],
    regression_outputs: Mapping[str, str | Path],
    settings: GenerationConfig,
    labels: Mapping[str, str],
) -> None:
    """Generate everything that one trained model is scored on.

    Args:
        outputs: for each set the file to write (see `s2r.generation.generated_file`).
        regression_outputs: the same for the model's regression alone; empty for none.
        labels: system, encoder, size, pooling and preset, kept in the files.
    """
    for name, path in outputs.items():
        tasks = set_tasks(model, frames, embeddings, split, name, settings)
        ordered = [*chain(*tasks.rollouts.values()), *chain(*tasks.clips.values())]
        videos = model.videos(ordered, settings.batch, name.replace("_", " "))
        with GeneratedWriter(path, **labels, kind=Kind.MODEL, estimate="draw") as writer:
            write_videos(writer, tasks, iter(videos), model)
        if name in regression_outputs:
            own = dict(labels) | {"system": regression_system(labels["system"])}
            own |= {"kind": Kind.REGRESSION, "estimate": "mean"}
            with GeneratedWriter(regression_outputs[name], **own) as writer:
                write_regression(writer, tasks, model)
