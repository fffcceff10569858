"""What docs/glossary.md says of the terms is what the program does; its places are there."""

import inspect
import re
import tomllib
from importlib import import_module
from types import SimpleNamespace
from typing import get_args, get_type_hints

import numpy as np
import pytest
import torch

from helpers.repository import ROOT
from helpers.tiny_corpus import SIZE, write_tiny_corpus
from s2r.config.data_blocks import CorpusBlock
from s2r.config.result_blocks import GenerationConfig
from s2r.config.systems import BASELINES, SETS, Kind
from s2r.core import units
from s2r.core.phonetics import vcv_label
from s2r.core.units import to_unit_range
from s2r.corpus.articulators import ARTICULATORS
from s2r.corpus.phantom.tract import SHAPE_PARAMETERS
from s2r.corpus.split import ALL_SETS
from s2r.evaluation.metric import MODES, Measure
from s2r.evaluation.phones.times import CODES, frame_codes
from s2r.evaluation.words import closure
from s2r.generation import recurrent
from s2r.generation.clip_choice import CLIP_LENGTH
from s2r.generation.generate import set_tasks
from s2r.model.diffusion import SIGMA_DATA
from s2r.model.sampler import guided
from s2r.preparation.region import dynamic_region
from s2r.preparation.resting import reference_frame
from s2r.report.measures import MEASURES

TEXT = " ".join((ROOT / "docs" / "glossary.md").read_text().split())
FRAME = 1000 // units.FRAME_RATE
SHARE = inspect.signature(dynamic_region).parameters["fraction"].default
ENTRY_POINTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
LIPS = ("upper_lip", "lower_lip")
SHOWN = list(dict.fromkeys("lips" if name in LIPS else name for name in ARTICULATORS))

STATED = [
    f"{units.FRAME_SIZE} x {units.FRAME_SIZE} pixels, {units.FRAME_RATE} per second, grey levels",
    f"Frame *t* covers the {FRAME} ms around {FRAME} *t* + {FRAME // 2} ms",
    f"The phantom describes it by {len(SHAPE_PARAMETERS)} parameters",
    f"an item such as `{vcv_label(('AA', 'T', 'AA'))}`",
    f"A vector that describes the speech of {FRAME} ms; there is one for each frame",
    f"The {100 * SHARE:g} % of the pixels that move most",
    f"{CLIP_LENGTH} frames ({CLIP_LENGTH * FRAME} ms); systems that use them are given",
    f"a standard deviation, in units in which the data have {SIGMA_DATA:g}",
    f"The narrowest distance of the tongue from {' and '.join(closure.WALL)}, in mm",
    f"a contour of its own: {', '.join(SHOWN)}",
    "`{}` or `{}`".format(*reversed(MODES)),
]


@pytest.mark.parametrize("statement", STATED)
def test_the_page_states_the_numbers_and_names_of_the_program(statement):
    assert statement in TEXT


@pytest.mark.parametrize("page", ["glossary", "metrics", "own-metric", "phantom", "rating"])
def test_every_name_of_the_code_on_a_page_is_there(page):
    names = set(re.findall(r"`(s2r(?:\.\w+)+)`", (ROOT / "docs" / f"{page}.md").read_text()))
    assert names or page == "own-metric"
    for name in sorted(names):
        module, _, last = name.rpartition(".")
        try:
            import_module(name)
        except ModuleNotFoundError:
            assert hasattr(import_module(module), last), name


def test_kinds_presets_and_sets_are_those_that_the_page_lists():
    kinds = get_args(get_type_hints(CorpusBlock)["kind"])
    assert set(re.search(r"How recordings are found: (.+?)\.", TEXT)[1].split("`")[1::2]) == {
        *kinds
    }
    for sentence, group in (
        (r"Its \*kind\* is (.+?)\.", "encoders"),
        (r"kind of model a run is: (.+?) \|", "models"),
    ):
        listed = set(re.search(sentence, TEXT)[1].split("`")[1::2])
        assert listed == set(ENTRY_POINTS[f"s2r.{group}"]), group
    (row,) = re.findall(r"\| set \| (.+?) \| `s2r", TEXT)
    listed = set(re.findall(r"`(\w+)`", row)) - {"use"}
    assert listed == set(ALL_SETS) - {"unused"} and set(SETS) < listed


def test_floor_and_ceiling_rows_are_kinds_of_systems():
    floor, ceiling = (
        re.findall(r"`(\w+)`", re.search(rf"\| {name} rows \| (.+?)\|", TEXT)[1])
        for name in ("floor", "ceiling")
    )
    assert floor == list(BASELINES[:2])
    assert ceiling == [Kind.REAL, Kind.REAL_OTHER]


def test_a_measure_says_what_the_page_says():
    fields = set(Measure.__dataclass_fields__)
    (named,) = re.findall(r"How Table 1 shows a metric: ([\w, ]+)\.", TEXT)
    assert set(named.split(", ")) <= fields


def test_three_measures_of_table_1_are_on_clips():
    clips = [f"`{measure.stem}`" for measure in MEASURES if measure.mode == "clip"]
    assert f"{', '.join(clips[:-1])} and {clips[-1]} of Table 1 are on clips" in TEXT


def test_instruments_are_the_files_of_their_folder():
    files = set()
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        output = path.read_text().partition("output:")[2]
        files |= set(re.findall(r"<results>/instruments/([\w{}-]+)\.(?:npz|safetensors)", output))
    assert files == {"region", "probe", "phones", "agreement-{judge}"}


def test_a_frame_lies_around_its_centre():
    phone = SimpleNamespace(label="T", start=0.105, end=0.115)
    codes = frame_codes(SimpleNamespace(phones=[phone]), 10)
    centre = int((0.110 - FRAME / 2000) * units.FRAME_RATE)
    assert codes[centre] == CODES["T"] and (codes == CODES["T"]).sum() == 1


def test_guidance_of_1_asks_for_no_video_without_speech():
    def never(*_):
        raise AssertionError

    found = guided(lambda x, _: x + 1, never, 1, (0.0, np.inf))(torch.zeros(2), 1.0)
    assert found.tolist() == [1, 1]


def test_rollouts_are_of_the_reference_frame_and_the_whole_sound(tmp_path):
    recordings = write_tiny_corpus(tmp_path)
    model = SimpleNamespace(project=lambda speech: speech, overlap=0, window=1)
    tasks = set_tasks(model, recordings, "unseen_speech", GenerationConfig(draws=2, clips=4))
    for name, videos in tasks.rollouts.items():
        expected = reference_frame(recordings, name)
        assert not np.array_equal(expected, recordings.video(name, 0, 1)[0])
        for task in videos:
            np.testing.assert_array_equal(task.reference, expected)
            assert len(task.speech) == recordings.length(name)
        # each draw has a seed of its own, and the wrong speech that of the first
        assert videos[0].seed == videos[2].seed != videos[1].seed


def test_recurrent_regressions_are_given_the_first_frame(tmp_path, monkeypatch):
    recordings, given = write_tiny_corpus(tmp_path), []

    def video(speech, reference):
        given.append(reference)
        return torch.zeros(len(speech), SIZE, SIZE)

    model = SimpleNamespace(project=lambda speech: speech, video=video)
    monkeypatch.setattr(recurrent, "load_recurrent", lambda *_: (model, None))
    files = {"unseen_speech": tmp_path / "r.h5"}
    recurrent.generate_recurrent("m", recordings, files, {"system": "r"}, clips=0)
    names = sorted(recordings.members("unseen_speech"))
    for name, frame in zip(names, given, strict=True):
        np.testing.assert_array_equal(frame, to_unit_range(recordings.video(name, 0, 1))[0])
