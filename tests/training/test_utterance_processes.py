"""Two processes train the utterance model that one would."""

from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file

from helpers.quick_utterance import MEAN_BLOCK, RESIDUAL_BLOCK, SAMPLER, write_corpus
from helpers.settings import PAPER_RUN
from s2r.config.check import complete
from s2r.config.keys import plain
from s2r.config.parameters import run_settings
from s2r.model.family import TrainingJob
from s2r.training import launch
from s2r.training.launch import train_from_files, train_run

ONE_STEP = {"fold_share": 0.08}
"""Of the folds. The size of residuals follows how much their means move; after more steps means of
so small a model move so little that rounding decides."""


def job(corpus, folder, processes: int) -> TrainingJob:
    return TrainingJob(
        settings={
            "preset": "s2r",
            "pooling": False,
            "mean": MEAN_BLOCK | ONE_STEP,
            "residual": RESIDUAL_BLOCK,
            "sampler": plain(SAMPLER),
        },
        frames=[str(corpus / "frames/00.h5")],
        embeddings=[str(corpus / "embeddings/00.h5")],
        split=str(corpus / "split.csv"),
        autoencoder=str(corpus / "autoencoder.safetensors"),
        state_folder=str(folder / "state"),
        model_path=str(folder / "model.safetensors"),
        curve_path=str(folder / "curve.csv"),
        processes=processes,
    )


def test_two_processes_train_as_one(tmp_path):
    write_corpus(tmp_path)
    folders = [tmp_path / "one", tmp_path / "two"]
    for number, folder in enumerate(folders, start=1):
        train_run(job(tmp_path, folder, processes=number))
    curves = [pd.read_csv(folder / "curve.csv") for folder in folders]
    assert len(curves[0]) == 6
    for column in ("clips", "loss", "validation_error", "draw_error", "wrong_speech_error"):
        np.testing.assert_allclose(curves[0][column], curves[1][column], rtol=1e-3)
    ours, others = (load_file(folder / "model.safetensors") for folder in folders)
    assert ours.keys() == others.keys()
    # Adam divides by the size of the gradient: where that is all but zero, rounding shows in single
    # weights, so they are compared as one vector.
    for part in ("mean.", "denoiser.", "residual."):
        names = [name for name in ours if name.startswith(part)]
        first, second = (torch.cat([one[n].flatten() for n in names]) for one in (ours, others))
        assert (first - second).norm() <= 1e-3 * first.norm()
    assert abs(ours["spread"] - others["spread"]) < 1e-3


def test_the_seed_of_a_job_is_that_of_all_its_trainings(tmp_path, monkeypatch):
    write_corpus(tmp_path)
    seen = {}
    monkeypatch.setattr(
        launch, "train_utterance", lambda config, *rest, **_: seen.update(utterance=rest[:2])
    )
    monkeypatch.setattr(
        launch, "train_window_model", lambda config, *rest, **_: seen.update(windows=rest[:1])
    )
    utterance = replace(job(tmp_path, tmp_path, processes=1), seed=7)
    train_from_files(utterance)
    settings = run_settings(complete({"runs": {"old": PAPER_RUN}}), "old")
    train_from_files(replace(utterance, settings=settings))
    assert [training.seed for training in seen["utterance"]] == [7, 7]
    assert [training.seed for training in seen["windows"]] == [7]
