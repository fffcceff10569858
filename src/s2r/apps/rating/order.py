"""The order in which one rater sees the clips."""

import hashlib

import numpy as np
import pandas as pd


def seed_of(study: int, rater: str) -> int:
    """Seed of a rater's order, from the seed of the study and the rater's code; below 2^32."""
    return int.from_bytes(hashlib.sha256(f"{study}:{rater}".encode()).digest()[:4])


def presentation(clips: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The clips to rate in the order of one rater; columns ``clip, position, block``.

    ``clips`` has the columns ``clip, word, item, kind``, every item once real and once generated.
    The first block shows every item in one version, the second in the other, so that nobody can
    compare the two in the first block. Versions alternate over the items of a word: in each block,
    and in each word, the numbers of real and generated clips differ by one at most. The other
    version of a clip follows after half a block at the earliest. ``position`` counts from 0.
    """
    rng = np.random.default_rng(seed)
    clip_of = clips.set_index(["item", "kind"])["clip"]
    word_of = clips.drop_duplicates("item").set_index("item")["word"]
    items = [
        str(item)
        for word in rng.permutation(sorted(word_of.unique()))
        for item in rng.permutation(sorted(word_of.index[word_of == word]))
    ]
    real_first = int(rng.integers(2))
    versions = ("generated", "real")
    first = {item: (place + real_first) % 2 for place, item in enumerate(items)}
    order = [str(item) for item in rng.permutation(items)]
    half = len(order) // 2
    second = [*rng.permutation(order[:half]), *rng.permutation(order[half:])]
    rows = [(clip_of[item, versions[first[item]]], 1) for item in order]
    rows += [(clip_of[item, versions[1 - first[item]]], 2) for item in second]
    table = pd.DataFrame(rows, columns=["clip", "block"])
    return table.assign(position=range(len(table)))[["clip", "position", "block"]]
