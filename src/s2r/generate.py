"""What a trained model generates for evaluation: clips and whole recordings of every set."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from zlib import crc32

import numpy as np
import pandas as pd

from s2r.clips import common_length
from s2r.generated import CLIP_LENGTH, GeneratedWriter, choose_clips, evenly, starts_of
from s2r.model.sampler import SamplerConfig
from s2r.model.tract_model import TractModel, load_model
from s2r.rollout import VideoTask, generate_videos, regress, seams
from s2r.store import Shards

EVALUATION_CONTEXT = 10
"""Clips start at this frame or later, so that every model finds its context before them."""


@dataclass(frozen=True)
class GenerationConfig:
    """How much is generated for evaluation."""

    draws: int = 4
    """Independent samples of every rollout; their mean estimates the expected video."""
    clips: int = 32
    """Evaluation clips of each set."""
    recordings: int | None = None
    """Whole recordings of each set that are rolled out, spread evenly; None for all."""
    batch: int = 16
    """Videos generated side by side."""
    seed: int = 0


def chosen_recordings(split: pd.DataFrame, name: str, count: int | None) -> list[str]:
    """The recordings of a set that are rolled out, in order of their names."""
    recordings = sorted(split.loc[split["set"] == name, "recording"])
    return recordings if count is None else evenly(recordings, count)


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


def read_pictures(frames: Shards, recording: str, start: int, stop: int | None) -> np.ndarray:
    """Frames ``start`` to ``stop`` of a recording, (T, H, W) float32 in [-1, 1]."""
    return frames.read(recording, "frames", start, stop).astype(np.float32) / 127.5 - 1


def generate_run(
    model_path: str | Path,
    frames: Shards,
    embeddings: Shards,
    split: pd.DataFrame,
    outputs: Mapping[str, str | Path],
    regression_outputs: Mapping[str, str | Path],
    sampler: SamplerConfig,
    settings: GenerationConfig,
    labels: Mapping[str, str],
    device: str = "cpu",
) -> None:
    """Generate everything that one trained model is scored on.

    Args:
        outputs: for each set the file to write (see `s2r.generated`).
        regression_outputs: the same for the model's regression alone; empty for none.
        labels: system, encoder, size, pooling and preset, kept in the files.
    """
    model, _ = load_model(model_path, device)
    for name, path in outputs.items():
        regressed = name in regression_outputs
        with ExitStack() as stack:
            writer = stack.enter_context(GeneratedWriter(path, **labels, estimate="draw"))
            mean_writer = None
            if regressed:
                own = dict(labels) | {"system": f"regression-{labels['system']}"}
                mean_writer = stack.enter_context(
                    GeneratedWriter(regression_outputs[name], **own, estimate="mean")
                )
            generate_set(
                model, frames, embeddings, split, name, sampler, settings, writer, mean_writer
            )


def generate_set(
    model: TractModel,
    frames: Shards,
    embeddings: Shards,
    split: pd.DataFrame,
    name: str,
    sampler: SamplerConfig,
    settings: GenerationConfig,
    writer: GeneratedWriter,
    mean_writer: GeneratedWriter | None,
) -> None:
    """Generate the rollouts and clips of the set ``name`` and write them."""
    members = chosen_recordings(split, name, None)
    rolled = chosen_recordings(split, name, settings.recordings)
    lengths = {one: common_length(frames, embeddings, one) for one in members}
    context = max(model.config.window.context, 1)
    clips = starts_of(choose_clips(lengths, settings.clips, CLIP_LENGTH, EVALUATION_CONTEXT))

    @cache
    def speech(recording: str) -> np.ndarray:
        whole = embeddings.read(recording, "embeddings", 0, lengths[recording])
        return model.project(whole)

    @cache
    def reference(recording: str) -> np.ndarray:
        return read_pictures(frames, recording, 0, 1)[0]

    tasks: list[VideoTask] = []
    for recording in rolled:
        base = crc32(recording.encode()) * 1000 + settings.seed
        tasks += [
            VideoTask(speech(recording), reference(recording), base + draw)
            for draw in range(settings.draws)
        ]
        wrong = speech(other_speech(recording, members, split))
        wrong = wrong if len(members) > 1 else np.roll(wrong, len(wrong) // 2, axis=0)
        wrong = wrong[np.arange(lengths[recording]) % len(wrong)]
        tasks.append(VideoTask(wrong, reference(recording), base))
    for recording, starts in clips.items():
        base = crc32(recording.encode()) * 1000 + settings.seed
        for start in starts:
            before = read_pictures(frames, recording, start - context, start)
            tasks.append(
                VideoTask(
                    speech(recording),
                    reference(recording),
                    base + int(start),
                    int(start),
                    CLIP_LENGTH,
                    before,
                )
            )
    videos = iter(
        generate_videos(model, tasks, sampler, settings.batch, f"{name.replace('_', ' ')}")
    )
    made = iter(tasks)
    new = model.config.window.new
    for recording in rolled:
        draws = np.stack(list(islice(videos, settings.draws)))
        writer.rollout(
            recording,
            draws,
            seams(draws.shape[1], new),
            next(videos)[None],
            other_speech(recording, members, split),
        )
        own = next(iter(list(islice(made, settings.draws + 1))))
        if mean_writer:
            mean_writer.rollout(recording, regress(model, own)[None], [])
    for recording, starts in clips.items():
        writer.clips(recording, starts, np.stack(list(islice(videos, len(starts))))[:, None])
        own = list(islice(made, len(starts)))
        if mean_writer:
            means = np.stack([regress(model, one) for one in own])
            mean_writer.clips(recording, starts, means[:, None])
