"""What the frames stage leaves out is a defect in the index, and is told."""

import numpy as np
import pytest

from s2r.core.media.encode import write_video
from s2r.core.shards import Shards
from s2r.corpus.index import index_corpus, read_recordings, write_recordings
from s2r.preparation.frames import FramesConfig, prepare_shard
from s2r.preparation.left_out import mark_left_out


@pytest.fixture
def index(tmp_path):
    """Three recordings that the index takes for good: of 1 s, of 0.6 s, and one that is lost."""
    for number, (name, frames) in enumerate({"long": 50, "short": 30, "lost": 50}.items()):
        rng = np.random.default_rng(number)
        pictures = rng.integers(0, 255, (frames, 16, 16), dtype=np.uint8)
        sound = (0.1 * rng.standard_normal(320 * frames)).astype(np.float32)
        write_video(tmp_path / "anna" / f"{name}.mp4", pictures, 50, sound, 16_000)
    table = index_corpus("folder", tmp_path, workers=1)
    assert (table["status"] == "ok").all()
    (tmp_path / "anna/lost.mp4").unlink()
    return table


def test_what_is_left_out_is_a_defect_and_named(index, tmp_path, capsys):
    prepare_shard(index, tmp_path / "00.h5", FramesConfig(size=16, onset_trim=0.3))
    reason = "missing: lost.mp4: there is no such file"
    assert f"anna_lost is left out: {reason}" in capsys.readouterr().err
    table = mark_left_out(index, Shards([tmp_path / "00.h5"]), minimum_frames=20)
    rows = table.set_index("recording")
    assert rows["status"].to_dict() == {
        "anna_long": "ok",
        "anna_lost": "defect",
        "anna_short": "defect",
    }
    assert rows.loc["anna_lost", "reason"] == reason
    assert rows.loc["anna_short", "reason"].startswith(
        "too short: of anna_short 15 frames of 20 ms are left after recordings.onset_trim"
    )
    told = capsys.readouterr().err.splitlines()
    assert [line.partition(" is left out: ")[0] for line in told] == ["anna_lost", "anna_short"]
    assert (index["status"] == "ok").all()
    write_recordings(tmp_path / "recordings.csv", table)
    assert read_recordings(tmp_path / "recordings.csv").equals(table)


def test_a_trim_of_the_whole_recording(index, tmp_path):
    prepare_shard(index, tmp_path / "00.h5", FramesConfig(size=16, onset_trim=0.8))
    table = mark_left_out(index, Shards([tmp_path / "00.h5"]), minimum_frames=5)
    rows = table.set_index("recording")
    assert rows.loc["anna_short", "reason"] == (
        "too short: short.mp4: nothing is left after recordings.onset_trim (0.8 s) and "
        "recordings.audio_offset (0 s)"
    )
    assert rows.loc["anna_long", "status"] == "ok"
