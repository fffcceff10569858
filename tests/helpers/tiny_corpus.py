"""A few seconds of made-up video whose bright bar stands where the embedding says."""

from pathlib import Path

import numpy as np
import pandas as pd

from s2r.core.shards import Shards, write_shard
from s2r.preparation.recordings import RecordingSet

SIZE = 16
DIMENSION = 5


def write_tiny_corpus(folder: Path, length: int = 60) -> RecordingSet:
    """Frames, embeddings and split of 3 subjects x 4 stimuli."""
    rng = np.random.default_rng(0)
    frames, embeddings, rows = [], [], []
    for subject in ("s1", "s2", "s3"):
        for stimulus in ("a", "b", "c", "d"):
            name = f"{subject}_{stimulus}"
            wave = rng.normal(size=(length + 8, DIMENSION))
            wave = np.stack([np.convolve(one, np.ones(9) / 3, "valid") for one in wave.T], 1)
            wave[0] = 0
            place = SIZE / 2 + 3 * np.tanh(wave[:, :1, None])
            pixel = np.arange(SIZE)[None, None, :]
            video = 40 + 180 * np.exp(-(((pixel - place) / 2) ** 2)) * np.ones((1, SIZE, 1))
            video = np.clip(video + 5 * rng.normal(size=video.shape), 0, 255).astype(np.uint8)
            frames.append((name, {"frames": video}, {}))
            embeddings.append((name, {"embeddings": wave.astype(np.float16)}, {}))
            kind = {"c": "validation", "d": "unseen_speech"}.get(stimulus, "train")
            rows.append((name, subject, stimulus, kind))
    write_shard(folder / "frames/00.h5", frames, {})
    write_shard(folder / "embeddings/00.h5", embeddings, {})
    split = pd.DataFrame(rows, columns=["recording", "subject", "stimulus", "set"])
    return RecordingSet(
        Shards([folder / "frames/00.h5"]), split, embeddings=Shards([folder / "embeddings/00.h5"])
    )
