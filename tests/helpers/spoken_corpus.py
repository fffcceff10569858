"""Two recordings of made-up video in which a bright tongue touches the palate at every T."""

from pathlib import Path

import numpy as np
import pandas as pd

from helpers.truth_file import write_truth_file
from s2r.core.shards import write_shard
from s2r.evaluation.words.segments import cut_corpus
from s2r.preparation.recordings import RecordingSet

SIZE, RATE, SECONDS = 32, 50, 3.0
PALATE = 8
"""Row of the palate; the tongue is 1 row below it in a T and 8 rows in a vowel."""

VCV = (("SIL", 0.0, 0.2), ("AA", 0.2, 0.5), ("T", 0.5, 0.7), ("AA", 0.7, 1.0), ("SIL", 1.0, 1.3))
WORDS = (("S", 1.3, 1.4), ("EY", 1.4, 1.6), ("B", 1.6, 1.7), ("AE", 1.7, 2.0), ("T", 2.0, 2.2))
PHONES = (*VCV, *WORDS, ("SIL", 2.2, SECONDS))
TRIM = 0.1
"""s that the frames start after the video."""


def height(times: np.ndarray) -> np.ndarray:
    """Rows between tongue and palate at ``times`` (s of the source video)."""
    label = np.array([phone for phone, *_ in PHONES])
    index = np.searchsorted([start for _, start, _ in PHONES], times, side="right") - 1
    return np.where(label[index] == "T", 1.0, 8.0)


def film(times: np.ndarray, seed: int = 0) -> np.ndarray:
    """(T, SIZE, SIZE) uint8: palate and tongue bright, air dark, a little noise."""
    rows = np.arange(SIZE)[None, :, None]
    tongue = rows >= PALATE + height(times)[:, None, None]
    # only the middle columns can move: elsewhere is a wall
    columns = (np.arange(SIZE) >= 10) & (np.arange(SIZE) < 22)
    bright = np.where(columns, tongue, True) | (rows < PALATE)
    noise = np.random.default_rng(seed).normal(0, 3, (len(times), SIZE, SIZE))
    return np.clip(np.where(bright, 180, 30) + noise, 0, 255).astype(np.uint8)


def write_truth(path: Path) -> None:
    """Contours of the film, in pixels of 2 mm, and the phones."""
    times = (np.arange(round(SECONDS * 80)) + 0.5) / 80
    points = np.zeros((2, len(times), 38, 2), np.float32)
    points[:, :, :, 0] = np.linspace(0, 37, 38)
    points[0, :, :, 1] = PALATE + 9.0  # the tongue: far from the palate but for one point
    points[0, :, 30, 1] = PALATE + height(times)
    points[1, :, :, 1] = PALATE
    write_truth_file(path, times, *points, PHONES)


def write_spoken_corpus(home: Path, truth: bool = True) -> dict:
    """Frames, tables and region of a test set ``unseen_subject``; the files as
    `s2r.evaluation.data.open_evaluation_data` takes them.

    Recordings ``a`` and ``b`` (stimulus bvt) and ``c`` (rainbow, never cut). With ``truth`` the
    phones and contours are known.
    """
    write_truth(home / "truth.h5")
    length = round((SECONDS - TRIM) * RATE)
    times = TRIM + (np.arange(length) + 0.5) / RATE
    sound = np.zeros(length * 320, np.float32)
    items = [
        (name, {"frames": film(times, seed), "audio": sound}, {})
        for seed, name in enumerate(("a", "b", "c"))
    ]
    write_shard(home / "0.h5", items, {"first_frame_time": TRIM, "rate": RATE})
    table = pd.DataFrame({"recording": ["a", "b", "c"], "subject": ["s1", "s2", "s1"]})
    table["stimulus"] = ["bvt", "bvt", "rainbow"]
    table["truth"] = str(home / "truth.h5") if truth else ""
    table.to_csv(home / "recordings.csv", index=False)
    split = table[["recording", "subject", "stimulus"]].assign(set="unseen_subject")
    split.to_csv(home / "split.csv", index=False)
    region = np.zeros((SIZE, SIZE), bool)
    region[PALATE : PALATE + 8, 10:22] = True
    np.savez(home / "region.npz", region=region, cells=np.array([[8, 12]]))
    tables = {name: home / f"{name}.csv" for name in ("recordings", "split")}
    return tables | {"frames": [home / "0.h5"], "region": home / "region.npz"}


def cut_bvt(recordings: RecordingSet, path: Path) -> None:
    """Cut the recordings of stimulus bvt into their VCV and the word "bat"; write ``path``."""
    sets, stimuli, transcripts = ["unseen_subject"], ["bvt"], {"bvt": "bat"}
    cut_corpus(recordings, sets=sets, stimuli=stimuli, transcripts=transcripts, path=path)
