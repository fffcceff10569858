"""Baselines made of frames whose grey level says where they come from."""

import numpy as np
import pandas as pd
import pytest

from s2r.core.errors import UserError
from s2r.core.shards import Shards, write_shard
from s2r.generation.baselines import generate_baseline
from s2r.generation.clip_choice import choose_clips
from s2r.generation.generated_file import read_generated

LENGTHS = {
    "s1_train": 40,
    "s1_other": 60,
    "s1_test": 50,
    "s1_test2": 35,
    "s2_script": 40,
    "s2_script2": 45,
    "s2_free": 45,
    "s3_alone": 45,
}
SETS = {
    "s1_train": "train",
    "s1_other": "train",
    "s1_test": "unseen_speech",
    "s1_test2": "unseen_speech",
    "s2_script": "unseen_subject",
    "s2_script2": "unseen_subject",
    "s2_free": "unseen_both",
    "s3_alone": "unseen_both",
}
SPLIT = pd.DataFrame(
    [(name, name[:2], name[3:], set_name) for name, set_name in SETS.items()],
    columns=["recording", "subject", "stimulus", "set"],
)


def grey(recording: str, frame: int) -> int:
    """Frame t of the i-th recording is 25 i + t // 4 all over."""
    return 25 * list(LENGTHS).index(recording) + frame // 4


def video(recording: str) -> np.ndarray:
    levels = [grey(recording, t) for t in range(LENGTHS[recording])]
    return np.tile(np.array(levels, dtype=np.uint8)[:, None, None], (1, 8, 8))


@pytest.fixture(scope="module")
def frames(tmp_path_factory) -> Shards:
    path = tmp_path_factory.mktemp("frames") / "0.h5"
    write_shard(path, [(name, {"frames": video(name)}, {}) for name in LENGTHS], {})
    return Shards([path])


def make(system, set_name, frames, tmp_path, clips=4):
    path = tmp_path / f"{set_name}.h5"
    generate_baseline(system, set_name, SPLIT, frames, path, clips=clips, first=2)
    return read_generated(path)


def test_copied_frame_holds_given_frames(frames, tmp_path):
    with make("copied_frame", "unseen_speech", frames, tmp_path) as content:
        rollout = content.rollout("s1_test")
        assert rollout.draws.shape == (1, 50, 8, 8)
        assert (rollout.draws == grey("s1_test", 0)).all()
        chosen = choose_clips({"s1_test": 50, "s1_test2": 35}, 4, first=2)
        for recording in content.clip_recordings:
            starts, clips = content.clips(recording)
            assert starts.tolist() == [s for r, s in chosen if r == recording]
            assert clips.shape == (len(starts), 1, 10, 8, 8)
            for start, clip in zip(starts, clips, strict=True):
                assert (clip == grey(recording, start - 1)).all()
        assert content.attributes["kind"] == "copied_frame"
        assert content.attributes["estimate"] == "draw"


def test_mean_frame_of_seen_subject_is_from_training(frames, tmp_path):
    with make("mean_frame", "unseen_speech", frames, tmp_path) as content:
        training = np.concatenate([video("s1_train"), video("s1_other")])
        assert (content.rollout("s1_test").draws == np.rint(training.mean())).all()
        assert content.attributes["estimate"] == "mean"
        assert content.attributes["oracle"] is False


def test_mean_frame_of_held_out_subject_is_an_oracle_without_the_scored_recording(frames, tmp_path):
    with make("mean_frame", "unseen_subject", frames, tmp_path) as content:
        expected = np.rint(video("s2_script2").mean())
        assert (content.rollout("s2_script").draws == expected).all()
        assert content.attributes["oracle"] is True
    with make("mean_frame", "unseen_both", frames, tmp_path) as content:
        scripted = np.concatenate([video("s2_script"), video("s2_script2")])
        assert (content.rollout("s2_free").draws == np.rint(scripted.mean())).all()
        assert content.skipped == ["s3_alone"]
        assert "s3_alone" not in content.rollouts


def test_real_other_is_another_recording_of_the_subject(frames, tmp_path):
    with make("real_other", "unseen_speech", frames, tmp_path) as content:
        rollout = content.rollout("s1_test").draws[0]
        assert len(rollout) == 50
        np.testing.assert_array_equal(rollout[:35], video("s1_test2"))
        np.testing.assert_array_equal(rollout[35:], video("s1_other")[:15])


def test_real_other_clips_are_real_and_not_those_that_are_scored(frames, tmp_path):
    with make("real_other", "unseen_speech", frames, tmp_path, clips=3) as content:
        chosen = set(choose_clips({"s1_test": 50, "s1_test2": 35}, 3, first=2))
        pool = {
            video(name)[start : start + 10].tobytes(): (name, start)
            for name in ("s1_test", "s1_test2")
            for start in range(2, LENGTHS[name] - 9, 10)
        }
        found = []
        for recording in content.clip_recordings:
            _, clips = content.clips(recording)
            found += [pool[clip.tobytes()] for clip in clips[:, 0]]
        assert len(found) == len(set(found)) == 3
        assert not set(found) & chosen


def test_real_other_borrows_from_training_when_the_set_is_used_up(frames, tmp_path):
    with make("real_other", "unseen_speech", frames, tmp_path, clips=99) as content:
        total = sum(len(content.clips(name)[0]) for name in content.clip_recordings)
        assert total == 7
        _, clips = content.clips("s1_test")
        assert all(clip[0, 0, 0, 0] < grey("s1_test", 0) for clip in clips)


def test_rollouts_of_some_recordings_clips_of_all(frames, tmp_path):
    path = tmp_path / "set.h5"
    generate_baseline("copied_frame", "unseen_speech", SPLIT, frames, path, clips=4, rollouts=1)
    with read_generated(path) as content:
        assert content.rollouts == ["s1_test"]
        assert content.clip_recordings == ["s1_test", "s1_test2"]


def test_empty_set_and_unknown_system(frames, tmp_path):
    with make("copied_frame", "validation", frames, tmp_path) as content:
        assert content.rollouts == []
    with pytest.raises(UserError, match="Unknown baseline 'best'"):
        make("best", "unseen_speech", frames, tmp_path)
