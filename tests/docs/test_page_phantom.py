"""What docs/phantom.md says of the synthetic corpus is what the program makes."""

import re

import numpy as np
import pytest
import yaml

from helpers.repository import ROOT
from s2r.corpus.articulators import ARTICULATORS
from s2r.corpus.phantom import OTHER_VOICE, tube
from s2r.corpus.phantom.stimuli import PROFILES
from s2r.corpus.phantom.tract import TRACT_VARIABLES
from s2r.corpus.phantom.voiced import RECORDINGS
from s2r.corpus.phantom.writer import record, voiced_name

TEXT = " ".join((ROOT / "docs" / "phantom.md").read_text().split())
WHOLE = 7.5
"""Seconds of a list that is read from beginning to end, about."""


@pytest.mark.parametrize(
    "statement",
    [
        "makes six recordings **with another's voice**",
        f"a stimulus of its own, `{voiced_name(1, 1).split('_')[3]}` and so on",
        "`" + "`, `".join(ARTICULATORS) + "` (what each is",
        f"(T, {len(TRACT_VARIABLES)}) | tract variables (lip aperture and protrusion, jaw, four",
        f"take.wave # (N,) float32, {tube.SAMPLE_RATE // 1000} kHz",
    ],
)
def test_the_page_states_the_numbers_and_names_of_the_program(statement):
    assert statement in TEXT


def test_recordings_with_another_voice_are_six_and_the_default_has_none(default_config):
    assert RECORDINGS == 6
    assert voiced_name(12, 3).startswith(f"sub012_2drt_22_{OTHER_VOICE}012")
    assert default_config["corpus"]["phantom"]["voices"] is None


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("default", "config/config.yaml"),
        ("tiny", ".test/config/config.yaml"),
        ("paper", "config/usc75.yaml"),
    ],
)
def test_profiles_have_the_lengths_and_the_held_out_subjects_of_the_page(name, file):
    profile = PROFILES[name]
    row = re.search(
        rf"\| `{name}` \| (\d+), of which (\d+) (?:is|are) held out \| (\d+), about (\d) s \|", TEXT
    )
    subjects, held_out, recordings, seconds = map(int, row.groups())
    assert (subjects, recordings) == (profile.speakers, len(profile.recordings))
    lengths = [profile.seconds(stimulus) or WHOLE for stimulus, _ in profile.recordings]
    assert round(np.mean(lengths)) == seconds
    assert yaml.safe_load((ROOT / file).read_text())["split"]["unseen_subjects"] == held_out
    gaps = profile.missing, profile.truncated, profile.empty_subjects
    assert all(gaps) if name == "paper" else not any(gaps)


def test_tract_variables_are_in_the_order_of_the_page():
    lips, jaw, constrictions, velum = (
        TRACT_VARIABLES[:2],
        TRACT_VARIABLES[2],
        TRACT_VARIABLES[3:7],
        TRACT_VARIABLES[7],
    )
    assert lips == ("lip_aperture", "lip_protrusion") and (jaw, velum) == ("jaw", "velum")
    assert all(name.endswith("_constriction") for name in constrictions)


def test_the_sound_of_a_recording_in_python_is_float32_of_20_khz():
    take = record(subject=1, stimulus="rainbow", seed=1, profile="tiny")
    assert take.wave.dtype == np.float32
    assert len(take.wave) / 20_000 == pytest.approx(len(take.frames) * 0.012008, abs=0.0125)


def test_another_version_of_the_generator_makes_the_corpus_again():
    rule = (ROOT / "workflow/rules/phantom.smk").read_text()
    assert re.search(r'code=code_version\(\s*"corpus/phantom"', rule)
    assert '**config["corpus"]["phantom"]' in rule


def test_tables_and_figures_of_scores_are_told_that_they_are_of_a_phantom():
    seen = set()
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        for rule in re.split(r"(?m)^\s*rule ", path.read_text())[1:]:
            if re.search(r'"<results>/\w+\.(?:png|md|tex)"|"<results>/report/\w+\.png"', rule):
                seen.add(path.stem)
                assert "synthetic=HAS_TRUTH" in rule, path.stem
    assert {"tables", "differences", "articulators", "phones", "words", "table2"} <= seen


def test_models_are_never_trained_on_the_truth():
    for package in ("model", "training"):
        for path in (ROOT / "src/s2r" / package).glob("*.py"):
            text = path.read_text()
            assert not re.search(r"corpus\.truth|true_contours|phone_times", text), path.name
    for rule in ("autoencoder", "train", "train_recurrent"):
        text = (ROOT / f"workflow/rules/{rule}.smk").read_text()
        assert not re.search("CONTOURS|phone_times|HAS_TRUTH", text), rule
