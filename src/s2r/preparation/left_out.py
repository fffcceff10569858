"""Recordings that the index took for good and of which the frames stage left nothing, or little."""

import sys

import pandas as pd

from s2r.core.shards import Shards


def mark_left_out(recordings: pd.DataFrame, frames: Shards, minimum_frames: int) -> pd.DataFrame:
    """The index with status ``defect`` and the reason where frames are missing or too few.

    ``recordings`` has the columns of `s2r.corpus.index.DTYPES`. Each recording that is marked is
    named on standard error.
    """
    table = recordings.copy()
    for place, row in recordings[recordings["status"] == "ok"].iterrows():
        recording = row["recording"]
        reason = frames.failed.get(recording, "")
        if not reason and frames.length(recording) < minimum_frames:
            reason = (
                f"too short: of {recording} {frames.length(recording)} frames of 20 ms are left "
                "after recordings.onset_trim and recordings.audio_offset; at least "
                f"{minimum_frames} are needed"
            )
        if reason:
            print(f"{recording} is left out: {reason}", file=sys.stderr)
            table.loc[place, ["status", "reason", "silent", "content"]] = ["defect", reason, "", ""]
    return table
