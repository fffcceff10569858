"""A project in a folder such as ``My Drive`` is refused at once, not after the installation."""

import shutil
import subprocess

import pytest

from helpers.repository import ROOT
from s2r.core.errors import UserError
from s2r.core.processes import check_interpreter


@pytest.mark.parametrize("name", ["My Drive", "Tom's", "project (copy)", "R&D", "a$b", 'a"b'])
def test_make_says_so_before_it_installs_anything(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    for file in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / file, folder)
    command = ["make", "table1"]
    called = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert called.returncode != 0
    sentence, *rest = called.stderr.splitlines()
    assert sentence.startswith("Snakemake cannot start jobs where the path holds a space, a quote")
    assert str(folder) in sentence
    assert len(rest) <= 1  # make's own line
    assert not (folder / ".venv").exists()


@pytest.mark.parametrize("name", ["My Drive", "Tom's", "project (copy)", "R&D"])
def test_the_workflow_says_so_before_its_first_job(name):
    with pytest.raises(UserError, match="Snakemake cannot start jobs there"):
        check_interpreter(f"/home/anna/{name}/.venv/bin/python")


@pytest.mark.parametrize("name", ["s2r", "Müller_2.0", "a-b+c", "実験", "a[1]"])
def test_other_names_are_accepted(name):
    check_interpreter(f"/home/{name}/.venv/bin/python")
