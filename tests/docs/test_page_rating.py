"""What docs/rating.md says of the rating study is what the program does."""

import re

import av
import numpy as np
import pandas as pd
import pytest

from helpers.pages import fenced_blocks
from helpers.rating_folder import manifest, simulate, write_rating_folder
from helpers.repository import ROOT
from helpers.spoken_corpus import cut_bvt, write_spoken_corpus
from s2r import cli
from s2r.apps.rating import analysis, answers, progress, stimuli, table_text
from s2r.apps.rating.manifest import read_manifest
from s2r.apps.rating.order import seed_of
from s2r.apps.rating.server import RatingServer
from s2r.apps.rating.texts import DEFAULT
from s2r.config.systems import SETS, Kind
from s2r.core import units
from s2r.core.errors import UserError
from s2r.corpus.phantom.stimuli import PROFILES
from s2r.corpus.phantom.writer import recording_name
from s2r.corpus.split import make_split
from s2r.corpus.usc75 import parse_stem
from s2r.generation.generated_file import GeneratedWriter
from s2r.preparation.recordings import open_recordings
from s2r.preparation.selection import balanced

PAGE = ROOT / "docs" / "rating.md"
TEXT = " ".join(PAGE.read_text().split())

STATED = [
    f"Both clips have {units.FRAME_SIZE} x {units.FRAME_SIZE} pixels at {units.FRAME_RATE} Hz",
    f"rates its naturalness from {answers.SCALE[0]} to {answers.SCALE[-1]}",
    f"The paper's F1 of {table_text.PAPER_F1} with recall 1",
    f"rows `{analysis.CHANCE[0]}` and `{analysis.CHANCE[1]}`",
    f"The row `{analysis.FIRST_BLOCK}` contains only answers",
]


@pytest.mark.parametrize("statement", STATED)
def test_the_page_states_the_numbers_and_names_of_the_program(statement):
    assert statement in TEXT


def test_a_code_has_1_to_32_letters_digits_dashes_and_underscores():
    for code in ("a", "7", "é", "a-_9", "x" * 32):
        assert answers.normal_code(code) == code
    for code in ("", "x" * 33, "a b", "a.b", "a@b"):
        with pytest.raises(UserError, match="1 to 32 letters"):
            answers.normal_code(code)
    assert "1 to 32 letters of any script, digits, `-`, `_`" in TEXT


def test_without_a_text_of_consent_none_is_asked_for():
    assert DEFAULT["consent"] == []


def test_keys_are_those_that_the_rating_page_names():
    named = "left and right arrow for the two answers, 1 to 5"
    assert f"Keys, as the page says: {named}, R to play again, S to submit or go on." in TEXT
    assert named in DEFAULT["keys"]
    assert "R to play again, S to submit or go on" in DEFAULT["keys"]


def test_the_command_serves_the_folder_of_the_page_to_this_machine_alone():
    arguments = cli.parser().parse_args(["rate"])
    assert ["rate", str(arguments.folder)] in [
        line.split()[1:] for block in fenced_blocks(PAGE, "bash") for line in block.splitlines()
    ]
    assert arguments.host == "127.0.0.1"


@pytest.fixture
def clips(tmp_path):
    """A rating folder of "bat" in the recording a, cut with the margin of the default."""
    recordings = open_recordings(write_spoken_corpus(tmp_path))
    cut_bvt(recordings, tmp_path / "segments.csv")
    with GeneratedWriter(tmp_path / "m.h5", system="m", kind=Kind.MODEL) as writer:
        video = recordings.video("a")
        writer.rollout("a", np.stack([np.full_like(video, 200), np.zeros_like(video)]))
    stimuli.cut_clips(
        recordings,
        segments=tmp_path / "segments.csv",
        rollouts={"unseen_subject": tmp_path / "m.h5"},
        words=["bat"],
        folder=tmp_path / "rating",
        practice=1,
        attention=2,
    )
    return tmp_path / "rating"


def test_clips_are_h264_and_aac_of_the_first_draw_and_their_list_is_blind(clips):
    table = read_manifest(clips)
    for row in table.itertuples():
        with av.open(str(clips / "clips" / row.clip)) as film:
            codecs = [stream.codec_context.name for stream in film.streams]
            assert codecs == ["h264", "aac"]
            if (row.part, row.kind) == ("test", "generated"):
                picture = next(film.decode(video=0)).to_ndarray(format="gray")
                assert picture.mean() == pytest.approx(200, abs=10)
    # checks come in addition
    assert table["part"].value_counts().to_dict() == {"test": 2, "attention": 2, "practice": 1}
    blind = pd.read_csv(clips / "clips" / "clips.csv")
    assert {"word", "recording", "start", "end", "part"} <= set(blind.columns)
    assert set(blind["part"]) == {"practice", "test", "attention"}
    assert not {"kind", "system"} & set(blind.columns)
    assert {"kind", "system"} <= set(table.columns)


def test_the_default_rates_two_speakers_with_one_recording_each(default_config):
    profile, split = PROFILES["default"], dict(default_config["split"])
    subjects = range(1, profile.speakers + 1)
    names = [recording_name(n, *recording) for n in subjects for recording in profile.recordings]
    index = pd.DataFrame(map(parse_stem, names)).assign(status="ok", silent="")
    table = make_split(index, train_styles=split.pop("training_styles"), **split)
    most = default_config["evaluation"]["recordings"]
    ((stimulus, words),) = default_config["words"]["transcripts"].items()
    assert set(default_config["rating"]["words"]) == set(words.split())
    chosen = pd.concat([balanced(table[table["set"] == name], most) for name in SETS])
    rated = chosen[chosen["stimulus"] == stimulus]
    assert rated["subject"].nunique() == len(rated) == 2
    assert "(In the default: two speakers, one recording each.)" in TEXT


def test_two_addresses_are_printed_and_the_key_is_new_at_each_start(tmp_path, monkeypatch, capsys):
    folder = write_rating_folder(tmp_path / "rating")
    monkeypatch.setattr(RatingServer, "serve_forever", lambda _: None)
    keys = set()
    for _ in range(2):
        assert cli.main(["rate", str(folder), "--port", "0"]) == 0
        page, own, *_ = capsys.readouterr().out.splitlines()
        address = re.match(r"http://127\.0\.0\.1:\d+/", page)[0]
        keys.add(re.match(rf"{address}progress\?key=(\S+) ", own)[1])
    assert len(keys) == 2
    assert (tmp_path / "rating_answers.sqlite").exists()


@pytest.fixture
def store(tmp_path):
    return answers.Answers(tmp_path / "answers.sqlite", manifest(attention=1))


def test_answers_are_made_safe_before_they_are_acknowledged(store):
    modes = []
    with store._transaction() as database:
        for name in ("synchronous", "journal_mode"):
            modes += database.execute(f"PRAGMA {name}").fetchone()
    assert modes == [2, "wal"]  # 2: FULL


def test_tables_have_the_columns_of_the_page(store, tmp_path):
    session = store.session("Anna", consent=True)
    for entry in session["clips"]:
        store.answer("anna", entry["clip"], "synthesised")
        store.naturalness("ANNA", entry["clip"], 2)
    store.comment("anna", "bat", "=1+1")
    names = ("table", "markdown", "rows", "comments", "raters")
    paths = {name: tmp_path / f"{name}.csv" for name in names}
    analysis.write_results(answers=store.path, **paths, synthetic=False, resamples=5)
    rows, raters, comments = (pd.read_csv(paths[n]) for n in ("rows", "raters", "comments"))
    assert {"rater", "seed", "position", "clip", "part"} <= set(rows.columns)
    assert set(rows["rater"]) == {"Anna"}
    study = int(manifest()["seed"].iloc[0])
    assert set(rows["seed"]) == {seed_of(study, "anna")}
    assert set(rows["part"]) == {"test", "attention"}
    shown = ["started", "consent", "answers", "finished", "checks", "checks_right"]
    assert {*shown} <= set(progress.COLUMNS) and {*shown} <= set(raters.columns)
    assert raters["finished"].all() and raters["consent"].notna().all()
    assert comments["comment"].tolist() == ["'=1+1"]
    table = pd.read_csv(paths["table"])
    assert {"f1", "precision", "recall", "accuracy", "d_prime"} <= set(table.columns)
    assert {"mos_real", "mos_generated", "alpha_answer", "f1_low", "f1_high"} <= set(table.columns)


def test_answers_of_other_software_need_the_columns_of_the_page_and_no_more():
    columns = re.search(r"write the answers in columns `([^`]+)`", TEXT)[1].split(", ")
    given = simulate(2)
    found = analysis.table2(given[columns], resamples=5)
    pd.testing.assert_frame_equal(found, analysis.table2(given, resamples=5))
    for column in columns:
        with pytest.raises(KeyError):
            analysis.table2(given[columns].drop(columns=column), resamples=5)


def test_files_of_the_rules_are_those_of_the_page():
    rules = (ROOT / "workflow/rules/table2.smk").read_text()
    made = set(re.findall(r'"<results>/(.+?)"', rules))
    listed = set(re.findall(r"^\| `results/(.+?)`", PAGE.read_text(), re.M))
    assert made == listed | {"table2.md"}
    assert '"<results>/rating"' in (ROOT / "workflow/rules/rating.smk").read_text()
    common = (ROOT / "workflow/rules/common.smk").read_text()
    assert '"<results>/rating_answers.sqlite"' in common
