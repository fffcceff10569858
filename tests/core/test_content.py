"""What files hold decides, not their dates; and no file is read again that has not changed."""

import os
import shutil

import pytest

from s2r.core import content
from s2r.core.content import content_digest, contents


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache" / "content.json"


@pytest.fixture
def read(monkeypatch):
    """The paths that are read, in order."""
    paths, sha256_of = [], content.sha256_of

    def reading(path):
        paths.append(path)
        return sha256_of(path)

    monkeypatch.setattr(content, "sha256_of", reading)
    return paths


def exchange(path, text):
    """Write other content of the same length into a file, and give it its old date."""
    before = path.stat()
    assert len(text) == before.st_size
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_file_is_read_once_and_again_where_it_was_exchanged(tmp_path, cache, read):
    path = tmp_path / "a"
    path.write_text("one")
    first = contents([path], cache)
    assert first == {str(path): "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"}
    assert contents([path], cache) == first
    assert read == [str(path)]
    exchange(path, "two")
    assert contents([path], cache) != first
    assert len(read) == 2
    os.utime(path, (0, 0))
    exchange(path, "one")
    assert contents([path], cache) == first


def test_what_is_not_there_and_a_damaged_cache(tmp_path, cache):
    (tmp_path / "a").write_text("one")
    assert contents([tmp_path / "b"], cache) == {str(tmp_path / "b"): ""}
    first = contents([tmp_path / "a"], cache)
    cache.write_text("{")
    assert contents([tmp_path / "a"], cache) == first
    (tmp_path / "a").unlink()
    assert contents([tmp_path / "a"], cache) == {str(tmp_path / "a"): ""}


def test_without_a_place_for_the_cache(tmp_path, cache, read):
    (tmp_path / "a").write_text("one")
    cache.parent.touch()
    assert contents([tmp_path / "a"], cache) == contents([tmp_path / "a"], cache)
    assert len(read) == 2


def test_a_folder_is_what_its_files_hold(tmp_path, cache):
    folder = tmp_path / "encoder"
    (folder / "inner").mkdir(parents=True)
    (folder / "weights.bin").write_text("one")
    (folder / "inner" / "config.json").write_text("{}")
    first = content_digest(folder, cache=cache)
    shutil.copytree(folder, tmp_path / "copy")
    for path in (tmp_path / "copy").rglob("*"):
        os.utime(path, (0, 0))
    assert content_digest(tmp_path / "copy", cache=cache) == first
    exchange(folder / "weights.bin", "two")
    second = content_digest(folder, cache=cache)
    (folder / "inner" / "config.json").rename(folder / "config.json")
    third = content_digest(folder, cache=cache)
    absent = content_digest(tmp_path / "absent", cache=cache)
    assert len({first, second, third, absent, content_digest(cache=cache)}) == 5
