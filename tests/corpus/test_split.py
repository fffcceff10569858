"""The sets are disjoint, seeded, and every leak is refused."""

import pandas as pd
import pytest

from s2r.core.errors import UserError
from s2r.corpus.split import check_split, make_split, read_split

SCRIPTED = ["vcv1", "bvt", "rainbow", "northwind1"]
SPONTANEOUS = ["picture1", "topic1", "topic2"]


COLUMNS = ["recording", "subject", "stimulus", "style", "status", "silent"]


def index(subjects=6, defects=()):
    """Every subject reads four texts twice and speaks freely three times."""
    rows = []
    for subject in (f"sub{k:03d}" for k in range(1, subjects + 1)):
        for stimulus in SCRIPTED + SPONTANEOUS:
            style = "scripted" if stimulus in SCRIPTED else "spontaneous"
            for take in (1, 2) if style == "scripted" else (0,):
                recording = f"{subject}_{stimulus}_r{take}"
                status = "defect" if recording in defects else "ok"
                rows.append((recording, subject, stimulus, style, status, ""))
    return pd.DataFrame(rows, columns=COLUMNS)


def split_of(recordings, seed=1, **changes):
    options = {
        "unseen_subjects": 2,
        "unseen_stimuli": ["topic1", "topic2"],
        "validation_stimuli": ["picture1"],
    }
    return make_split(recordings, seed, **options | changes)


def values(split, column, name):
    return set(split.loc[split["set"] == name, column])


def test_every_recording_has_the_set_that_its_subject_and_stimulus_give():
    split = split_of(index())
    assert split["recording"].is_unique
    assert len(split) == len(index())
    held_out = values(split, "subject", "unseen_subject")
    assert len(held_out) == 2
    for row in split.itertuples():
        out = row.subject in held_out
        expected = {
            "picture1": "unused" if out else "validation",
            "topic1": "unseen_both" if out else "unseen_speech",
            "topic2": "unseen_both" if out else "unseen_speech",
        }.get(row.stimulus, "unseen_subject" if out else "train")
        assert row.set == expected
    assert split["set"].value_counts().to_dict() == {
        "train": 32,
        "unseen_subject": 16,
        "unseen_speech": 8,
        "validation": 4,
        "unseen_both": 4,
        "unused": 2,
    }


def test_held_out_subjects_follow_the_seed_only():
    draws = {
        seed: frozenset(values(split_of(index(20), seed), "subject", "unseen_both"))
        for seed in range(8)
    }
    assert len(set(draws.values())) > 4
    shuffled = index(20).sample(frac=1, random_state=3)
    assert split_of(shuffled, 5).equals(split_of(index(20), 5))


def test_defects_are_left_out():
    split = split_of(index(defects={"sub001_vcv1_r1"}))
    assert "sub001_vcv1_r1" not in set(split["recording"])
    assert len(split) == len(index()) - 1


def without_sound(subjects):
    """Silent recordings of three stimuli, and of one that nobody says, for each subject."""
    free = {"topic2", "picture1", "swallow"}
    rows = [
        (f"{s}_{t}_silent", s, t, "spontaneous" if t in free else "scripted", "ok", "no audio: ...")
        for s in subjects
        for t in ("vcv1", "topic2", "picture1", "swallow")
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


@pytest.mark.parametrize(
    "options", [{}, {"unseen_stimuli": 2, "validation_stimuli": 1}, {"unseen_subjects": 0}]
)
def test_recordings_without_sound_are_a_set_of_their_own_and_change_no_other(options):
    speech = index()
    silent = without_sound([*sorted(set(speech["subject"])), "mute"])
    before, split = split_of(speech, **options), split_of(pd.concat([speech, silent]), **options)
    is_silent = split["recording"].str.endswith("_silent")
    assert split[~is_silent].reset_index(drop=True).equals(before)
    out = values(before, "subject", "unseen_both")
    assert len(out) == options.get("unseen_subjects", 2)
    kept = set(before.loc[before["set"].isin(["unseen_speech", "validation"]), "stimulus"])
    assert len(kept) == 3
    for row in split[is_silent].itertuples():
        hidden = row.subject in out or row.stimulus in kept
        assert row.set == ("unused" if hidden else "silent"), row
    assert {"mute", *set(speech["subject"]) - out} == values(split, "subject", "silent")


def test_a_corpus_without_any_sound_is_one_sentence():
    with pytest.raises(UserError, match=r"^corpus\.silent: none of the usable .* add recordings"):
        split_of(without_sound(["a", "b", "c"]), validation_stimuli=[], unseen_stimuli=["vcv1"])


def test_styles_decide_what_is_trained_on():
    one_style = split_of(index(), unseen_stimuli=["topic1"])
    assert "topic2" not in values(one_style, "stimulus", "train")
    assert "topic2" in values(one_style, "stimulus", "unused")
    both = split_of(index(), unseen_stimuli=["topic1"], train_styles=["scripted", "spontaneous"])
    assert "topic2" in values(both, "stimulus", "train")
    assert "topic2" in values(both, "stimulus", "unseen_subject")


def test_a_single_speaker_leaves_the_sets_of_held_out_subjects_empty():
    split = split_of(index(1), unseen_subjects=0)
    assert set(split["set"]) == {"train", "validation", "unseen_speech"}


def test_a_number_of_stimuli_is_drawn_by_seed():
    options = {"unseen_subjects": 0, "unseen_stimuli": 1, "validation_stimuli": 1}
    splits = [split_of(index(3), seed, **options) for seed in range(6)]
    for split in splits:
        assert len(values(split, "stimulus", "unseen_speech")) == 1
        assert len(values(split, "stimulus", "validation")) == 1
        assert values(split, "stimulus", "unseen_speech") <= set(SCRIPTED)
    drawn = {frozenset(values(split, "stimulus", "unseen_speech")) for split in splits}
    assert len(drawn) > 1
    # A stimulus named for validation is never drawn as unseen.
    for seed in range(6):
        split = split_of(
            index(3),
            seed,
            unseen_subjects=0,
            unseen_stimuli=3,
            validation_stimuli=["bvt"],
            train_styles=["scripted", "spontaneous"],
        )
        assert values(split, "stimulus", "validation") == {"bvt"}


def test_stimuli_of_their_own_are_unseen_where_only_held_out_subjects_speak_them():
    rows = [
        (f"{subject}_{k}", subject, f"{subject}_{k}", "scripted", "ok", "")
        for subject in ("a", "b", "c")
        for k in range(5)
    ]
    recordings = pd.DataFrame(rows, columns=COLUMNS)
    split = split_of(recordings, unseen_subjects=1, unseen_stimuli=2, validation_stimuli=1)
    assert split["set"].value_counts().to_dict() == {
        "train": 7,
        "unseen_both": 5,
        "unseen_speech": 2,
        "validation": 1,
    }


NOMINAL = [f"vcv{k}" for k in (1, 2, 3)] + ["bvt", "shibboleth", "rainbow", "postures"]
NOMINAL += [f"{text}{k}" for text in ("grandfather", "northwind") for k in (1, 2)]


def paper_index(seed=0):
    """75 subjects with 32 recordings, one of them without any and 29 files missing."""
    rows = []
    for subject in (f"sub{k:03d}" for k in range(1, 76)):
        stems = [(stimulus, take, "scripted") for stimulus in NOMINAL for take in (1, 2)]
        free = [f"{kind}{k}" for kind in ("picture", "topic") for k in range(1, 6)]
        stems += [(stimulus, 0, "spontaneous") for stimulus in free]
        for stimulus, take, style in stems:
            status = "defect" if subject == "sub036" else "ok"
            rows.append((f"{subject}_{stimulus}_r{take}", subject, stimulus, style, status, ""))
    table = pd.DataFrame(rows, columns=COLUMNS)
    assert len(table) == 2400
    return table.drop(table[table["status"] == "ok"].sample(29, random_state=seed).index)


def test_the_papers_split():
    topics = ["topic2", "topic3", "topic4", "topic5"]
    split = split_of(paper_index(), unseen_subjects=15, unseen_stimuli=topics)
    assert "sub036" not in set(split["subject"])
    assert len(values(split, "subject", "train")) == 59
    held_out = values(split, "subject", "unseen_subject")
    assert len(held_out) == 15
    assert values(split, "subject", "unseen_both") <= held_out
    assert values(split, "stimulus", "unseen_speech") == set(topics)
    assert values(split, "stimulus", "unseen_both") == set(topics)
    assert values(split, "stimulus", "train") == set(NOMINAL)
    assert values(split, "stimulus", "unseen_subject") == set(NOMINAL)
    free = {"topic1", "picture2", "picture3", "picture4", "picture5"}
    assert values(split, "stimulus", "unused") == free | {"picture1"}
    chosen = split_of(
        paper_index(),
        unseen_subjects=15,
        unseen_stimuli=topics,
        train_styles=["scripted", "spontaneous"],
    )
    assert values(chosen, "stimulus", "train") == set(NOMINAL) | free


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"unseen_subjects": 6}, r"^split\.unseen_subjects: 6 cannot be held out of 6 subjects"),
        ({"unseen_subjects": -1}, r"^split\.unseen_subjects: -1"),
        (
            {"unseen_stimuli": ["tipic1"]},
            r"^split\.unseen_stimuli: .*'tipic1'; did you mean topic1 or topic2\?",
        ),
        (
            {"validation_stimuli": ["zzz"]},
            r"^split\.validation_stimuli: .*'zzz'; the corpus has bvt, northwind1",
        ),
        ({"validation_stimuli": ["topic1"]}, r"both name topic1; a stimulus can have one role"),
        ({"unseen_stimuli": 4}, r"^split\.unseen_stimuli: 4 cannot be held out of 4 stimuli"),
        (
            {"unseen_stimuli": 3, "validation_stimuli": 1},
            r"^split\.validation_stimuli: 1 cannot be held out of 1 stimuli",
        ),
        ({"unseen_stimuli": SCRIPTED}, r"the training set is empty; .* split\.training_styles"),
        ({"train_styles": ["sung"]}, r"the training set is empty"),
    ],
)
def test_impossible_splits_name_their_key(changes, sentence):
    with pytest.raises(UserError, match=sentence):
        split_of(index(), **changes)


def test_a_corpus_of_defects_only():
    recordings = index(1).assign(status="defect")
    with pytest.raises(UserError, match="No recording of the corpus can be used"):
        split_of(recordings)


@pytest.mark.parametrize(
    ("recording", "wrong_set", "sentence"),
    [
        ("held_vcv1_r1", "train", "leak: the subject held is both in"),
        ("held_vcv1_r1", "validation", "leak: the subject held is both in"),
        ("held_vcv1_r1", "unseen_speech", "leak: the subject held is both in"),
        ("seen_topic1_r0", "train", "leak: the stimulus topic1 is both in"),
        ("seen_topic1_r0", "validation", "leak: the stimulus topic1 is both in"),
        ("seen_picture1_r0", "train", "leak: the stimulus picture1 is both in"),
        ("held_vcv1_r1", "silent", "leak: the subject held is both in"),
        ("seen_topic1_r0", "silent", "leak: the stimulus topic1 is both in"),
        ("seen_picture1_r0", "silent", "leak: the stimulus picture1 is both in"),
        ("held_picture1_r0", "unseen_subject", "unseen_subject has picture1, which is not trained"),
        ("seen_vcv1_r1", "test", "test is not one of train"),
    ],
)
def test_each_leak_is_refused(recording, wrong_set, sentence):
    split = split_of(index(3), unseen_subjects=1)
    held = values(split, "subject", "unseen_both").pop()
    seen = min(values(split, "subject", "train"))
    for subject, name in ((held, "held"), (seen, "seen")):
        split = split.replace({subject: name})
        split["recording"] = split["recording"].str.replace(subject, name)
    check_split(split)
    split.loc[split["recording"] == recording, "set"] = wrong_set
    with pytest.raises(UserError, match=sentence):
        check_split(split)


def test_a_recording_may_not_stand_twice():
    split = split_of(index())
    with pytest.raises(UserError, match="occurs in the list twice"):
        check_split(pd.concat([split, split.iloc[:1]]))


def write_edited(path, *rows: str):
    path.write_text("\n".join(["recording,subject,stimulus,set", *rows]) + "\n")
    return path


EDITED = ("a,s1,x,train", "b,s1,y,unseen_speech", "c,s2,x,unseen_subject", "d,s2,y,unseen_both")


def test_an_edited_split_is_read(tmp_path):
    # The test sets of the released split overlap.
    split = read_split(write_edited(tmp_path / "split.csv", *EDITED, "d,s2,y,unseen_subject"))
    assert split["set"].tolist()[-2:] == ["unseen_both", "unseen_subject"]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("b,s1,y,train", "the recording b is both in .*unseen_speech.* and in train or silent"),
        ("a,s1,x,validation", "the recording a is both in validation .* and in train or silent"),
        ("c,s2,x,silent", "the recording c is both in .* and in train or silent"),
        ("b,s1,y,validation", "the recording b is both in unseen_speech .* and in validation"),
        ("e,s2,z,train", "the subject s2 is both in unseen_subject or unseen_both and in train"),
        ("a,s1,x,train", "the recording a occurs in one set twice"),
        ("e,s1,z,trian", "trian is not one of train, silent, validation"),
    ],
)
def test_an_edited_split_that_mixes_training_and_test(tmp_path, row, sentence):
    path = write_edited(tmp_path / "split.csv", *EDITED, row)
    with pytest.raises(UserError, match=rf"^{path}: split: .*{sentence}.*delete it: it is drawn"):
        read_split(path)


def test_a_split_without_its_columns(tmp_path):
    (tmp_path / "split.csv").write_text("recording,subject\na,s1\n")
    with pytest.raises(UserError, match="it has no column set"):
        read_split(tmp_path / "split.csv")
