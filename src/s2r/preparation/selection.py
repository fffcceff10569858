"""The usable recordings of a set, and the choice of a few of them."""

import numpy as np
import pandas as pd

from s2r.core.shards import Shards


def recordings_of(
    split: pd.DataFrame, set_name: str, frames: Shards, most: int | None = None
) -> list[str]:
    """The recordings of a set, sorted, without those whose frames could not be made.

    At most ``most`` of them, see `balanced`; None for all.
    """
    members = split[(split["set"] == set_name) & ~split["recording"].isin(frames.failed)]
    if most is not None:
        members = balanced(members, most)
    return sorted(members["recording"])


def balanced(members: pd.DataFrame, n: int) -> pd.DataFrame:
    """``n`` recordings in which subjects, and then stimuli, come as equally often as they can.

    One after another is taken: of a subject, and with a stimulus, that were taken least often. The
    choice depends on the columns ``recording, subject, stimulus`` alone. Equal distances in a list
    of names would not do: with seven recordings a subject, every seventh has the same stimulus.
    """
    left = members.sort_values("recording").reset_index(drop=True)
    subjects, stimuli = (left[name].factorize()[0] for name in ("subject", "stimulus"))
    of_subject, of_stimulus = (np.zeros(codes.max(initial=-1) + 1) for codes in (subjects, stimuli))
    open_, chosen = np.ones(len(left), bool), []
    for _ in range(min(n, len(left))):
        often = np.stack([of_subject[subjects], of_stimulus[stimuli]])
        place = int(np.lexsort((np.arange(len(left)), often[1], often[0], ~open_))[0])
        open_[place] = False
        of_subject[subjects[place]] += 1
        of_stimulus[stimuli[place]] += 1
        chosen.append(place)
    return left.iloc[chosen]


def evenly(items: list, n: int) -> list:
    """``n`` items at even distances, or all of them where there are fewer."""
    if n >= len(items):
        return list(items)
    return [items[(2 * i + 1) * len(items) // (2 * n)] for i in range(n)]
