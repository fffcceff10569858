"""What the released split does to a score: the same model trained on it, and without its leaks."""

from pathlib import Path

import pandas as pd
from small_models import SYSTEM, embeddings, errors_of_default, read_config

from s2r.core.shards import Shards
from s2r.corpus.index import read_recordings
from s2r.corpus.released_split import released_split
from s2r.evaluation.instruments import Instruments
from s2r.preparation.recordings import RecordingSet

SEEDS = (1, 2, 3)


def split_effect(results: Path, made: Path, frames: Shards, instruments: Instruments) -> list[dict]:
    """Errors of the default's model trained on the released split, and on nothing but its scripted
    recordings, as rows; the test recordings are parted by what the released split trains on."""
    index = read_recordings(results / "recordings.csv")
    index = index[index["status"] == "ok"]
    released = released_split(index)
    train_rows = released[released["set"] == "train"]
    spontaneous = index["style"] == "spontaneous"
    seen = index["subject"].isin(train_rows["subject"])
    read = index["stimulus"].isin(train_rows["stimulus"])
    parts = {
        "seen_subject_new_topic": index[seen & ~read],
        "new_subject_seen_text": index[~seen & ~spontaneous & read],
        "new_subject_seen_topic": index[~seen & spontaneous & read],
        "new_subject_new_topic": index[~seen & ~read],
    }
    tests = [rows.assign(set=name)[released.columns] for name, rows in parts.items()]
    scripted = index["recording"][~spontaneous]
    trainings = {
        "released": train_rows,
        "scripted": train_rows[train_rows["recording"].isin(scripted)],
    }
    speech = embeddings(results, read_config()["runs"][SYSTEM]["encoder"])
    rows = []
    for training, trained_on in trainings.items():
        split = pd.concat([trained_on, *tests], ignore_index=True)
        recordings = RecordingSet(frames, split, embeddings=speech)
        for seed in SEEDS:
            folder = made / f"leak_{training}_{seed}"
            errors = errors_of_default(recordings, seed, folder, instruments)
            row = {"training": training, "trained_on": len(trained_on), "seed": seed}
            rows += [
                row | {"test": name, "recordings": len(parts[name]), "error": error}
                for name, error in errors.items()
            ]
    return rows
