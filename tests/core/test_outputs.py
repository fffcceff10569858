"""Files that a user names are replaced only where this program wrote them."""

import errno
import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from s2r.core.errors import UserError
from s2r.core.files import atomic_path, write_json
from s2r.core.media.decode import probe, read_video
from s2r.core.media.encode import VideoWriter
from s2r.core.outputs import check_outputs, is_sealed, sealed

FRAMES = np.random.default_rng(0).integers(0, 256, (5, 16, 16), np.uint8)


def write(path: Path, seal: bool = True) -> Path:
    with VideoWriter(path, (16, 16), 50, seal=seal) as writer:
        writer.frames(FRAMES)
    return path


def refused(outputs: list[Path], inputs: tuple[Path, ...] = (), overwrite: bool = False) -> str:
    with pytest.raises(UserError) as refusal:
        check_outputs(outputs, inputs, overwrite)
    return str(refusal.value)


def test_a_sealed_video_is_read_as_before(tmp_path):
    plain, marked = write(tmp_path / "plain.mp4", seal=False), write(tmp_path / "marked.mp4")
    assert marked.read_bytes()[:-56] == plain.read_bytes()
    assert is_sealed(marked)
    assert not is_sealed(plain)
    assert probe(marked).frames == 5
    assert np.array_equal(read_video(marked)[0], read_video(plain)[0])
    check_outputs([marked, tmp_path / "new.mp4"], [plain], overwrite=False)


def test_a_sealed_hdf5_file_is_no_longer_when_somebody_adds_to_it(tmp_path):
    path = tmp_path / "frames.h5"
    with sealed(path), h5py.File(path, "w") as file:
        file["frames"] = FRAMES
    with h5py.File(path) as file:
        assert np.array_equal(file["frames"][()], FRAMES)
    check_outputs([path], [], overwrite=False)
    with h5py.File(path, "r+") as file:
        file["my_labels"] = np.arange(5)
    assert "was not written by s2r or was changed since" in refused([path])


def test_what_failed_is_not_sealed(tmp_path):
    (tmp_path / "half").write_text("half")
    with pytest.raises(RuntimeError), sealed(tmp_path / "half"):
        raise RuntimeError
    assert (tmp_path / "half").read_text() == "half"


def test_a_changed_byte_or_a_seal_alone_is_not_ours(tmp_path):
    made = write(tmp_path / "made.mp4").read_bytes()
    for content in (made[:-1], made[1:], b"x" + made[1:], made + b"x", made[-56:], b"", b"short"):
        (tmp_path / "other").write_bytes(content)
        assert not is_sealed(tmp_path / "other")


def test_inputs_are_never_outputs_whatever_they_are_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    film, folder = tmp_path / "film.mp4", tmp_path / "folder"
    film.write_text("years of work")
    folder.mkdir()
    (tmp_path / "link.mp4").symlink_to(film)
    os.link(film, tmp_path / "hard.mp4")
    (tmp_path / "way").symlink_to(folder)
    names = ["film.mp4", "folder/../film.mp4", "link.mp4", "hard.mp4", "way/../film.mp4"]
    for name in map(Path, names):
        for overwrite in (False, True):
            assert "is the input" in refused([name], (film,), overwrite)
            assert "is the input" in refused([film], (name,), overwrite)
    # Nor before they exist: a name that is asked for twice.
    assert "are one file" in refused([Path("new.mp4"), Path("way/../new.mp4")])


def test_links_folders_and_odd_files_are_refused_even_to_overwrite(tmp_path):
    mine = tmp_path / "mine.mp4"
    mine.write_text("mine")
    assert "replace it with --overwrite" in refused([mine])
    check_outputs([mine], [], overwrite=True)
    (tmp_path / "link").symlink_to(write(tmp_path / "made.mp4"))
    (tmp_path / "nowhere").symlink_to("not there")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name, sentence in (
        *(("link", "is a link to"), ("nowhere", "is a link to not there")),
        *(("folder", "is a folder"), ("pipe", "not a file that can be replaced")),
        ("mine.mp4/new.mp4", "mine.mp4 is a file"),
    ):
        assert sentence in refused([tmp_path / name], overwrite=True)


def test_a_folder_is_replaced_whole_or_stays(tmp_path, monkeypatch):
    def make(text: str) -> None:
        with atomic_path(tmp_path / "model") as temporary:
            temporary.mkdir()
            (temporary / text).write_text(text)

    make("old")
    rename, calls = os.rename, []

    def fails_at_the_second(source, target):
        calls.append(source)
        if len(calls) == 2:
            raise OSError(errno.EACCES, "Permission denied")
        rename(source, target)

    with monkeypatch.context() as broken, pytest.raises(UserError, match="cannot be written"):
        broken.setattr(os, "rename", fails_at_the_second)
        make("new")
    assert [path.name for path in tmp_path.rglob("*")] == ["model", "old"]
    make("new")
    assert [path.name for path in tmp_path.rglob("*")] == ["model", "new"]


def test_a_folder_that_may_not_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"file/new\.json cannot be written"):
        write_json(tmp_path / "file" / "new.json", {})
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match=r"folder cannot be written \(Is a directory\)"):
        write_json(tmp_path / "folder", {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_content_and_names_are_on_the_disk_before_and_after_the_rename(tmp_path, monkeypatch):
    """A power cut leaves the old or the new file; in a new folder every file and every name."""
    done = []
    sync, replace, rename = os.fsync, os.replace, os.rename

    def note(descriptor: int) -> None:
        sync(descriptor)
        done.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)

    def note_rename(of):
        def call(source, target):
            of(source, target)
            done.append(f"-> {Path(target).name}")

        return call

    if not Path("/proc/self/fd").exists():
        pytest.skip("this system has no /proc")
    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(os, "replace", note_rename(replace))
    monkeypatch.setattr(os, "rename", note_rename(rename))
    write_json(tmp_path / "a.json", {})
    assert done == ["a.json", "-> a.json", tmp_path.name]
    done.clear()
    with atomic_path(tmp_path / "model") as temporary:
        temporary.mkdir()
        write_json(temporary / "b.json", {})  # of which nobody needs to know yet
    assert done == ["-> b.json", "b.json", "model", "-> model", tmp_path.name]


def test_a_file_system_that_cannot_sync_is_no_error(tmp_path, monkeypatch):
    def refuse(number):
        def call(_):
            raise OSError(number, os.strerror(number))

        return call

    monkeypatch.setattr(os, "fsync", refuse(errno.EINVAL))
    write_json(tmp_path / "a.json", {})
    monkeypatch.setattr(os, "fsync", refuse(errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        write_json(tmp_path / "b.json", {})
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
