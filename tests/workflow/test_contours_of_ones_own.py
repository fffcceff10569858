"""Contours that a user traced, from his files to the frames of the clock, by the workflow."""

import numpy as np
import pandas as pd

from s2r.core.media.encode import write_video
from s2r.preparation.prepared_contours import open_contours

FRAMES, SIZE = 50, 32


def test_contours_are_brought_to_the_frames(snakemake, tmp_path):
    rng = np.random.default_rng(0)
    rows = []
    for subject in ("anna", "ben", "cem"):
        for stimulus in ("a", "b", "c"):
            pictures = rng.integers(0, 255, (FRAMES, SIZE, SIZE), dtype=np.uint8)
            sound = (0.1 * rng.standard_normal(320 * FRAMES)).astype(np.float32)
            path = tmp_path / "videos" / subject / f"{stimulus}.mp4"
            write_video(path, pictures, 50, sound, 16_000)
            rows += [
                (f"{subject}/{stimulus}", frame, "tongue", x, 10)
                for frame in range(0, FRAMES, 5)
                for x in (4, 28)
            ]
    columns = ["recording", "frame", "articulator", "x", "y"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "traced.csv", index=False)
    config = {
        "corpus": {"kind": "folder", "path": "videos"},
        "split": {"unseen_subjects": 0, "unseen_stimuli": 1, "validation_stimuli": 0},
    }
    config["corpus"]["contours"] = {"path": "traced.csv", "pixel_mm": 2.0}
    process = snakemake("--cores", "1", "results/contours.h5", config=config)
    assert process.returncode == 0, process.stdout
    contours = open_contours(tmp_path / "results" / "contours.h5")
    assert contours.field_mm == SIZE * 2.0
    tongue = contours.of("ben_b")["tongue"]
    known = np.isfinite(tongue[:, 0, 0])
    assert np.flatnonzero(known).tolist() == list(range(0, FRAMES, 5))
    np.testing.assert_allclose(tongue[known][:, [0, -1], 0], [[8, 56]] * 10)
    np.testing.assert_allclose(tongue[known][..., 1], 20)
