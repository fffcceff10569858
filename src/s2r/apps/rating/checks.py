"""Attention checks of the rating study: clips whose right answer is known.

Two kinds, in turn. The first shows a real recording whose frames were mixed up and cut into large
squares: nobody who watches takes it for a recording, so its answer is ``synthesised``. The second
is one of the labelled real examples of the start once more: ``real``. So neither somebody who
always gives the same answer nor somebody who does not watch passes all of them. They are marked in
the manifest (part ``attention``), appear among the other clips, and count in no score.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

SPOILED = "spoiled"
"""Column ``system`` of the first kind."""

BLOCKS = 8
"""Squares along the side of a spoiled picture."""


def checks(rated: Sequence[str], examples: Sequence[str], n: int) -> list[tuple[str, str]]:
    """Item and kind (``generated`` for a spoiled clip, ``real`` for an example) of ``n`` checks."""
    found = []
    for number in range(n):
        turn = number // 2
        if number % 2 and examples:
            found.append((examples[turn % len(examples)], "real"))
        else:
            found.append((rated[(number * len(rated)) // n], "generated"))
    return found


def spoiled(frames: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Frames (T, H, W) uint8 in a random order, as few large squares."""
    side = max(1, frames.shape[1] // BLOCKS)
    coarse = frames[generator.permutation(len(frames)), side // 2 :: side, side // 2 :: side]
    large = coarse.repeat(side, axis=1).repeat(side, axis=2)
    rows, columns = frames.shape[1:]
    pad = ((0, 0), (0, max(0, rows - large.shape[1])), (0, max(0, columns - large.shape[2])))
    return np.pad(large, pad, mode="edge")[:, :rows, :columns]


def with_checks(order: pd.DataFrame, names: Sequence[str], seed: int) -> pd.DataFrame:
    """The order of one rater with the clips ``names`` in between; ``position`` counts anew.

    ``order`` is that of `s2r.apps.rating.order.presentation`, whose clips keep their order and
    their block. Each check is at a random place of its part of the order, and never first.
    """
    if not len(names):
        return order
    rng = np.random.default_rng([seed, 1])
    bounds = np.linspace(1, len(order), len(names) + 1).astype(int)
    places = [int(rng.integers(low, max(low + 1, high))) for low, high in pairwise(bounds)]
    block = order["block"].to_numpy()
    rows = list(zip(order["clip"], block, strict=True))
    shuffled = [str(name) for name in rng.permutation(sorted(names))]
    for place, name in reversed(list(zip(places, shuffled, strict=True))):
        rows.insert(place, (name, int(block[min(place, len(block) - 1)])))
    table = pd.DataFrame(rows, columns=["clip", "block"])
    return table.assign(position=range(len(table)))[["clip", "position", "block"]]
