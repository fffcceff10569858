"""A rating folder whose clips are no videos, and raters whose skill is known."""

from pathlib import Path

import numpy as np
import pandas as pd

from s2r.apps.rating.manifest import COLUMNS
from s2r.apps.rating.order import presentation, seed_of


def manifest(words=("bat", "bit", "boat"), items: int = 2, attention: int = 0) -> pd.DataFrame:
    """Every word ``items`` times, real and generated, two practice examples, and checks."""
    names = [(word, f"r{number}_{word}") for word in words for number in range(items)]
    rows = [(word, item, "test", kind) for word, item in names for kind in ("real", "generated")]
    rows += [("bat", f"p{number}", "practice", "real") for number in range(2)]
    kinds = ("generated", "real")
    rows += [("bat", f"c{n}", "attention", kinds[n % 2]) for n in range(attention)]
    table = pd.DataFrame(rows, columns=["word", "item", "part", "kind"])
    numbers = np.random.default_rng(1).permutation(len(table)) + 1
    table["clip"] = [f"clip_{number:03d}.mp4" for number in numbers]
    table["system"] = np.where(table["kind"] == "generated", "m", "")
    table = table.assign(subject="s1", recording=table["item"], start=0.1, end=0.7)
    return table.assign(seed=3, sha256="0")[COLUMNS]


def write_rating_folder(folder: Path, **options) -> Path:
    """Write the manifest and a few bytes as each clip."""
    table = manifest(**options)
    (folder / "clips").mkdir(parents=True)
    for name in table["clip"]:
        (folder / "clips" / name).write_bytes(name.encode())
    table.to_csv(folder / "manifest.csv", index=False)
    return folder


def simulate(
    raters: int, d_prime: float = 0.0, criterion: float = 0.0, items: int = 25, seed: int = 0
) -> pd.DataFrame:
    """Answers of raters of a known sensitivity, by signal detection theory.

    A clip leaves an impression, normal with standard deviation 1 around d'/2 where it is
    generated and -d'/2 where it is real; above ``criterion`` a rater says synthesised. The
    naturalness is 3 less the rounded impression, kept to 1 to 5.
    """
    rng = np.random.default_rng(seed)
    table = manifest(items=items)
    test = table[table["part"] == "test"]
    rows = []
    for number in range(raters):
        order = presentation(test, seed_of(3, f"r{number}"))
        rows.append(order.merge(test, on="clip").assign(rater=f"r{number}"))
    answers = pd.concat(rows, ignore_index=True)
    means = np.where(answers["kind"] == "generated", d_prime / 2, -d_prime / 2)
    felt = rng.normal(means)
    answers["answer"] = np.where(felt > criterion, "synthesised", "real")
    natural = np.clip(3 - np.rint(felt), 1, 5).astype(int)
    return answers.assign(naturalness=pd.array(natural, dtype="Int64"))
