"""With S2R_NO_SKIPS=1, as in .ci/run, only tests that need a GPU may be skipped."""

import os
import subprocess
import sys

import pytest

from helpers.repository import ROOT

GPU = """
import pytest
@pytest.mark.skipif(True, reason="no GPU")
def test_card():
    assert False
def test_sum():
    assert 1 + 1 == 2
"""
PROGRAM = """
import pytest
def test_browser():
    pytest.skip("chromium is not installed")
"""
LIBRARY = """
import pytest
pytest.importorskip("no_such_library", reason="no_such_library is not installed")
"""


@pytest.fixture
def run(tmp_path):
    """Run pytest on files made of the texts; returns the completed process."""

    def run(*texts: str, no_skips: str = "1", processes: int = 0) -> subprocess.CompletedProcess:
        for number, text in enumerate(texts):
            (tmp_path / f"test_{number}.py").write_text(text)
        (tmp_path / "pytest.ini").write_text("[pytest]\n")
        # Not what the run around this one gives its processes.
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
        environment |= {"PYTHONPATH": str(ROOT / "tests"), "S2R_NO_SKIPS": no_skips}
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "helpers.skips", "-n", str(processes), tmp_path],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env=environment,
        )

    return run


@pytest.mark.parametrize("processes", [0, 2])
def test_other_skips_than_a_gpu_are_a_failure(run, processes):
    done = run(GPU, PROGRAM, LIBRARY, processes=processes)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout
    assert "test_1.py::test_browser: chromium is not installed" in done.stdout
    assert "test_2.py: no_such_library is not installed" in done.stdout
    assert "no GPU" not in done.stdout


def test_a_gpu_may_be_missing(run):
    assert run(GPU).returncode == pytest.ExitCode.OK


def test_without_the_variable_every_skip_is_one(run):
    done = run(GPU, PROGRAM, LIBRARY, no_skips="")
    assert done.returncode == pytest.ExitCode.OK
    assert "S2R_NO_SKIPS" not in done.stdout
