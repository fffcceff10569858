"""Files of the workflow that were changed or damaged are named, set aside and made again."""

from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from helpers.damage import cut_short, flip_a_byte
from s2r.core import checksums
from s2r.core.errors import UserError
from s2r.core.job import job
from s2r.core.shards import Shards, write_shard


def run(folder: Path, inputs: list, outputs: list, block=lambda: None) -> None:
    """A job of the workflow."""
    paths = {"input": list(map(str, inputs)), "output": list(map(str, outputs))}
    described = {"rule": "embed", "wildcards": [], "threads": 1, "log": [str(folder / "log")]}
    with job(SimpleNamespace(**described, **paths)):
        block()


@pytest.fixture
def shard(tmp_path) -> Path:
    """A shard that a job has made."""
    path = tmp_path / "frames" / "00.h5"
    items = [("a", {"frames": np.arange(4096, dtype=np.uint8).reshape(1, 64, 64)}, {})]
    outputs = [path, path.with_suffix(".json")]
    run(tmp_path, [], outputs, lambda: write_shard(path, items, {}))
    return path


def flip_in_the_head(path: Path) -> None:
    """Damage what belongs to no array: HDF5 itself would not always notice it."""
    content = bytearray(path.read_bytes())
    content[content.index(b"frames")] ^= 1
    path.write_bytes(content)


def edit(path: Path) -> None:
    path.write_text(path.read_text().replace('"length": 1', '"length": 2'))


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("00.h5", flip_a_byte),
        ("00.h5", flip_in_the_head),
        ("00.h5", cut_short),
        ("00.json", edit),
        ("00.json", Path.unlink),
    ],
)
def test_a_damaged_shard_stops_the_job_and_is_set_aside(shard, tmp_path, capsys, name, damage):
    def block() -> None:
        Shards([shard]).read("a", "frames", 0, 0)
        started.append(True)

    started: list[bool] = []
    run(tmp_path, [shard], [], block)
    assert started.pop()
    damage(shard.parent / name)
    with pytest.raises(SystemExit):
        run(tmp_path, [shard], [], block)
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        f"[embed] Error: {shard.parent / name} was changed or damaged after it was made. It is set "
        "aside as *.damaged: call snakemake again, and it is made anew."
    )
    assert not started
    # The shard is what snakemake asks for: it must be missing whichever of its files is damaged.
    assert not shard.exists()
    assert (shard.parent / "00.h5.damaged").exists()


def test_a_shard_has_its_checksums_in_its_index_only(shard):
    assert [path.name for path in (shard.parent / ".sha256").iterdir()] == ["00.json"]


def test_all_that_differ_are_named_at_once(tmp_path):
    paths = [tmp_path / name for name in ("a.csv", "b.csv", "c.csv")]
    for path in paths:
        path.write_text("made")
    checksums.record(paths)
    for path in paths[1:]:
        path.write_text("edited")
    with pytest.raises(UserError, match=r"b\.csv was changed .*, .*c\.csv was changed"):
        checksums.verify([*paths, paths[1]])
    assert paths[0].exists()
    assert not paths[1].exists()
    paths[1].write_text("edited again")
    with pytest.raises(UserError, match="set aside"):
        checksums.verify(paths)
    kept = [(tmp_path / f"b.csv.damaged{end}").read_text() for end in ("", ".2")]
    assert kept == ["edited", "edited again"]
    checksums.verify(paths[:1])


@pytest.mark.parametrize("recorded", ["", "e3b0", "\0" * 64])
def test_a_checksum_that_a_power_cut_has_emptied_condemns_no_file(tmp_path, recorded):
    path = tmp_path / "model.safetensors"
    path.write_text("weights")
    checksums.record([path])
    (tmp_path / ".sha256" / path.name).write_text(recorded)
    checksums.verify([path])
    assert path.exists()
    checksums.record([path])
    path.write_text("other weights")
    with pytest.raises(UserError, match="was changed or damaged"):
        checksums.verify([path])


def test_a_shard_that_is_open_elsewhere_is_not_condemned(shard):
    """As in a viewer. The mark in its head is its only change."""
    before = np.frombuffer(shard.read_bytes(), np.uint8)
    with h5py.File(shard, "r+"):
        assert np.count_nonzero(np.frombuffer(shard.read_bytes(), np.uint8) - before) == 1
        with pytest.raises(UserError, match="open for writing in another program: close it"):
            Shards([shard])
    assert np.array_equal(Shards([shard]).read("a", "frames")[0, 0], np.arange(64))


def test_what_no_job_made_is_not_looked_at(tmp_path):
    (tmp_path / "mine.csv").write_text("1")
    (tmp_path / "folder").mkdir()
    checksums.record([tmp_path / "folder", tmp_path / "never made"])
    checksums.verify([tmp_path, tmp_path / "mine.csv", tmp_path / "folder", ".", tmp_path / "none"])


def test_a_file_that_is_made_again_may_differ(shard, tmp_path):
    table = tmp_path / "table.csv"
    run(tmp_path, [shard], [table], lambda: table.write_text("first"))
    with pytest.raises(SystemExit):
        run(tmp_path, [shard], [table], lambda: table.write_text("half") / 0)
    # A job that failed has left no checksum that could condemn what comes next.
    table.write_text("second")
    run(tmp_path, [table], [])
    run(tmp_path, [shard], [table], lambda: table.write_text("third"))
    run(tmp_path, [table], [])
