"""Numbers that pages state in prose are those of the program."""

import pytest

from helpers.repository import ROOT
from s2r.apps import adapt as adapt_command
from s2r.apps import local_server
from s2r.apps.studio import actions, learner, live, page, video
from s2r.config.data_blocks import SplitBlock
from s2r.config.model_blocks import MeanNetwork
from s2r.core import sound_level, units
from s2r.corpus import usc75, volume_files, volume_sources
from s2r.corpus.articulators import FIELD_MM
from s2r.corpus.phantom import picture, voiced
from s2r.corpus.phantom.stimuli import PROFILES
from s2r.evaluation.phones import training as recogniser
from s2r.generation import domain, speaker, speech_file, stretches
from s2r.speech import level, silence, whisper
from s2r.training import adapt

SECOND = units.FRAME_RATE
LOW, HIGH = level.USUAL
DEFAULT, PAPER = PROFILES["default"], PROFILES["paper"]

STATED = {
    "faq": [
        f"a length from {speech_file.SHORTEST:g} s to hours",
        f"silent for {silence.SHORTEST:g} s or more",
        f"transition of {silence.EASE:g} s before and after",
        f"below {sound_level.QUIET:g} dB of full scale, or {sound_level.BELOW_SPEECH:g} dB below",
        f"what lies below {sound_level.CUT:g} Hz",
        f"within {sound_level.SPEECH_RANGE:g} dB of the loud ones",
        f"lies outside {LOW:g} to {HIGH:g} dB, it is brought to {level.TARGET:g} dB",
        f"a constant offset above {100 * level.OFFSET:g} % of full scale",
        f"Speech below {sound_level.FAINT:g} dB is silence",
        f"in pieces of about {stretches.STRETCH:g} s",
    ],
    "studio": [
        f"`fast` uses {speaker.PRESET_STEPS['fast']} noise levels, `best` "
        f"{speaker.PRESET_STEPS['best']}",
        f"single frames ({1000 / SECOND:g} ms)",
        f"record up to {video.LONGEST:g} s",
        f"up to {learner.LONGEST_PAIR:g} s each",
        f"{1000 * live.CHUNK:,.0f} ms to record a piece, {1000 * live.AHEAD:g} ms that wait",
        f"with the {live.BEFORE:g} s before it",
        f"(0 to {units.SAMPLE_RATE / 2000:g} kHz",
    ],
    "adapt": [
        f"{adapt_command.LEAST_FILM:g} s or more in all",
        f"up to {adapt.NEW_CODES} articulation codes more",
        f"at most {adapt.STEPS} steps at a learning rate of {adapt.SCHEDULE['learning_rate']:g}",
        f"a bound: {domain.LEAST_BOUND:g}, or three times the largest error",
    ],
    "own-corpus": [
        f"(up to {volume_sources.LARGEST >> 30} GiB)",
        ", ".join(f"`{name}`" for name in volume_files.RATES[:-1])
        + f" or `{volume_files.RATES[-1]}`",
        f"With less than {recogniser.LEAST_FRAMES / SECOND:g} s of training frames",
        f"{units.FRAME_SIZE} x {units.FRAME_SIZE} pixels and {SECOND} frames per second",
    ],
    "own-encoder": [f"in windows of {whisper.WINDOW / SECOND:g} s"],
    "own-model": [f"within {sum(MeanNetwork().dilations)} frames on each side"],
    "phantom": [
        f"in {picture.SIZE} x {picture.SIZE} pixels of {FIELD_MM:g} x {FIELD_MM:g} mm at "
        f"{float(usc75.FRAME_RATE):.2f} frames per second",
        f"`default` | {DEFAULT.speakers}, of which 6 are held out | {len(DEFAULT.recordings)},",
        f"`paper` | {PAPER.speakers}, of which 15 are held out | {len(PAPER.recordings)},",
        f"at a speed between {voiced.SPEEDS[0]:g} and {voiced.SPEEDS[1]:g}",
    ],
    "security": [
        f"beyond {local_server.MOST_CONNECTIONS}, or half of the files",
        f"up to {page.LARGEST / 1e6:g} MB, leaves {actions.SPARE / 1e9:g} GB of its disk free",
    ],
    "README": [f"from {speech_file.SHORTEST:g} s to hours"],
}
"""By page: what it says, with the numbers of the program."""


@pytest.mark.parametrize(
    ("name", "statement"),
    [(name, statement) for name, statements in STATED.items() for statement in statements],
)
def test_a_page_states_the_numbers_of_the_program(name, statement):
    folder = ROOT if name == "README" else ROOT / "docs"
    text = " ".join((folder / f"{name}.md").read_text().split())
    assert statement in text


def test_the_default_split_is_the_one_that_pages_name():
    assert SplitBlock().unseen_subjects == 6
    assert domain.BEYOND_TRAINING == 3
    assert adapt.STOP_SHARE == 1 / 5
