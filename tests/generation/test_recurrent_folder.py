"""A recurrent regression as a model folder: exported, described, and used for any speech."""

import numpy as np
import pytest
import yaml

from helpers.sounds import voice
from s2r.cli import main
from s2r.config.recurrent_blocks import RecurrentConfig, RecurrentTraining
from s2r.core.media.decode import probe
from s2r.core.media.encode import write_wav
from s2r.generation.model_folder import load_model_folder
from s2r.model.family import VideoTask
from s2r.preparation.recordings import open_recordings
from s2r.preparation.resting import reference_frame
from s2r.training.recurrent import train_recurrent

QUICK = RecurrentTraining(
    clips=64, batch=8, segment=20, learning_rate=0.01, warmup_clips=16, speech_dimensions=5,
    components=4, validate_clips=32,
)  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory, utterance_folder):
    """The folder of a project with a trained regression, and its recordings."""
    folder = tmp_path_factory.mktemp("project")
    results = folder / "results"
    results.mkdir()
    for name in ("frames", "embeddings", "split.csv"):
        (results / name).symlink_to(utterance_folder / name)
    (folder / "config").mkdir()
    config = {"recurrent": {"encoders": ["logmel"]}}
    (folder / "config/config.yaml").write_text(yaml.safe_dump(config))
    recordings = open_recordings(
        {
            "frames": [results / "frames/00.h5"],
            "embeddings": [results / "embeddings/00.h5"],
            "split": results / "split.csv",
        }
    )
    run = results / "runs/recurrent-logmel"
    run.mkdir(parents=True)
    train_recurrent(
        RecurrentConfig(hidden=8, layers=1), QUICK, recordings, folder / "state",
        run / "model.safetensors", run / "curve.csv",
    )  # fmt: skip
    return folder, recordings


@pytest.fixture
def exported(project, monkeypatch):
    folder, _ = project
    monkeypatch.chdir(folder)
    if not (folder / "model").exists():
        assert main(["export", "recurrent-logmel", "-o", "model"]) == 0
    write_wav(folder / "speech.wav", voice(0.6), 16_000)
    return folder / "model"


def test_it_generates_and_says_what_it_is(exported, capsys):
    assert main(["generate", "speech.wav", "--model", "model"]) == 0
    assert probe("speech.mp4").frames == 30
    assert "by recurrent-logmel" in capsys.readouterr().err
    assert main(["info", "model"]) == 0
    described = capsys.readouterr().out
    assert "| preset | recurrent |" in described
    assert "sampler: none" in described


@pytest.mark.parametrize("option", ["--seed 0", "--steps 4", "--guidance 2", "--preset fast"])
def test_options_of_draws_are_refused(exported, capsys, option):
    command = ["generate", "speech.wav", "-o", "none.mp4", "--model", "model", *option.split()]
    assert main(command) == 1
    sentence = capsys.readouterr().err.strip().splitlines()[-1]
    assert sentence.startswith("Error: ")
    assert f"leave out {option.split()[0]}" in sentence or "has no sampler" in sentence
    assert not (exported.parent / "none.mp4").exists()


def test_a_part_of_a_video_is_cut_from_the_whole(exported, project):
    _, recordings = project
    model = load_model_folder(exported).model
    name = recordings.members("unseen_speech")[0]
    speech = model.project(recordings.embedded(name))
    reference = reference_frame(recordings, name)
    seeds = [VideoTask(speech, reference, seed) for seed in (0, 1)]
    whole, again = model.videos(seeds)
    np.testing.assert_array_equal(whole, again)
    part, longer = model.videos(
        [VideoTask(speech, reference, 0, 7, 20), VideoTask(speech, reference, 0, 0, len(whole) + 3)]
    )
    np.testing.assert_array_equal(part, whole[7:27])
    np.testing.assert_array_equal(longer[len(whole) :], np.repeat(whole[-1:], 3, axis=0))


def test_unknown_names_are_refused_with_the_known_ones(exported, capsys):
    assert main(["export", "recurrent-other"]) == 1
    assert "recurrent-logmel" in capsys.readouterr().err
