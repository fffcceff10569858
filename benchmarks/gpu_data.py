"""Recordings for the check on a GPU, made on the spot: a phantom without any video file.

Embeddings are coarse logarithmic spectra: what they say of the sound plays no part there, and they
need neither weights nor torchaudio.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
from scipy.signal import resample_poly

from s2r.core.job import THREAD_VARIABLES
from s2r.core.shards import Shards, write_shard
from s2r.core.units import FRAME_SIZE, HOP, SAMPLE_RATE
from s2r.corpus.phantom.acoustics import SAMPLE_RATE as PHANTOM_RATE
from s2r.corpus.phantom.stimuli import PROFILES, STIMULI
from s2r.corpus.phantom.writer import FRAME_PERIOD, record, recording_name
from s2r.preparation.frames import FramesConfig
from s2r.preparation.pictures import intensity_range, retime, scale_levels, shrink
from s2r.preparation.recordings import RecordingSet

BANDS = 80
SEED = 1


@dataclass(frozen=True)
class Corpus:
    """Which recordings of a profile of the phantom are made."""

    profile: str
    subjects: int
    unseen: int
    """The last so many subjects are no part of the training."""
    training: tuple[str, ...]
    """Stimuli; each is recorded once by every subject."""
    validation: tuple[str, ...]


RECORDED = [stimulus for stimulus, _ in PROFILES["default"].recordings]
DEFAULT = Corpus(
    "default",
    24,
    6,
    tuple(name for name in RECORDED if STIMULI[name].style == "scripted"),
    ("picture1",),
)
SMALL = Corpus("tiny", 3, 1, ("vcv1",), ("picture1",))


def make_recordings(corpus: Corpus, folder: Path, processes: int) -> RecordingSet:
    """Frames, embeddings and split of ``corpus``, in files below ``folder``."""
    jobs, rows = [], []
    for subject in range(1, corpus.subjects + 1):
        seen = subject <= corpus.subjects - corpus.unseen
        sets = {stimulus: "train" if seen else "unseen_subject" for stimulus in corpus.training}
        sets |= {stimulus: "validation" if seen else "unused" for stimulus in corpus.validation}
        for stimulus, name in sets.items():
            jobs.append((corpus.profile, subject, stimulus))
            rows.append((recording_name(subject, stimulus), f"sub{subject:03d}", stimulus, name))
    one_thread = patch.dict(os.environ, dict.fromkeys(THREAD_VARIABLES, "1"))
    with one_thread, ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        made = list(pool.map(prepared, *zip(*jobs, strict=True)))
    split = pd.DataFrame(rows, columns=["recording", "subject", "stimulus", "set"])
    shards = {}
    for number, kind in enumerate(("frames", "embeddings")):
        content = [
            (name, {kind: arrays[number]}, {})
            for name, arrays in zip(split["recording"], made, strict=True)
        ]
        write_shard(folder / f"{kind}.h5", sorted(content, key=lambda one: one[0]), {})
        shards[kind] = Shards([folder / f"{kind}.h5"])
    return RecordingSet(split=split, **shards)


def prepared(profile: str, subject: int, stimulus: str) -> tuple[np.ndarray, np.ndarray]:
    """Frames (T, 64, 64) uint8 and embeddings (T, BANDS) float16 of one recording."""
    take = record(subject, stimulus, SEED, profile)
    frames = retime(shrink(take.frames, FRAME_SIZE), 1 / FRAME_PERIOD)
    frames = scale_levels(frames, *intensity_range(frames, FramesConfig().percentiles))
    wave = resample_poly(take.wave, SAMPLE_RATE // 4000, PHANTOM_RATE // 4000)
    embeddings = spectrum(wave.astype(np.float32))
    length = min(len(frames), len(embeddings))
    return frames[:length], embeddings[:length]


def spectrum(wave: np.ndarray) -> np.ndarray:
    """Powers of ``BANDS`` equal bands in bels, (N // 320, BANDS) float16, of a wave (N,) of 16 kHz.

    From windows of 40 ms in the middle of each frame's 20 ms.
    """
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(wave, HOP // 2), 2 * HOP)[::HOP]
    powers = np.square(np.abs(np.fft.rfft(windows * np.hanning(2 * HOP))))[:, 1:]
    bands = powers.reshape(len(powers), BANDS, -1).mean(-1)
    return np.log10(bands + 1e-6).astype(np.float16)
