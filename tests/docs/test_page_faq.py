"""What docs/faq.md says of the program, where no other test looks at it."""

import argparse
import re
from itertools import chain

import numpy as np
import pytest
import yaml

from helpers.repository import ROOT
from helpers.sounds import voice
from helpers.tiny_model import write_tiny_model
from s2r import cli
from s2r.config.model_blocks import MeanTraining, SamplerConfig
from s2r.config.result_blocks import GenerationConfig
from s2r.config.tree import leaves
from s2r.core import checksums
from s2r.core.errors import UserError
from s2r.core.media.decode import read_audio
from s2r.core.media.encode import write_wav
from s2r.core.media.mix import mixed
from s2r.core.media.track import LARGEST_LOSS
from s2r.core.shards import Shards, write_shard
from s2r.core.units import FRAME_RATE, HOP, to_unit_range
from s2r.generation import stretches as module
from s2r.generation.model_folder import load_model_folder
from s2r.generation.speaker import PRESET_STEPS
from s2r.generation.speech_file import generate_file, generated_frames
from s2r.generation.stretches import stretches
from s2r.model.family import VideoTask
from s2r.preparation.embeddings import embed_shard
from s2r.preparation.resting import RUN
from s2r.speech.encoder import Encoder
from s2r.speech.level import levelled
from s2r.training.checkpoints import state_folder

PAGE = ROOT / "docs" / "faq.md"
DEFAULT = GenerationConfig()
LARGE = yaml.safe_load((ROOT / "config" / "usc75.yaml").read_text())

STATED = [
    f"Of a film {RUN / FRAME_RATE:g} s count",
    f"more than {100 * LARGEST_LOSS:g} % cannot be decoded",
    f"rollouts, {DEFAULT.draws} draws, n = {DEFAULT.recordings} recordings in each set",
    f"| `--preset fast` | {PRESET_STEPS['fast']} |",
    f"| default | {SamplerConfig().steps} |",
    f"| `--preset best` | {PRESET_STEPS['best']} |",
    f"{DEFAULT.clips} clips (the default) determine only {DEFAULT.clips - 1} directions",
    f"n is {LARGE['evaluation']['clips']}; set `evaluation.clips` to this value",
    f"{SamplerConfig().guidance_scale:g} (no guidance) is the default",
    f"with a batch of {LARGE['mean']['batch']} (measured",
]


def test_it_states_what_a_training_on_the_large_corpus_holds(benchmark_module):
    """Codes, means and residuals of every frame, and its speech, in single precision."""
    corpus = benchmark_module("projection").USC75
    frames = corpus.training_recordings * corpus.mean_seconds * FRAME_RATE
    size = 4 * (3 * LARGE["autoencoder"]["codes"] + MeanTraining().speech_dimensions) * frames
    assert f"come on top, {size / 1e9:.1f} GB for that corpus" in " ".join(PAGE.read_text().split())


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return load_model_folder(write_tiny_model(tmp_path_factory.mktemp("model") / "tiny"))


@pytest.mark.parametrize("statement", STATED)
def test_it_states_the_numbers_of_the_program(statement):
    assert statement in " ".join(PAGE.read_text().split())


def test_settings_that_it_names_exist():
    known = {dotted for dotted, _ in leaves()}
    blocks = {dotted.partition(".")[0] for dotted in known}
    named = set(re.findall(r"`(\w+\.\w+)[`:]", PAGE.read_text()))
    named = {key for key in named if key.partition(".")[0] in blocks and not key.endswith(".csv")}
    assert {"evaluation.clips", "mean.learning_rate", "recordings.silence_threshold"} <= named
    assert named <= known


def test_options_that_it_names_exist():
    snakemake = pytest.importorskip("snakemake.cli").get_argument_parser(profiles=[])
    (commands,) = (
        action for action in cli.parser()._actions if isinstance(action, argparse._SubParsersAction)
    )
    known = set(
        chain.from_iterable(
            action.option_strings
            for parser in (snakemake, *commands.choices.values())
            for action in parser._actions
        )
    )
    named = set(re.findall(r"`[^`\n]*?(--[\w-]+)", PAGE.read_text()))
    assert {"--clean", "--overwrite", "--cores", "--force"} <= named
    assert named <= known


def test_the_sound_in_the_video_of_soft_speech_stays_as_it_is(tmp_path, tiny):
    soft = 0.01 * voice(0.6)
    write_wav(tmp_path / "soft.wav", soft, 16_000)
    told = []
    generate_file(
        tmp_path / "soft.wav",
        tmp_path / "soft.mp4",
        tiny,
        tiny.references["sub001"],
        on_remark=told.append,
    )
    assert "is soft" in told[0]
    heard, _ = read_audio(tmp_path / "soft.mp4")
    assert heard.std() == pytest.approx(soft.std(), rel=0.2)


def test_recordings_to_train_on_are_brought_to_the_level_too(tmp_path):
    """What the encoder is given of soft speech is as loud as in generation."""
    soft, usual = 0.005 * voice(0.4), voice(0.4)
    items = [
        (name, {"frames": np.zeros((20, 8, 8), np.uint8), "audio": sound}, {})
        for name, sound in (("soft", soft), ("usual", usual))
    ]
    write_shard(tmp_path / "frames.h5", items, {})
    bins = Encoder(1, {}, lambda wave: np.square(wave.reshape(-1, HOP)).mean(1)[:, None] ** 0.5)
    embed_shard(tmp_path / "frames.h5", tmp_path / "embeddings.h5", bins)
    made = Shards([tmp_path / "embeddings.h5"])
    for name, sound in (("soft", levelled(soft)), ("usual", usual)):
        level = np.square(sound.reshape(-1, HOP)).mean(1) ** 0.5
        np.testing.assert_allclose(made.read(name, "embeddings")[:, 0], level, rtol=2e-3)
    assert levelled(soft).std() > 10 * soft.std()


@pytest.mark.parametrize("other", ["FL", "FR", "BL", "BR", "SL"])
def test_the_centre_of_surround_sound_counts_most(other):
    names = ["FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"]
    shares = {
        name: mixed(np.eye(len(names), dtype=np.float32)[:, [place]], names)[0]
        for place, name in enumerate(names)
    }
    assert shares["FC"] > shares[other] > shares["LFE"] == 0


def test_with_preset_paper_a_piece_continues_from_the_last_frames(tiny, monkeypatch):
    monkeypatch.setattr(module, "STRETCH", 0.96)
    monkeypatch.setattr(module, "MARGIN", 0.4)
    sound, rest = voice(1.9), tiny.references["sub001"]
    frames = generated_frames(sound, tiny, rest)
    _, second = stretches([sound], *module._stretch_and_margin(tiny))
    first = second.before // HOP
    done = len(frames) - second.count // HOP
    task = VideoTask(
        tiny.model.project(tiny.encoder.encode(second.samples)),
        to_unit_range(rest),
        seed=1_000_003,
        first=first,
        count=second.count // HOP,
        context=to_unit_range(frames[:done]),
    )
    (expected,) = tiny.model.videos([task], on_frames=lambda count: None)
    (unaware,) = tiny.model.videos(
        [VideoTask(task.speech, task.reference, task.seed, first, task.count)],
        on_frames=lambda count: None,
    )
    np.testing.assert_array_equal(frames[done:], expected)
    assert not np.array_equal(unaware, expected)


def test_an_edited_split_without_its_checksum_is_read(tmp_path):
    (command,) = (
        line for line in re.findall(r"`(rm [^`]+)`", PAGE.read_text()) if line.endswith("split.csv")
    )
    split = tmp_path / "results" / "split.csv"
    split.parent.mkdir()
    split.write_text("as it was made")
    checksums.record([split])
    split.write_text("as it was edited")
    (tmp_path / command.removeprefix("rm ")).unlink()
    checksums.verify([split])
    assert split.read_text() == "as it was edited"


def test_an_edited_file_with_its_checksum_is_set_aside(tmp_path):
    split = tmp_path / "split.csv"
    split.write_text("as it was made")
    checksums.record([split])
    split.write_text("as it was edited")
    with pytest.raises(UserError, match="call snakemake again, and it is made anew"):
        checksums.verify([split])
    assert not split.exists()
    assert (tmp_path / "split.csv.damaged").read_text() == "as it was edited"


def test_recordings_of_the_phantom_have_no_checksums():
    """Only the file that says that it is complete is an output of the rule, and so has one."""
    rule = (ROOT / "workflow" / "rules" / "phantom.smk").read_text()
    outputs = re.search(r"output:\n(.*?)\n +log:", rule, re.S)[1]
    assert outputs.split() == ["marker=PHANTOM,"]


def test_a_lower_learning_rate_starts_the_training_from_the_beginning(tmp_path):
    write_shard(tmp_path / "00.h5", [("a", {"frames": np.zeros((2, 4, 4), np.uint8)}, {})], {})
    (tmp_path / "split.csv").write_text("recording")

    def folder(rate):
        settings = {"mean": {"learning_rate": rate}}
        return state_folder(tmp_path, settings, [tmp_path / "00.h5"], [tmp_path / "split.csv"])

    assert folder(0.004) == folder(0.004)
    assert folder(0.004) != folder(0.001)


def test_checkpoints_lie_in_the_folder_that_it_names():
    assert "`state/<run>`" in PAGE.read_text()
    assert 'state="state/{run}",' in (ROOT / "workflow" / "rules" / "train.smk").read_text()
