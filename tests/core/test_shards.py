"""Shards: what is written comes back, damage and absence are never passed over."""

import hashlib
import json
import os
import time

import h5py
import numpy as np
import pytest

from s2r.core.errors import UserError
from s2r.core.shards import Shards, write_shard

RNG = np.random.default_rng(0)
FRAMES = RNG.integers(0, 256, (70, 64, 64), dtype=np.uint8)
AUDIO = RNG.standard_normal(70 * 320).astype(np.float32)
HALVES = RNG.standard_normal((40, 80)).astype(np.float16)


def items():
    yield "sub002_b", {"frames": FRAMES, "audio": AUDIO}, {"low": 0.5, "subject": "sub002"}
    yield "sub001_a", {"frames": FRAMES[:3], "audio": AUDIO[:960]}, {"low": 1.5, "size": 32}


@pytest.fixture
def shards(tmp_path):
    write_shard(tmp_path / "00.h5", items(), {"size": 64, "percentiles": [0.5, 99.5]})
    halves = [("sub003_c", {"embeddings": HALVES}, {})]
    write_shard(tmp_path / "01.h5", halves, {"encoder": "logmel"}, {"sub004_d": "d.mp4: cut"})
    return Shards([tmp_path / "00.h5", tmp_path / "01.h5"])


def test_arrays_come_back(shards):
    assert shards.recordings == ["sub001_a", "sub002_b", "sub003_c"]
    frames = shards.read("sub002_b", "frames")
    assert frames.dtype == np.uint8
    np.testing.assert_array_equal(frames, FRAMES)
    np.testing.assert_array_equal(shards.read("sub002_b", "frames", 31, 65), FRAMES[31:65])
    np.testing.assert_array_equal(shards.read("sub002_b", "audio", 320), AUDIO[320:])
    assert shards.read("sub003_c", "embeddings").dtype == np.float16
    assert [shards.length(name) for name in shards.recordings] == [3, 70, 40]
    assert shards.failed == {"sub004_d": "d.mp4: cut"}


def test_attributes_of_the_recording_stand_before_those_of_the_shard(shards):
    assert shards.attributes("sub001_a")["size"] == 32
    assert shards.attributes("sub002_b")["size"] == 64
    assert shards.attributes("sub002_b")["subject"] == "sub002"
    assert shards.attributes("sub003_c")["encoder"] == "logmel"


def test_the_layout_on_disk(shards, tmp_path):
    with h5py.File(tmp_path / "00.h5") as file:
        data = file["sub002_b/frames"]
        assert data.chunks == (32, 64, 64)
        assert data.compression is None
        assert file["sub001_a/frames"].chunks == (3, 64, 64)
    index = json.loads((tmp_path / "00.json").read_text())
    assert index["attrs"] == {"size": 64, "percentiles": [0.5, 99.5]}
    assert index["failed"] == {}
    entry = index["recordings"]["sub002_b"]
    assert entry["length"] == 70
    assert entry["sha256"]["audio"] == hashlib.sha256(AUDIO.tobytes()).hexdigest()


def test_equal_content_gives_equal_bytes_at_another_time(shards, tmp_path):
    time.sleep(1.1)
    write_shard(tmp_path / "again.h5", items(), {"size": 64, "percentiles": [0.5, 99.5]})
    for suffix in (".h5", ".json"):
        first, again = (tmp_path / f"{name}{suffix}" for name in ("00", "again"))
        assert first.read_bytes() == again.read_bytes()


def test_what_is_absent_is_an_error(shards, tmp_path):
    with pytest.raises(UserError, match=r"sub009 is not in .*00\.h5, .*01\.h5\.$"):
        shards.read("sub009", "frames")
    with pytest.raises(UserError, match=r"sub004_d is not in .* \(d\.mp4: cut\)"):
        shards.length("sub004_d")
    with pytest.raises(UserError, match="has no dataset 'embeddings'"):
        shards.read("sub001_a", "embeddings")
    for start, stop in ((0, 71), (-1, 5), (60, 50)):
        with pytest.raises(UserError, match="has 70 rows"):
            shards.read("sub002_b", "frames", start, stop)
    with pytest.raises(UserError, match="the shard is missing or incomplete"):
        Shards([tmp_path / "07.h5"])
    (tmp_path / "00.json").unlink()
    with pytest.raises(UserError, match=r"00\.json: there is no such file; .* incomplete"):
        Shards([tmp_path / "00.h5"])


def test_a_recording_in_two_shards_is_an_error(shards, tmp_path):
    write_shard(tmp_path / "02.h5", items(), {})
    with pytest.raises(UserError, match=r"the recording sub001_a is also in .*00\.h5"):
        Shards([tmp_path / "00.h5", tmp_path / "02.h5"])


@pytest.mark.parametrize(("start", "stop"), [(0, None), (0, 7), (20, 20)])
def test_one_changed_byte_is_found_whatever_is_read(shards, tmp_path, start, stop):
    with h5py.File(tmp_path / "01.h5", "r+") as file:
        file["sub003_c/embeddings"][7, 7] += 1
    with pytest.raises(UserError, match=r"01\.h5 was changed or damaged after it was made\. It is"):
        shards.read("sub003_c", "embeddings", start, stop)
    assert sorted(os.listdir(tmp_path)) == ["00.h5", "00.json", "01.h5.damaged", "01.json"]
    np.testing.assert_array_equal(shards.read("sub002_b", "frames"), FRAMES)


def content(path) -> list:
    """All that can be read of a shard."""
    shards = Shards([path])
    arrays = [(one, name) for one in shards.recordings for name in ("frames", "audio")]
    read = [shards.read(*array).tobytes() for array in arrays]
    return [read, *[str(shards.attributes(one)) for one in shards.recordings]]


def test_no_byte_may_change_without_notice(tmp_path):
    path = tmp_path / "00.h5"
    items = [("a", {"frames": FRAMES[:3, :8, :8], "audio": AUDIO[:30]}, {"low": 0.5, "name": "x"})]
    write_shard(path, items, {"size": 8})
    before, undamaged = path.read_bytes(), content(path)
    for position in range(0, len(before), 7):
        damaged = bytearray(before)
        damaged[position] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=r"00\.h5 was changed or damaged"):
            content(path)
    path.write_bytes(before)
    assert content(path) == undamaged


def test_each_byte_is_hashed_once(shards, tmp_path, monkeypatch):
    class Counted:
        def __init__(self, data=b""):
            self._digest = sha256(data)
            hashed.append(len(memoryview(data).cast("B")))

        def update(self, data) -> None:
            self._digest.update(data)
            hashed.append(len(memoryview(data).cast("B")))

        def hexdigest(self) -> str:
            return self._digest.hexdigest()

    hashed: list[int] = []
    sha256 = hashlib.sha256
    monkeypatch.setattr("s2r.core.shards.hashlib.sha256", Counted)
    monkeypatch.setattr("s2r.core.shards.HASHED_BYTES", 10_000)
    opened = Shards([tmp_path / "00.h5"])
    size, arrays = (tmp_path / "00.h5").stat().st_size, 73 * (64 * 64 + 320 * 4)
    # The last chunk of the longer recording is filled up to 32 frames; nobody reads that.
    filling = 26 * 64 * 64
    assert sum(hashed) == size - arrays - filling + len(str(size))
    hashed.clear()
    for stop in (5, 20, None):
        opened.read("sub002_b", "frames", 0, stop)
    assert sum(hashed) == FRAMES.nbytes
    assert max(hashed) <= 10_000


def test_a_shard_that_was_cut_short_is_one_sentence(shards, tmp_path):
    os.truncate(tmp_path / "00.h5", (tmp_path / "00.h5").stat().st_size // 2)
    with pytest.raises(UserError, match=r"00\.h5: not a readable HDF5 file"):
        shards.read("sub002_b", "frames")
    with pytest.raises(UserError, match=r"00\.h5 was changed or damaged"):
        Shards([tmp_path / "00.h5"])
    (tmp_path / "01.json").write_text('{"attrs": {')
    with pytest.raises(UserError, match=r"01\.json: not a readable index"):
        Shards([tmp_path / "01.h5"])


def test_a_shard_of_an_earlier_version_is_one_sentence(shards, tmp_path):
    index = json.loads((tmp_path / "00.json").read_text())
    del index["rest"]
    (tmp_path / "00.json").write_text(json.dumps(index))
    with pytest.raises(UserError, match=r"00\.h5 was made by an earlier version of s2r: delete"):
        Shards([tmp_path / "00.h5"])


def test_a_failure_keeps_the_shard_that_was_there(shards, tmp_path):
    def broken():
        yield from items()
        raise OSError("disk full")

    before = (tmp_path / "00.h5").read_bytes()
    with pytest.raises(OSError, match="disk full"):
        write_shard(tmp_path / "00.h5", broken(), {})
    assert (tmp_path / "00.h5").read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["00.h5", "00.json", "01.h5", "01.json"]
    np.testing.assert_array_equal(shards.read("sub002_b", "frames"), FRAMES)


def test_a_shard_without_recordings_is_legal(tmp_path):
    write_shard(tmp_path / "05.h5", [], {"size": 64})
    assert Shards([tmp_path / "05.h5"]).recordings == []
