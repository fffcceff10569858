"""The validation error of a training curve is that of the videos that the model generates."""

import numpy as np
import pandas as pd
import pytest

from helpers.utterance_model import SAMPLER
from s2r.core.units import to_unit_range
from s2r.generation.utterance import UtteranceVideos
from s2r.model.family import VideoTask
from s2r.model.utterance_model import load_utterance_model
from s2r.preparation.recordings import open_recordings
from s2r.preparation.region import dynamic_region
from s2r.preparation.resting import reference_frame


@pytest.fixture(scope="module")
def recordings(utterance_folder):
    return open_recordings(
        {
            "frames": [utterance_folder / "frames/00.h5"],
            "embeddings": [utterance_folder / "embeddings/00.h5"],
            "split": utterance_folder / "split.csv",
        }
    )


@pytest.fixture(scope="module")
def curve(utterance_folder):
    return pd.read_csv(utterance_folder / "run/curve.csv")


def error_of(recordings, generate) -> float:
    """Mean squared error of videos (T, H, W) uint8 in the dynamic region, over all frames."""
    region = dynamic_region(recordings.video(name) for name in recordings.members("train"))
    names = recordings.members("validation")
    errors = [
        np.square(to_unit_range(generate(name)) - to_unit_range(recordings.video(name)))[:, region]
        for name in names
    ]
    return float(np.concatenate(errors).mean())


def test_it_is_the_error_of_the_mean_video(utterance_folder, recordings, curve):
    model, _ = load_utterance_model(utterance_folder / "run/model.safetensors")
    videos = UtteranceVideos(model, SAMPLER)

    def mean(name):
        speech = model.project(recordings.embedded(name))
        return videos.mean(VideoTask(speech, reference_frame(recordings, name), seed=0))

    expected = error_of(recordings, mean)
    # grey levels of the video are rounded
    assert curve["validation_error"].dropna().iloc[-1] == pytest.approx(expected, rel=0.02)


def test_draws_err_more_than_the_mean_in_the_same_unit(curve):
    last = curve.iloc[-1]
    mean = curve["validation_error"].dropna().iloc[-1]
    assert mean < last["draw_error"] < 10 * mean
    assert mean < last["wrong_speech_error"] < 10 * mean
