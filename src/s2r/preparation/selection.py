"""The usable recordings of a set, and the choice of a few at even distances."""

import pandas as pd

from s2r.core.shards import Shards


def recordings_of(
    split: pd.DataFrame, set_name: str, frames: Shards, most: int | None = None
) -> list[str]:
    """The recordings of a set, sorted, without those whose frames could not be made.

    At most ``most`` of them, spread evenly; None for all.
    """
    members = sorted(split.loc[split["set"] == set_name, "recording"])
    members = [recording for recording in members if recording not in frames.failed]
    return members if most is None else evenly(members, most)


def evenly(items: list, n: int) -> list:
    """``n`` items at even distances, or all of them where there are fewer."""
    if n >= len(items):
        return list(items)
    return [items[(2 * i + 1) * len(items) // (2 * n)] for i in range(n)]
