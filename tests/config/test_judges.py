"""Which instrument judges which system: never one that hears as the system does."""

import copy

from s2r.config import judges
from s2r.config.systems import systems

NOTE = "instrument trained on "
BOTH = [
    {"encoder": "logmel", "suffix": "", "distances": True, "note": NOTE + "logmel"},
    {
        "encoder": "whisper-tiny.en",
        "suffix": "_control",
        "distances": False,
        "note": NOTE + "whisper-tiny.en",
    },
]


def test_no_system_is_judged_by_its_own_encoder(default_config):
    assert judges.instruments(default_config) == ["logmel", "whisper-tiny.en"]
    for system in systems(default_config):
        found = judges.judges(default_config, system)
        agreement = {each["encoder"] for each in found if each["suffix"] == ""}
        assert len(agreement) == 1
        assert judges.encoder_of(default_config, system) not in agreement
        # One network for all, so that the distances can be compared.
        assert [each["encoder"] for each in found if each["distances"]] == ["logmel"]
    assert judges.judges(default_config, "copied_frame") == BOTH
    assert [each["distances"] for each in judges.judges(default_config, "real")] == [False, False]
    assert judges.encoder_of(default_config, "mean-logmel") == "logmel"
    assert judges.encoder_of(default_config, "gaussian-whisper-tiny.en") == "whisper-tiny.en"


def test_log_mel_alone_is_judged_by_log_mel(default_config):
    config = copy.deepcopy(default_config)
    config["runs"] = {"logmel": config["runs"]["logmel"]}
    config["recurrent"]["encoders"] = []
    assert judges.instruments(config) == ["logmel"]
    (found,) = judges.judges(config, "logmel")
    assert (found["encoder"], found["suffix"]) == ("logmel", "")
    assert "which drives this row too" in found["note"]
    assert judges.judges(config, "copied_frame") == BOTH[:1]


def test_without_log_mel_there_is_one_instrument(default_config):
    config = copy.deepcopy(default_config)
    del config["runs"]["logmel"]
    assert judges.instruments(config) == ["logmel"]
    assert judges.judges(config, "real_other") == BOTH[:1]


def test_it_can_be_left_out(default_config):
    config = copy.deepcopy(default_config)
    config["evaluation"]["agreement_steps"] = None
    assert judges.instruments(config) == []
    assert judges.judges(config, "real") == judges.judges(config, "logmel") == []
