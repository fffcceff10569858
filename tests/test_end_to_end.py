"""The whole job, in small: on the phantom, and on real recordings where they are at hand."""

import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from s2r.media import probe

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "data" / "real_rtmri"

SMALL = {
    "device": "cpu",
    "denoiser": {"channels": [16, 32]},
    "training": {"clips": 64, "warmup_clips": 16, "validate_clips": 32, "checkpoint_clips": 32},
    "sampler": {"steps": 2},
    "evaluation": {"draws": 2, "clips": 2, "recordings": 1, "resamples": 100},
    "runs": {"whisper-tiny.en": None, "whisper-tiny.en-pooled": None},
    "encoders": {"whisper-tiny.en": None},
    "recurrent": {"encoders": ["logmel"], "clips": 32, "validate_clips": 16},
}


def complete(folder: Path, sets: list[str]) -> pd.DataFrame:
    """The table, after checking that everything that belongs to it is there."""
    table = pd.read_csv(folder / "table1.csv").set_index("system")
    for name in sets:
        assert table.loc["logmel", [f"fvd_{name}", f"ssim_{name}"]].notna().all()
    for name in ("table1.md", "table1.tex", "table1.png", "scores.csv"):
        assert (folder / name).stat().st_size > 500
    assert (folder / "looks" / "contact_sheet.png").exists()
    for name in ("configuration.html", "corpus.html", "split.html", "table1.html", "videos.html"):
        assert (folder / "report" / name).stat().st_size > 500
    for name in ("overview.png", "drift.png", "regions.png"):
        assert (folder / "report" / name).stat().st_size > 500
    for name in sets:
        (video,) = (folder / "looks" / "logmel" / name).glob("*.mp4")
        looked = probe(video)
        assert looked.audio_seconds == pytest.approx(looked.video_seconds, abs=0.1)
    return table


def test_phantom_from_nothing_to_table_and_the_second_call_does_nothing(snakemake, tmp_path, i3d):
    config = SMALL | {
        "corpus": {"phantom": {"profile": "tiny"}},
        "split": {"unseen_subjects": 1, "unseen_stimuli": ["topic1"], "validation_stimuli": []},
        "evaluation": SMALL["evaluation"] | {"i3d": i3d},
    }
    done = snakemake("--cores", "2", config=config)
    assert done.returncode == 0, done.stdout[-3000:]
    sets = ["unseen_speech", "unseen_subject", "unseen_both"]
    table = complete(tmp_path / "results", sets)
    assert {"copied_frame", "mean_frame", "real_other"} <= set(table.index)
    assert {"regression-logmel", "recurrent-logmel"} <= set(table.index)
    for name in sets:
        floor = table.loc["real", f"contour_mm_draw_{name}"]
        assert floor < table.loc["copied_frame", f"contour_mm_draw_{name}"]
    again = snakemake("--cores", "2", config=config)
    assert "Nothing to be done" in again.stdout


def test_real_recordings_from_a_plain_folder(snakemake, tmp_path, i3d):
    if not REAL.is_dir():
        pytest.skip(f"no real recordings at {os.path.relpath(REAL, ROOT)}")
    example = yaml.safe_load((ROOT / "config" / "folder.yaml").read_text())
    shutil.copytree(REAL, tmp_path / "real")
    (tmp_path / "real" / "usctimit_mri_m3_broken.mp4").write_bytes(b"not a video")
    config = SMALL | example | {"recurrent": {"encoders": []}}
    config["corpus"] = example["corpus"] | {"path": "real"}
    config["evaluation"] = SMALL["evaluation"] | {"i3d": i3d}
    done = snakemake("--cores", "2", config=config)
    assert done.returncode == 0, done.stdout[-3000:]
    complete(tmp_path / "results" / "folder", ["unseen_speech"])
    index = pd.read_csv(tmp_path / "results" / "folder" / "recordings.csv", keep_default_na=False)
    assert index["status"].value_counts().to_dict() == {"ok": 5, "defect": 1}
    (reason,) = index.loc[index["status"] == "defect", "reason"]
    assert "usctimit_mri_m3_broken.mp4" in reason
    assert reason in done.stdout
