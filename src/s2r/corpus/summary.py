"""A summary of the index, in a few lines for the user."""

import pandas as pd

NAMED = 8
"""Most subjects that a line names."""


def summary(recordings: pd.DataFrame, per_subject: int | None = None) -> str:
    """How much can be used, each kind of defect with an example, frame rates, incomplete subjects.

    ``per_subject`` is the number of recordings that every subject should have, where it is known
    and no metafile says which are missing.
    """
    good = recordings[recordings["status"] == "ok"]
    excluded = int((recordings["status"] == "excluded").sum())
    silent = int((good["silent"] != "").sum())
    lines = [
        f"{len(recordings)} recordings: {len(good)} ok "
        f"({good['subject'].nunique()} subjects, {good['video_seconds'].sum() / 60:.1f} min), "
        f"{len(recordings) - len(good) - excluded} with a defect"
        + (f", {excluded} excluded by choice" if excluded else "")
    ]
    if silent:
        lines.append(f"  {silent} of these have no sound: only the articulation codes use them")
    bad = recordings[recordings["status"] != "ok"]
    names = bad["reason"].map(lambda reason: reason.partition(":")[0])
    for name, reasons in sorted(bad["reason"].groupby(names)):
        lines.append(f"  {len(reasons)} x {name}, e.g. {reasons.iloc[0]}")
    lines += _frame_rates(good)
    if per_subject:
        lines += _incomplete_subjects(recordings, per_subject)
    return "\n".join(lines)


def _frame_rates(good: pd.DataFrame) -> list[str]:
    rates = good["frame_rate"].round(2).value_counts().sort_index()
    if len(rates) < 2:
        return []
    counts = ", ".join(f"{count} x {rate:g} Hz" for rate, count in rates.items())
    return [f"  frame rates differ ({counts}); all are resampled to the same rate"]


def _incomplete_subjects(recordings: pd.DataFrame, per_subject: int) -> list[str]:
    there = recordings["video"].ne("").groupby(recordings["subject"]).sum()
    few = there[(there < per_subject) & (there.index != "")]
    if few.empty:
        return []
    named = ", ".join(f"{subject} {count}" for subject, count in few.head(NAMED).items())
    return [
        f"  {len(few)} subjects have fewer than {per_subject} recordings, "
        f"{int((per_subject - few).sum())} are absent: {named}" + (", ..." * (len(few) > NAMED))
    ]
