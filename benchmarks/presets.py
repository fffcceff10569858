"""The table "Which preset?" of docs/faq.md: scores of the embedded default by noise levels.

    make table1
    python benchmarks/presets.py

draws rollouts as the workflow does, with the presets' levels, and prints the table.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from small_models import SYSTEM, embeddings, read_config

from s2r.config.parameters import run_settings
from s2r.config.result_blocks import GenerationConfig
from s2r.config.systems import SETS
from s2r.core.shards import Shards
from s2r.corpus.split import read_split
from s2r.evaluation.instruments import read_instruments
from s2r.evaluation.metrics.paired import squared_error
from s2r.evaluation.metrics.texture import motion_ratio
from s2r.evaluation.recording_scores import GIVEN
from s2r.generation.generate import generate_run
from s2r.generation.generated_file import read_generated
from s2r.generation.speaker import PRESET_STEPS
from s2r.model.family import find_family
from s2r.preparation.recordings import RecordingSet

NAMES = ("error of a draw x 1000", "of the mean", "motion")


def scores(file: Path, frames: Shards, instruments) -> np.ndarray:
    """`NAMES`, each the mean over recordings; the first two weighted by frames as in the table."""
    rows, weights = [], []
    with read_generated(file) as content:
        for recording in content.rollouts:
            rollout, true = content.rollout(recording), frames.read(recording, "frames")[GIVEN:]
            draws = rollout.draws[:, GIVEN:]
            mean = draws.mean(0, dtype=np.float32)
            rows.append(
                (
                    1000
                    * np.mean([squared_error(true, d, instruments.region).mean() for d in draws]),
                    1000 * squared_error(true, mean, instruments.region).mean(),
                    np.mean([motion_ratio(true, d, instruments.region) for d in draws]),
                )
            )
            weights.append(len(true))
    return np.average(rows, axis=0, weights=weights)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--results", type=Path, default=Path("results"))
    given = parser.parse_args()
    config = read_config()
    settings = run_settings(config, SYSTEM)
    frames = Shards(sorted((given.results / "frames").glob("*.h5")))
    split = read_split(given.results / "split.csv")
    recordings = RecordingSet(
        frames, split, embeddings=embeddings(given.results, settings["encoder"])
    )
    instruments = read_instruments(given.results / "instruments" / "region.npz", None)
    chosen = {key: config["evaluation"][key] for key in ("draws", "recordings", "batch", "seed")}
    amount = GenerationConfig(clips=2, **chosen)
    model = find_family(settings["preset"]).load(
        given.results / "runs" / SYSTEM / "model.safetensors", settings, "cpu"
    )
    default = settings["sampler"]["steps"]
    levels = {"fast": PRESET_STEPS["fast"], "default": default, "best": PRESET_STEPS["best"]}
    lines = []
    for name, steps in levels.items():
        with tempfile.TemporaryDirectory() as folder:
            files = {test: Path(folder) / f"{test}.h5" for test in SETS}
            sampled, labels = model.resampled(steps, None), {"system": SYSTEM}
            generate_run(sampled, recordings, files, {}, amount, labels)
            found = np.array([scores(file, frames, instruments) for file in files.values()])
        cells = [
            " / ".join(f"{value:.{digits}f}" for value in found[:, column])
            for column, digits in enumerate((1, 1, 2))
        ]
        lines.append(f"| {name} | {steps} | {' | '.join(cells)} |")
    print("\n".join([f"| preset | levels | {' | '.join(NAMES)} |", *lines]))


if __name__ == "__main__":
    main()
