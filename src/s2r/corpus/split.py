"""The split: disjoint sets of recordings, by subject and stimulus."""

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from s2r.config.systems import SETS
from s2r.core.damaged import read_table
from s2r.core.errors import UserError
from s2r.corpus.names import nfc

ALL_SETS = ("train", "silent", "validation", *SETS, "unused")
FITTED = ("train", "silent")
HELD_OUT = ("unseen_subject", "unseen_both")
COLUMNS = ["recording", "subject", "stimulus", "set"]


def make_split(
    recordings: pd.DataFrame,
    seed: int,
    *,
    unseen_subjects: int,
    unseen_stimuli: Sequence[str] | int,
    validation_stimuli: Sequence[str] | int,
    train_styles: Sequence[str] = ("scripted",),
) -> pd.DataFrame:
    """Put every usable recording of the index into one of ``ALL_SETS``.

    ``unseen_subjects`` subjects are drawn by ``seed`` and held out. Of the others (the seen ones),

    * ``unseen_speech`` are the unseen stimuli, ``validation`` the validation stimuli,
    * ``train`` is the rest if its style is one of ``train_styles``,
    * ``silent`` are recordings without sound, of any style, whose stimulus is in neither of the
      first two;

    of the held-out subjects,

    * ``unseen_both`` are the unseen stimuli,
    * ``unseen_subject`` those stimuli that occur in ``train``.

    All others are ``unused``. Recordings without sound are in no other set, and change none of
    them: subjects and stimuli are drawn from recordings with sound. Where stimuli are given as a
    number, this number is drawn by ``seed`` from the stimuli of the training styles that seen
    subjects have, and stimuli that no seen subject has count as unseen too (for corpora where no
    two subjects say the same).
    ``unseen_subjects`` 0 is allowed and leaves the sets of held-out subjects empty.

    Returns columns ``recording, subject, stimulus, set``, sorted by recording. Raises UserError
    that names the key if more is held out than there is, a stimulus is not known or has two
    roles, or the training set is empty.
    """
    usable = recordings[recordings["status"] == "ok"].sort_values("recording")
    if usable.empty:
        raise UserError(
            "No recording of the corpus can be used; see the reasons in recordings.csv."
        )
    is_silent = usable["silent"] != ""
    speech = usable[~is_silent]
    if speech.empty:
        raise UserError(
            "corpus.silent: none of the usable recordings has sound, so there is no speech to "
            "train on; add recordings with sound to the corpus."
        )
    rng = np.random.default_rng(seed)
    held_out = _draw_subjects(rng, speech, unseen_subjects)
    seen = speech[~speech["subject"].isin(held_out)]
    pool = sorted(set(seen.loc[seen["style"].isin(train_styles), "stimulus"]))
    known = set(recordings["stimulus"]) - {""}
    named = set() if isinstance(validation_stimuli, int) else set(map(nfc, validation_stimuli))
    free = [stimulus for stimulus in pool if stimulus not in named]
    unseen = _stimuli(rng, unseen_stimuli, free, known, "split.unseen_stimuli")
    pool = [stimulus for stimulus in pool if stimulus not in unseen]
    validation = _stimuli(rng, validation_stimuli, pool, known, "split.validation_stimuli")
    if both := sorted(unseen & validation):
        raise UserError(
            f"split.unseen_stimuli and split.validation_stimuli both name {', '.join(both)}; "
            "a stimulus can have one role only."
        )
    if isinstance(unseen_stimuli, int):
        unseen |= set(speech["stimulus"]) - set(seen["stimulus"])

    is_held_out = usable["subject"].isin(held_out)
    is_unseen = usable["stimulus"].isin(unseen)
    is_validation = usable["stimulus"].isin(validation)
    is_free = ~is_held_out & ~is_unseen & ~is_validation
    is_train = is_free & ~is_silent & usable["style"].isin(list(train_styles))
    is_trained_stimulus = usable["stimulus"].isin(usable.loc[is_train, "stimulus"])
    roles = [
        (is_silent & is_free, "silent"),
        (is_silent, "unused"),
        (is_train, "train"),
        (~is_held_out & is_validation, "validation"),
        (~is_held_out & is_unseen, "unseen_speech"),
        (is_held_out & is_unseen, "unseen_both"),
        (is_held_out & is_trained_stimulus, "unseen_subject"),
    ]
    split = usable[COLUMNS[:-1]].copy()
    split["set"] = np.select([mask for mask, _ in roles], [name for _, name in roles], "unused")
    if not is_train.any():
        raise UserError(
            "split: the training set is empty; hold out fewer subjects or stimuli, or add to "
            f"split.training_styles ({', '.join(train_styles)})."
        )
    check_split(split)
    return split.reset_index(drop=True)


def check_split(split: pd.DataFrame) -> None:
    """Raise UserError if test data could have been used in training.

    No recording may occur twice; no held-out subject in train, silent, validation or
    unseen_speech; no unseen stimulus in train, silent or validation; no validation stimulus in
    train or silent; and unseen_subject may only hold stimuli that occur in train.
    """
    if unknown := set(split["set"]) - set(ALL_SETS):
        raise UserError(f"split: {_named(unknown)} is not one of {', '.join(ALL_SETS)}.")
    twice = split.loc[split["recording"].duplicated(), "recording"]
    if not twice.empty:
        raise UserError(f"split: the recording {twice.iloc[0]} occurs in the list twice.")
    _forbid(split, "subject", HELD_OUT, (*FITTED, "validation", "unseen_speech"))
    _forbid(split, "stimulus", ("unseen_speech", "unseen_both"), (*FITTED, "validation"))
    _forbid(split, "stimulus", ("validation",), FITTED)
    untrained = _values(split, "stimulus", ("unseen_subject",)) - _values(
        split, "stimulus", ("train",)
    )
    if untrained:
        raise UserError(
            f"split: unseen_subject has {', '.join(sorted(untrained))}, which is not trained on."
        )


def check_roles(split: pd.DataFrame) -> None:
    """What must hold of any split, also of an edited one and of `s2r.corpus.released_split`.

    Raises UserError where a recording is in one set twice, or both fitted and tested (validation
    is a test here, and test sets may overlap), or a subject of unseen_subject or unseen_both is
    fitted.
    """
    if unknown := set(split["set"]) - set(ALL_SETS):
        raise UserError(f"split: {_named(unknown)} is not one of {', '.join(ALL_SETS)}.")
    twice = split.loc[split.duplicated(["recording", "set"]), "recording"]
    if not twice.empty:
        raise UserError(f"split: the recording {twice.iloc[0]} occurs in one set twice.")
    _forbid(split, "recording", ("validation", *SETS), FITTED)
    _forbid(split, "recording", SETS, ("validation",))
    if "subject" in split.columns:
        _forbid(split, "subject", HELD_OUT, (*FITTED, "validation"))


def read_split(path: str | Path) -> pd.DataFrame:
    """The split as text, columns ``recording, subject, stimulus, set`` (ids may be digits).

    Raises UserError where it cannot be read, or mixes training and test, which somebody may have
    edited into it.
    """
    remedy = "write it as it was, or delete it and call snakemake again"
    split = read_table(path, str, remedy, columns=("recording", "set"))
    try:
        check_roles(split)
    except UserError as error:
        raise UserError(f"{path}: {error} Correct it, or delete it: it is drawn again.") from error
    return split


def _values(split: pd.DataFrame, column: str, sets: Iterable[str]) -> set[str]:
    return set(split.loc[split["set"].isin(list(sets)), column])


def _forbid(split: pd.DataFrame, column: str, tested: tuple, trained: tuple) -> None:
    if leak := sorted(_values(split, column, tested) & _values(split, column, trained)):
        raise UserError(
            f"split: leak: the {column} {', '.join(leak)} is both in {' or '.join(tested)} and "
            f"in {' or '.join(trained)}."
        )


def _draw_subjects(rng: np.random.Generator, usable: pd.DataFrame, number: int) -> set[str]:
    subjects = sorted(set(usable["subject"]))
    if not 0 <= number < len(subjects):
        raise UserError(
            f"split.unseen_subjects: {number} cannot be held out of {len(subjects)} subjects with "
            "usable recordings; at least one must remain to train on."
        )
    return set(rng.choice(subjects, number, replace=False).tolist())


def _stimuli(
    rng: np.random.Generator,
    wanted: Sequence[str] | int,
    pool: list[str],
    known: set[str],
    key: str,
) -> set[str]:
    """The stimuli that ``wanted`` names, or that number drawn from ``pool``."""
    if isinstance(wanted, int):
        if not 0 <= wanted < len(pool):
            raise UserError(
                f"{key}: {wanted} cannot be held out of {len(pool)} stimuli of the seen subjects; "
                "at least one must remain to train on."
            )
        return set(rng.choice(pool, wanted, replace=False).tolist())
    named = set(map(nfc, wanted))
    for stimulus in sorted(named):
        if stimulus not in known:
            near = difflib.get_close_matches(stimulus, sorted(known), n=2)
            hint = (
                f"did you mean {' or '.join(near)}?"
                if near
                else (f"the corpus has {', '.join(sorted(known))}.")
            )
            raise UserError(f"{key}: no recording has the stimulus {stimulus!r}; {hint}")
    return named


def _named(sets: Iterable[str]) -> str:
    """Names of sets that are none, cut short; what cannot be printed is escaped."""
    return ", ".join(repr(name[:40])[1:-1] for name in sorted(sets))
