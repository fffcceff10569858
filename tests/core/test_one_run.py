"""One call of snakemake at a time, and what a call that was killed leaves behind."""

import shutil
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from helpers.calls import finish, start
from helpers.repository import ROOT
from helpers.waiting import wait_until
from s2r.core.errors import UserError
from s2r.core.job import job
from s2r.core.processes import check_system, hold_folder

HOLDER = """
import sys, time
from s2r.core.processes import hold_folder
hold_folder(sys.argv[1])
print("held", flush=True)
time.sleep(600)
"""

CALL = ("results/split.csv", "--cores", "1")

# Jobs write their outputs; the first that draws the split waits for the file "hold" to go.
SCRIPT = """
import os, time
from pathlib import Path
from s2r.core.files import atomic_path
from s2r.core.job import job

with job(snakemake):
    text = f"{snakemake.rule} {os.getpid()}"
    if snakemake.rule == "split" and not Path("waiting").exists():
        Path("waiting").write_text(str(os.getpid()))
        while Path("hold").exists():
            time.sleep(0.1)
    for path in map(Path, snakemake.output):
        with atomic_path(path) as temporary:
            temporary.write_text(text)
"""


def test_a_folder_is_held_by_one_process_until_it_ends_however(tmp_path):
    lock = tmp_path / "new" / "run.lock"
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(lock)], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"held\n"
        for _ in range(2):
            with pytest.raises(UserError, match=rf"another snakemake \(process {process.pid} on"):
                hold_folder(lock)
    finally:
        process.kill()
        process.communicate()
    # In a process of its own, since whoever holds it does so to its end.
    after = [sys.executable, "-c", HOLDER.replace("time.sleep(600)", ""), str(lock)]
    assert subprocess.run(after, stdout=subprocess.PIPE, check=True).stdout == b"held\n"


STARTER = """
import os, subprocess, sys, time
code = "import sys, time; from s2r.core.processes import end_with; end_with(int(sys.argv[1]))\\n"
code += "print('watching', flush=True)\\ntime.sleep(600)"
subprocess.Popen([sys.executable, "-c", code, str(os.getpid())])
time.sleep(600)
"""


def test_a_job_ends_with_the_process_that_started_it(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"watching\n"
    process.kill()
    # Nobody has asked for its exit status yet, so that its number is still taken. The job holds
    # the other end of the pipe.
    assert process.communicate(timeout=60)[0] == b""


def test_a_file_system_without_locks_is_said(tmp_path, monkeypatch, capsys):
    def refuse(*_):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", refuse)
    hold_folder(tmp_path / "run.lock")
    assert "no locks on this file system" in capsys.readouterr().err


def test_windows_gets_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with pytest.raises(UserError, match="not on Windows itself: use the Windows Subsystem"):
        hold_folder(tmp_path / "run.lock")
    check_system()
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(UserError, match="s2r runs on Linux and macOS"):
        check_system()


def test_a_folder_of_somebody_else_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"run\.lock cannot be written"):
        hold_folder(tmp_path / "file" / "run.lock")


@pytest.fixture
def project(tmp_path):
    """A copy of the project, with its own profile and scripts that only make their outputs."""
    pytest.importorskip("snakemake")
    for name in ("workflow", "profiles", "config"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "Snakefile", tmp_path)
    for script in (tmp_path / "workflow" / "scripts").glob("*.py"):
        script.write_text(SCRIPT)
    return tmp_path


def test_a_second_call_is_refused_and_a_killed_one_leaves_no_lock(project):
    (project / "hold").touch()
    first = start(project, *CALL)
    wait_until((project / "waiting").exists)
    refused = finish(start(project, *CALL), status=1)
    sentence = refused.rstrip().splitlines()[-1]
    assert sentence.startswith(f"Error: another snakemake (process {first.pid} on ")
    assert "runs in this folder: wait until it ends, or stop it with Ctrl-C" in sentence
    assert "Traceback" not in refused
    # Looking is allowed meanwhile.
    assert "split" in finish(start(project, *CALL, "-n"))

    first.kill()
    first.wait()
    finish(start(project, *CALL))
    # The killed call's job would go on now, and write its output over the other's.
    (project / "hold").unlink()
    time.sleep(1.5)
    rule, process = (project / "results" / "split.csv").read_text().split()
    assert rule == "split"
    assert process != (project / "waiting").read_text()
    assert "Nothing to be done" in finish(start(project, *CALL, "-n"))


def test_a_job_removes_what_a_killed_one_left_of_its_outputs(tmp_path):
    begun = tmp_path / ".model.safetensors.ab_12345.partial" / "model.safetensors"
    other = tmp_path / ".curve.csv.ab_12345.partial" / "curve.csv"
    own = tmp_path / ".model.safetensors.before-the-change" / "model.safetensors"
    for path in (begun, other, own):
        path.parent.mkdir()
        path.write_text("half")
    outputs = [str(tmp_path / "model.safetensors")]
    log = [str(tmp_path / "train.log")]
    described = {"rule": "train", "wildcards": [], "threads": 1, "log": log, "input": []}
    with job(SimpleNamespace(**described, output=outputs)):
        assert not begun.parent.exists()
    assert other.exists()
    assert own.exists()
