"""What the switches of ``paper_compat`` that concern the network do to a score."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from small_models import embeddings, read_config, rollout_errors, train_here

from s2r.config.parameters import run_settings
from s2r.config.result_blocks import GenerationConfig
from s2r.core.shards import Shards
from s2r.evaluation.clip_features import read_clips
from s2r.evaluation.instruments import Instruments
from s2r.evaluation.metrics.paired import ssim_per_frame
from s2r.evaluation.metrics.texture import seam_ratio
from s2r.generation.generate import generate_run
from s2r.generation.generated_file import read_generated
from s2r.generation.window_videos import load_window_videos
from s2r.model.window_model import load_model, save_model
from s2r.preparation.recordings import RecordingSet
from s2r.training.checkpoints import load_state

SET = "unseen_speech"
SEEDS = (0, 1)
VARIANTS = ("none", "condition_frame", "raw_condition", "last_weights", "ten_steps")
"""Switches of ``paper_compat``; ``none``; and the sampler of the preset instead of ``SAMPLER``."""

TRAINING = {"clips": 6000, "warmup_clips": 400, "validate_clips": 6000, "checkpoint_clips": 2000}
SAMPLER = {"solver": "dpm_solver", "steps": 5, "sigma_min": 0.05, "sigma_max": 20, "spacing": "log"}
"""A quarter of the network calls of the preset's ten stochastic Heun steps."""
AMOUNT = GenerationConfig(draws=2, clips=32, recordings=4, batch=12)


def variant(
    switch: str,
    seed: int,
    results: Path,
    made: Path,
    frames: Shards,
    split: pd.DataFrame,
    instruments: Instruments,
) -> dict:
    """Train a small model of preset ``paper`` with one switch on, draw from it and score it."""
    config = read_config()
    run = {"encoder": "logmel", "pooling": False, "preset": "paper", "sampler": SAMPLER}
    config["runs"] = {"paper": run}
    config["training"] |= TRAINING
    if switch == "ten_steps":
        del run["sampler"]
    elif switch != "none":
        config["paper_compat"][switch] = True
    settings = run_settings(config, "paper")
    folder = made / f"{switch}_{seed}"
    recordings = RecordingSet(frames, split, embeddings=embeddings(results, "logmel"))
    model = folder / "model.safetensors"
    if switch == "ten_steps":
        model = made / f"none_{seed}" / "model.safetensors"
    elif not model.exists() and switch == "last_weights":
        keep_last_weights(made / f"none_{seed}", model)
    elif not model.exists():
        without = split[split["set"] != "validation"]
        train_here(settings, replace(recordings, split=without), folder, seed)
    file = folder / f"{SET}.h5"
    if not file.exists():
        labels = {"system": switch}
        generate_run(
            load_window_videos(model, settings, "cpu"), recordings, {SET: file}, {}, AMOUNT, labels,
        )  # fmt: skip
    with read_generated(file) as content:
        clips = content.first_draws()
    truth = read_clips(recordings, list(clips))
    shown = np.stack(list(clips.values()))
    similarity = ssim_per_frame(
        truth.reshape(-1, *truth.shape[2:]), shown.reshape(-1, *shown.shape[2:])
    ).reshape(len(clips), -1)
    ratios = []
    with read_generated(file) as content:
        for recording in content.rollouts:
            rollout = content.rollout(recording)
            ratios.append(seam_ratio(rollout.draws, rollout.window_starts, instruments.region))
    errors = rollout_errors(file, frames, instruments)
    return {
        "switch": switch,
        "seed": seed,
        "ssim": 100 * float(similarity.mean()),
        "ssim_first_frame": 100 * float(similarity[:, 0].mean()),
        "clips": len(clips),
        "error": float(np.mean(errors)),
        "seam_motion": float(np.nanmean(ratios)),
        "rollouts": len(ratios),
        "draws": AMOUNT.draws,
    }


def keep_last_weights(trained: Path, path: Path) -> None:
    """What training would have saved without the average: it is the same but for that."""
    model, info = load_model(trained / "model.safetensors")
    model.load_state_dict(load_state(trained / "state")["model"])
    save_model(model, path, info)
