"""Single words, generated from the true frames before them, like the clips of Table 1.

One file for each run and set, in the layout of `s2r.generation.generated_file`, whose rollouts are
named after items instead of recordings.
"""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from s2r.config.result_blocks import GenerationConfig
from s2r.config.systems import Kind
from s2r.core.units import frames_of
from s2r.generation.clip_choice import CLIP_CONTEXT
from s2r.generation.generate import read_pictures, seed_of
from s2r.generation.generated_file import GeneratedWriter
from s2r.model.family import VideoModel, VideoTask
from s2r.preparation.recordings import RecordingSet
from s2r.preparation.resting import reference_frame
from s2r.preparation.selection import evenly


def generate_words(
    model: VideoModel,
    recordings: RecordingSet,
    segments: pd.DataFrame,
    outputs: Mapping[str, str | Path],
    settings: GenerationConfig,
    labels: Mapping[str, str],
    most: int | None = None,
) -> None:
    """Generate the words and VCVs of each set, the true frames before them given.

    A word is never given its own first frame, whatever the model's ``overlap``.

    Args:
        recordings: opened with their embeddings.
        segments: the table of `s2r.evaluation.words.segments`.
        outputs: {set: file to write}; a set without items gets a file without videos.
        settings: ``draws``, ``batch`` and ``seed`` count here.
        labels: as in `s2r.generation.generate.generate_run`.
        most: items of a set, spread evenly; None for all.
    """
    rows = segments[segments["kind"] != "phone"]
    for name, path in outputs.items():
        items = evenly(list(rows[rows["set"] == name].itertuples()), most or len(rows))
        used = sorted({row.recording for row in items})
        speech = {name: model.project(recordings.embedded(name)) for name in used}
        references = {name: reference_frame(recordings, name) for name in used}
        tasks = []
        for row in items:
            length = recordings.length(row.recording)
            first, stop = frames_of(row.start, row.end, length)
            # an item at the very start of a recording has fewer frames, or none, before it
            start = max(first - CLIP_CONTEXT, 0)
            preceding = read_pictures(recordings, row.recording, start, first)
            seed = seed_of(row.item, settings.seed)
            context = preceding if len(preceding) >= model.context else None
            tasks += [
                VideoTask(
                    speech[row.recording],
                    references[row.recording],
                    seed + draw,
                    first,
                    stop - first,
                    context,
                )
                for draw in range(settings.draws)
            ]
        videos = iter(model.videos(tasks, settings.batch, f"words, {name}"))
        marks = {"estimate": "draw", "seed": settings.seed}
        with GeneratedWriter(path, **labels, kind=Kind.MODEL, **marks) as writer:
            for row in items:
                writer.rollout(row.item, np.stack(list(islice(videos, settings.draws))))
