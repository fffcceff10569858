"""Around a job of the workflow: its log, its threads, its errors, its progress bars."""

import os
import types
from pathlib import Path

import pytest

from s2r.core.errors import UserError
from s2r.core.job import LabelledLines, job


def snakemake_object(folder: Path) -> types.SimpleNamespace:
    log = [str(folder / "logs" / "train.log")]
    return types.SimpleNamespace(
        rule="train", wildcards=["logmel"], threads=3, log=log, input=[], output=[]
    )


def test_job_writes_messages_to_log_and_terminal(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with job(snakemake_object(tmp_path)):
        print("hello")
        assert os.environ["OMP_NUM_THREADS"] == "3"
    print("after")
    assert (tmp_path / "logs" / "train.log").read_text() == "[train logmel] hello\n"
    captured = capsys.readouterr()
    assert captured.err == "[train logmel] hello\n"
    assert captured.out == "after\n"


def test_job_that_starts_processes_keeps_libraries_to_one_thread(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    with job(snakemake_object(tmp_path), threads=1):
        assert os.environ["OMP_NUM_THREADS"] == "1"


def test_user_error_is_one_sentence_and_a_fault_a_traceback(tmp_path, capsys):
    with pytest.raises(SystemExit) as exit_, job(snakemake_object(tmp_path)):
        raise UserError("a.mp4 holds no sound: record it again.")
    assert exit_.value.code == 1
    assert (
        capsys.readouterr().err == "[train logmel] Error: a.mp4 holds no sound: record it again.\n"
    )

    with pytest.raises(SystemExit), job(snakemake_object(tmp_path)):
        raise ZeroDivisionError("oops")
    log = (tmp_path / "logs" / "train.log").read_text()
    assert "Traceback" in log
    assert "ZeroDivisionError: oops" in log
    assert log == capsys.readouterr().err


def test_progress_bars_become_few_lines():
    class Target(list):
        write = list.append

        def flush(self):
            pass

    now, target = [0.0], Target()
    lines = LabelledLines("train", [target], clock=lambda: now[0])
    for second in range(25):
        now[0] = float(second)
        lines.write(f"\r{second} of 25")
    lines.write("\r25 of 25\n")
    lines.write("done")
    lines.finish()
    assert target == [
        "[train] 9 of 25\n",
        "[train] 19 of 25\n",
        "[train] 25 of 25\n",
        "[train] done\n",
    ]
