"""Generated files keep every value, and every system is scored on the same clips."""

import h5py
import numpy as np
import pytest

from s2r.core.errors import UserError
from s2r.generation.clip_choice import choose_clips, starts_of
from s2r.generation.generated_file import GeneratedWriter, read_generated


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_round_trip_is_lossless(tmp_path):
    draws, wrong, clips = noise(3, 25, 8, 8), noise(1, 25, 8, 8, seed=1), noise(2, 3, 10, 8, 8)
    window_starts = noise(3, 25, seed=2) > 200
    path = tmp_path / "s2r" / "unseen_speech.h5"
    with GeneratedWriter(
        path, system="s2r", kind="model", encoder="logmel", skipped=["sub9"]
    ) as writer:
        writer.rollout("sub1_a", draws, window_starts, wrong_speech=wrong, speech_of="sub1_b")
        writer.clips("sub1_a", [1, 11], clips)

    with read_generated(path) as content:
        assert content.attributes["system"] == "s2r"
        assert content.attributes["kind"] == "model"
        assert content.attributes["encoder"] == "logmel"
        assert content.attributes["estimate"] == "draw"
        assert content.attributes["oracle"] is False
        assert content.skipped == ["sub9"]
        assert content.rollouts == content.clip_recordings == ["sub1_a"]
        rollout = content.rollout("sub1_a")
        starts, read_clips = content.clips("sub1_a")
    np.testing.assert_array_equal(rollout.draws, draws)
    np.testing.assert_array_equal(rollout.wrong_speech, wrong)
    assert rollout.speech_of == "sub1_b"
    np.testing.assert_array_equal(rollout.window_starts, window_starts)
    assert starts.tolist() == [1, 11]
    np.testing.assert_array_equal(read_clips, clips)


def test_a_failure_leaves_the_old_file(tmp_path):
    path = tmp_path / "set.h5"
    with GeneratedWriter(path, system="old", kind="model"):
        pass
    with pytest.raises(RuntimeError), GeneratedWriter(path, system="new", kind="model") as writer:
        writer.rollout("a", noise(1, 5, 8, 8))
        raise RuntimeError
    with read_generated(path) as content:
        assert content.attributes["system"] == "old"
        assert content.rollouts == []
    assert [file.name for file in tmp_path.iterdir()] == ["set.h5"]


def test_wrong_arrays_are_refused(tmp_path):
    with GeneratedWriter(tmp_path / "set.h5", system="x", kind="model") as writer:
        with pytest.raises(ValueError, match="uint8"):
            writer.rollout("a", np.zeros((1, 5, 8, 8)))
        with pytest.raises(ValueError, match="go together"):
            writer.rollout("a", noise(1, 5, 8, 8), wrong_speech=noise(1, 5, 8, 8))
        with pytest.raises(ValueError, match="wrong_speech has shape"):
            writer.rollout("b", noise(1, 5, 8, 8), wrong_speech=noise(1, 4, 8, 8), speech_of="c")
        with pytest.raises(ValueError, match="window_starts"):
            writer.rollout("c", noise(1, 5, 8, 8), window_starts=np.zeros((1, 4), bool))
        with pytest.raises(ValueError, match="1 starts for 2 clips"):
            writer.clips("a", [1], noise(2, 1, 10, 8, 8))
    with pytest.raises(ValueError, match="estimate"):
        GeneratedWriter(tmp_path / "set.h5", system="x", kind="model", estimate="median")
    with pytest.raises(ValueError, match="'oracle' is not a valid Kind"):
        GeneratedWriter(tmp_path / "set.h5", system="x", kind="oracle")


def test_what_cannot_be_read_is_said(tmp_path):
    with pytest.raises(UserError, match=r"nothing\.h5: there is no such file"):
        read_generated(tmp_path / "nothing.h5")
    (tmp_path / "text.h5").write_text("no")
    with pytest.raises(UserError, match="not a readable HDF5 file"):
        read_generated(tmp_path / "text.h5")
    with GeneratedWriter(tmp_path / "set.h5", system="x", kind="model"):
        pass
    with h5py.File(tmp_path / "old.h5", "w") as file:
        file.attrs["system"] = "x"
        file.create_group("rollouts")
        file.create_group("clips")
    with pytest.raises(UserError, match=r"old\.h5 was made by an earlier version"):
        read_generated(tmp_path / "old.h5")
    with read_generated(tmp_path / "set.h5") as content:
        with pytest.raises(UserError, match="no rollouts of recording a"):
            content.rollout("a")
        with pytest.raises(UserError, match="no clips of recording a"):
            content.clips("a")


def test_clips_do_not_overlap_and_spread_over_recordings():
    lengths = {"c": 300, "a": 300, "b": 300, "short": 9}
    chosen = choose_clips(lengths, 12, first=4)
    assert len(chosen) == len(set(chosen)) == 12
    assert chosen == choose_clips(dict(sorted(lengths.items())), 12, first=4)
    starts = starts_of(chosen)
    assert {recording: len(s) for recording, s in starts.items()} == {"a": 4, "b": 4, "c": 4}
    for recording, values in starts.items():
        assert values.min() >= 4
        assert (np.diff(values) >= 10).all()
        assert values.max() + 10 <= lengths[recording]
        assert np.ptp(values) > 150  # from all over the recording


def test_all_clips_where_fewer_fit():
    assert choose_clips({"a": 31}, 99, first=1) == [("a", 1), ("a", 11), ("a", 21)]
    assert choose_clips({}, 5) == []
