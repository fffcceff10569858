"""Which changes of a corpus start its index again, and which recordings are prepared again."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from s2r.config.data_blocks import FolderBlock
from s2r.core.media.encode import write_video, write_wav
from s2r.corpus.content import corpus_content
from s2r.corpus.index import index_corpus

FILES = FolderBlock()


@pytest.fixture
def corpus(tmp_path) -> Path:
    """A corpus of files that nobody decodes."""
    root = tmp_path / "corpus"
    for name in ("anna/one.mp4", "anna/two.mp4", "anna/two.wav", "bert/one.mp4", "bert/notes.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked/one.mp4").write_text("carl")
    (root / "carl").symlink_to(tmp_path / "linked")
    return root


def content(root: Path, *others: Path) -> str:
    return corpus_content("folder", root, FILES, *others, cache=root.parent / "cache.json")


def keep_date(path: Path, change) -> None:
    """Change a file so that it, and its folder, keep their dates."""
    before = {place: place.stat() for place in (path, path.parent) if place.exists()}
    change(path)
    for place, about in before.items():
        if place.exists():
            os.utime(place, ns=(about.st_atime_ns, about.st_mtime_ns))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("anna/one.mp4", lambda path: path.write_text("ANNA/one.mp4")),
        ("anna/one.mp4", lambda path: path.write_text("longer than before")),
        ("anna/two.wav", lambda path: path.write_text("ANNA/two.wav")),
        ("carl/one.mp4", lambda path: path.write_text("CARL")),
        ("anna/three.mp4", lambda path: path.write_text("three")),
        ("anna/one.mp4", Path.unlink),
        ("anna/one.mp4", lambda path: path.rename(path.with_name("four.mp4"))),
    ],
)
def test_a_change_that_keeps_all_dates_is_seen(corpus, name, change):
    before = content(corpus)
    keep_date(corpus / name, change)
    assert content(corpus) != before


def test_copies_and_dates_are_no_change(corpus, tmp_path):
    before = content(corpus)
    for path in corpus.rglob("*"):
        os.utime(path)
    (corpus / "bert/notes.txt").write_text("other notes")
    assert content(corpus) == before
    shutil.copytree(corpus, tmp_path / "other" / "place")
    assert content(tmp_path / "other" / "place") == before


def test_the_metafile_counts(corpus, tmp_path):
    metafile = tmp_path / "metafile.json"
    metafile.write_text("{}")
    before = content(corpus, metafile)
    keep_date(metafile, lambda path: path.write_text("[]"))
    assert len({content(corpus), before, content(corpus, metafile)}) == 3


def test_a_corpus_that_is_not_there(tmp_path):
    assert content(tmp_path / "nowhere") == ""


def test_a_recording_of_equal_length_is_another_recording(tmp_path):
    def write(name: str, seed: int) -> None:
        rng = np.random.default_rng(seed)
        pictures = rng.integers(0, 255, (25, 16, 16), dtype=np.uint8)
        write_video(tmp_path / f"anna/{name}.mp4", pictures, 50)
        sound = (0.1 * rng.standard_normal(8000)).astype(np.float32)
        write_wav(tmp_path / f"anna/{name}.wav", sound, 16_000)

    def index() -> dict[str, dict]:
        table = index_corpus("folder", tmp_path, workers=1)
        assert set(table["status"]) == {"ok"}
        return table.set_index("recording").to_dict("index")

    write("one", 0)
    write("two", 1)
    first = index()
    assert first["anna_one"]["content"] != first["anna_two"]["content"]
    sound = tmp_path / "anna/one.wav"
    shutil.copy(tmp_path / "anna/two.wav", sound)
    second = index()
    assert second["anna_two"] == first["anna_two"]
    without = [
        {key: value for key, value in table["anna_one"].items() if key != "content"}
        for table in (first, second)
    ]
    assert without[0] == without[1]
    assert second["anna_one"]["content"] != first["anna_one"]["content"]
