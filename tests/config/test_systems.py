"""The systems and test sets that follow from a configuration."""

import pytest

from helpers.settings import PAPER_RUN, change
from s2r.config import parameters, systems
from s2r.config.check import complete


@pytest.mark.parametrize(
    ("subjects", "stimuli", "sets"),
    [
        (2, ["a"], ["unseen_speech", "unseen_subject", "unseen_both"]),
        (2, [], ["unseen_subject"]),
        (0, 1, ["unseen_speech"]),
    ],
)
def test_sets_follow_from_what_is_held_out(default_config, subjects, stimuli, sets):
    split = {"split/unseen_subjects": subjects, "split/unseen_stimuli": stimuli}
    assert systems.evaluation_sets(change(default_config, split)) == sets


def test_means_are_scored_where_the_preset_has_one(default_config):
    config = change(default_config, {"runs/old": PAPER_RUN})
    assert "mean-logmel" in systems.systems(config)
    assert "old" in systems.systems(config)
    assert "mean-old" not in systems.systems(config)


def test_noise_stands_beside_the_first_run_that_is_no_control(default_config):
    config = complete(default_config)
    assert systems.run_with_gaussian(config) == "whisper-tiny.en"
    kinds = systems.kinds_of_systems(config)
    assert kinds["gaussian-whisper-tiny.en"] == systems.Kind.GAUSSIAN
    assert list(kinds.values()).count(systems.Kind.GAUSSIAN) == 1
    controls = config | {"runs": {"a": config["runs"]["logmel"], "b": config["runs"]["logmel"]}}
    assert systems.run_with_gaussian(controls) == "a"
    published = {"a": config["runs"]["logmel"] | {"preset": "paper"}}
    assert systems.run_with_gaussian(config | {"runs": published}) is None


def test_every_trained_row_is_there_once_a_seed(default_config):
    changes = {"seeds": [5, 1], "runs/logmel/seeds": [7], "recurrent/seeds": [3, 4]}
    config = complete(change(default_config, changes))
    found = systems.replicates(config)
    whisper = "whisper-tiny.en"
    assert found["copied_frame"] == ("copied_frame", None)
    assert (found["logmel"], found["mean-logmel"]) == (("logmel", 7), ("mean-logmel", 7))
    for system in (whisper, f"mean-{whisper}", f"gaussian-{whisper}"):
        assert found[system] == (system, 5)
        assert found[f"{system}@1"] == (system, 1)
    assert found[f"recurrent-{whisper}@4"] == (f"recurrent-{whisper}", 4)
    assert list(dict.fromkeys(one.system for one in found.values())) == systems.systems(config)
    assert systems.replicates_of(config, ["logmel", whisper]) == ["logmel", whisper, f"{whisper}@1"]


def test_with_one_seed_files_have_the_names_of_their_systems(default_config):
    config = complete(default_config)
    assert list(systems.replicates(config)) == systems.systems(config)


def test_a_recurrent_regression_can_be_rated(default_config):
    config = complete(change(default_config, {"rating/run": "recurrent-whisper-tiny.en"}))
    assert config["rating"]["run"] in systems.trained_systems(config)


def test_recurrent_regressions_are_scored_from_the_encoders_named(default_config):
    config = change(default_config, {"recurrent/encoders": ["logmel"]})
    assert "recurrent-logmel" in systems.systems(config)
    assert "recurrent-whisper-tiny.en" not in systems.systems(config)
    assert "encoders" not in parameters.recurrent_settings(config)
