"""Whether pages of docs/ still state what the default experiment gives.

    make table1
    python benchmarks/documented.py [results]

compares the tables "What the default reaches on it" (docs/phantom.md), "What was found" and "With
other voices" (docs/real-speech.md) with the results, prints every row that is stated otherwise, and
ends with status 1 where there is one. ``real_speech.csv`` and ``voices/real_speech.csv``, which are
made by name, are compared where they are.
"""

import argparse
import sys
from pathlib import Path

import pandas as pd
from small_models import SYSTEM
from voices import TRAINING

from s2r.config.systems import SETS, Kind, mean_system
from s2r.core.errors import UserError
from s2r.evaluation.real_speech.areas import MEAN
from s2r.evaluation.real_speech.stage import CORPUS, PEOPLE, SHUFFLED, TRUE

DOCS = Path(__file__).parents[1] / "docs"
SHOWN = ("lips", "tip", "dorsum", "velum")
MEAN_ROWS = {
    (PEOPLE, MEAN): "people: mean of the {voices} voices",
    (SHUFFLED, MEAN): "the same videos at another time",
    (CORPUS, MEAN): "phantom, 6 unseen subjects, generated",
    (TRUE, MEAN): "phantom, the same, true videos",
}
VOICES = {
    "librivox": "LibriVox, 5 recordings",
    "cards": "cards, 5 recordings",
    "allison": "Allison Smith, 19 prompts",
    "two_cities": "two_cities, 1 recording",
    "awb": "flite awb, 20 sentences",
    "kal16": "flite kal16, 20 sentences",
    "rms": "flite rms, 20 sentences",
    "slt": "flite slt, 20 sentences",
}
"""By folder: the speech of docs/real-speech.md."""

UNHEARD = VOICES.keys() - TRAINING.keys()
"""Those that the model of `make people` has not heard."""


def phantom_rows(scores: pd.DataFrame) -> list[str]:
    """The rows of docs/phantom.md, without goal and answer, from ``scores.csv``."""
    columns = ["system", "metric", "mode", "estimate", "region"]
    by_set = scores.pivot_table("value", columns, "set")

    def values(system: str, metric: str, digits: int, *place: str, scale: float = 1) -> list[str]:
        found = by_set.loc[(system, metric, *place)]
        return [f"{scale * found[name]:.{digits}f}" for name in SETS]

    def beside(*chosen, **options) -> str:
        return ", ".join(values(*chosen, **options))

    error, tongue = ("rollout", "mean", "dynamic"), ("rollout", "mean", "tongue")
    drawn, clips = ("rollout", "draw"), ("clip", "draw", "frame")
    regression = f"recurrent-{SYSTEM}"
    known = beside(regression, "squared_error", 0, *error, scale=1000)
    contours = beside(regression, "contour_mm", 1, *tongue)
    copied = beside(Kind.COPIED_FRAME, "ssim", 3, *clips)
    held = beside(Kind.MEAN_FRAME, "ssim", 3, "clip", "mean", "frame")
    real = beside(Kind.REAL_OTHER, "fvd", 0, *clips)
    rows = {
        f"squared error x 1000 (recurrent regression: {known})": values(
            SYSTEM, "squared_error", 1, *drawn, "dynamic", scale=1000
        ),
        "the same, network of the mean": values(
            mean_system(SYSTEM), "squared_error", 1, *error, scale=1000
        ),
        f"tongue contour, mm (recurrent regression: {contours})": values(
            SYSTEM, "contour_mm", 2, *drawn, "tongue"
        ),
        f"SSIM of clips (copied frame: {copied}; mean frame: {held})": values(
            SYSTEM, "ssim", 3, *clips
        ),
        f"FVD of clips (real video of another recording: {real})": values(SYSTEM, "fvd", 0, *clips),
        "audio gap x 1000": values(SYSTEM, "audio_gap", 0, *drawn, "dynamic", scale=1000),
        "motion energy, ratio to the truth": values(SYSTEM, "motion", 2, *drawn, "dynamic"),
        "high-frequency power, ratio to the truth": values(
            SYSTEM, "high_frequency_power", 3, *drawn, "frame"
        ),
        "correlation of regional velocity": values(
            SYSTEM, "kinematics_velocity", 3, *drawn, "cells"
        ),
    }
    return [f"| {' | '.join([label, *cells])} |" for label, cells in rows.items()]


def real_speech_rows(areas: pd.DataFrame) -> list[str]:
    """The rows of docs/real-speech.md from ``real_speech.csv``.

    None where they are of other speech.
    """
    table = areas.fillna({"voice": MEAN}).set_index(["speech", "voice", "demand"])
    voices = {*table.loc[PEOPLE].index.get_level_values("voice")} - {MEAN}
    if voices not in (VOICES.keys(), UNHEARD):
        print("A real_speech.csv is of other speech and not compared.")
        return []
    labels = MEAN_ROWS | {(PEOPLE, voice): VOICES[voice] for voice in VOICES if voice in voices}
    rows = []
    for place, label in labels.items():
        cells = [_area(table.loc[(*place, demand)]) for demand in SHOWN]
        rows.append(f"| {' | '.join([label.format(voices=len(voices)), *cells])} |")
    return rows


def _area(row: pd.Series) -> str:
    """An area, its interval where there is one, and the number of phones."""
    interval = f" [{row.low:.3f}, {row.high:.3f}]" if pd.notna(row.low) else ""
    return f"{row.auc:.3f}{interval}, {row.n:.0f}"


TABLES = {
    "scores.csv": ("phantom.md", phantom_rows),
    "real_speech.csv": ("real-speech.md", real_speech_rows),
    "voices/real_speech.csv": ("real-speech.md", real_speech_rows),
}


def otherwise(results: Path, docs: Path = DOCS) -> list[str]:
    """What the pages should say and do not. Raises UserError without ``scores.csv``."""
    if not (results / "scores.csv").exists():
        raise UserError(f"{results}/scores.csv is not there: call make table1 first.")
    missing = []
    for name, (page, rows) in TABLES.items():
        if (results / name).exists():
            text = (docs / page).read_text()
            found = rows(pd.read_csv(results / name))
            missing += [f"docs/{page}: {row}" for row in found if row not in text]
    return missing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", type=Path, nargs="?", default=Path("results"))
    given = parser.parse_args()
    try:
        missing = otherwise(given.results)
    except UserError as error:
        parser.error(str(error))
    print("\n".join(missing) or "All rows are as stated.")
    sys.exit(bool(missing))


if __name__ == "__main__":
    main()
