"""The small run of .test, as the workflow catalogue asks for one."""

import shutil
import subprocess
import sys

from helpers.repository import ROOT


def test_the_small_run_is_planned_in_its_own_folder(tmp_path):
    folder = tmp_path / "small"
    shutil.copytree(ROOT / ".test" / "config", folder / "config")
    command = [sys.executable, "-m", "snakemake", "-n", "--cores", "1", "--directory", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    planned = done.stdout + done.stderr
    assert "train_recurrent" in planned
    assert "whisper" not in planned
