"""What docs/real-speech.md says of how it was judged, of `make people` and of doing it again."""

import re
import tomllib
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

from helpers.repository import ROOT
from s2r.config.check import complete
from s2r.config.files import read_files
from s2r.config.parameters import encoder_settings, run_settings
from s2r.core.phonetics import PHONES
from s2r.corpus.textgrid import PHONE_TIERS
from s2r.evaluation.real_speech import stage
from s2r.evaluation.real_speech.demands import DEMANDS
from s2r.evaluation.real_speech.speech import TRANSCRIPTION, words_of

TEXT = (ROOT / "docs/real-speech.md").read_text()
PAGE = " ".join(TEXT.split())
NUMBERS = {3: "three", 4: "four"}


@pytest.fixture
def voices(benchmark_module):
    return benchmark_module("voices")


@pytest.fixture
def documented(benchmark_module):
    return benchmark_module("documented")


@pytest.fixture(scope="module")
def people() -> dict:
    """The configuration of `make people`."""
    return complete(read_files([ROOT / "config/config.yaml", ROOT / "config/voices.yaml"]))


def training_sentences() -> list[str]:
    return (ROOT / "benchmarks/training_sentences.txt").read_text().splitlines()


def test_demands_and_their_phones_are_those_of_the_tables():
    cells = [f"{name} ({' '.join(one.phones).lower()})" for name, one in DEMANDS.items()]
    assert TEXT.count(f"| | {' | '.join(cells)} |") == 2
    assert all(phone in PHONES for one in DEMANDS.values() for phone in one.phones)


def test_all_videos_show_the_first_subject_with_seed_0(monkeypatch, default_config):
    class Seen(Exception):
        pass

    def generated_frames(samples, model, reference, *, seed):
        raise Seen(reference, seed)

    def videos(folder, generated):
        yield generated(np.zeros(1))

    monkeypatch.setattr(stage, "generated_frames", generated_frames)
    monkeypatch.setattr(stage, "_videos_of_people", videos)
    data = SimpleNamespace(instruments=SimpleNamespace(probe=object()))
    files = dict.fromkeys(("folder", "phone_times", "table", "values"), "none")
    options = {"sets": [], "recordings": None, "seed": default_config["evaluation"]["seed"]}
    model = SimpleNamespace(references={"sub002": "first", "sub001": "second"})
    with pytest.raises(Seen) as seen:
        stage.measure_real_speech(model, data, **files, **options)
    assert seen.value.args == ("first", 0)


def test_people_are_heard_as_config_voices_says(people, default_config):
    assert people["corpus"]["phantom"]["voices"] == "data/voices"
    assert default_config["corpus"]["phantom"]["voices"] is None
    (run,) = people["runs"]
    settings = run_settings(people, run)
    assert settings["mean"]["sound_copies"] == 1
    assert settings["mean"]["speech_dimensions"] == 384
    layers = encoder_settings(people, settings["encoder"])["layer"]
    usual = default_config["mean"]["speech_dimensions"]
    chosen = f"**the same with 384 dimensions of speech instead of {usual}**"
    first = f"| layers {layers[0]} and {layers[1]}, residual from all recordings, speeds |"
    assert re.search(rf"^{re.escape(first)}.*\n\| {re.escape(chosen)} \|", TEXT, re.M)
    assert "with two layers of the encoder joined" in PAGE and len(layers) == 2


def test_make_people_writes_the_model_that_is_named():
    (target,) = re.findall(r"^people:.*\n(?:\t.*\n)+", (ROOT / "Makefile").read_text(), re.M)
    assert "benchmarks/voices.py data/voices --training" in target
    assert "results/voices/model" in target and "config/voices.yaml" in target
    config = yaml.safe_load((ROOT / "config/voices.yaml").read_text())
    assert config["pathvars"]["results"] == "results/voices"
    assert "results/voices/model" in PAGE


def test_voices_to_train_on_are_one_of_python_and_three_of_debian(voices):
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert any(line.startswith("hibari-tts") for line in extras["optional-dependencies"]["people"])
    own = [name for name, (speak, _) in voices.TRAINING.items() if speak is voices.hibari]
    others = [name for name in voices.TRAINING if name not in own]
    assert own == ["heart"]
    assert f"{NUMBERS[len(others)]} more ({', '.join(others)}) are used" in PAGE
    assert f"Each says {len(training_sentences())} sentences" in PAGE


def test_no_sentence_is_both_heard_and_judged(voices):
    judged, heard = (
        {words_of(one) for one in some} for some in (voices.SENTENCES, training_sentences())
    )
    assert not judged & heard
    assert "speak in the training of the last two rows, with other sentences" in PAGE


def test_the_voices_of_flite_are_as_many_as_stated(voices):
    comment = (
        f"{NUMBERS[len(voices.VOICES)]} voices, {len(voices.SENTENCES)} sentences, with TextGrids"
    )
    assert comment in PAGE
    assert all(
        f"| flite {voice}, {len(voices.SENTENCES)} sentences |" in TEXT for voice in voices.VOICES
    )


def test_the_second_table_has_the_voices_that_were_not_heard(documented):
    section = TEXT.split("## With other voices")[1].split("### ")[0]
    assert f"| people: mean of the {len(documented.UNHEARD)} voices |" in section
    for name, title in documented.VOICES.items():
        assert (f"| {title} |" in section) == (name in documented.UNHEARD)


def test_the_speech_is_given_by_the_key_that_is_named():
    (given,) = re.findall(r"--config speech='(.*)'", TEXT)
    assert complete({"speech": yaml.safe_load(given)})["speech"]["path"] == "voices"


def test_texts_and_tiers_have_the_names_that_are_stated():
    assert PHONE_TIERS[0] == "phones" and "with a tier `phones` (ARPABET)" in PAGE
    assert f"voices/cards/{TRANSCRIPTION}" in TEXT
    assert words_of("It's 2 o'clock.") == "it's o'clock"  # so numbers are written in words


def test_a_word_can_be_spelled_in_phones():
    assert "spelled in phones with hyphens (`AH-N-D-UW`)" in PAGE
    assert words_of("Un-do, AH-N-D-UW: EH-X-IY!") == "un do AH-N-D-UW eh x iy"
