"""What generated files say of themselves: which program, model and seed made them."""

import json
import subprocess
from pathlib import Path

import h5py
import pytest
from PIL import Image

from s2r import __version__
from s2r.core import origin


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout with one commit, in which the package seems to lie."""

    def git(*words: str) -> str:
        command = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b", *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        git("init", "--quiet")
    except FileNotFoundError:
        pytest.skip("git is not installed")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    git("add", ".")
    git("commit", "--quiet", "-m", "first")
    monkeypatch.setattr(origin, "ROOT", tmp_path)
    origin.commit.cache_clear()
    yield tmp_path
    origin.commit.cache_clear()


def test_the_commit_is_that_of_the_checkout_and_says_when_files_were_changed(checkout, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(checkout / "elsewhere"))
    expected = git_head(checkout)
    assert origin.commit() == expected[:12]
    assert origin.program() == f"s2r {__version__}, commit {expected[:12]}"
    origin.commit.cache_clear()
    (checkout / "notes.txt").write_text("of the user")  # not tracked: the code is as it was
    assert origin.commit() == expected[:12]
    origin.commit.cache_clear()
    (checkout / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert origin.commit() == f"{expected[:12]}-dirty"


def git_head(folder: Path) -> str:
    (name,) = (folder / ".git" / "refs" / "heads").iterdir()
    return name.read_text().strip()


@pytest.mark.parametrize("missing", ["pyproject.toml", ".git"])
def test_an_installed_package_has_no_commit(checkout, missing):
    """Nor one that lies in the environment inside of somebody's own repository."""
    (checkout / missing).rename(checkout / "away")
    assert origin.commit() == ""
    assert origin.program() == f"s2r {__version__}"
    assert origin.marks("x")["commit"] == ""


def test_without_git_there_is_no_commit(checkout, monkeypatch):
    monkeypatch.setenv("PATH", str(checkout))
    assert origin.commit() == ""


def test_marks_are_read_back_from_every_kind_of_file(tmp_path):
    about = origin.marks("generated", "logmel", "ab" * 32, 7)
    tags = origin.video_tags(about)
    assert json.loads(tags["description"]) == about
    for part in ("generated", "logmel", "ab" * 32, "seed 7", f"s2r {__version__}"):
        assert part in tags["comment"]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs.update(about)
        assert {key: file.attrs[key] for key in about} == about
    Image.new("L", (2, 2)).save(tmp_path / "a.png", pnginfo=origin.png_info("synthetic"))
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.text == {"Software": origin.program(), "Comment": "synthetic"}


def test_what_was_not_drawn_has_no_seed():
    assert "seed" not in origin.marks("generated", "mean")
    assert "seed" not in origin.sentence(origin.marks("generated", "mean"))
    assert origin.marks("generated", seed=0)["seed"] == 0
