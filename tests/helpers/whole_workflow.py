"""The whole workflow, small: a configuration, and what must be there at its end."""

from pathlib import Path

import pandas as pd
import pytest

from s2r.core.media.decode import probe

SCHEDULE = {"clips": 64, "batch": 4, "warmup_clips": 16, "validate_clips": 32}
"""How each network of preset s2r is trained; a checkpoint is left at every validation."""

SMALL = {
    "device": "cpu",
    "autoencoder": {"codes": 12},
    "mean": {"hidden": 16, "dilations": [1, 2], "segment": 50, "fold_share": 1.0} | SCHEDULE,
    "residual": {"hidden": 8, "dilations": [1, 2], "segment": 50} | SCHEDULE,
    "sampler": {"steps": 2},
    "evaluation": {"draws": 2, "clips": 2, "recordings": 1, "resamples": 100, "agreement_steps": 4},
    "runs": {"whisper-tiny.en": None, "whisper-tiny.en-pooled": None},
    "encoders": {"whisper-tiny.en": None},
    "recurrent": {"encoders": ["logmel"], "clips": 32, "validate_clips": 16},
}


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
