"""The whole job, in small, on real recordings where they are at hand, in pictures of 136 pixels.

In a file of its own: it takes minutes, and files are shared out among the processes of the tests.
"""

import os
import shutil

import pandas as pd
import pytest
import yaml

from helpers.repository import RECORDINGS, ROOT
from helpers.whole_workflow import SMALL, complete

REAL = RECORDINGS / "real_rtmri"


def test_real_recordings_from_a_plain_folder(snakemake, tmp_path, i3d):
    if not REAL.is_dir():
        pytest.skip(f"no real recordings at {os.path.relpath(REAL, ROOT)}")
    example = yaml.safe_load((ROOT / "config" / "folder.yaml").read_text())
    shutil.copytree(REAL, tmp_path / "real")
    (tmp_path / "real" / "usctimit_mri_m3_broken.mp4").write_bytes(b"not a video")
    config = SMALL | example | {"recurrent": {"encoders": []}}
    config["corpus"] = example["corpus"] | {"path": "real"}
    config["frames"] = {"size": 136}
    config["evaluation"] = SMALL["evaluation"] | {"i3d": i3d}
    done = snakemake("--cores", "1", config=config)
    assert done.returncode == 0, done.stdout[-3000:]
    complete(tmp_path / "results" / "folder", ["unseen_speech"])
    index = pd.read_csv(tmp_path / "results" / "folder" / "recordings.csv", keep_default_na=False)
    assert index["status"].value_counts().to_dict() == {"ok": 5, "defect": 1}
    (reason,) = index.loc[index["status"] == "defect", "reason"]
    assert "usctimit_mri_m3_broken.mp4" in reason
    assert reason in done.stdout
