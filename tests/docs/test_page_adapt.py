"""What docs/adapt.md says of the program, where no other test looks at it."""

import argparse
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.quick_utterance import CONFIG, MEAN, SAMPLER, write_corpus
from helpers.repository import ROOT
from helpers.sounds import voice
from s2r import cli
from s2r.apps.adapt import LEAST_FILM
from s2r.cli import main
from s2r.config.keys import plain
from s2r.config.recurrent_blocks import RecurrentConfig
from s2r.core.files import sha256_of
from s2r.core.media.encode import write_video, write_wav
from s2r.core.units import HOP
from s2r.evaluation.real_speech.demands import DEMANDS
from s2r.generation.adapted_card import ROWS
from s2r.generation.model_folder import export_model
from s2r.model.autoencoder import load_autoencoder
from s2r.model.recurrent import RecurrentModel, save_recurrent
from s2r.model.speech_input import SpeechProjection
from s2r.model.utterance_model import UtteranceModel, save_utterance_model
from s2r.preparation.film import cut_film
from s2r.preparation.frames import FramesConfig
from s2r.preparation.resting import recording_at_rest
from s2r.speech.encoder import EncoderConfig
from s2r.training.adapt import STEPS, Film, adapt

TEXT = " ".join((ROOT / "docs" / "adapt.md").read_text().split())
PROJECTION = SpeechProjection(
    np.zeros(80, np.float32), np.eye(80, MEAN.speech_dimensions, dtype=np.float32)
)
"""Of log-mel: 80 values."""


def adapt_parser() -> argparse.ArgumentParser:
    (commands,) = (
        action for action in cli.parser()._actions if isinstance(action, argparse._SubParsersAction)
    )
    return commands.choices["adapt"]


def test_it_states_the_numbers_of_the_benchmark(benchmark_module):
    module = benchmark_module("real_films")
    for name in module.SHOWN:
        phones = " ".join(DEMANDS[name].phones).lower()
        assert f"{name} /{phones}/" in TEXT
    for statement in (
        f"a square of {module.SQUARE} x {module.SQUARE} pixels",
        f"(`s2r adapt` asks for {LEAST_FILM:g} s)",
    ):
        assert statement in TEXT


def test_films_may_be_several_and_their_last_fifth_is_held_out():
    options = adapt_parser().parse_args(["m", "--film", "a", "--film", "b.mp4", "-o", "own"])
    assert options.films == [Path("a"), Path("b.mp4")]
    assert options.hold_out == 1 / 5
    assert options.steps is None  # stopped early


def test_options_that_it_names_exist():
    known = {option for action in adapt_parser()._actions for option in action.option_strings}
    named = set(re.findall(r"`(--[\w-]+)[` ]", TEXT))
    assert {"--film", "--hold-out", "--steps"} <= named <= known


def test_sound_is_that_of_a_wav_beside_a_silent_film(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 255, (60, 16, 16), dtype=np.uint8)
    write_video(tmp_path / "own.mp4", pictures, 50)
    assert cut_film(tmp_path / "own.mp4", FramesConfig(size=16), 0.2).learned.sound is None
    write_wav(tmp_path / "own.wav", voice(1.2), 16_000)
    cut = cut_film(tmp_path / "own.mp4", FramesConfig(size=16), 0.2)
    assert len(cut.learned.sound) == len(cut.learned.frames) * HOP
    assert len(cut.held_out.sound) == len(cut.held_out.frames) * HOP


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    return folder, write_corpus(folder)


@pytest.fixture(scope="module")
def model(corpus):
    """A model with the codes of the corpus and networks of random weights."""
    folder, _ = corpus
    torch.manual_seed(0)
    autoencoder = load_autoencoder(folder / "autoencoder.safetensors")[0]
    made = UtteranceModel(CONFIG, autoencoder, *PROJECTION.basis.shape).eval()
    for network in (made.mean, made.denoiser):
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter, std=0.1)
    made.speech_basis.copy_(torch.from_numpy(PROJECTION.basis))
    return made


@pytest.fixture(scope="module")
def films(corpus):
    _, recordings = corpus
    rng = np.random.default_rng(0)
    return [
        Film(
            recordings.video(name),
            recording_at_rest(recordings.frames, name),
            rng.normal(size=(recordings.length(name), 80)).astype(np.float32),
        )
        for name in ("s1_a", "s1_b")
    ]


def test_with_sound_the_spread_is_measured_and_the_denoiser_stays(model, films):
    adapted = adapt(model, films, MEAN, steps=2).model
    assert adapted.spread != model.spread
    for name, parameter in model.denoiser.blocks.named_parameters():
        assert torch.equal(adapted.denoiser.blocks.get_parameter(name), parameter)
    weights = dict(adapted.mean.blocks.named_parameters())
    assert any(not torch.equal(weights[k], v) for k, v in model.mean.blocks.named_parameters())


def test_of_a_silent_film_the_spread_stays_that_of_the_model(model, films):
    silent = adapt(model, [replace(film, embeddings=None) for film in films], MEAN)
    assert silent.steps is None and silent.new_codes > 0
    assert torch.equal(silent.model.spread, model.spread)


def test_without_steps_only_the_pictures_are_learned(model, films):
    adapted = adapt(model, films, MEAN, steps=0)
    assert (adapted.steps, adapted.new_codes > 0) == (0, True)
    for name, parameter in model.mean.blocks.named_parameters():
        assert torch.equal(adapted.model.mean.blocks.get_parameter(name), parameter)


def write_folder(folder: Path, weights: Path, settings: dict, references: dict) -> Path:
    export_model(
        folder,
        name=folder.name,
        model_path=weights,
        encoder=EncoderConfig("logmel"),
        settings=settings | {"pooling": False},
        references=references,
        frame_rate=50,
        percentiles=(0.5, 99.5),
        card="# a model\n",
    )
    return folder


@pytest.fixture
def places(tmp_path, monkeypatch, model, films):
    """A model folder, and a film of 10 s of something else, in the working directory."""
    monkeypatch.chdir(tmp_path)
    save_utterance_model(model, tmp_path / "weights", {"mean": plain(MEAN)})
    settings = {"preset": "s2r", "sampler": plain(SAMPLER)}
    write_folder(tmp_path / "model", tmp_path / "weights", settings, {"s1": films[0].reference})
    still = np.random.default_rng(0).integers(0, 255, (16, 16)).repeat(2, 0).repeat(2, 1)
    noise = np.random.default_rng(1).integers(-9, 9, (round(50 * LEAST_FILM) + 5, 32, 32))
    frames = np.clip(still + noise, 0, 255).astype(np.uint8)
    write_video(tmp_path / "own.mp4", frames, 50, voice(len(frames) / 50), 16_000)
    return tmp_path


def test_the_model_stays_and_a_table_a_video_and_a_remark_are_made(places, capsys):
    before = {path: sha256_of(path) for path in (places / "model").rglob("*") if path.is_file()}
    call = ["adapt", "model", "--film", "own.mp4", "-o", "new", "--force", "--steps", "1"]
    assert main([*call, "--device", "cpu"]) == 0
    written = capsys.readouterr()
    # Another kind of picture is said in one sentence, and does not stop it.
    remarks = [line for line in written.err.splitlines() if line.startswith("Warning: ")]
    assert len(remarks) == 1
    assert "does not look like the pictures that the model was trained on" in remarks[0]
    assert before == {path: sha256_of(path) for path in before}
    assert sorted(path.name for path in (places / "new" / "references").iterdir()) == [
        "speaker.png"
    ]
    assert (places / "new.mp4").exists()
    table = [line for line in written.out.splitlines() if line.startswith("|")]
    assert [cell.strip() for cell in table[0].split("|")[2:-1]] == ["mean frame", "before", "after"]
    assert {line.split("|")[1].strip() for line in table[2:]} == set(ROWS.values())
    card = (places / "new" / "README.md").read_text().splitlines()
    assert set(table) <= set(card)


def test_the_table_has_what_it_says():
    assert {name.partition("_")[0] for name in ROWS} == {"error", "kinematics", "motion"}
    assert {name for name in ROWS if name.startswith("error")} == {
        "error_mean",
        "error_draw",
        "error_codes",
    }


def test_a_recurrent_regression_cannot_be_adapted(places, films, capsys):
    components = np.eye(4, 16 * 16, dtype=np.float32)
    network = RecurrentModel(RecurrentConfig(hidden=4, layers=1), PROJECTION, components)
    save_recurrent(network, places / "weights", {})
    write_folder(
        places / "lstm", places / "weights", {"preset": "recurrent"}, {"s1": films[0].reference}
    )
    assert main(["adapt", "lstm", "--film", "own.mp4", "-o", "new"]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert "cannot be adapted: give a model of preset s2r" in said
    assert not (places / "new").exists()


def test_the_length_of_the_training_does_not_depend_on_the_film(model, films, monkeypatch):
    lengths = []

    def watched(model, data, training, steps, stop):
        lengths.append(steps)
        return model.mean, 0

    monkeypatch.setattr("s2r.training.adapt._fine_tuned", watched)
    for some in (films[:1], films):
        adapt(model, some, MEAN)
    assert lengths[0] == lengths[2] == STEPS
