"""The whole workflow, small: a configuration, and what must be there at its end."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from helpers.repository import ROOT
from s2r.core.media.decode import probe

SMALL = {
    key: value
    for key, value in yaml.safe_load((ROOT / ".test/config/config.yaml").read_text()).items()
    if key not in ("corpus", "split")
}
"""The networks and trainings of .test, over those of the default: its other rows go."""
SMALL["runs"] |= {"whisper-tiny.en": None, "whisper-tiny.en-pooled": None}
SMALL["encoders"] |= {"whisper-tiny.en": None}

PAGES = ("configuration.html", "corpus.html", "split.html", "table1.html", "videos.html")
PAGES += ("differences.html",)


def complete(folder: Path, sets: list[str]) -> pd.DataFrame:
    """The table, after checking that everything that belongs to it is there."""
    table = pd.read_csv(folder / "table1.csv").set_index("system")
    for name in sets:
        assert table.loc["logmel", [f"fvd_{name}", f"ssim_{name}"]].notna().all()
    for name in ("table1.md", "table1.tex", "table1.png", "scores.csv", "differences.csv"):
        assert (folder / name).stat().st_size > 500
    assert (folder / "samples" / "contact_sheet.png").exists()
    for name in PAGES:
        assert (folder / "report" / name).stat().st_size > 500
    for name in ("overview.png", "drift.png", "regions.png"):
        assert (folder / "report" / name).stat().st_size > 500
    for name in sets:
        (video,) = (folder / "samples" / "logmel" / name).glob("*.mp4")
        looked = probe(video)
        assert looked.audio_seconds == pytest.approx(looked.video_seconds, abs=0.1)
    return table
