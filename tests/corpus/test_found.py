"""Every file that is found, or that should be there, has a row in the index."""

import os
from pathlib import Path

import numpy as np
import pytest

from s2r.config.data_blocks import FolderBlock
from s2r.core.errors import UserError
from s2r.core.media.encode import write_video
from s2r.corpus.index import index_corpus
from s2r.corpus.walk import walk


@pytest.fixture
def put(film):
    """``put(path)`` writes a recording there, each with other bytes."""

    def write(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(film + os.fsencode(path))
        return path

    return write


@pytest.fixture
def locked(monkeypatch):
    """``locked(folder)``: listing it is not allowed from now on, as for another user's folder."""
    folders, scandir = set(), os.scandir

    def guarded(path="."):
        place = Path(os.fsdecode(path))
        if not folders.isdisjoint([place, *place.parents]):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    return folders.add


def reasons(kind: str, root: Path, **settings) -> dict[str, str]:
    table = index_corpus(kind, root, workers=1, **settings)
    return dict(zip(table["recording"], table["reason"], strict=True))


def test_linked_folders_are_read(put, tmp_path):
    put(tmp_path / "elsewhere/anna/one.mp4")
    put(tmp_path / "elsewhere/anna/deeper/two.mp4")
    put(tmp_path / "corpus/carl/one.mp4")
    (tmp_path / "corpus/anna").symlink_to(tmp_path / "elsewhere/anna")
    (tmp_path / "elsewhere/anna/back").symlink_to(tmp_path / "elsewhere/anna")
    files = FolderBlock("(?P<subject>[^/]+)/(?P<stimulus>.+)")
    found = reasons("folder", tmp_path / "corpus", files=files)
    assert found == {"anna_one": "", "anna_deeper_two": "", "carl_one": ""}
    (tmp_path / "only").mkdir()
    (tmp_path / "only/bert").symlink_to(tmp_path / "elsewhere/anna")
    table = index_corpus("folder", tmp_path / "only", files=files, workers=1)
    assert set(table["subject"]) == {"bert"}


def test_links_to_nothing_are_rows(put, tmp_path):
    put(tmp_path / "anna/one.mp4")
    (tmp_path / "anna/two.mp4").symlink_to("../.git/annex/objects/x/MD5E-s1.mp4")
    (tmp_path / "anna/notes.txt").symlink_to("gone.txt")
    (tmp_path / "bert").symlink_to(tmp_path / "disk" / "bert")
    table = index_corpus("folder", tmp_path, workers=1).set_index("recording")
    assert table.loc["anna_one", "status"] == "ok"
    row = table.loc["anna_two"]
    assert (row["subject"], row["stimulus"], row["status"]) == ("anna", "two", "defect")
    assert row["reason"].startswith(f"missing: {tmp_path}/anna/two.mp4 is a link to ../.git/annex")
    assert row["reason"].endswith("which is not there; call git annex get")
    row = table.loc["bert"]
    assert (row["subject"], row["status"]) == ("bert", "defect")
    assert row["reason"].startswith(f"missing: {tmp_path}/bert is a link to")
    assert len(table) == 3


@pytest.mark.parametrize(
    ("pointer", "command"),
    [
        ("/annex/objects/MD5E-s1048576--d41d8cd98f00b204e9800998ecf8427e.mp4\n", "git annex get"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n", "git lfs pull"),
    ],
)
def test_content_that_was_not_fetched_is_missing(put, tmp_path, pointer, command):
    put(tmp_path / "anna/one.mp4")
    (tmp_path / "anna/two.mp4").write_text(pointer)
    put(tmp_path / "anna/three.mp4")
    (tmp_path / "anna/three.wav").write_text(pointer)
    found = reasons("folder", tmp_path)
    assert found["anna_two"] == f"missing: the content of two.mp4 is not here; call {command}"
    assert found["anna_three"] == f"missing: the content of three.wav is not here; call {command}"
    assert found["anna_one"] == ""


def test_a_sound_that_is_a_link_to_nothing_is_missing(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 255, (25, 16, 16), dtype=np.uint8)
    write_video(tmp_path / "anna/one.mp4", pictures, 50)
    (tmp_path / "anna/one.WaV").symlink_to("gone.wav")
    assert reasons("folder", tmp_path)["anna_one"].startswith("missing: one.WaV: ")


def test_folders_that_cannot_be_read_are_rows(put, tmp_path, locked):
    put(tmp_path / "anna/one.mp4")
    put(tmp_path / "bert/one.mp4")
    put(tmp_path / "carl/more.d/two.mp4")
    locked(tmp_path / "bert")
    locked(tmp_path / "carl/more.d")
    table = index_corpus("folder", tmp_path, workers=1).set_index("recording")
    assert table["status"].to_dict() == {
        "anna_one": "ok",
        "bert": "defect",
        "carl_more.d": "defect",
    }
    reason = f"unreadable: the folder {tmp_path}/bert cannot be read (Permission denied)"
    assert table.loc["bert", ["subject", "reason"]].tolist() == ["bert", reason]
    locked(tmp_path)
    with pytest.raises(UserError, match=r"this folder cannot be read \(Permission denied\)"):
        index_corpus("folder", tmp_path)


def test_what_is_no_file_is_a_row(put, tmp_path):
    put(tmp_path / "anna/one.mp4")
    os.mkfifo(tmp_path / "anna/two.mp4")
    assert reasons("folder", tmp_path) == {
        "anna_one": "",
        "anna_two": f"unreadable: {tmp_path}/anna/two.mp4 is no file",
    }


def test_suffixes_of_any_case_and_the_key_where_nothing_fits(put, tmp_path):
    put(tmp_path / "anna/one.mp4")
    put(tmp_path / "anna/two.MP4")
    for suffix in (".MP4", ".mp4"):
        found = reasons("folder", tmp_path, files=FolderBlock(suffixes=(suffix,)))
        assert found == {"anna_one": "", "anna_two": ""}
    with pytest.raises(UserError, match=r"corpus.folder.suffixes \(\.ogv\): there are .*\.mp4"):
        index_corpus("folder", tmp_path, files=FolderBlock(suffixes=(".ogv",)))


def test_a_style_that_is_none_is_told(put, tmp_path):
    put(tmp_path / "anna/read/one.mp4")
    files = FolderBlock("(?P<subject>[^/]+)/(?P<style>[^/]+)/(?P<stimulus>[^/]+)")
    (reason,) = reasons("folder", tmp_path, files=files).values()
    assert reason == (
        "unreadable name: anna/read/one has the style read, which is none of scripted, spontaneous"
    )


@pytest.fixture
def usc(put, tmp_path) -> Path:
    put(tmp_path / "sub001/2drt/video/sub001_2drt_01_vcv1_r1_video.mp4")
    put(tmp_path / "sub002/2drt/video/sub002_2drt_01_vcv1_r1_video.mp4")
    return tmp_path


def test_the_usc_layout_with_links(put, usc, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    put(other / "sub003/2drt/video/sub003_2drt_01_vcv1_r1_video.mp4")
    (usc / "sub003").symlink_to(other / "sub003")
    (usc / "sub004").symlink_to(other / "sub004")
    video = usc / "sub001/2drt/video"
    (video / "sub001_2drt_02_vcv2_r1_video.mp4").symlink_to("../../.git/annex/objects/x.mp4")
    table = index_corpus("usc75", usc, workers=1).set_index("recording")
    assert table.loc["sub003_2drt_01_vcv1_r1", "status"] == "ok"
    for recording, subject in (("sub004", "sub004"), ("sub001_2drt_02_vcv2_r1", "sub001")):
        assert table.loc[recording, ["subject", "status"]].tolist() == [subject, "defect"]
        assert table.loc[recording, "reason"].startswith("missing: ")
    assert len(table) == 5


def test_the_usc_layout_with_locked_folders(usc, locked):
    locked(usc / "sub002")
    locked(usc / "sub001/2drt/audio")
    (usc / "sub001/2drt/audio").mkdir()
    table = index_corpus("usc75", usc, workers=1, expected_subjects=2).set_index("recording")
    assert table["status"].value_counts().to_dict() == {"ok": 1, "defect": 2}
    assert table.loc["sub002", "reason"].startswith("unreadable: the folder ")
    assert table.loc["sub001_2drt_audio", "reason"].startswith("unreadable: the folder ")


def test_a_video_outside_the_usc_layout_is_a_row(put, usc):
    put(usc / "sub002/2drt/sub002_2drt_02_vcv2_r1_video.mp4")
    put(usc / "more.mp4")
    found = reasons("usc75", usc)
    name = "sub002_2drt_sub002_2drt_02_vcv2_r1_video.mp4"
    assert found[name].endswith("r1_video.mp4 is not in subNNN/2drt/video/")
    assert found["more.mp4"].startswith("unreadable name: ")
    assert len(found) == 4


def test_a_walk_ends_where_links_turn_round(tmp_path):
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/x").touch()
    (tmp_path / "a/b/up").symlink_to(tmp_path)
    (tmp_path / "a/self").symlink_to("self")
    found = {path.relative_to(tmp_path).as_posix(): problem for path, problem in walk(tmp_path)}
    assert found.keys() == {"a/b/x", "a/self"}
    assert found["a/b/x"] == ""
    assert found["a/self"].startswith("unreadable: ")
