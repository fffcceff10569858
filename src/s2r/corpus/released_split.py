"""The split of the paper's released code: by position in a file list, with overlapping test sets.

Training is the first 60 subjects in name order, and of each the first 28 files in name order;
everything else is one test folder, in which patterns of the file name select the three test sets.
On the nominal corpus of 75 subjects with 32 recordings the sets are not what their names say: see
``leaks``. Numbers are scaled down for smaller corpora.
"""

import re

import pandas as pd

from s2r.core.errors import UserError
from s2r.corpus.split import COLUMNS

TRAINING_SUBJECTS = 60 / 75
TRAINING_FILES = 28 / 32

UNSEEN_STIMULI = re.compile("topic[2-5]")
BOTH_STIMULI = re.compile("topic[1-5]")


def released_split(recordings: pd.DataFrame) -> pd.DataFrame:
    """The split of the usable recordings of an index, as columns ``COLUMNS``.

    A recording has a row for every test set that it is in, so it may occur two or three times;
    there is no validation set. ``unseen_subject`` are all recordings of held-out subjects whose
    number does not end in 0 (the pattern has ``[1-9]`` as its last digit), ``unseen_speech`` the
    topics 2 to 5 of all test recordings, held-out subjects included, and ``unseen_both`` topics
    1 to 5 of ``unseen_subject``. Subjects and files are counted in name order. Recordings without
    sound are in none of these sets; those of trained subjects are ``silent``, but for stimuli of
    ``unseen_speech``. Raises UserError where the training set or a test set is empty.
    """
    subjects = sorted(set(recordings["subject"]))
    trained = subjects[: round(TRAINING_SUBJECTS * len(subjects))]
    ok = recordings[recordings["status"] == "ok"].sort_values("recording")
    usable = ok[ok["silent"] == ""]
    place = usable.groupby("subject").cumcount()
    # Files are counted, not stimuli: where a subject lacks files, later ones move into training.
    files = round(TRAINING_FILES * int(place.max() + 1)) if len(usable) else 0
    is_train = usable["subject"].isin(trained) & (place < files)
    held_out = ~usable["subject"].isin(trained) & ~usable["subject"].str.endswith("0")
    sets = {
        "train": is_train,
        "unseen_speech": ~is_train & usable["stimulus"].str.fullmatch(UNSEEN_STIMULI),
        "unseen_subject": held_out,
        "unseen_both": held_out & usable["stimulus"].str.fullmatch(BOTH_STIMULI),
    }
    for name, members in sets.items():
        if not members.any():
            raise UserError(
                f"paper_compat.split: the set {name} is empty; switch it off, or use a corpus "
                "with the subjects and topics of the USC corpus."
            )
    parts = [usable[members].assign(set=name) for name, members in sets.items()]
    silent = ok[ok["silent"] != ""]
    free = silent["subject"].isin(trained) & ~silent["stimulus"].str.fullmatch(UNSEEN_STIMULI)
    parts.append(silent[free].assign(set="silent"))
    split = pd.concat(parts)[COLUMNS]
    return split.sort_values(["recording", "set"], ignore_index=True)


def leaks(split: pd.DataFrame, recordings: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """What is wrong with a split: sentence -> (recordings concerned, recordings of the set)."""
    style = recordings.set_index("recording")["style"]
    members = {name: group for name, group in split.groupby("set")}
    train, speech = members["train"], members["unseen_speech"]
    subject, both = members["unseen_subject"], members["unseen_both"]
    trained_stimuli = set(train["stimulus"])
    concerned = {
        "of train are spontaneous speech": (train["recording"].map(style) == "spontaneous", train),
        "of unseen_speech are of subjects that are never trained on": (
            ~speech["subject"].isin(train["subject"]),
            speech,
        ),
        "of unseen_subject have a scripted text that is trained on": (
            subject["stimulus"].isin(trained_stimuli)
            & (subject["recording"].map(style) == "scripted"),
            subject,
        ),
        "of unseen_both are in unseen_subject too": (
            both["recording"].isin(subject["recording"]),
            both,
        ),
        "of unseen_both have a stimulus that is trained on": (
            both["stimulus"].isin(trained_stimuli),
            both,
        ),
    }
    return {text: (int(mask.sum()), len(group)) for text, (mask, group) in concerned.items()}
